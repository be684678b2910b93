"""Our gateway's gRPC-Web over WebSocket: npm's `@improbable-eng/grpc-web`, and bytes that it does not send.

There is no standard but what that client does. Its first message is the head of the request. Each further one begins with
a byte: 0 before data, 1 for the end. What the server sends is a stream of frames. The client reads it however it is cut,
but for one thing: it does not look for more in the message that ends a head.
"""

import contextlib
import gzip
import json
import struct
import subprocess
import threading
import time

import pytest

import raw
from conftest import HERE
from echo import EchoReply, EchoRequest
from raw import BINARY, CLOSE, TEXT, close_payload, frame

SCRIPT = HERE / "grpc_socket_client.cjs"
HEAD = b"content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n"
END = frame(BINARY, b"\1")


def names():
    return json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.parametrize("check", names())
def test_with_the_library(address, check):
    done = subprocess.run(["node", SCRIPT, check, address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


def prefixed(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def data(**request):
    return frame(BINARY, b"\0" + prefixed(EchoRequest(**request).SerializeToString()))


@contextlib.contextmanager
def opened(address, method="Unary", head=HEAD, after=b"", **changes):
    changes = {"Sec_WebSocket_Protocol": "grpc-websockets", "Origin": "http://elsewhere.example", **changes}
    with raw.connection(address) as sock:
        sock.sendall(raw.upgrade(address, f"/echo.Echo/{method}", **changes) + frame(BINARY, head) + after)
        reader = sock.makefile("rb")
        status, fields = raw.read_head(reader)
        assert status.startswith("HTTP/1.1 101 "), status
        assert fields["sec-websocket-protocol"] == "grpc-websockets"
        assert "sec-websocket-extensions" not in fields
        yield sock, reader


def test_the_head_of_the_response_is_a_message_of_its_own(address):
    with opened(address, after=data(text="hi") + END) as (_, reader):
        opcode, head = raw.read_frame(reader)
        flags, length = struct.unpack_from(">BI", head)
        assert (opcode, flags, length) == (BINARY, 0x80, len(head) - 5)


def stream(reader):
    """Returns the messages of the server up to its close frame, and the code of that frame."""
    received = b""
    while True:
        opcode, payload = raw.read_frame(reader)
        if opcode == CLOSE:
            return received, int.from_bytes(payload[:2], "big")
        assert opcode == BINARY
        received += payload


def split(received):
    """Returns the head, the replies and the trailers of a stream."""
    frames = []
    while received:
        flags, length = struct.unpack_from(">BI", received)
        frames.append((flags, received[5 : 5 + length]))
        received = received[5 + length :]
    replies = [EchoReply.FromString(message) for flags, message in frames if flags == 0]
    blocks = [message.decode() for flags, message in frames if flags == 0x80]
    return blocks[0], replies, blocks[-1]


def test_a_call_is_a_head_replies_trailers_and_a_close(address):
    with opened(address, after=data(text="hi") + END) as (sock, reader):
        received, code = stream(reader)
        head, replies, trailers = split(received)
        assert "content-type: application/grpc-web+proto\r\n" in head
        assert replies == [EchoReply(text="hi")]
        assert trailers == "grpc-status: 0\r\n"
        assert code == 1000
        sock.sendall(frame(CLOSE, close_payload(1000)))
        assert reader.read() == b"", "the server does not end the connection"


def test_replies_to_a_stream_of_requests_come_one_by_one(address):
    with opened(address, "Bidi") as (sock, reader):
        for text in "one", "two", "three":
            sock.sendall(data(text=text))
            received = b""
            while text.encode() not in received:
                received += raw.read_frame(reader)[1]
        sock.sendall(END)
        assert b"grpc-status: 0\r\n" in stream(reader)[0]


def test_a_request_may_be_cut_anywhere(address):
    body = prefixed(EchoRequest(text="cut").SerializeToString())
    pieces = b"".join(frame(BINARY, b"\0" + body[at : at + 1]) for at in range(len(body)))
    fragments = frame(BINARY, b"\0", fin=False) + frame(0, body[:3], fin=False) + frame(0, body[3:])
    for sent in pieces, fragments:
        with opened(address, after=sent + END) as (_, reader):
            assert split(stream(reader)[0])[1] == [EchoReply(text="cut")]


STATUSES = {
    "an unknown method": ("Nothing", HEAD, data() + END, "12"),
    "a head without a type": ("Unary", b"x-grpc-web: 1\r\n", data() + END, None),
    # What 415 means over HTTP.
    "messages that are not Protobuf": ("Unary", HEAD.replace(b"+proto", b"+json"), data() + END, "2"),
    "no message": ("Unary", HEAD, END, "12"),
    "two messages": ("Unary", HEAD, data() + data() + END, "12"),
    "a message cut off": ("Unary", HEAD, frame(BINARY, b"\0\0\0\0\0\5x") + END, "13"),
    "a message over the limit": ("Unary", HEAD, frame(BINARY, b"\0\0\xff\xff\xff\xff"), "8"),
}


@pytest.mark.parametrize("method, head, sent, status", STATUSES.values(), ids=STATUSES)
def test_a_violation_is_answered_with_a_status(address, method, head, sent, status):
    with opened(address, method, head, sent) as (_, reader):
        _, replies, trailers = split(stream(reader)[0])
        assert replies == []
        assert trailers.startswith(f"grpc-status: {status}\r\n" if status else "grpc-status: ")


BROKEN = {
    "a text": (frame(TEXT, b"hello"), 1003),
    "an unknown control byte": (frame(BINARY, b"\7"), 1002),
    "data after the end": (END + data(), None),
}


@pytest.mark.parametrize("sent, code", BROKEN.values(), ids=BROKEN)
def test_a_message_of_another_form_ends_the_connection(address, sent, code):
    with opened(address, "Bidi", after=sent) as (_, reader):
        received, closed = stream(reader)
        assert closed == code or code is None


def test_a_head_that_is_too_long_is_refused(address):
    with opened(address, head=b"x: " + b"x" * 20_000 + b"\r\n") as (_, reader):
        assert stream(reader) == (b"", 1009)


def test_it_speaks_only_its_subprotocol(address):
    for offered in None, "chat":
        with raw.connection(address) as sock:
            sock.sendall(raw.upgrade(address, "/echo.Echo/Unary", Sec_WebSocket_Protocol=offered))
            response = raw.only_response(raw.read_to_end(sock))
            assert response.status == 400
            assert b"grpc-websockets" in response.body


def test_a_reader_that_does_not_read_gets_no_more(own_gateway):
    request = data(count=1_000_000, payload=bytes(10_000)) + END
    before = own_gateway.memory()
    with opened(own_gateway.address, "ServerStream", after=request):
        time.sleep(1)
        assert own_gateway.memory() - before < 4 << 20


def test_requests_that_compress_well_wait_with_a_client_that_reads(own_gateway):
    request = gzip.compress(EchoRequest(payload=bytes(4_000_000)).SerializeToString())
    request = frame(BINARY, b"\0" + prefixed(request, flags=1))
    count = 100
    before = own_gateway.memory()
    with opened(own_gateway.address, "Bidi", HEAD + b"grpc-encoding: gzip\r\n") as (sock, reader):
        writer = threading.Thread(target=sock.sendall, args=(request * count + END,))
        writer.start()
        received = 0
        while received < 4_000_000 * count:
            received += len(raw.read_frame(reader)[1])
            # A few are decompressed at a time, not all that could be read.
            assert own_gateway.memory() - before < 160 << 20
        assert stream(reader)[1] == 1000
        writer.join()


def test_sigint_ends_a_call_with_a_status(own_gateway):
    with opened(own_gateway.address, "Bidi", after=data(text="x")) as (sock, reader):
        assert raw.read_frame(reader)[0] == BINARY
        own_gateway.interrupt()
        received, code = stream(reader)
        assert b"grpc-status: 14\r\n" in received
        assert code == 1001
        sock.sendall(frame(CLOSE, close_payload(1001)))
        reader.close()
    assert own_gateway.wait(20) == 0, own_gateway.last_words()
