"""Our gateway over HTTP/2: curl, and Python's `h2` and `wsproto`, which do what well-behaved clients do not."""

import contextlib
import ssl
import struct
import subprocess
import threading
import time

import pytest
import stomp
import wsproto.events

import http2_peer
import raw
from echo import EchoReply, EchoRequest
from http2_peer import WebSocket
from programs import Program

CANCEL, NO_ERROR, REFUSED_STREAM = 8, 0, 7
GRPC = ("content-type", "application/grpc")
TRAILERS = ("te", "trailers")


@pytest.fixture
def client(address):
    with http2_peer.connected(address) as client:
        yield client


def context(alpn="h2"):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    return context


def prefixed(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def message(**request):
    return prefixed(EchoRequest(**request).SerializeToString())


def replies(body):
    """Yields the replies in the body of a response."""
    while body:
        length = int.from_bytes(body[1:5])
        yield EchoReply.FromString(body[5 : 5 + length])
        body = body[5 + length :]


# curl

VERSIONS = {"h2c": ["--http2-prior-knowledge"], "TLS": ["--http2"], "HTTP/1.1 over TLS": ["--http1.1"]}


@pytest.fixture(params=VERSIONS)
def curl(request, address, tls_address):
    """Asks with curl, and returns the version of HTTP, the status and the body."""
    origin = f"http://{address}" if request.param == "h2c" else f"https://{tls_address}"
    version = "1.1" if "1.1" in request.param else "2"

    def ask(path, *options):
        command = ["curl", "--silent", "--insecure", "--max-time", "20", *VERSIONS[request.param], *options]
        command += ["--write-out", "\n%{http_version}|%{http_code}|%{content_type}", origin + path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
        body, _, written = done.stdout.rpartition("\n")
        got, status, content_type = written.split("|")
        assert got == version
        return int(status), content_type, body

    return ask


def test_curl_gets_the_page(curl):
    status, content_type, body = curl("/")
    assert (status, content_type) == (200, "text/html; charset=utf-8")
    assert body.startswith("<!doctype html>") and body.rstrip().endswith("</footer>")


def test_curl_gets_events(curl):
    status, content_type, body = curl("/sse/llm?n=20000")
    assert (status, content_type) == (200, "text/event-stream; charset=utf-8")
    assert body.count("event: token\n") == 20000
    assert body.endswith("event: done\nid: 20001\ndata: [DONE]\n\n")


def test_curl_is_refused(curl):
    assert curl("/nothing")[:1] == (404,)
    assert curl("/", "--data", "body")[:1] == (405,)
    assert curl("/", "--request", "OPTIONS")[0::2] == (204, "")
    # A head alone.
    assert curl("/", "--head")[0] == 200


def test_an_upgrade_to_h2c_is_ignored(address):
    """RFC 9113 §3.1 has dropped it, and a server may always stay with HTTP/1.1."""
    command = ["curl", "--silent", "--http2", "--write-out", "%{http_version}", f"http://{address}/nothing"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout == "there is nothing here\n1.1"


# WebSocket (RFC 8441)


@pytest.fixture(params=["h2c", "TLS"])
def either(request, address, tls_address):
    """A connection of each kind."""
    addresses = {"h2c": (address, None), "TLS": (tls_address, context())}
    with http2_peer.connected(*addresses[request.param]) as client:
        yield client


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "compressed"])
def test_an_echo(either, deflate):
    socket = WebSocket(either, "/ws/echo", deflate=deflate)
    assert socket.is_compressed is deflate
    for data in "hello", "", "Grüße 🦀" * 1000, bytes(1 << 20), b"\xff" * 70_000:
        socket.send(data)
        assert socket.next() == data
    socket.close(3001, "as you wish")
    assert socket.next() == wsproto.events.CloseConnection(3001, "as you wish")
    # The server ends the stream, as it would a TCP connection.
    assert either.end_of(socket.number).reset is None


def test_many_sockets_share_a_connection(client):
    sockets = [WebSocket(client, "/ws/echo") for _ in range(50)]
    for round in range(5):
        for number, socket in enumerate(sockets):
            socket.send(f"{round}/{number}")
        for number, socket in enumerate(sockets):
            assert socket.next() == f"{round}/{number}"


def test_the_chat_room_is_one_for_both_versions(client, address):
    member = WebSocket(client, "/ws/chat", ["other", "chat"])
    assert member.subprotocol == "chat"
    with raw.connection(address) as sock:
        sock.sendall(raw.upgrade(address, "/ws/chat", Sec_WebSocket_Protocol="chat"))
        reader = sock.makefile("rb")
        raw.read_head(reader)
        sock.sendall(raw.frame(raw.TEXT, b"from HTTP/1.1"))
        assert member.next() == "from HTTP/1.1"
        assert raw.read_frame(reader) == (raw.TEXT, b"from HTTP/1.1")
        member.send("from HTTP/2")
        assert member.next() == "from HTTP/2"
        assert raw.read_frame(reader) == (raw.TEXT, b"from HTTP/2")


def test_topics_of_stomp(client):
    subscriber, sender = (WebSocket(client, "/stomp", ["v12.stomp"]) for _ in range(2))
    for socket in subscriber, sender:
        assert socket.subprotocol == "v12.stomp"
        socket.send("CONNECT\naccept-version:1.2\nhost:h\n\n\0")
        assert socket.next().startswith("CONNECTED\n")
    subscriber.send("SUBSCRIBE\nid:1\ndestination:/topic/http2\nreceipt:r\n\n\0")
    assert subscriber.next().startswith("RECEIPT\n")
    sender.send("SEND\ndestination:/topic/http2\n\nhello\0")
    heard = subscriber.next()
    assert heard.startswith("MESSAGE\n") and heard.endswith("\n\nhello\0")


def test_a_call_over_websocket(client):
    socket = WebSocket(client, "/echo.Echo/Unary", ["grpc-websockets"])
    socket.send(b"content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n")
    socket.send(b"\0" + message(text="hi"))
    socket.send(b"\1")
    got = [socket.next() for _ in range(2)]
    assert b"content-type: application/grpc-web+proto\r\n" in got[0].lower()
    assert b"hi" in got[1] and b"grpc-status: 0\r\n" in got[1]


@pytest.mark.parametrize(
    "path, protocol, headers, status",
    [
        ("/ws/echo", "websocket", [("sec-websocket-version", "8")], 400),
        ("/ws/echo", "websocket", [("sec-websocket-version", "13"), ("origin", "http://elsewhere.example")], 403),
        ("/ws/chat", "websocket", [("sec-websocket-version", "13")], 400),
        ("/ws/echo", "other", [("sec-websocket-version", "13")], 501),
        ("/", "websocket", [("sec-websocket-version", "13")], 405),
        ("/sockjs/echo/000/connect/eventsource", "websocket", [("sec-websocket-version", "13")], 400),
    ],
    ids=["version", "origin", "subprotocol", "protocol", "path", "no socket"],
)
def test_a_connect_is_refused(client, path, protocol, headers, status):
    number = client.begin("CONNECT", path, *headers, end=False, protocol=protocol)
    stream = client.end_of(number)
    assert (stream.status, stream.reset) == (status, None)
    assert client.ask("GET", "/nothing").status == 404


def test_the_end_of_a_stream_is_the_end_of_its_socket(client):
    socket = WebSocket(client, "/ws/echo")
    client.h2.end_stream(socket.number)
    assert client.end_of(socket.number).reset is None


# gRPC


def test_a_call_and_a_page_share_a_connection(client):
    call = client.begin("POST", "/echo.Echo/Bidi", GRPC, TRAILERS, ("x-echo-me", "yes"), end=False)
    client.until(lambda: client.streams[call].status is not None)
    # The head does not wait for the first message.
    assert client.streams[call].headers["x-echo-me"] == "yes"
    assert client.ask("GET", "/").status == 200
    client.send(call, message(text="one"))
    client.until(lambda: client.streams[call].body)
    client.send(call, message(text="two"), end=True)
    stream = client.end_of(call)
    assert [reply.text for reply in replies(stream.body)] == ["one", "two"]
    assert (stream.trailers["grpc-status"], stream.trailers["x-trailer-me"]) == ("0", "yes")


def test_grpc_web(client):
    body = message(text="web", count=3)
    stream = client.ask("POST", "/echo.Echo/ServerStream", ("content-type", "application/grpc-web+proto"), body=body)
    assert stream.body.count(b"web") == 3
    assert stream.body.endswith(b"grpc-status: 0\r\n") and stream.trailers is None


def test_a_call_that_ends_early_lets_the_client_finish(client):
    """Some proxies drop a response whose stream is reset at once."""
    call = client.begin("POST", "/echo.Echo/ClientStream", GRPC, TRAILERS, end=False)
    client.send(call, message(code=9, error="enough"))
    stream = client.end_of(call)
    assert (stream.trailers["grpc-status"], stream.reset) == ("9", None)
    # It takes a while before the rest of the request is refused, without an error.
    before = time.monotonic()
    client.until(lambda: stream.reset is not None)
    assert stream.reset == NO_ERROR and time.monotonic() - before > 0.5


# Streams that do not read, and streams that are reset


def test_a_stream_that_is_not_read_holds_nobody_back(own_gateway):
    with http2_peer.connected(own_gateway.address) as client:
        before = own_gateway.memory()
        tokens = client.begin("GET", "/sse/llm?n=1000000", is_read=False)
        call = client.begin("POST", "/echo.Echo/ServerStream", GRPC, TRAILERS, end=False, is_read=False)
        client.send(call, message(count=2_000, payload=bytes(1000)), end=True)
        mute = WebSocket(client, "/ws/echo", deflate=False, is_read=False)
        member = WebSocket(client, "/ws/chat", ["chat"])
        # It echoes until its windows are full, in both directions.
        sent = 0
        payload = bytes(16_000)
        deadline = time.monotonic() + 5
        while client.h2.local_flow_control_window(mute.number) > 20_000 and time.monotonic() < deadline:
            mute.send(payload)
            sent += len(payload)
            client.pause(0.01)
        assert time.monotonic() < deadline, f"{sent} bytes were taken by a server whose output is not"
        for number in range(200):
            member.send(str(number))
            assert member.next() == str(number)
            assert client.ask("GET", "/nothing").status == 404
        # Every stream that does not read has got no more than its window.
        for number in tokens, call, mute.number:
            assert 0 < len(client.streams[number].body) <= 65_535, number
            assert not client.streams[number].is_over
        assert own_gateway.memory() - before < 4 << 20
        # Nothing was lost.
        client.streams[call].is_read = True
        client.h2.increment_flow_control_window(len(client.streams[call].body), call)
        stream = client.end_of(call)
        assert sum(1 for _ in replies(stream.body)) == 2_000 and stream.trailers["grpc-status"] == "0"
    own_gateway.kill()  # It would wait for the streams that do not end.


@pytest.mark.waits
def test_a_stream_that_is_never_read_is_reset_alone(client):
    tokens = client.begin("GET", "/sse/llm?n=1000000", is_read=False)
    call = client.begin("POST", "/echo.Echo/ServerStream", GRPC, TRAILERS, end=False, is_read=False)
    client.send(call, message(count=1_000_000, payload=bytes(1000)), end=True)
    socket = WebSocket(client, "/ws/echo")
    before = time.monotonic()
    for number in tokens, call:
        assert client.end_of(number, 40).reset == CANCEL
    assert 28 < time.monotonic() - before < 35
    socket.send("still here")
    assert socket.next() == "still here"
    assert client.goaways == []


def test_a_reset_in_every_state(client):
    others = [WebSocket(client, "/ws/echo"), WebSocket(client, "/ws/chat", ["chat"])]

    def call(end, sent=b"", **changes):
        number = client.begin("POST", f"/echo.Echo/{changes.get('method', 'Bidi')}", GRPC, TRAILERS, end=False)
        client.send(number, sent, end)
        return number

    whole = message(text="x", count=1000, delay_ms=100)
    states = {
        "before its body": lambda: call(False),
        "in the prefix of a message": lambda: call(False, whole[:3]),
        "in a message": lambda: call(False, whole[:-1]),
        "half-closed": lambda: call(True, whole, method="ServerStream"),
        "in events": lambda: client.begin("GET", "/sse/llm?n=1000000", is_read=False),
        "at the clock": lambda: client.begin("GET", "/sse/clock"),
        "in a socket": lambda: WebSocket(client, "/ws/echo").number,
        "in a socket with half a frame": lambda: half_a_frame(),
        "in the room": lambda: WebSocket(client, "/ws/chat", ["chat"]).number,
        "in a refused upload": lambda: client.begin("POST", "/", end=False),
    }

    def half_a_frame():
        socket = WebSocket(client, "/ws/echo")
        client.send(socket.number, raw.frame(raw.TEXT, b"half")[:-2])
        return socket.number

    for wait in 0, 0.03:
        for state, enter in states.items():
            number = enter()
            client.pause(wait)
            with contextlib.suppress(http2_peer.h2.exceptions.StreamClosedError):
                client.reset(number)
            assert client.ask("GET", "/nothing").status == 404, state
    for socket in others:
        socket.send("still here")
        assert socket.next() == "still here"
    assert client.goaways == []


def test_clients_that_leave_cost_nothing(own_gateway):
    files = own_gateway.open_files()
    for _ in range(20):
        with http2_peer.connected(own_gateway.address) as client:
            WebSocket(client, "/ws/chat", ["chat"])
            client.begin("GET", "/sse/clock")
            client.begin("POST", "/echo.Echo/Bidi", GRPC, TRAILERS, end=False)
            client.flush()
    deadline = time.monotonic() + 10
    while own_gateway.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.05)
    assert own_gateway.open_files() == files


# The end


def test_a_shutdown_ends_every_stream_right(own_gateway):
    with http2_peer.connected(own_gateway.address) as client:
        socket = WebSocket(client, "/ws/echo")
        events = client.begin("GET", "/sse/clock?every=100")
        ends = client.begin("POST", "/echo.Echo/ServerStream", GRPC, TRAILERS, end=False)
        client.send(ends, message(count=4, delay_ms=200), end=True)
        waits = client.begin("POST", "/echo.Echo/Bidi", GRPC, TRAILERS, end=False)
        client.until(lambda: client.streams[events].body and client.streams[ends].body)
        own_gateway.interrupt()
        client.until(lambda: client.goaways)
        assert client.goaways == [(2**31 - 1, NO_ERROR)]
        close = socket.next()
        assert (close.code, close.reason) == (1001, "the gateway shuts down")
        client.send(socket.number, socket.frames.send(close.response()), end=True)
        assert client.end_of(events).reset is None
        stream = client.end_of(ends)
        assert len(list(replies(stream.body))) == 4 and stream.trailers["grpc-status"] == "0"
        # One that would never end has a few seconds.
        stream = client.end_of(waits)
        assert stream.trailers["grpc-status"] == "14"
        assert client.end_of(socket.number).reset is None
        client.send(waits, b"", end=True)
        with contextlib.suppress(AssertionError):
            client.until(lambda: client.is_over)
        assert client.goaways[-1] == (waits, NO_ERROR)
    assert own_gateway.wait(10) == 0


def test_bytes_that_are_no_http2_end_the_connection(address):
    with raw.connection(address) as sock:
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\x08\0\0\0\0\0x")
        data = raw.read_to_end(sock)
    # The last frame is a GOAWAY, for FRAME_SIZE_ERROR.
    assert b"\7\0\0\0\0\0" in data and data.rstrip(b"\0")[-1:] != b"", data[-40:]


# TLS


def test_stomp_over_tls(tls_address, tmp_path):
    heard = threading.Event()

    class Listener(stomp.ConnectionListener):
        def on_message(self, frame):
            assert frame.body == "over TLS"
            heard.set()

    host, port = tls_address.rsplit(":", 1)
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(ssl.get_server_certificate((host, int(port))))
    connection = stomp.Connection12([(host, int(port))])
    connection.set_ssl(for_hosts=[(host, int(port))], ca_certs=certificate)
    connection.set_listener("", Listener())
    connection.connect(wait=True)
    connection.subscribe("/topic/tls", id="1")
    connection.send("/topic/tls", "over TLS")
    assert heard.wait(20)
    connection.disconnect()


def test_a_client_without_tls_is_told_so(tls_address):
    with raw.connection(tls_address) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        # An alert, which is all that TLS has to say to that.
        assert raw.read_to_end(sock)[:1] == b"\x15"


@pytest.mark.parametrize("options", [[], ["--no-deflate"]], ids=["deflate", "plain"])
def test_our_own_client(ws_http2_client_path, address, options):
    command = [ws_http2_client_path, *options, f"ws://{address}/ws/echo"]
    with Program(*command, name="ws_http2_client", stdin=subprocess.PIPE) as program:
        lines = ["hello", "", "0123456789abcdef" * (1 << 16)]
        program.write("".join(f"{line}\n" for line in lines).encode())
        assert [program.line(20) for _ in lines] == lines
        program.close_stdin()
        assert program.line(20).rstrip() == "closed 1000"
        assert program.wait(20) == 0
