"""Our client against the servers of Python's `websockets` and npm's `ws`.

`ws_client URL` sends each line it reads, prints each text message that comes, and closes with 1000 at the end of its
input. It prints `closed CODE REASON` when the connection has ended, and exits with 0 if it ended cleanly.
"""

import contextlib
import subprocess

import pytest

from programs import Program

WAIT = 20


@pytest.fixture
def client(ws_client_path, peer_server):
    with contextlib.ExitStack() as stack:

        def start(path):
            command = [ws_client_path, peer_server.url + path]
            return stack.enter_context(Program(*command, name="ws_client", stdin=subprocess.PIPE))

        yield start


def say(program, text):
    program.write(text.encode() + b"\n")


def expect_end(program, line, status=0):
    got = program.line(WAIT)
    assert got is not None, f"no more lines; {program.last_words()}"
    assert got.rstrip() == line
    assert program.line(WAIT) is None
    assert program.wait(WAIT) == status, program.last_words()


def expect_closed_at_the_server(peer_server, line):
    assert peer_server.line(WAIT).rstrip() == line


LINES = {
    "short": "hello",
    "empty": "",
    "not ASCII": "Grüße, 世界 👋",
    "126 bytes": "x" * 126,
    "64 KiB": "x" * 65536,
    "1 MiB": "0123456789abcdef" * (1 << 16),
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_comes_back(client, peer_server, line):
    program = client("/echo")
    say(program, line)
    got = program.line(WAIT)
    assert got is not None, program.last_words()
    assert len(got) == len(line)
    assert got == line
    program.close_stdin()
    expect_end(program, "closed 1000")
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_lines_come_back_in_order(client, peer_server):
    program = client("/echo")
    program.write(b"".join(b"line %d\n" % number for number in range(1000)))
    for number in range(1000):
        assert program.line(WAIT) == f"line {number}"
    program.close_stdin()
    expect_end(program, "closed 1000")
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_lines_are_sent_before_the_close_when_all_come_at_once(client, peer_server):
    program = client("/echo")
    program.write(b"one\ntwo\n")
    program.close_stdin()
    # The echoes are optional: the closing handshake may overtake them, but not what was sent.
    line = program.line(WAIT)
    while line in ("one", "two"):
        line = program.line(WAIT)
    assert line.rstrip() == "closed 1000"
    assert program.wait(WAIT) == 0
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_a_ping_is_answered_with_its_payload(client, peer_server):
    program = client("/ping")
    assert program.line(WAIT) == "pong"
    program.close_stdin()
    expect_end(program, "closed 1000")
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_fragments_are_one_message_also_with_a_ping_between(client, peer_server):
    program = client("/pieces")
    assert program.line(WAIT) == "one two"
    program.close_stdin()
    expect_end(program, "closed 1000")
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_the_servers_close_ends_the_client_although_its_input_goes_on(client, peer_server):
    program = client("/close")
    say(program, "that will do")
    expect_end(program, "closed 4001 enough is enough")
    # The server's code came back to it (RFC 6455 §5.5.1).
    assert peer_server.line(WAIT).startswith("closed 4001")


def test_a_server_that_could_speak_a_subprotocol_does_without(client, peer_server):
    program = client("/chat")
    say(program, "hello")
    assert program.line(WAIT) == "hello"
    program.close_stdin()
    expect_end(program, "closed 1000")
    expect_closed_at_the_server(peer_server, "closed 1000")


def test_a_connection_that_just_ends_is_not_a_clean_close(client, peer_server):
    program = client("/drop")
    say(program, "drop me")
    assert program.wait(WAIT) != 0, f"expected a status other than 0; {program.last_words()}"
    expect_closed_at_the_server(peer_server, "closed 1006")


def test_a_refused_handshake_is_a_failure(client):
    program = client("/no/such/path")
    assert program.wait(WAIT) != 0, f"expected a status other than 0; {program.last_words()}"
