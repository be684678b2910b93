"""How a WebSocket client runs with our gateway, and a WebSocket server with our client."""

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
EXPECTED["refusal"] = {"404", "refused"}

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


class Tap:
    """Passes bytes on, and keeps the head of each answer."""

    def __init__(self, address):
        self.address = address
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
    """A client of somebody else's with our gateway."""
    with gateway(example("gateway")) as server:
        host, port = server.address.split(":")
        tap = Tap((host, int(port)))
        words = [str(word).replace("URL", f"ws://127.0.0.1:{tap.port}") for word in command()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=240)
        lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
        if not lines:
            raise Failure(done.stderr)
        return tap.compression(), differences(name, dict(map(json.loads, lines)))


def differences(name, seen):
    found = []
    for check in CHECKS:
        was = seen.get(check, "nothing" if "the rest" not in seen else f"not reached: {seen['the rest']}")
        if was not in EXPECTED[check]:
            found.append((check, was, known(name, check, was)))
    return found


def known(name, check, was):
    """What to say of a difference that is known."""
    seen, why = KNOWN.get((name, check), (None, None))
    return why if seen == was else None


def run_server(name, command):
    """Our client with a server of somebody else's: lines of each size, and a clean close."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(word).replace("PORT", str(port)) for word in command()]
    with Program(*words, name=name, cwd=HERE / "ws") as server:
        wait_for(port, server)
        tap = Tap(("127.0.0.1", port))
        lines = [("äb" * size)[: size * 2 // 3].ljust(size, "x")[:size] for size in SIZES]
        with Program(example("ws_client"), f"ws://127.0.0.1:{tap.port}/", stdin=subprocess.PIPE) as client:
            seen, back = {}, ""
            skipped, why_skipped = SKIPPED.get(name, ((), ""))
            for size, line in zip(SIZES, lines):
                if size in skipped:
                    continue
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
        found = [(check, was) for check, was in seen.items() if was not in ("echoed", "1000")]
        found = [(check, was, known(name, check, was)) for check, was in found]
        return tap.compression(), found + [("skipped", "", why_skipped)] * bool(skipped)


def wait_for(port, server):
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
    raise Failure(f"it does not listen; {server.last_words()}")
