"""How a WebSocket client runs with our gateway, and a WebSocket server with our client."""

import contextlib
import json
import re
import socket
import subprocess
import threading
import time

from peer import HERE
from programs import Failure, Program, example, gateway

SIZES = (0, 125, 126, 65535, 65536, 1 << 20, 5 << 20)
CHECKS = [f"text of {size} bytes" for size in SIZES]
CHECKS += ["close by the client"]
CHECKS += [f"binary of {size} bytes" for size in SIZES]
CHECKS += ["subprotocol", "close by the server", "refusal"]
EXPECTED = {check: {"echoed"} for check in CHECKS}
# `no code`: the client does not show it.
EXPECTED["close by the client"] = {"4001 bye", "4001", "no code"}
EXPECTED["subprotocol"] = {"chat"}
EXPECTED["close by the server"] = {"1009", "no code"}
# Only clients whose libraries can do it print these.
OPTIONAL = {"its fragments": "echoed", "its ping": "sent"}
EXPECTED["refusal"] = {"404", "refused"}

# The first message that is cut.
CUT = f"text of {1 << 20} bytes"
# What peers do otherwise, and what to say about it.
HIDDEN = "does not show the subprotocol"
EMACS = "not tried at 5 MiB: its time grows with the square of the length"
KNOWN = {
    ("curl_cffi", "subprotocol"): ("None", HIDDEN),
    ("Tcllib", "subprotocol"): ("not shown", HIDDEN),
    ("Qt 5", "subprotocol"): ("None", HIDDEN),
    ("websocket", "text of 0 bytes"): ("nothing", "does not deliver empty texts"),
    ("Emacs websocket.el", "text of 5242880 bytes"): ("not tried", EMACS),
    ("Emacs websocket.el", "binary of 5242880 bytes"): ("not tried", EMACS),
    ("Emacs websocket.el", "close by the client"): ("1006", "cuts the connection in place of an answer to a close"),
    ("websocat", "close by the client"): ("1005", "answers a close without a code"),
    ("daphne", "text of 0 bytes"): ("nothing", "does not send empty texts"),
    ("daphne", "text of 1048576 bytes"): ("nothing", "may take over half a minute for 1 MiB of text"),
    ("daphne", "text of 5242880 bytes"): ("closed 1006", "cuts the connection at a message of 5 MiB"),
}
# What our client does not send to servers, and what to say about it.
SKIPPED = {
    "websocat": ({0}, "ends the connection at an empty text"),
    "Emacs websocket.el": ({1 << 20, 5 << 20}, EMACS.replace("at 5 MiB", "above 64 KiB")),
}


# It runs in a mode in which it sends everything as text.
TEXT_ONLY = {"websocat"}
# Who cannot take messages in pieces, and what to say about it.
NO_PIECES = {
    "Qt 6": "ends the connection at a text whose fragments share a character",
    "SWI-Prolog": "fails at a ping between fragments",
}
# Which sizes are sent in pieces to servers that take too long with others, or do not send empty texts.
IN_PIECES = {"daphne": (125, 126, 65535, 65536)}
# With these, pieces are sent without compression: what is not compressed would not arrive.
PLAIN = {"libwebsockets"}


class Tap:
    """Passes bytes on, and keeps the head of each answer."""

    def __init__(self, address):
        host, port = address.split(":")
        self.address = host, int(port)
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.address)
            for ends in (client, server, False), (server, client, True):
                threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def pass_on(self, source, sink, is_answer):
        first = is_answer
        try:
            while data := source.recv(1 << 16):
                if first:
                    self.heads.append(data.partition(b"\r\n\r\n")[0].decode("latin-1"))
                first = False
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def compression(self):
        """What the first connection agreed on."""
        upgrades = [head for head in self.heads if " 101 " in head.partition("\r\n")[0]]
        found = re.search(r"(?im)^sec-websocket-extensions:\s*(.*?)\s*$", upgrades[0] if upgrades else "")
        agreed = found[1].removeprefix("permessage-deflate").lstrip("; ") or "yes" if found else "no"
        return f"compression: {agreed}"


def run_client(name, command):
    """A client of somebody else's with our gateway, and then with a server that sends in pieces, and with one that cuts."""
    with gateway(example("gateway")) as server:
        tap = Tap(server.address)
        seen = printed(command, tap.port)
        found, sent = differences(name, seen), sends(seen)
    plain = ["--no-deflate"] * (name in PLAIN)
    with pieces("--listen", "127.0.0.1:0", *plain) as server:
        seen = printed(command, server.port)
        pongs, more = answers(name, reports(server))
        found += in_pieces(name, differences(name, seen, "in pieces: ") + more)
    with pieces("--listen", "127.0.0.1:0", "--cut", *plain) as server:
        noticed, more = cut(name, printed(command, server.port, CUT))
    return "; ".join([tap.compression(), *sent, pongs, noticed]), found + more


def printed(command, port, last=None):
    """What a client prints of each check, up to the last."""
    words = [str(word).replace("URL", f"ws://127.0.0.1:{port}") for word in command()]
    seen, deadline = {}, time.monotonic() + 240
    with Program(*words) as client:
        while last not in seen and (line := client.line(max(deadline - time.monotonic(), 0))) is not None:
            if line.startswith('["'):
                seen.update([json.loads(line)])
        if not seen:
            raise Failure(client.last_words())
    return seen


@contextlib.contextmanager
def pieces(*words):
    with Program(example("ws_pieces"), *words) as server:
        server.port = int(server.line_after("listening on ws://").rpartition(":")[2])
        yield server


def reports(server):
    """What our end says of each connection that has ended."""
    found = []
    with contextlib.suppress(Failure):
        while line := server.line(1):
            found += [line] * line.startswith("pings ")
    return found


def in_pieces(name, differences):
    """What to say of one who cannot take pieces is one thing."""
    if name not in NO_PIECES:
        return differences
    return [("in pieces", "works", None if not differences else NO_PIECES[name])]


def answers(name, lines):
    """How the pings were answered: words for the table, and differences."""
    counts = [dict(re.findall(r"(\w+) (\d+)", line.partition(";")[0])) for line in lines]
    sent, skipped, unanswered, strange = (
        sum(int(count[key]) for count in counts) for key in ("pings", "skipped", "unanswered", "strange")
    )
    if not sent:
        return "no pings", [("pings", "none was sent", None)]
    which = "the newest of its pings" if skipped else "each ping"
    found = [("pings", f"{unanswered} of {sent} are not answered")] * bool(unanswered)
    found += [("pongs", f"{strange} answer no ping")] * bool(strange)
    return f"answers {which}", [(check, was, known(name, check, was)) for check, was in found]


def cut(name, seen):
    """What a client says when the connection ends in the middle of a message."""
    was = seen.get(CUT, seen.get("the rest", "nothing"))
    if was == "nothing" and name in NO_PIECES:
        return "does not reach the cut", []
    if was in ("nothing", "echoed"):
        return "", [("a cut", was, known(name, "a cut", was))]
    return "sees a cut" + " as 1006" * ("1006" in was), []


def differences(name, seen, where=""):
    found = []
    for check in CHECKS:
        was = seen.get(check, "nothing" if "the rest" not in seen else f"not reached: {seen['the rest']}")
        # The reason is not ours to say.
        code = was.partition(" ")[0] if was.startswith("1009 ") else was
        if code not in EXPECTED[check]:
            found.append((where + check, was, known(name, where + check, was)))
    for check, expected in OPTIONAL.items():
        was = seen.get(check, expected)
        found += [(where + check, was, known(name, where + check, was))] * (was != expected)
    return found


def sends(seen):
    """What else a client has sent."""
    words = {"its fragments": "sends fragments with pings between", "its ping": "sends pings"}
    return [words[check] for check in words if check in seen][:1]


def known(name, check, was):
    """What to say of a difference that is known."""
    seen, why = KNOWN.get((name, check)) or KNOWN.get((name, check.removeprefix("in pieces: ")), (None, None))
    return why if seen == was else None


def run_server(name, command):
    """Our client with a server of somebody else's: lines of each size, and a clean close; then in pieces, after a cut."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(word).replace("PORT", str(port)) for word in command()]
    skipped, why_skipped = SKIPPED.get(name, ((), ""))
    sizes = [size for size in SIZES if size not in skipped]
    pieces_of = [size for size in sizes if size in IN_PIECES.get(name, SIZES)]
    plain = ["--no-deflate"] * (name in PLAIN)
    with Program(*words, name=name, cwd=HERE / "ws") as server:
        wait_for(port, server)
        tap = Tap(f"127.0.0.1:{port}")
        found = lines_come_back(f"ws://127.0.0.1:{tap.port}/", sizes)
        url = f"ws://127.0.0.1:{port}/"
        done = [
            subprocess.run([example("ws_pieces"), *plain, *words, url, *map(str, lens)], capture_output=True, text=True, timeout=240)
            for words, lens in ((["--cut"], [1 << 20]), ([], pieces_of))
        ]
    exercised, more = server_pieces(name, pieces_of, done[1])
    found = [(check, was, known(name, check, was)) for check, was in found]
    found += [("skipped", "", why_skipped)] * bool(skipped)
    return "; ".join([tap.compression(), *exercised, "goes on after a cut"]), found + in_pieces(name, more)


def server_pieces(name, sizes, done):
    """What our end printed of a server: words for the table, and differences."""
    lines = done.stdout.splitlines()
    reported = [line for line in lines if line.startswith("pings ")]
    seen = dict(line.split(": ", 1) for line in lines if line not in reported)
    found = []
    for check in (f"{kind} of {size} bytes" for size in sizes for kind in ["text"] + ["binary"] * (name not in TEXT_ONLY)):
        was = seen.get(check, f"nothing; {done.stderr.strip()}")
        found += [(f"in pieces: {check}", was)] * (was != "echoed")
    if not reported:
        return [], [(check, was, known(name, check, was)) for check, was in found]
    pongs, more = answers(name, reported)
    code = reported[0].rpartition("closed ")[2].split(" ")[0]
    found += [("in pieces: close by the client", code)] * (code not in ("4001", "1000", "1005"))
    closed = {"4001": "", "1005": " without a code"}.get(code, f" with {code}")
    return [pongs, f"answers a close{closed}"], [(check, was, known(name, check, was)) for check, was in found] + more


def lines_come_back(url, sizes):
    """Sends a line of each size, and closes. Returns what did not come back as it was."""
    with Program(example("ws_client"), url, stdin=subprocess.PIPE) as client:
        seen, back = {}, ""
        for size in sizes:
            line = ("äb" * size)[: size * 2 // 3].ljust(size, "x")[:size]
            client.write(line.encode() + b"\n")
            try:
                back = client.line(30 if size else 5) or ""
                seen[f"text of {size} bytes"] = "echoed" if back == line else back[:20].strip()
            except Failure:
                seen[f"text of {size} bytes"] = "nothing"
            if back.startswith("closed "):
                break
        else:
            client.close_stdin()
            seen["close by the client"] = client.line_after("closed ", 30).split()[0]
    return [(check, was) for check, was in seen.items() if was not in ("echoed", "1000")]


def wait_for(port, server):
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
    raise Failure(f"it does not listen; {server.last_words()}")
