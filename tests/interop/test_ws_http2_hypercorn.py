"""Our WebSocket client over HTTP/2 (RFC 8441), and Hypercorn."""

import contextlib
import subprocess
import sys

import pytest

from conftest import HERE, started
from programs import Program
from test_client import LINES, WAIT, expect_end, say


@pytest.fixture(scope="module")
def url():
    with started([sys.executable, "-u", HERE / "hypercorn_server.py"], "hypercorn") as program:
        yield program.url


@pytest.fixture
def client(ws_http2_client_path, url):
    with contextlib.ExitStack() as stack:

        def start(path, *options):
            command = [ws_http2_client_path, *options, url + path]
            return stack.enter_context(Program(*command, name="ws_http2_client", stdin=subprocess.PIPE))

        yield start


@pytest.mark.parametrize("options", [[], ["--no-deflate"]], ids=["deflate", "plain"])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_comes_back(client, line, options):
    program = client("/echo", *options)
    say(program, line)
    assert program.line(WAIT) == line
    program.close_stdin()
    expect_end(program, "closed 1000")


def test_lines_come_back_in_order(client):
    program = client("/echo")
    program.write(b"".join(b"line %d\n" % number for number in range(1000)))
    for number in range(1000):
        assert program.line(WAIT) == f"line {number}"
    program.close_stdin()
    expect_end(program, "closed 1000")


def test_the_servers_close_ends_the_client_although_its_input_goes_on(client):
    program = client("/close")
    say(program, "that will do")
    expect_end(program, "closed 4001 enough is enough")


def test_a_refused_handshake_is_a_failure(client):
    program = client("/no/such/path")
    assert program.wait(WAIT) == 1
    assert program.line(WAIT, stderr=True).startswith('Error: "refused: 403')
