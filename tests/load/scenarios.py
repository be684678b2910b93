"""What the scenarios do to the gateway, and what it must do then.

Each scenario is a function that raises an exception if it fails, or returns its finding for the table. Afterwards, the
gateway must have dropped all of its connections and freed their memory. `run` checks that, and the bystanders.
"""

import concurrent.futures
import contextlib
import itertools
import random
import resource
import selectors
import struct
import time
import zlib

import kernel
from wire import BINARY, CLOSE, PATIENCE, PING, PONG, TEXT, Peer, brief, frame, reply, request

KIB, MIB = 1024, 1024 * 1024
# How to upgrade, where it differs from the default.
ECHO = ()

# Name, function, and whether the short run includes it.
ALL = []


def scenario(function=None, *, short=True):
    if function is None:
        return lambda function: scenario(function, short=short)
    ALL.append((function.__name__.replace("_", " "), function, short))
    return function


@contextlib.contextmanager
def peers(load, count, upgrade=None, **options):
    """Yields that many connections, upgraded to WebSocket if `upgrade` says how, and closes them at the end."""
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(count):
            peer = Peer(load.address, number, **options)
            stack.callback(peer.close)
            if upgrade is not None:
                peer.upgrade(*upgrade)
            opened.append(peer)
        yield opened


def wait_until(condition, what, within=PATIENCE):
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)


def pong_while(crowd, seconds):
    """Answers pings on connections that are otherwise idle, and returns how many there were."""
    pings = 0
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for peer in crowd:
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                key.data.answer_ping()
                pings += 1
    return pings


def at_once(act, *arguments):
    """Calls `act` for each of the arguments, all at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(arguments[0])) as pool:
        return list(pool.map(act, *arguments))


class Repeated:
    """Frames of one length, repeated without end."""

    def __init__(self, frames):
        frames = list(frames)
        self.size = len(frames[0])
        self.once = len(frames) * self.size
        self.bytes = memoryview(b"".join(frames) * 2)

    def at(self, start, most):
        """Returns at most `most` bytes from `start` on."""
        return bytes(self.bytes[start % self.once :][: min(most, self.once)])


def send_until_blocked(peer, frames, most=64 * MIB):
    """Sends until the gateway takes no more, most likely within a frame, and returns the number of bytes sent."""
    peer.socket.setblocking(False)
    sent, blocked_at = 0, None
    while sent < most:
        try:
            sent += peer.socket.send(frames.at(sent, 256 * KIB))
            blocked_at = None
        except BlockingIOError:
            blocked_at = blocked_at or time.monotonic()
            if time.monotonic() - blocked_at > 0.5:
                break
            time.sleep(0.01)
    peer.socket.settimeout(PATIENCE)
    assert sent < most, f"the gateway took {sent} bytes from a peer that takes none"
    return sent


def receive_whole(peer, frames, sent, replies, received=0):
    """Reads the replies to all whole frames that were sent, and returns their number."""
    whole = sent // frames.size
    while received < whole * replies.size:
        expected = replies.at(received, min(256 * KIB, whole * replies.size - received))
        peer.expect(expected, "reply")
        received += len(expected)
    return whole


def receive_all(peer, frames, sent, replies, received=0):
    """Does the same, then finishes the frame that was cut and reads the reply to it."""
    whole = receive_whole(peer, frames, sent, replies, received)
    peer.send(frames.at(sent, (whole + 1) * frames.size - sent))
    peer.expect(replies.at(whole * replies.size, replies.size), "reply")
    return whole + 1


# Load.


@scenario
def idle_connections(load):
    """Many idle connections cost next to nothing. All are kept, and each works when it is used at last."""
    count = load.options.connections
    before, kernel_before = load.gateway.memory(), kernel.socket_memory()
    with peers(load, count, upgrade=ECHO) as crowd:
        each = (load.gateway.memory() - before) / count
        kernel_each = (kernel.socket_memory() - kernel_before) / count / 2
        load.figures["idle: gateway, bytes per connection"] = round(each)
        load.figures["idle: kernel, bytes per end of a connection"] = round(kernel_each)
        assert each < 2 * KIB, f"{each:.0f} bytes for an idle connection"
        # The gateway pings after 20 s of silence, and drops a peer that is silent for 20 s more.
        pings = 0 if load.options.short else pong_while(crowd, 50)
        if not load.options.short:
            assert pings >= count, f"{pings} pings to {count} idle connections"
        for number, peer in enumerate(crowd):
            peer.send(frame(TEXT, b"%d" % number))
        for number, peer in enumerate(crowd):
            message = peer.message()
            assert message == (0x80 | TEXT, b"%d" % number), f"expected the echo of {number}, got {message}"
        each_used = (load.gateway.memory() - before) / count
        load.figures["idle again after a message: gateway, bytes per connection"] = round(each_used)
        assert each_used < 2 * KIB, f"{each_used:.0f} bytes for a connection that was used"
    return f"{each:.0f} B each, the kernel {kernel_each:.0f} B at either end; {pings} pings"


@scenario(short=False)
def idle_connections_with_compression(load):
    """Compression takes a lot of memory, which is freed when a connection falls silent."""
    count = 1000
    before = load.gateway.memory()
    message = b"compressed, and so answered compressed: " * 10
    deflated = zlib.compressobj(wbits=-15)
    deflated = (deflated.compress(message) + deflated.flush(zlib.Z_SYNC_FLUSH))[:-4]
    with peers(load, count, upgrade=["/ws/echo", "Sec-WebSocket-Extensions: permessage-deflate"]) as crowd:
        for peer in crowd:
            peer.send(frame(TEXT, deflated, first=0xC0))
            first, payload = peer.message()
            assert first == 0xC0 | TEXT, f"expected a compressed message, got {first:#x}"
            inflated = zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")
            assert inflated == message, f"expected {brief(message)}, got {brief(inflated)}"
        busy = (load.gateway.memory() - before) / count
        pong_while(crowd, 23)
        idle = (load.gateway.memory() - before) / count
        load.figures["compressing: gateway, KiB per connection"] = round(busy / KIB)
        load.figures["compressing, idle for 23 s: gateway, KiB per connection"] = round(idle / KIB)
        # The context of received messages stays, because the peer may refer to it (RFC 7692 §7.1.1).
        assert idle < 64 * KIB, f"{idle / KIB:.0f} KiB for an idle connection"
    return f"{busy / KIB:.0f} KiB each, {idle / KIB:.0f} KiB when idle"


@scenario
def many_connections_a_second(load):
    """Every new connection is served, however the earlier ones have ended."""
    seconds, rate = (5, 1000) if load.options.short else (60, 1000)
    start = time.monotonic()
    for number in range(seconds * rate):
        ahead = start + number / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        peer = Peer(load.address, number).upgrade()
        peer.echo(b"%d" % number)
        [peer.close_by_the_book, peer.close, peer.reset][number % 3]()
    achieved = seconds * rate / (time.monotonic() - start)
    load.figures[f"connections per second, for {seconds} s"] = round(achieved)
    return f"{seconds * rate} connections, {achieved:.0f} a second"


@scenario
def out_of_descriptors(load):
    """Connections for which there is no room wait until there is some. Those that are open notice nothing."""
    room, count = 20, 60
    limits = resource.prlimit(load.gateway.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(load.gateway.pid, resource.RLIMIT_NOFILE, (load.gateway.open_files() + room, limits[1]))
    try:
        with peers(load, count) as crowd, selectors.DefaultSelector() as selector:
            for peer in crowd:
                peer.send(request("/ws/echo"))
                selector.register(peer.socket, selectors.EVENT_READ, peer)
            wait_until(lambda: len(selector.select(0)) >= room, "as many are served as there is room for")
            # This is longer than the gateway waits before it tries again.
            time.sleep(1)
            assert len(selector.select(0)) == room, "more are served than there is room for"
            served = 0
            while served < count:
                ready = selector.select(PATIENCE)
                assert ready, f"{served} of {count} were served"
                for key, _ in ready:
                    selector.unregister(key.fileobj)
                    key.data.upgraded().echo(b"at last")
                    key.data.close()
                    served += 1
    finally:
        resource.prlimit(load.gateway.pid, resource.RLIMIT_NOFILE, limits)
    return f"{count} connections, room for {room}"


# Peers that read little or nothing.


@scenario
def ping_flood(load):
    """A peer that pings and does not read is not read from either. When it reads, each ping has its pong."""
    payloads = [struct.pack("!Q", number).ljust(125, b".") for number in range(1000)]
    flood = Repeated(frame(PING, payload) for payload in payloads)
    pongs = Repeated(reply(PONG, payload) for payload in payloads)
    before = load.gateway.memory()
    with peers(load, 20, upgrade=ECHO, buffers=64 * KIB) as crowd:
        sent = at_once(lambda peer: send_until_blocked(peer, flood), crowd)
        grown = (load.gateway.memory() - before) / len(crowd)
        assert grown < MIB, f"{grown:.0f} bytes for each peer that does not read"
        pings = at_once(lambda peer, sent: receive_all(peer, flood, sent, pongs), crowd, sent)
    return f"{len(crowd)} peers, {sum(pings)} pings, {grown / KIB:.0f} KiB held for each"


@scenario
def slow_readers(load):
    """A slow reader is waited for, gets everything, and costs no more than what is in flight."""
    payloads = [bytes([number]) * 65_000 for number in range(16)]
    messages = Repeated(frame(BINARY, payload) for payload in payloads)
    echoes = Repeated(reply(BINARY, payload) for payload in payloads)
    before = load.gateway.memory()
    with peers(load, 16, upgrade=ECHO, buffers=16 * KIB) as crowd:
        sent = at_once(lambda peer: send_until_blocked(peer, messages), crowd)
        grown = (load.gateway.memory() - before) / len(crowd)
        assert grown < MIB, f"{grown:.0f} bytes for each peer that does not read"
        # Short reads, each of which lets the gateway go on a little.
        sips = range(0, 50 * 4 * KIB, 4 * KIB)
        for taken in sips:
            for peer in crowd:
                peer.expect(echoes.at(taken, 4 * KIB))
            time.sleep(0.02)
        echoed = at_once(lambda peer, sent: receive_all(peer, messages, sent, echoes, sips.stop), crowd, sent)
    return f"{len(crowd)} peers, {sum(echoed)} messages of 65 kB, {grown / KIB:.0f} KiB held for each"


@scenario
def streams_that_nobody_reads(load):
    """The gateway writes an event stream ahead of its reader only up to a limit."""
    count = 20
    before = load.gateway.memory()
    with peers(load, count, buffers=16 * KIB) as crowd:
        for peer in crowd:
            peer.send(b"GET /sse/llm?n=1000000000 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        for peer in crowd:
            head = peer.head()
            assert " 200 " in head, f"expected 200, got {head!r}"
        # Wait until the system's buffers are full as well.
        time.sleep(2)
        grown = (load.gateway.memory() - before) / count
        assert grown < 256 * KIB, f"{grown:.0f} bytes for each stream that nobody reads"
        for peer in crowd:
            lines = peer.read(200_000).split(b"\n")
            ids = [int(line[4:]) for line in lines[:-1] if line.startswith(b"id: ")]
            assert ids == list(range(1, len(ids) + 1)) and len(ids) > 500, f"of 200 kB, the ids are {ids}"
    return f"{count} streams, {grown / KIB:.0f} KiB held for each"


@scenario
def a_member_that_does_not_hear(load):
    """A member of the chat room that falls behind is dropped. The others get everything, in order."""
    messages = [b"%6d " % number + b"blah " * 6000 for number in range(300)]
    with peers(load, 6, upgrade=["/ws/chat", "Sec-WebSocket-Protocol: chat"], buffers=16 * KIB) as crowd:
        deaf, *hearing = crowd
        for message in messages:
            hearing[0].send(frame(TEXT, message))
            for peer in hearing:
                peer.expect(reply(TEXT, message), "message")
        heard = len(deaf.rest()) // len(messages[0])
        assert heard < len(messages), "the member that does not read was not dropped"
    return f"dropped, missed {len(messages) - heard} of {len(messages)} messages"


@scenario(short=False)
def peers_that_take_nothing(load):
    """A peer that reads nothing of what it asked for is dropped, whatever that was."""
    with peers(load, 40, buffers=16 * KIB) as crowd:
        for peer in crowd[:20]:
            peer.send(b"GET /sse/llm?n=1000000000 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        messages = Repeated([frame(BINARY, bytes(65_000))])
        at_once(lambda peer: send_until_blocked(peer.upgrade(), messages), crowd[20:])
        load.expect_gone("peers that take nothing", within=75)
    return f"{len(crowd)} peers"


@scenario(short=False)
def silent_peers(load):
    """A peer that does not even answer pings is treated as gone."""
    with peers(load, 200, upgrade=ECHO) as crowd:
        load.expect_gone("silent peers", within=60)
    return f"{len(crowd)} peers"


# Peers that send little or nonsense.


@scenario
def one_byte_at_a_time(load):
    """A session that arrives in single bytes works like any other."""
    count = 200
    text = b"a message in two fragments, with a ping between"
    with peers(load, count) as crowd:
        session = request("/ws/echo") + frame(TEXT, text[:20], first=0) + frame(PING, b"are you there?")
        session += frame(0, text[20:]) + frame(BINARY, bytes(300)) + frame(CLOSE, b"\x03\xe8that was all")
        for at in range(len(session)):
            for peer in crowd:
                peer.send(session[at : at + 1])
        for peer in crowd:
            peer.upgraded()
            peer.expect(reply(PONG, b"are you there?"), "pong")
            peer.expect(reply(TEXT, text))
            peer.expect(reply(BINARY, bytes(300)))
            peer.expect(reply(CLOSE, b"\x03\xe8that was all"), "close")
            peer.expect_end()
    return f"{count} peers, {len(session)} bytes each"


@scenario(short=False)
def slow_heads(load):
    """The gateway does not wait for a request head that never ends, even if bytes keep arriving."""
    with peers(load, 200) as crowd:
        start = time.monotonic()
        for byte in itertools.cycle(b"GET /ws/echo HTTP/1.1\r\nX-A: " + b"b" * 100):
            gone = 0
            for peer in crowd:
                try:
                    peer.socket.send(bytes([byte]))
                except (BrokenPipeError, ConnectionResetError):
                    gone += 1
            if gone == len(crowd):
                break
            assert time.monotonic() - start < 30, f"{gone} of {len(crowd)} were dropped"
            time.sleep(0.5)
    return f"{len(crowd)} peers, dropped after {time.monotonic() - start:.0f} s"


@scenario
def refused_upgrades(load):
    """Each is refused with its status and the end of the connection. What is sent after it is not answered."""
    each = 50
    refusals = [
        (request("/ws/echo", "Sec-WebSocket-Key:"), 400),
        (request("/ws/echo", "Sec-WebSocket-Key: short"), 400),
        (request("/ws/echo", "Sec-WebSocket-Version: 8"), 426),
        (request("/ws/echo", "Sec-WebSocket-Version:"), 426),
        (request("/ws/echo", "Upgrade: h2c"), 426),
        (request("/ws/echo", "Origin: http://elsewhere.example"), 403),
        (request("/ws/echo", "Host:"), 400),
        (request("/ws/echo", "Content-Length: 5"), 400),
        (request("/ws/chat"), 400),
        (request("/ws/nowhere"), 404),
        (request("/ws/echo").replace(b"GET", b"POST"), 405),
        (request("/ws/echo").replace(b"\r\n", b"\n"), 400),
        (request("/ws/echo", "X-Long: " + "x" * 100_000), 431),
    ]
    for bytes_, status in refusals:
        with peers(load, each) as crowd:
            for peer in crowd:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    peer.send(bytes_ + frame(TEXT, b"not to be echoed"))
            for peer in crowd:
                answer = peer.rest()
                head, _, body = answer.partition(b"\r\n\r\n")
                asked = bytes_[:60] + b"..." if len(bytes_) > 60 else bytes_
                assert head.startswith(b"HTTP/1.1 %d " % status), f"{asked!r}: expected {status}, got {head!r}"
                assert b"\r\nconnection: close" in head.lower(), f"{asked!r}: no `Connection: close` in {head!r}"
                assert b"not to be echoed" not in body, f"{asked!r}: was answered {body!r}"
    return f"{each * len(refusals)} requests of {len(refusals)} kinds"


# The length of a frame's header (RFC 9113 §4.1).
FRAME_HEADER = 9


def refused_by_http2(answer):
    """Whether it is SETTINGS first and, as the last frame, a GOAWAY with an error (RFC 9113 §3.4)."""
    kinds, payload = [], b""
    while answer:
        end = FRAME_HEADER + int.from_bytes(answer[:3], "big")
        kinds.append(answer[3] if len(answer) > 3 else None)
        payload, answer = answer[FRAME_HEADER:end], answer[end:]
    return kinds[:1] == [4] and kinds[-1] == 7 and int.from_bytes(payload[4:8], "big") != 0


@scenario
def random_bytes(load):
    """Random bytes are answered in HTTP or WebSocket, or not at all, and the connection ends."""
    count = 1000
    source = random.Random(load.options.seed)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    others = [
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        preface,
        b"SSH-2.0-x\r\n",
        b"\0" * 64,
    ]
    statuses, closes = {}, {}
    for number in range(count):
        peer = Peer(load.address, number)
        try:
            if upgraded := number % 2:
                peer.upgrade()
            garbage = source.choice([b"", b"", *others]) + source.randbytes(source.randrange(1, 8192))
            # The gateway may refuse and reset while we are still sending.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                peer.send(garbage)
                peer.end_writing()
            if upgraded:
                code = close_code(peer.rest())
                closes[code] = closes.get(code, 0) + 1
                continue
            answer = peer.rest()
            if garbage.startswith(preface) and not upgraded:
                assert refused_by_http2(answer) or len(garbage) < len(preface) + FRAME_HEADER, brief(answer)
                status = "GOAWAY"
            else:
                assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), brief(answer)
                status = answer[9:12].decode()
            statuses[status] = statuses.get(status, 0) + 1
        except OSError as error:
            # This is a fault on our side, such as no free port. The gateway is not to blame.
            raise AssertionError(f"connection {number}: {error}") from error
        finally:
            peer.close()
    told = ", ".join(f"{many} × {what or 'nothing'}" for what, many in sorted({**statuses, **closes}.items()))
    return f"{count} connections: {told}"


def close_code(answer):
    """Returns the code of the close frame, which must be the gateway's last frame. All frames must be whole."""
    while answer:
        first, size = answer[0], answer[1]
        assert first in (0x81, 0x82, 0x88, 0x8A) and size < 126, f"the gateway sent {brief(answer)}"
        assert len(answer) >= 2 + size, f"the gateway's last frame is cut: {brief(answer)}"
        if first == 0x88:
            assert len(answer) == 2 + size, f"after its close frame, the gateway sent {brief(answer)}"
            return str(int.from_bytes(answer[2:4], "big"))
        answer = answer[2 + size :]
    return ""


# Peers that leave.

CALL = (
    b"POST /echo.Echo/Unary HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/grpc-web\r\n"
    b"Content-Length: 100\r\n\r\n"
)
# What each sends before it leaves, on a connection of its own.
BEGINNINGS = [
    [],
    [b"GET /ws/ec"],
    [request("/ws/echo")],
    [request("/ws/echo"), frame(TEXT, b"cut in the header")[:1]],
    [request("/ws/echo"), frame(BINARY, bytes(70_000))[:7]],
    [request("/ws/echo"), frame(BINARY, bytes(70_000))[:40_000]],
    [request("/ws/echo"), frame(TEXT, b"a fragment", first=0), frame(PING, b"cut")[:4]],
    # With echoes in flight that are not read.
    [request("/ws/echo"), *[frame(BINARY, bytes(60_000))] * 4],
    [b"GET /sse/llm?n=1000000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    [CALL, b"\0\0\0\0"],
]


def vanish(load, leave):
    count = 100 * len(BEGINNINGS)
    for batch in range(0, count, 50):
        # Several at the same time, so that they leave while others are in the middle of something.
        crowd = [Peer(load.address, number) for number in range(batch, batch + 50)]
        for step in range(max(map(len, BEGINNINGS))):
            for number, peer in enumerate(crowd):
                for part in BEGINNINGS[number % len(BEGINNINGS)][step : step + 1]:
                    peer.send(part)
        for peer in crowd:
            leave(peer)
    return f"{count} peers at {len(BEGINNINGS)} places"


@scenario
def vanishing_by_reset(load):
    """A peer that resets the connection, in the middle of anything, leaves nothing in the gateway."""
    return vanish(load, Peer.reset)


@scenario
def vanishing_by_close(load):
    """The same with an orderly end of the TCP connection."""
    return vanish(load, Peer.close)


@scenario
def half_closed(load):
    """A peer that has stopped sending, even within a frame, still gets every answer and then the end."""
    payloads = [bytes([number]) * 10_000 for number in range(16)]
    messages = Repeated(frame(BINARY, payload) for payload in payloads)
    echoes = Repeated(reply(BINARY, payload) for payload in payloads)
    with peers(load, 200, upgrade=ECHO) as crowd:
        some = 5 * messages.size + 7
        for peer in crowd:
            peer.send(messages.at(0, some))
            peer.end_writing()
        for peer in crowd:
            receive_whole(peer, messages, some, echoes)
            peer.expect_end()
    # More than the system's buffers hold, with a new size for each peer: for some, the last bytes wait in the gateway when
    # the end comes.
    with peers(load, 20, upgrade=ECHO, buffers=64 * KIB) as busy:
        at_once(echo_and_end, busy, [4 * MIB + number * 64 * KIB for number in range(len(busy))])
    return f"{len(crowd)} peers with 5 messages each, {len(busy)} with one of 4 MiB and more"


def echo_and_end(peer, size):
    message = random.Random(size).randbytes(size)
    peer.send(frame(BINARY, message))
    peer.end_writing()
    peer.expect(reply(BINARY, message))
    peer.expect_end()


@scenario
def peers_that_never_close(load):
    """The gateway drops a peer that stays after the end: after a refusal, a close frame, or a violation."""
    with peers(load, 150) as crowd:
        for peer in crowd[:50]:
            peer.send(request("/ws/nowhere"))
        for peer in crowd[50:100]:
            peer.upgrade().send(frame(CLOSE, b"\x03\xe8"))
        for peer in crowd[100:]:
            peer.upgrade().send(b"\xff\xff")
        load.expect_gone("peers that never close", within=15)
    return f"{len(crowd)} peers"
