"""Our clients, with servers that refuse, reset, stay, flood or fall silent."""

import contextlib
import socket
import subprocess
import threading
import time

import pytest

from programs import Program, example
from raw import BINARY, CLOSE, PING, PONG, TEXT, close_payload
from scripted import Server, accept, frame, read_frame, reset

WAIT = 20


@contextlib.contextmanager
def running(path, serve, *options, scheme="ws"):
    """Runs a client against a server that does what `serve` says."""
    with Server(serve) as server:
        command = [path, *options[:1], f"{scheme}://{server.address}/x", *options[1:]]
        with Program(*command, name="client", stdin=subprocess.PIPE) as program:
            yield program


@contextlib.contextmanager
def ws_client(ws_client_path, serve):
    with running(ws_client_path, serve, "--no-deflate") as program:
        yield program


def expect_end(program, line, status, within):
    before = time.monotonic()
    assert program.line_after("closed ", WAIT) == line
    assert (program.wait(WAIT) == 0) == (status == 0), program.last_words()
    assert time.monotonic() - before < within


REFUSALS = {
    "with a length": b"Content-Length: 28\r\n\r\nno room \x1b[31muntil tomorrow\n",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n8\r\nno room \r\n13\r\n\x1b[31muntil tomorrow\r\n0\r\n\r\n",
    "until close": b"\r\nno room \x1b[31muntil tomorrow\n",
}


@pytest.mark.parametrize("rest", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_shown_with_its_reason(ws_client_path, rest):
    def serve(sock, _):
        sock.sendall(b"HTTP/1.1 503 Service Unavailable\r\n" + rest)

    with ws_client(ws_client_path, serve) as program:
        # The text, without bytes that would control the terminal.
        assert program.line(WAIT, stderr=True) == "no room [31muntil tomorrow"
        assert "503" in program.line(WAIT, stderr=True)
        assert program.wait(WAIT) != 0


@pytest.mark.waits
def test_a_refusal_without_its_body_is_a_refusal(ws_client_path):
    def serve(sock, _):
        sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 20_000)
        with contextlib.suppress(OSError):
            sock.recv(1)

    with ws_client(ws_client_path, serve) as program:
        assert program.line_after('Error: "refused: 403', WAIT, stderr=True)
        assert program.wait(WAIT) != 0


def test_interim_responses_are_skipped(ws_client_path):
    def serve(sock, request):
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        accept(sock, request)
        sock.sendall(frame(TEXT, b"hi") + frame(CLOSE, close_payload(1000)))
        read_frame(sock.makefile("rb"))

    with ws_client(ws_client_path, serve) as program:
        assert program.line(WAIT) == "hi"
        expect_end(program, "1000", 0, 2)


def closed_by_the_client(sock, request):
    """Lets the client close, and answers."""
    accept(sock, request)
    reader = sock.makefile("rb")
    opcode, payload = read_frame(reader)
    assert (opcode, payload) == (CLOSE, close_payload(1000))
    sock.sendall(frame(CLOSE, close_payload(1000, "bye")))
    return reader


def test_a_reset_after_the_closing_handshake_loses_nothing(ws_client_path):
    def serve(sock, request):
        closed_by_the_client(sock, request)
        time.sleep(0.3)
        reset(sock)

    with ws_client(ws_client_path, serve) as program:
        program.close_stdin()
        expect_end(program, "1000 bye", 0, 3)


@pytest.mark.waits
def test_a_server_that_keeps_tcp_open_after_the_closing_handshake_is_left(ws_client_path):
    def serve(sock, request):
        before = time.monotonic()
        closed_by_the_client(sock, request).read()
        assert 3 < time.monotonic() - before < 10

    with ws_client(ws_client_path, serve) as program:
        program.close_stdin()
        expect_end(program, "1000 bye", 0, 10)


@pytest.mark.waits
def test_a_server_that_does_not_answer_a_close_is_left(ws_client_path):
    def serve(sock, request):
        accept(sock, request)
        reader = sock.makefile("rb")
        assert read_frame(reader)[0] == CLOSE
        assert reader.read() == b""

    with ws_client(ws_client_path, serve) as program:
        program.close_stdin()
        expect_end(program, "1006", 1, 10)


@pytest.mark.waits
@pytest.mark.parametrize("pause", [0, 0.1], ids=["without measure", "slowly"])
def test_a_server_that_goes_on_sending_after_its_close_frame_is_left(ws_client_path, pause):
    def serve(sock, request):
        accept(sock, request)
        sock.sendall(frame(CLOSE, close_payload(1001, "enough")))
        with contextlib.suppress(ConnectionError):
            while True:
                sock.sendall(frame(BINARY, bytes(10_000)))
                time.sleep(pause)

    with ws_client(ws_client_path, serve) as program:
        expect_end(program, "1001 enough", 0, 10)


@pytest.mark.waits
def test_a_server_that_breaks_a_rule_gets_a_close_frame(ws_client_path):
    def serve(sock, request):
        accept(sock, request)
        sock.sendall(b"\x81\x80\0\0\0\0")  # masked
        reader = sock.makefile("rb")
        opcode, payload = read_frame(reader)
        assert (opcode, payload[:2]) == (CLOSE, close_payload(1002))
        # The client shuts its side down at once, and does not wait for ours without limit.
        assert reader.read() == b""
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                sock.sendall(frame(BINARY, bytes(100)))
                time.sleep(0.1)
            raise AssertionError("the client has stayed for 20 s")

    with ws_client(ws_client_path, serve) as program:
        expect_end(program, "1006", 1, 10)


def test_both_sides_may_send_more_than_the_network_holds_before_they_read(ws_client_path):
    """A side that waits for the other to read, and does not read meanwhile, would wait for ever."""
    size, count = 4 << 20, 6

    def serve(sock, request):
        accept(sock, request)
        for _ in range(count):
            sock.sendall(frame(BINARY, bytes(size)))
        reader = sock.makefile("rb")
        for _ in range(count):
            assert read_frame(reader) == (TEXT, b"y" * size)
        assert read_frame(reader)[0] == CLOSE
        sock.sendall(frame(CLOSE, close_payload(1000)))

    with ws_client(ws_client_path, serve) as program:
        for _ in range(count):
            program.write(b"y" * size + b"\n")
        program.close_stdin()
        for _ in range(count):
            assert program.line(WAIT) == f"{size} bytes"
        expect_end(program, "1000", 0, 5)


def test_pings_of_a_server_that_reads_nothing_cost_nothing(ws_client_path):
    measured = threading.Event()

    def serve(sock, request):
        accept(sock, request)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        pings = frame(PING, bytes(125)) * 1000
        for _ in range(300):
            sock.sendall(pings)
        sock.sendall(frame(PING, b"last") + frame(TEXT, b"done"))
        reader = sock.makefile("rb")
        while (got := read_frame(reader)) != (PONG, b"last"):
            assert got[0] == PONG
        assert measured.wait(WAIT)
        sock.sendall(frame(CLOSE, close_payload(1000)))
        assert read_frame(reader)[0] == CLOSE

    with ws_client(ws_client_path, serve) as program:
        before = program.memory()
        assert program.line(WAIT) == "done"
        assert program.memory() - before < 8 << 20
        measured.set()
        expect_end(program, "1000", 0, 5)


EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def test_interim_responses_do_not_end_the_client_of_event_streams(sse_client_path):
    def serve(sock, _):
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        sock.sendall(hints + b"HTTP/1.1 100 Continue\r\n\r\n" + hints + EVENT_STREAM + b"id: 1\ndata: hi\n\n")

    with Server(serve) as server:
        with Program(sse_client_path, f"http://{server.address}/", "--events", "1", name="sse_client") as program:
            assert program.line(WAIT) == '1 message "hi"'
            assert program.wait(WAIT) == 0, program.last_words()


def test_a_closed_output_ends_the_client_of_event_streams(sse_client_path):
    def serve(sock, _):
        with contextlib.suppress(ConnectionError):
            sock.sendall(EVENT_STREAM)
            while True:
                sock.sendall(b"data: x\n\n")
                time.sleep(0.01)

    with Server(serve) as server:
        command = [sse_client_path, f"http://{server.address}/"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                assert process.stdout.readline() == b' message "x"\n'
                process.stdout.close()
                assert process.wait(5) != 0
            finally:
                process.kill()


def test_the_client_can_be_asked_for_no_events(sse_client_path):
    assert subprocess.run([sse_client_path, "http://127.0.0.1:1/", "--events", "0"], timeout=WAIT).returncode == 0


@pytest.mark.waits
def test_the_client_of_the_test_suite_goes_on_to_the_next_case_whatever_happens():
    """A fuzzing server breaks rules on purpose, and some of its cases leave the client waiting."""
    seen = []

    def serve(sock, request):
        target = request.split(b" ")[1].decode()
        seen.append(target)
        accept(sock, request)
        reader = sock.makefile("rb")
        if target.startswith("/getCaseCount"):
            sock.sendall(frame(TEXT, b"5") + frame(CLOSE, close_payload(1000)))
            assert read_frame(reader)[0] == CLOSE
        elif "case=1&" in target:
            sock.sendall(frame(TEXT, b"hello") + frame(PING, b"1") + frame(PING, b"2"))
            assert [read_frame(reader) for _ in range(3)] == [(TEXT, b"hello"), (PONG, b"1"), (PONG, b"2")]
            sock.sendall(frame(CLOSE, close_payload(1000)))
            assert read_frame(reader) == (CLOSE, close_payload(1000))
        elif "case=2&" in target:
            sock.sendall(frame(TEXT, b"\xff"))
            assert read_frame(reader)[1][:2] == close_payload(1007)
            assert reader.read() == b"", "its side is not shut down"
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    sock.sendall(frame(BINARY, bytes(100)))
                    time.sleep(0.1)
                raise AssertionError("the client has stayed for 10 s")
        elif "case=3&" in target:
            sock.sendall(frame(CLOSE, close_payload(1000)))
            assert read_frame(reader)[0] == CLOSE
            assert reader.read() == b"", "the client does not leave a server that stays"
        elif "case=4&" in target:
            reset(sock)

    with Server(serve) as server:
        command = [example("autobahn_client"), "--no-deflate", f"ws://{server.address}", "us"]
        with Program(*command) as program:
            assert program.line_after("5 cases", 40) == ""
            assert program.wait(WAIT) == 0
    assert [target.split("?")[0] for target in seen] == ["/getCaseCount"] + ["/runCase"] * 5 + ["/updateReports"]
