"""Our echo server on blocking sockets, with connections that end anywhere."""

import os
import resource
import select
import socket
import struct
import time

import pytest

import raw
from programs import Program
from raw import BINARY, CLOSE, PING, PONG, TEXT, close_payload, frame, upgrade

WAIT = 20


@pytest.fixture
def echo(echo_path):
    """The server, which must print nothing about an orderly end."""
    with Program(echo_path, "127.0.0.1:0", name="echo_blocking") as program:
        program.address = program.line_after("listening on ws://")
        yield program


def threads(program):
    return len(os.listdir(f"/proc/{program.pid}/task"))


def expect_idle(program):
    """Expects that every connection has ended, and that the server has complained about none."""
    deadline = time.monotonic() + 15
    while threads(program) > 1:
        assert time.monotonic() < deadline, "a connection does not end"
        time.sleep(0.05)
    assert len(program.tail) == 1, program.last_words()


def opened(sock, address, after=b""):
    sock.sendall(upgrade(address) + after)
    reader = sock.makefile("rb")
    assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
    return reader


def test_messages_come_back_however_they_come(echo):
    with raw.connection(echo.address) as sock:
        reader = opened(sock, echo.address, frame(TEXT, b"with the head"))
        assert raw.read_frame(reader) == (TEXT, b"with the head")
        sock.sendall(frame(TEXT, b"in ", fin=False) + frame(PING, b"x") + frame(0, b"two"))
        assert sorted(raw.read_frame(reader) for _ in range(2)) == [(TEXT, b"in two"), (PONG, b"x")]
        sock.sendall(frame(BINARY, bytes(1 << 20)))
        assert raw.read_frame(reader) == (BINARY, bytes(1 << 20))
        sock.sendall(frame(CLOSE, close_payload(4000, "done")))
        assert raw.read_frame(reader) == (CLOSE, close_payload(4000, "done"))
        assert reader.read() == b""
        reader.close()
    expect_idle(echo)


@pytest.mark.parametrize("close", [b"", frame(CLOSE, close_payload(1000))], ids=["", "and a close"])
def test_a_client_that_has_stopped_sending_is_answered(echo, close):
    with raw.connection(echo.address) as sock:
        sock.sendall(upgrade(echo.address) + frame(TEXT, b"last words") + close)
        sock.shutdown(socket.SHUT_WR)
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        assert raw.read_frame(reader) == (TEXT, b"last words")
        if close:
            assert raw.read_frame(reader) == (CLOSE, close_payload(1000))
        assert reader.read() == b""
    expect_idle(echo)


ENDS = {
    "its close frame": (frame(CLOSE, close_payload(1000)), 1000),
    "a failure": (frame(TEXT, b"\xff"), 1007),
    "a frame that is too long": (b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4), 1009),
}


@pytest.mark.parametrize("end, code", ENDS.values(), ids=ENDS)
def test_a_peer_that_goes_on_sending_gets_the_close_frame_and_a_quiet_end(echo, end, code):
    with raw.connection(echo.address) as sock:
        reader = opened(sock, echo.address, end)
        for _ in range(10):
            sock.sendall(bytes(1000))
            time.sleep(0.02)
        opcode, payload = raw.read_frame(reader)
        assert (opcode, payload[:2]) == (CLOSE, close_payload(code))
        assert reader.read() == b"", "our side was not shut down"
        sock.sendall(bytes(1000))
        reader.close()
    expect_idle(echo)


@pytest.mark.parametrize("end", [frame(CLOSE), frame(TEXT, b"\xff")], ids=["close", "failure"])
def test_a_reset_after_the_end_is_no_complaint(echo, end):
    for _ in range(10):
        with raw.connection(echo.address) as sock:
            reader = opened(sock, echo.address, end)
            assert raw.read_frame(reader)[0] == CLOSE
            reader.close()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    expect_idle(echo)


@pytest.mark.waits
@pytest.mark.parametrize("pause", [0, 0.2], ids=["without measure", "slowly"])
def test_a_peer_that_never_stops_sending_is_left(echo, pause):
    with raw.connection(echo.address, 20) as sock:
        opened(sock, echo.address, frame(CLOSE))
        before = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < before + 20:
                sock.sendall(bytes(10_000))
                time.sleep(pause)
        assert time.monotonic() - before < 15
    expect_idle(echo)


HEALTH_CHECKS = {
    "HAProxy's, as it comes": (b"OPTIONS / HTTP/1.0\r\n\r\n", 204),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 204),
    "HEAD": (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 204),
    "HEAD in HTTP/1.0": (b"HEAD / HTTP/1.0\r\n\r\n", 204),
    "GET, which has to upgrade": (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426),
    "no request": (b"hello\r\n\r\n", 400),
}


@pytest.mark.parametrize("check, status", HEALTH_CHECKS.values(), ids=HEALTH_CHECKS)
def test_a_request_that_is_no_upgrade_is_answered(echo, check, status):
    with raw.connection(echo.address) as sock:
        sock.sendall(check)
        response = raw.only_response(raw.read_to_end(sock), check.split(b" ")[0].decode())
        assert response.status == status
        assert "close" in raw.tokens(response.getheader("Connection"))
        assert bool(response.body) == (status != 204)
    expect_idle(echo)


def test_a_refusal_arrives_although_more_was_sent(echo):
    with raw.connection(echo.address) as sock:
        sock.sendall(upgrade(echo.address, Origin="http://evil.example") + bytes(500_000))
        response = raw.only_response(raw.read_to_end(sock))
        assert response.status == 403
    expect_idle(echo)


def test_a_message_for_which_there_is_no_memory_is_refused_by_a_close_frame(echo_path):
    # Otherwise, each thread reserves 64 MiB of addresses.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    with Program(echo_path, "127.0.0.1:0", env=environment) as program:
        address = program.line_after("listening on ws://")
        with raw.connection(address) as sock:
            reader = opened(sock, address, frame(TEXT, b"hello"))
            assert raw.read_frame(reader) == (TEXT, b"hello")
            with open(f"/proc/{program.pid}/statm") as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.prlimit(program.pid, resource.RLIMIT_AS, (size + (3 << 20),) * 2)
            piece = bytes(1 << 16)
            sock.sendall(frame(BINARY, piece, fin=False))
            for _ in range(140):
                sock.sendall(frame(0, piece, fin=False))
                # It says so at once, and does not take all of the rest.
                if select.select([sock], [], [], 0)[0]:
                    break
            opcode, payload = raw.read_frame(reader)
            assert (opcode, payload[:2]) == (CLOSE, close_payload(1009))
            sock.sendall(frame(0) + frame(CLOSE, payload))
            assert reader.read() == b""


def test_a_reset_does_not_disturb_others(echo):
    with raw.connection(echo.address) as other:
        reader = opened(other, echo.address)
        for _ in range(5):
            with raw.connection(echo.address) as sock:
                opened(sock, echo.address, frame(TEXT, b"x"))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.sendall(frame(TEXT, b"still served"))
        assert raw.read_frame(reader) == (TEXT, b"still served")


@pytest.mark.parametrize("opcode", [PING, BINARY])
def test_a_peer_that_takes_nothing_costs_nothing(echo, opcode):
    with raw.connection(echo.address, 3) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        opened(sock, echo.address)
        before = echo.memory()
        frames = frame(opcode, bytes(125)) * 500
        try:
            for _ in range(1000):
                sock.sendall(frames)
            # Of many pings that come at once, only the newest has to be answered (RFC 6455 §5.5.3).
            assert opcode == PING, "64 MB of messages were read although nobody takes the echoes"
        except TimeoutError:
            pass  # it does not read before its own bytes are taken
        assert echo.memory() - before < 1 << 20
