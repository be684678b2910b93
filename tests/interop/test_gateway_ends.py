"""Our gateway, with connections and requests that end anywhere, byte by byte, as clients and health checks send them."""

import contextlib
import http.client
import os
import signal
import socket
import struct
import threading
import time

import pytest

import event_stream
import programs
import raw
from echo import EchoReply, EchoRequest
from event_stream import Event
from raw import BINARY, CLOSE, PING, TEXT, close_payload, frame

WEB = "application/grpc-web+proto"


def responses(data, *methods):
    """Parses `data`, which has to be exactly the responses to requests with these methods."""
    source = raw._Bytes(data)
    source.file.close = lambda: None
    found = []
    for method in methods:
        assert source.file.tell() < len(data), f"only {len(found)} of {len(methods)} answers in {data[-300:]!r}"
        response = http.client.HTTPResponse(source, method=method)
        response.begin()
        response.body = response.read()
        found.append(response)
    rest = source.file.read()
    assert rest == b"", f"bytes after the last response: {rest[:200]!r}"
    return found


def exchange(address, sent, *methods, half_close=False):
    """Sends bytes, reads to the end, and parses the responses to requests with these methods."""
    with raw.connection(address) as sock:
        sock.sendall(sent)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        return responses(raw.read_to_end(sock), *methods)


def closes(response):
    return "close" in raw.tokens(response.getheader("Connection"))


def request(*lines, body=b""):
    return "\r\n".join([*lines, "", ""]).encode() + body


def prefixed(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def unary(address, text="hi", *fields, body=None, content_type=WEB, method="Unary"):
    body = prefixed(EchoRequest(text=text).SerializeToString()) if body is None else body
    head = [f"POST /echo.Echo/{method} HTTP/1.1", f"Host: {address}", f"Content-Type: {content_type}"]
    return request(*head, f"Content-Length: {len(body)}", *fields, body=body)


def reply_in(body):
    """Returns the text of the only reply, and the trailers."""
    flags, length = struct.unpack_from(">BI", body)
    message, rest = body[5 : 5 + length], body[5 + length :]
    assert (flags, rest[0]) == (0, 0x80)
    return EchoReply.FromString(message).text, rest[5:].decode()


# Health checks

CHECKS = {
    "HAProxy's, as it comes": (request("OPTIONS / HTTP/1.0"), "OPTIONS"),
    "HTTP/1.0 without Host": (request("GET / HTTP/1.0"), "GET"),
    "HEAD in HTTP/1.0": (request("HEAD / HTTP/1.0"), "HEAD"),
    "OPTIONS *": (request("OPTIONS * HTTP/1.1", "Host: h", "Connection: close"), "OPTIONS"),
    "HEAD": (request("HEAD / HTTP/1.1", "Host: h", "Connection: close"), "HEAD"),
    "OPTIONS of a stream": (request("OPTIONS /sse/clock HTTP/1.0"), "OPTIONS"),
    "OPTIONS of a call": (request("OPTIONS /echo.Echo/Unary HTTP/1.0"), "OPTIONS"),
}


@pytest.mark.parametrize("check, method", CHECKS.values(), ids=CHECKS)
def test_a_health_check_finds_it_healthy(address, check, method):
    (response,) = exchange(address, check, method)
    assert response.status in (200, 204)
    assert closes(response)


@pytest.mark.parametrize("path", ["/", "/no/such/path", "/ws/echo", "/ws/chat", "/sse/clock", "/sse/llm"])
def test_head_is_answered_as_get_without_the_body(address, path):
    """RFC 9110 §9.1 and §9.3.2."""
    heads = []
    for method in "HEAD", "GET":
        with raw.connection(address) as sock:
            sock.sendall(raw.request(address, path, "Connection: close", method=method))
            head, _, body = raw.read_to_end(sock).partition(b"\r\n\r\n") if method == "HEAD" else read_to_body(sock)
            assert method == "GET" or body == b""
            heads.append(head)
    assert heads[0] == heads[1]


def read_to_body(sock):
    received = b""
    while b"\r\n\r\n" not in received:
        received += sock.recv(1)
    return received.partition(b"\r\n\r\n")


def test_the_end_of_a_connection_is_announced_exactly_where_it_comes(address):
    for path in "/", "/no/such/path", "/sse/llm?n=2":
        head = ["GET " + path + " HTTP/1.1", "Host: h"]
        first, second = exchange(address, request(*head) + request(*head, "Connection: close"), "GET", "GET")
        assert (closes(first), closes(second)) == (False, True), path
        assert first.status == second.status
        assert len(first.body) == len(second.body)


# Pipelined requests


def test_pipelined_requests_of_every_kind_are_answered_in_their_order(address):
    get = lambda path, *more: request(f"GET {path} HTTP/1.1", "Host: h", *more)
    sent = [
        (get("/"), "GET"),
        (unary(address, "one"), "POST"),
        (get("/sse/llm?n=3"), "GET"),
        (request("HEAD /sse/llm HTTP/1.1", "Host: h"), "HEAD"),
        (unary(address, "two"), "POST"),
        (request("OPTIONS * HTTP/1.1", "Host: h"), "OPTIONS"),
        (get("/no/such/path"), "GET"),
        (request("POST / HTTP/1.1", "Host: h", "Content-Length: 5", body=b"hello"), "POST"),
        (unary(address, "three"), "POST"),
        (get("/sse/llm?n=2", "Connection: close"), "GET"),
    ]
    data = b"".join(bytes for bytes, _ in sent)
    methods = [method for _, method in sent]
    with raw.connection(address) as sock:
        sock.sendall(data)
        received = raw.read_to_end(sock)
    answers = responses(received, *methods)
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 204, 404, 405, 200, 200]
    assert [reply_in(answers[i].body)[0] for i in (1, 4, 8)] == ["one", "two", "three"]
    assert [closes(answer) for answer in answers] == [False] * 9 + [True]
    # However the requests are split, and although the client has stopped sending.
    with raw.connection(address) as sock:
        for at in range(0, len(data), 7):
            sock.sendall(data[at : at + 7])
        sock.shutdown(socket.SHUT_WR)
        again = responses(raw.read_to_end(sock), *methods)
    assert [(answer.status, answer.body) for answer in again] == [(answer.status, answer.body) for answer in answers]


@pytest.mark.parametrize("first", ["/", "/sse/llm?n=1"])
def test_an_upgrade_may_come_right_after_another_request(address, first):
    get = request(f"GET {first} HTTP/1.1", "Host: h")
    with raw.connection(address) as sock:
        sock.sendall(get + raw.upgrade(address) + frame(TEXT, b"hi") + frame(CLOSE, close_payload(1000)))
        before, _, after = raw.read_to_end(sock).partition(b"HTTP/1.1 101 ")
        (answer,) = responses(before, "GET")
        assert answer.status == 200
        assert after.endswith(b"\x81\x02hi\x88\x02\x03\xe8")


def test_thousands_of_pipelined_requests_are_all_answered_and_cost_what_one_read_holds(own_gateway):
    count = 5000
    get = request("GET / HTTP/1.1", "Host: h")
    with raw.connection(own_gateway.address, 30) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        before = own_gateway.memory()
        sender = threading.Thread(target=lambda: (sock.sendall(get * count), sock.shutdown(socket.SHUT_WR)))
        sender.start()
        time.sleep(1)  # nobody reads the answers
        grown = own_gateway.memory() - before
        assert grown < 4 << 20, f"{grown} bytes for answers that nobody reads"
        received = b"".join(iter(lambda: sock.recv(1 << 20), b""))
        sender.join()
    assert received.count(b"HTTP/1.1 200 OK\r\n") == count


# Requests with a body where none is needed, or without one where there might be one

EMPTY_BODIES = {
    "Content-Length: 0": (["Content-Length: 0"], b""),
    "an empty chunked body": (["Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "trailers alone": (["Transfer-Encoding: chunked"], b"0\r\nT: v\r\n\r\n"),
    "five bytes": (["Content-Length: 5"], b"hello"),
    "five bytes in chunks": (["Transfer-Encoding: chunked"], b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("fields, body", EMPTY_BODIES.values(), ids=EMPTY_BODIES)
@pytest.mark.parametrize("method, path, status", [("GET", "/", 200), ("GET", "/sse/llm?n=1", 200), ("OPTIONS", "*", 204)])
def test_a_meaningless_body_is_no_reason_to_refuse(address, method, path, status, fields, body):
    first = request(f"{method} {path} HTTP/1.1", "Host: h", *fields, body=body)
    last = request("GET /no/such/path HTTP/1.1", "Host: h", "Connection: close")
    answers = exchange(address, first + last, method, "GET")
    assert [answer.status for answer in answers] == [status, 404]


BAD_BODIES = {
    "a bad chunk": (["Transfer-Encoding: chunked"], b"x\r\n", 400),
    "more than anyone reads for nothing": (["Content-Length: 1000000"], b"", 413),
    "more chunks than that": (["Transfer-Encoding: chunked"], b"4000\r\n" + bytes(0x4000) + b"\r\nF000\r\n", 413),
}


@pytest.mark.parametrize("fields, body, status", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_the_only_thing_that_is_answered(address, fields, body, status):
    (answer,) = exchange(address, request("GET / HTTP/1.1", "Host: h", *fields, body=body), "GET")
    assert answer.status == status
    assert closes(answer)
    assert answer.body


# Answers to malformed heads say what is wrong

BAD_HEADS = {
    "a request line": (b"GET\r\n\r\n", 400, b"request line"),
    "no Host": (request("GET / HTTP/1.1"), 400, b"Host"),
    "two lengths": (request("GET / HTTP/1.1", "Host: h", "Content-Length: 1", "Content-Length: 2"), 400, b"Content-Length"),
    "a transfer coding": (request("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: gzip, chunked"), 501, b"Transfer-Encoding"),
    "HTTP/2.0": (request("GET / HTTP/2.0", "Host: h"), 505, b"version"),
    "a long head": (request("GET / HTTP/1.1", "Host: h", "X: " + "x" * 20_000), 431, b"long"),
}


@pytest.mark.parametrize("head, status, word", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_bad_head_gets_an_answer_that_says_what_is_wrong(address, head, status, word):
    (answer,) = exchange(address, head, "GET")
    assert answer.status == status
    assert answer.getheader("Content-Type").startswith("text/plain")
    assert word in answer.body
    assert closes(answer)


@pytest.mark.parametrize("sent", [b"GET / HT", request("GET / HTTP/1.1", "Host: h", "Content-Length: 5", body=b"he")])
def test_a_request_that_is_cut_off_is_answered(address, sent):
    (answer,) = exchange(address, sent, "GET", half_close=True)
    assert answer.status == 400
    assert closes(answer)


# Absolute-form (RFC 9112 §3.2.2)


@pytest.mark.parametrize("target", ["http://h", "http://h/", "HTTP://h:80/?x=y", "https://h/"])
def test_a_target_may_be_a_whole_uri(address, target):
    (answer,) = exchange(address, request(f"GET {target} HTTP/1.1", "Host: h", "Connection: close"), "GET")
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss", "WS"])
def test_an_upgrade_may_come_through_a_proxy_with_a_whole_uri(address, scheme):
    with raw.connection(address) as sock:
        sock.sendall(raw.upgrade(address, f"{scheme}://{address}/ws/echo") + frame(TEXT, b"hi"))
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        assert raw.read_frame(reader) == (TEXT, b"hi")


def test_an_upgrade_may_announce_that_it_has_no_body(address):
    """RFC 9110 §8.6: a length of 0 says that there is no content. Six proxies of seven pass the field on."""
    with raw.connection(address) as sock:
        sock.sendall(raw.upgrade(address, extra=["Content-Length: 0"]) + frame(TEXT, b"hi"))
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        assert raw.read_frame(reader) == (TEXT, b"hi")


# Expect: 100-continue (RFC 9110 §10.1.1)


@pytest.mark.parametrize("value", ["100-continue", "100-Continue"])
def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(address, value):
    head, _, body = unary(address, "expected", f"Expect: {value}").partition(b"\r\n\r\n")
    with raw.connection(address) as sock:
        sock.sendall(head + b"\r\n\r\n")
        reader = sock.makefile("rb")
        before = time.monotonic()
        assert raw.read_head(reader) == ("HTTP/1.1 100 Continue", {})
        assert time.monotonic() - before < 0.5
        sock.sendall(body)
        sock.shutdown(socket.SHUT_WR)
        (answer,) = responses(reader.read(), "POST")
        assert reply_in(answer.body)[0] == "expected"


# It may send the body or not, so nothing can follow on the connection (RFC 9110 10.1.1).
def test_a_client_that_waits_is_spared_a_body_that_is_ignored(address):
    asked = request("GET / HTTP/1.1", "Host: h", "Content-Length: 1", "Expect: 100-continue")
    (answer,) = exchange(address, asked, "GET")
    assert (answer.status, closes(answer)) == (200, True)


def test_a_client_that_will_be_refused_is_not_asked_for_its_body(address):
    sent = unary(address, "x", "Expect: 100-continue", content_type="text/plain").partition(b"\r\n\r\n")[0]
    (answer,) = exchange(address, sent + b"\r\n\r\n", "POST")
    assert (answer.status, closes(answer)) == (415, True)


def test_an_http_1_0_client_is_not_told_to_go_on(address):
    sent = unary(address, "old", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
    (answer,) = exchange(address, sent, "POST")
    assert answer.status == 200
    assert reply_in(answer.body)[0] == "old"


# Half-close: the client has stopped sending, and reads on


def test_an_event_stream_goes_on_for_a_client_that_has_stopped_sending(address):
    with raw.connection(address) as sock:
        sock.sendall(raw.request(address, "/sse/clock?every=50&for=20"))
        sock.shutdown(socket.SHUT_WR)
        answer = raw.only_response(raw.read_to_end(sock))
    assert len(event_stream.only(Event, event_stream.decode(answer.body))) == 20


def test_a_stream_of_replies_goes_on_for_a_client_that_has_stopped_sending(address):
    body = prefixed(EchoRequest(text="x", count=10, delay_ms=30).SerializeToString())
    with raw.connection(address) as sock:
        sock.sendall(unary(address, body=body, method="ServerStream"))
        sock.shutdown(socket.SHUT_WR)
        answer = raw.only_response(raw.read_to_end(sock), "POST")
    assert answer.body.count(prefixed(b"")[:4]) >= 10
    assert answer.body.endswith(b"grpc-status: 0\r\n")


def test_a_call_that_is_cut_off_ends_with_a_status(address):
    sent = unary(address, "cut")
    (answer,) = exchange(address, sent[:-2], "POST", half_close=True)
    assert b"grpc-status: 13\r\n" in answer.body
    assert closes(answer)


def test_a_call_that_is_cut_off_between_messages_does_not_succeed(address):
    """RFC 9112 §8: a body that is shorter than its length is incomplete, even if the messages in it are not."""
    sent = unary(address, "cut")
    head, body = sent.split(b"\r\n\r\n", 1)
    longer = head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % (len(body) + 1))
    chunked = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    assert len({head, longer, chunked}) == 3
    for cut in (longer + b"\r\n\r\n" + body, chunked + b"\r\n\r\n%x\r\n%s\r\n" % (len(body), body)):
        (answer,) = exchange(address, cut, "POST", half_close=True)
        assert b"grpc-status: 13\r\n" in answer.body
        assert closes(answer)


def test_a_message_and_a_close_are_answered_although_the_client_has_stopped_sending(address):
    with raw.connection(address) as sock:
        sock.sendall(raw.upgrade(address) + frame(TEXT, b"last words") + frame(CLOSE, close_payload(1000)))
        sock.shutdown(socket.SHUT_WR)
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        assert raw.read_frame(reader) == (TEXT, b"last words")
        assert raw.read_frame(reader) == (CLOSE, close_payload(1000))
        assert reader.read() == b""


def test_a_client_that_has_gone_is_noticed_by_its_stream(own_gateway):
    address = own_gateway.address
    with raw.connection(address) as sock:
        sock.sendall(raw.request(address, "/sse/clock?every=50"))
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100)
        files = own_gateway.open_files()
    deadline = time.monotonic() + 10
    while own_gateway.open_files() >= files:
        assert time.monotonic() < deadline, "the stream of a client that is gone does not end"
        time.sleep(0.05)


# Peers that go on sending after the end


GOODBYES = {
    "after its close frame": (frame(CLOSE, close_payload(1000)), 1000),
    "after a failure": (frame(TEXT, b"x", mask=None), 1002),
}


@pytest.mark.waits
@pytest.mark.parametrize("end, code", GOODBYES.values(), ids=GOODBYES)
def test_a_peer_that_goes_on_sending_gets_the_close_frame_and_then_the_end(own_gateway, end, code):
    address = own_gateway.address
    with raw.connection(address, 20) as sock:
        sock.sendall(raw.upgrade(address) + end)
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        opcode, payload = raw.read_frame(reader)
        assert (opcode, payload[:2]) == (CLOSE, close_payload(code))
        assert reader.read() == b"", "our side was not shut down"
        before = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < before + 15:
                sock.sendall(frame(BINARY, bytes(1000)))
                time.sleep(0.05)
        assert time.monotonic() - before < 8


def test_a_peer_that_sends_too_much_after_the_end_is_cut_off_early(own_gateway):
    address = own_gateway.address
    with raw.connection(address, 20) as sock:
        sock.sendall(raw.upgrade(address) + frame(CLOSE))
        before, sent = time.monotonic(), 0
        with pytest.raises(ConnectionError):
            while time.monotonic() < before + 10:
                sent += sock.send(bytes(1 << 16))
        assert sent < 64 << 20


# gRPC-Web


@pytest.mark.parametrize("subtype", ["json", "thrift", "xyz"])
def test_a_subtype_that_is_not_served_is_415(address, subtype):
    (answer,) = exchange(address, unary(address, content_type=f"application/grpc-web+{subtype}"), "POST")
    assert (answer.status, closes(answer)) == (415, True)
    assert answer.getheader("grpc-status") is None


# Memory


def test_pings_of_a_peer_that_takes_no_pongs_cost_nothing_more(own_gateway):
    """Output that is not taken holds back further reads, and so further pongs (RFC 6455 §5.5.3)."""
    address = own_gateway.address
    with raw.connection(address, 5) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        sock.sendall(raw.upgrade(address))
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        before = own_gateway.memory()
        pings = frame(PING, bytes(125)) * 500
        with contextlib.suppress(TimeoutError):
            for _ in range(1000):
                sock.sendall(pings)
            pytest.fail("64 MB of pings were read although nobody takes the pongs")
        assert own_gateway.memory() - before < 2 << 20


# Origins behind a proxy

INSIDE, OUTSIDE = "127.0.0.1:8015", "example.com:3001"
SAME, OTHER = f"Origin: http://{INSIDE}", f"Origin: https://{OUTSIDE}"
FORWARDED = f"X-Forwarded-Host: {OUTSIDE}"
LISTED = ["--origin", "https://x.example", "--origin", f"https://{OUTSIDE}"]
ORIGINS = {
    "of the same host": ([], [SAME], 101),
    "of the proxy": ([], [OTHER], 403),
    "of the proxy, listed": (LISTED, [OTHER], 101),
    "of the same host, beside a list": (LISTED, [SAME], 101),
    "of the proxy, which says so": (["--forwarded-host"], [OTHER, FORWARDED], 101),
    "of the proxy, which nobody believes": ([], [OTHER, FORWARDED], 403),
    "of neither": (["--forwarded-host"], ["Origin: https://evil.example", FORWARDED], 403),
}


@pytest.mark.parametrize("options, fields, status", ORIGINS.values(), ids=ORIGINS)
def test_pages_of_these_origins_may_connect_behind_a_proxy(gateway_path, options, fields, status):
    with programs.gateway(gateway_path, *options) as gateway, raw.connection(gateway.address) as sock:
        sock.sendall(raw.upgrade(INSIDE, extra=fields))
        assert raw.read_head(sock.makefile("rb"))[0].split(" ")[1] == str(status)


def test_sigterm_ends_it_like_sigint(own_gateway):
    """Supervisors of services send it."""
    address = own_gateway.address
    with raw.connection(address) as ws, raw.connection(address) as sse:
        ws.sendall(raw.upgrade(address) + frame(PING, b"here"))
        reader = ws.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        assert raw.read_frame(reader)[1] == b"here"
        sse.sendall(raw.request(address, "/sse/clock?every=50"))
        assert sse.recv(100)
        os.kill(own_gateway.pid, signal.SIGTERM)
        opcode, payload = raw.read_frame(reader)
        assert (opcode, payload[:2]) == (CLOSE, close_payload(1001))
        ws.sendall(frame(CLOSE, payload))
        assert raw.read_to_end(sse).endswith(b"0\r\n\r\n")
        reader.close()
    assert own_gateway.wait(10) == 0, own_gateway.last_words()
