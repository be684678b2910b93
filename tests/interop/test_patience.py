"""How long our programs wait for a peer that sends or takes nothing. All at once, because it takes a minute."""

import concurrent.futures
import subprocess
import time

import pytest

import raw
import scripted
from programs import Program
from raw import CLOSE, PING
from test_gateway_ends import request, unary

pytestmark = [pytest.mark.waits, pytest.mark.timeout(150)]


def until_the_end(address, sent=b""):
    """Sends bytes, then only reads. Returns all that came, and the number of seconds until the connection ended."""
    with raw.connection(address, 120) as sock:
        sock.sendall(sent)
        before = time.monotonic()
        return raw.read_to_end(sock), time.monotonic() - before


def expect_nothing(got):
    assert got == b""


def expect_408(got):
    answer = raw.only_response(got)
    assert answer.status == 408
    assert "close" in raw.tokens(answer.getheader("Connection"))
    assert answer.body


def expect_deadline_exceeded(got):
    assert b"grpc-status: 4\r\n" in got


def expect_ping(got):
    head, _, frames = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert frames == bytes([0x80 | PING, 0])


def expect_close(got):
    assert got.partition(b"\r\n\r\n")[2][:2] == bytes([0x80 | CLOSE, 2])


def tunnel(address):
    return raw.upgrade(address, "/echo.Echo/Unary", Sec_WebSocket_Protocol="grpc-websockets")


# The bytes of a client, the answer, and the range of seconds in which the connection must end.
AT_THE_GATEWAY = {
    "nothing": (lambda a: b"", expect_nothing, 14, 18),
    "half a head": (lambda a: b"GET / HTTP/1.1\r\nHos", expect_408, 14, 18),
    "half a body that is ignored": (
        lambda a: request("GET / HTTP/1.1", "Host: h", "Content-Length: 5", body=b"he"),
        expect_408,
        14,
        22,
    ),
    "half a call": (lambda a: unary(a, "cut")[:-2], expect_deadline_exceeded, 58, 68),
    "nothing after a handshake": (raw.upgrade, expect_ping, 38, 46),
    "no head of a call over WebSocket": (tunnel, expect_close, 14, 30),
}
AT_THE_ECHO = {
    "nothing": (lambda a: b"", expect_nothing, 9, 12),
    "half a head": (lambda a: b"GET / HTTP/1.1\r\nHos", expect_nothing, 9, 22),
    "nothing after a handshake": (raw.upgrade, expect_ping, 38, 46),
}


def run_all(table, address):
    """Runs everything in a table at once. Returns the failures, by name."""
    failures = {}
    with concurrent.futures.ThreadPoolExecutor(len(table)) as pool:
        running = {name: pool.submit(until_the_end, address, sent(address)) for name, (sent, *_) in table.items()}
        for name, (_, expect, earliest, latest) in table.items():
            try:
                got, after = running[name].result()
                expect(got)
                assert earliest <= after <= latest, f"the end after {after:.1f} s"
            except Exception as e:
                failures[name] = repr(e)
    return failures


def test_the_gateway_waits_only_for_a_time(own_gateway):
    assert run_all(AT_THE_GATEWAY, own_gateway.address) == {}


def test_the_echo_server_waits_only_for_a_time(echo_path):
    with Program(echo_path, "127.0.0.1:0", name="echo_blocking") as program:
        assert run_all(AT_THE_ECHO, program.line_after("listening on ws://")) == {}


def test_a_reader_that_takes_nothing_is_dropped(own_gateway):
    files = own_gateway.open_files()
    with raw.connection(own_gateway.address, 10) as sock:
        sock.sendall(raw.request(own_gateway.address, "/sse/llm?n=1000000"))
        time.sleep(25)
        assert own_gateway.open_files() > files
        deadline = time.monotonic() + 20
        while own_gateway.open_files() > files:
            assert time.monotonic() < deadline, "the stream that nobody takes does not end"
            time.sleep(0.5)


def test_our_client_leaves_a_server_that_does_not_answer_its_handshake(ws_client_path):
    def serve(sock, _):
        assert sock.recv(1) == b""

    with scripted.Server(serve) as server:
        before = time.monotonic()
        with Program(ws_client_path, f"ws://{server.address}/", stdin=subprocess.PIPE) as client:
            assert client.wait(20) != 0
        assert 9 < time.monotonic() - before < 13


def test_our_client_pings_a_silent_server_and_then_leaves(ws_client_path):
    def serve(sock, request):
        scripted.accept(sock, request)
        sock.settimeout(60)
        reader = sock.makefile("rb")
        assert scripted.read_frame(reader) == (PING, b"")
        assert reader.read() == b""

    with scripted.Server(serve) as server:
        before = time.monotonic()
        with Program(ws_client_path, "--no-deflate", f"ws://{server.address}/", stdin=subprocess.PIPE) as client:
            assert client.line_after("closed ", 60) == "1006"
            assert client.wait(5) != 0
        assert 38 < time.monotonic() - before < 46
