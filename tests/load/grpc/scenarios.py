"""What the scenarios do to the server, and what it must do then.

Each scenario is a function that raises an exception if it fails, or returns its finding for the table. Afterwards, the
server must have dropped all of its connections and freed their memory. `run` checks that, and the bystanders.
"""

import contextlib
import struct
import time

from calls import (
    ADA, CHAT, CREATE, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GET, HEADERS, MOST, PATIENCE, PING, RST_STREAM,
    WINDOW_UPDATE, Peer, data, frame, head, message, reset, text, unary,
)  # fmt: skip

KIB, MIB = 1024, 1024 * 1024
# A user that the bystanders do not ask for.
NOBODY = b"\x08\x4d"

# Name and function.
ALL = []


def scenario(function):
    ALL.append((function.__name__.replace("_", " "), function))
    return function


@contextlib.contextmanager
def peers(load, count, **options):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Peer(load.address, **options)) for _ in range(count)]


def streams(count, first=1):
    return range(first, first + 2 * count, 2)


def held(load, count):
    """How much memory the server has more than at first, for each of so many things."""
    return f"{(load.server.memory() - load.memory) / count / KIB:.1f} KiB"


def send_until_blocked(peer, sent, most=64 * MIB):
    """Sends the same again and again until the server takes no more. Returns how many bytes it took."""
    peer.socket.setblocking(False)
    total, blocked_at = 0, None
    while total < most:
        try:
            total += peer.socket.send(sent[total % len(sent) :])
            blocked_at = None
        except BlockingIOError:
            blocked_at = blocked_at or time.monotonic()
            if time.monotonic() - blocked_at > 0.3:
                peer.socket.settimeout(PATIENCE)
                return total
            time.sleep(0.005)
    raise AssertionError(f"the server took {total} bytes of a peer that takes none")


@scenario
def open_calls(load):
    """A thousand calls on each of ten connections, all of which are open at once."""
    with peers(load, 10) as crowd:
        for peer in crowd:
            peer.send(b"".join(head(stream, CHAT) + data(stream, message(text(10))) for stream in streams(1000)))
            answers = 0
            while answers < 1000:
                kind, *_ = peer.frame()
                answers += kind == DATA
        return f"10000 calls, {held(load, 10_000)} each"


@scenario
def calls_one_after_another(load):
    """Ten thousand calls of one connection, each after the one before."""
    with Peer(load.address) as peer:
        begun = time.monotonic()
        for stream in streams(10_000):
            peer.send(unary(stream))
            while not (found := peer.frame())[0] == HEADERS or not found[1] & END_STREAM:
                pass
        return f"10000 calls, {(time.monotonic() - begun) / 10:.2f} ms each"


@scenario
def ten_thousand_calls_at_once(load):
    """More calls than are allowed: those too many are refused, and a burst ends the connection."""
    with Peer(load.address) as peer:
        peer.send(b"".join(head(stream, CHAT) for stream in streams(1100)))
        refused = 0
        while refused < 100:
            kind, _, stream, payload = peer.frame()
            refused += kind == RST_STREAM and stream > 2000 and payload == b"\0\0\0\x07"
        with contextlib.suppress(OSError):
            peer.send(b"".join(head(stream, CHAT) for stream in streams(9000, first=2201)))
        code = peer.goaway()
    assert code is None or code[0] == ENHANCE_YOUR_CALM, f"the GOAWAY has {code}"
    return "1000 begun, 100 refused, then GOAWAY"


@scenario
def calls_that_are_reset(load):
    """Each call is reset as soon as it has begun (CVE-2023-44487)."""
    with peers(load, 20) as crowd:
        for peer in crowd:
            with contextlib.suppress(OSError):
                peer.send(b"".join(head(stream, CHAT) + reset(stream) for stream in streams(10_000)))
        ends = [peer.goaway() for peer in crowd]
    assert all(end is None or end[0] == ENHANCE_YOUR_CALM for end in ends), f"the GOAWAYs have {ends}"
    return "20 peers, 10000 calls each, all of them cut off"


@scenario
def floods_of_pings(load):
    with peers(load, 20) as crowd:
        for peer in crowd:
            with contextlib.suppress(OSError):
                peer.send(frame(PING, 0, 0, b"flooding") * 100_000)
        ends = [peer.goaway() for peer in crowd]
    assert all(end is None or end[0] == ENHANCE_YOUR_CALM for end in ends), f"the GOAWAYs have {ends}"
    return "20 peers, 100000 pings each, all of them cut off"


@scenario
def peers_that_never_read(load):
    """They send to their chats until the server takes no more, and never read what comes back."""
    with peers(load, 10, buffers=4 * KIB) as crowd:
        said = message(text(10_000))
        for peer in crowd:
            peer.send(b"".join(head(stream, CHAT) for stream in streams(10)))
            send_until_blocked(peer, b"".join(data(stream, said) for stream in streams(10)))
        found = held(load, 100)
        time.sleep(3)
        return f"10 peers with 10 chats each, {found} held for each chat"


@scenario
def peers_without_windows(load):
    """They read, but open no window: of each call one message waits, and what the service holds."""
    with peers(load, 10, window=0) as crowd:
        said = message(text(16_000))
        for peer in crowd:
            peer.send(b"".join(head(stream, CHAT) + data(stream, said) for stream in streams(100)))
        time.sleep(3)
        found = held(load, 1000)
        for peer in crowd:
            more = b"".join(frame(WINDOW_UPDATE, 0, stream, struct.pack("!I", MOST)) for stream in streams(100))
            peer.send(more)
            left = 100 * len(said)
            while left:
                kind, _, _, payload = peer.frame()
                left -= len(payload) if kind == DATA else 0
        return f"1000 messages of 16 KB wait, {found} each, and all come once there is a window"


def states(stream):
    """What a client has sent of a call."""
    whole = message(text(100))
    yield head(stream, GET)[:20]
    yield head(stream, CHAT)
    yield head(stream, CHAT) + data(stream, whole[:3])
    yield head(stream, CHAT) + data(stream, whole[:50])
    yield head(stream, CHAT) + data(stream, whole)
    yield head(stream, CREATE) + data(stream, message(NOBODY), end=True)
    yield head(stream, CHAT) + data(stream, message(text(200_000)))
    yield unary(stream)


@scenario
def resets_in_every_state(load):
    """Calls that are reset in every state, beside one on the same connection that goes on."""
    count = 0
    with peers(load, 50) as crowd:
        for peer in crowd:
            peer.send(head(1, CHAT))
            stream = 1
            for _ in range(10):
                for state in range(1, 8):
                    stream += 2
                    peer.send(list(states(stream))[state] + reset(stream))
                    count += 1
            said = message(text(300))
            peer.send(data(1, said, end=True))
            back, ended = b"", False
            while not ended:
                kind, flags, on, payload = peer.frame()
                back += payload if (kind, on) == (DATA, 1) else b""
                ended = kind == HEADERS and on == 1 and bool(flags & END_STREAM)
            assert back == said, "the call beside those that were reset lost something"
    return f"{count} calls, beside 50 that went on"


@scenario
def vanishing_in_every_state(load):
    for number in range(1000):
        peer = Peer(load.address)
        peer.send(list(states(1))[number % 8])
        if number % 2:
            peer.vanish()
        else:
            peer.close()
    return "1000 peers in 8 states, half of them by a reset"


@scenario
def trailers_first(load):
    """What is in the wrong order ends its stream, or its connection."""
    trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\0\x01x\x01y")
    wrong = [trailers, data(1, message(ADA)), head(1, CHAT) + head(1, CHAT), trailers + head(1, CHAT)]
    ends = {"reset": 0, "closed": 0}
    for number in range(400):
        with Peer(load.address) as peer:
            peer.send(wrong[number % 4])
            found = peer.frame()
            while found is not None and found[0] not in (RST_STREAM, 7):
                found = peer.frame()
            ends["reset" if found and found[0] == RST_STREAM else "closed"] += 1
    return f"400 peers: {ends['reset']} streams reset, {ends['closed']} connections closed"
