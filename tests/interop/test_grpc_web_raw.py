"""Our gateway and gRPC-Web as bytes: what the libraries do not send or do not show."""

import base64
import contextlib
import http.client
import re
import socket
import struct

import pytest

from echo import EchoReply, EchoRequest

WAIT = 20
WEB = "application/grpc-web"
TEXT = "application/grpc-web-text"


def frame(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def frames(body):
    """Splits a body into the flags and payload of each frame."""
    found = []
    while body:
        flags, length = struct.unpack_from(">BI", body)
        assert len(body) >= 5 + length, "cut off"
        found.append((flags, body[5 : 5 + length]))
        body = body[5 + length :]
    return found


def from_base64(body):
    """Decodes pieces of base64. Each may be padded."""
    assert len(body) % 4 == 0
    return b"".join(base64.b64decode(piece, validate=True) for piece in re.findall(rb"[^=]+=*", body))


def call(address, method="Unary", body=None, verb="POST", headers=(), **request):
    """Makes a request and returns the response, with its `body`."""
    if body is None:
        body = frame(EchoRequest(**request).SerializeToString())
    headers = {"content-type": WEB, "x-grpc-web": "1", **dict(headers)}
    with contextlib.closing(http.client.HTTPConnection(address, timeout=WAIT)) as connection:
        connection.request(verb, f"/echo.Echo/{method}", body, headers)
        response = connection.getresponse()
        response.body = response.read()
        return response


def result(response, body=None):
    """Returns the messages of a response, and its trailers. There must be exactly one frame of trailers, the last."""
    *messages, (flags, trailers) = frames(response.body if body is None else body)
    assert all(flags == 0 for flags, _ in messages)
    assert flags == 0x80
    lines = trailers.decode().split("\r\n")
    assert lines.pop() == ""
    return [EchoReply.FromString(message) for _, message in messages], dict(line.split(": ", 1) for line in lines)


CONTENT_TYPES = [WEB, f"{WEB}+proto", f"{WEB}; charset=utf-8", "Application/gRPC-Web+Proto"]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_binary(address, content_type):
    response = call(address, text="hi", headers={"content-type": content_type})
    assert response.status == 200
    assert response.getheader("content-type").startswith(WEB)
    assert result(response) == ([EchoReply(text="hi")], {"grpc-status": "0"})


@pytest.mark.parametrize("length", range(7))
def test_text_in_one_piece(address, length):
    request = EchoRequest(payload=b"\xfb\xff" * length)
    body = base64.b64encode(frame(request.SerializeToString()))
    response = call(address, body=body, headers={"content-type": TEXT, "accept": TEXT})
    assert response.getheader("content-type").startswith(TEXT)
    expected = [EchoReply(payload=request.payload)]
    assert result(response, from_base64(response.body)) == (expected, {"grpc-status": "0"})


@pytest.mark.parametrize("size", range(1, 6))
def test_text_padded_in_the_middle(address, size):
    plain = frame(EchoRequest(text="many pieces").SerializeToString())
    body = b"".join(base64.b64encode(plain[at : at + size]) for at in range(0, len(plain), size))
    response = call(address, body=body, headers={"content-type": TEXT})
    assert result(response, from_base64(response.body)) == ([EchoReply(text="many pieces")], {"grpc-status": "0"})


def test_the_client_picks_the_form_of_the_response(address):
    response = call(address, text="hi", headers={"accept": TEXT})
    assert response.getheader("content-type").startswith(TEXT)
    assert result(response, from_base64(response.body))[0] == [EchoReply(text="hi")]
    body = base64.b64encode(frame(EchoRequest(text="hi").SerializeToString()))
    response = call(address, body=body, headers={"content-type": TEXT, "accept": WEB})
    assert response.getheader("content-type").startswith(WEB) and "text" not in response.getheader("content-type")
    assert result(response)[0] == [EchoReply(text="hi")]


@pytest.mark.parametrize("content_type", [WEB, TEXT])
def test_server_stream(address, content_type):
    body = frame(EchoRequest(text="again", count=5).SerializeToString())
    text = content_type == TEXT
    response = call(address, "ServerStream", base64.b64encode(body) if text else body, headers={"content-type": content_type})
    replies, trailers = result(response, from_base64(response.body) if text else None)
    assert replies == [EchoReply(text="again", index=index) for index in range(5)]
    assert trailers == {"grpc-status": "0"}


def status_of(response):
    """Returns the status. Without messages, it may be in the head instead."""
    if response.getheader("grpc-status") is not None:
        assert response.body == b"", "trailers in the head, and a body"
        return response.getheader("grpc-status")
    replies, trailers = result(response)
    assert replies == []
    return trailers["grpc-status"]


def test_an_unknown_method(address):
    response = call(address, "Nothing")
    assert (response.status, status_of(response)) == (200, "12")


BAD_BODIES = {
    "nothing": (b"", "12"),
    "two messages": (frame(b"") * 2, "12"),
    "cut off in the prefix": (b"\0\0\0", "13"),
    "cut off in the message": (b"\0\0\0\0\x05abc", "13"),
    "an unknown flag": (frame(b"", 2), "13"),
    "compressed without an encoding": (frame(b"", 1), "13"),
    "not a message": (frame(b"\xff\xff\xff"), "13"),
}


@pytest.mark.parametrize("body, code", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_ends_with_a_status(address, body, code):
    response = call(address, body=body)
    assert (response.status, status_of(response)) == (200, code)


@pytest.mark.parametrize("content_type", [WEB, TEXT])
def test_5_mb_are_over_the_limit(address, content_type):
    body = frame(bytes(5_000_000))
    body = base64.b64encode(body) if content_type == TEXT else body
    response = call(address, body=body, headers={"content-type": content_type, "accept": WEB})
    assert (response.status, status_of(response)) == (200, "8")


def test_what_follows_a_call_that_failed_is_no_request(address):
    rest = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    bad = frame(b"", 2)
    head = f"POST /echo.Echo/Unary HTTP/1.1\r\nHost: x\r\nContent-Type: {WEB}\r\nContent-Length: {len(bad + rest)}\r\n\r\n"
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=WAIT) as connection:
        connection.sendall(head.encode() + bad)
        got = connection.recv(65536)
        # The call has ended, but its request has not.
        connection.sendall(rest)
        while data := connection.recv(65536):
            got += data
    assert got.count(b"HTTP/1.1 ") == 1, got
    assert b"grpc-status: 13" in got


def test_bad_base64_ends_with_a_status(address):
    response = call(address, body=b"AAAA*AAA", headers={"content-type": TEXT, "accept": WEB})
    assert (response.status, status_of(response)) == (200, "13")


def test_an_unknown_encoding_is_refused(address):
    response = call(address, body=frame(b"?", 1), headers={"grpc-encoding": "snappy"})
    assert (response.status, status_of(response)) == (200, "12")


def test_what_is_not_grpc_web_is_refused(address):
    assert call(address, headers={"content-type": "application/json"}).status == 415
    assert call(address, verb="GET", body=b"").status == 405


def test_many_calls_on_one_connection(address):
    with contextlib.closing(http.client.HTTPConnection(address, timeout=WAIT)) as connection:
        first = None
        for number in range(20):
            body = frame(EchoRequest(text=str(number)).SerializeToString())
            connection.request("POST", "/echo.Echo/Unary", body, {"content-type": WEB})
            assert first in (None, connection.sock), "another connection"
            first = connection.sock
            response = connection.getresponse()
            response.body = response.read()
            assert result(response) == ([EchoReply(text=str(number))], {"grpc-status": "0"})


def test_a_preflight(address):
    asked = {"origin": "http://elsewhere.example", "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "content-type,x-grpc-web,x-user-agent,grpc-timeout,x-echo-text"
    with contextlib.closing(http.client.HTTPConnection(address, timeout=WAIT)) as connection:
        connection.request("OPTIONS", "/echo.Echo/Unary", headers=asked)
        response = connection.getresponse()
        assert response.read() == b""
    assert response.status in (200, 204)
    assert response.getheader("access-control-allow-origin") in ("*", asked["origin"])
    if response.getheader("access-control-allow-origin") != "*":
        assert "origin" in response.getheader("vary").lower()
    assert "POST" in response.getheader("access-control-allow-methods")
    allowed = {name.strip().lower() for name in response.getheader("access-control-allow-headers").split(",")}
    assert "*" in allowed or allowed >= set(asked["access-control-request-headers"].split(","))


def test_another_origin_may_see_the_status(address):
    response = call(address, "Nothing", headers={"origin": "http://elsewhere.example"})
    assert response.getheader("access-control-allow-origin") in ("*", "http://elsewhere.example")
    exposed = {name.strip().lower() for name in response.getheader("access-control-expose-headers").split(",")}
    assert exposed >= {"grpc-status", "grpc-message"}
