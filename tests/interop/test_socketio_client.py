"""Our client of Socket.IO with servers of other people: `socket.io` on Node.js and `python-socketio`, over each transport and
over the upgrade.

`socketio_client URL` sends the events that it reads, prints what comes, and leaves at the end of its input.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time

import pytest

from conftest import HERE
from programs import Program

WAIT = 20
SERVERS = {
    "npm-socket.io": ["node", HERE / "socketio_node_server.cjs"],
    "python-socketio": [sys.executable, "-u", HERE / "socketio_python_server.py"],
}
if peer := os.environ.get("SOCKETIO_PEER"):
    SERVERS = {"peer": [peer]}
TRANSPORTS = ["websocket", "polling", "upgrade"]


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with Program(*SERVERS[request.param], name=request.param) as program:
        program.url = program.line_after("listening on ")
        yield program
        assert not program.has_ended(), program.last_words()


class Client(Program):
    """Our client. It prints the transport that it begins with."""

    names = itertools.count()

    def __init__(self, path, url, transport, *options):
        self.auth = {"name": f"client {next(self.names)}"}
        words = ["--transport", transport, "--auth", json.dumps(self.auth), *options, url]
        super().__init__(path, *words, name="socketio_client", stdin=subprocess.PIPE)
        self.transport = transport
        self.upgraded = False

    def line(self, *args, **options):
        line = super().line(*args, **options)
        self.upgraded |= line == "upgraded"
        return line

    def opened(self):
        assert self.line_after("open ", WAIT) == ("WebSocket" if self.transport == "websocket" else "Polling")
        return self

    def say(self, *args, asks=False, attachments=()):
        words = ["?" * asks + json.dumps(args, ensure_ascii=False), *(bytes.hex() for bytes in attachments)]
        self.write(" ".join(words).encode() + b"\n")

    def heard(self, prefix="event "):
        """Returns the next event with its attachments."""
        line = self.line_after(prefix, WAIT)
        end = line.rindex("]") + 1
        return json.loads(line[:end]), [bytes.fromhex(word) for word in line[end:].split()]

    def leaves(self, server):
        """Ends it, and checks how the server sees that."""
        while self.transport == "upgrade" and not self.upgraded:
            assert self.line(WAIT) is not None, self.last_words()
        self.close_stdin()
        assert self.wait(WAIT) == 0, self.last_words()
        expected = "polling" if self.transport == "polling" else "websocket"
        assert server.line_after(f"{self.auth['name']} left ", WAIT) == expected


@pytest.fixture
def client(socketio_client_path, server):
    with contextlib.ExitStack() as stack:
        yield lambda *words: stack.enter_context(Client(socketio_client_path, server.url, *words)).opened()


PLACES = [{"_placeholder": True, "num": num} for num in range(2)]


@pytest.mark.parametrize("namespace", ["/", "/custom"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_events(client, server, transport, namespace):
    program = client(transport, "--namespace", namespace)
    assert program.heard() == (["auth", program.auth], [])
    args = [1, "2", {"3": [True, None]}, "é☃\U0001f980\u2028\u001e"]
    program.say("message", *args)
    assert program.heard() == (["message-back", *args], [])
    program.say("message-with-ack", "x", asks=True)
    assert program.heard("ack 0 ") == (["x"], [])
    program.leaves(server)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_attachments(client, server, transport):
    program = client(transport)
    program.heard()
    blob = bytes(range(256)) * 8
    program.say("message", *PLACES, attachments=[blob, b"\0"])
    (name, *back), attachments = program.heard()
    assert (name, [attachments[place["num"]] for place in back]) == ("message-back", [blob, b"\0"])
    program.say("message-with-ack", PLACES[0], asks=True, attachments=[b"\xff\xfe"])
    assert program.heard("ack 0 ") == ([PLACES[0]], [b"\xff\xfe"])
    program.leaves(server)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pings_are_answered(client, server, transport):
    """The servers give up clients that do not answer after two seconds."""
    program = client(transport)
    program.heard()
    time.sleep(3.5)
    program.say("message-with-ack", "still there", asks=True)
    assert program.heard("ack 0 ") == (["still there"], [])
    program.leaves(server)


def test_messages_while_the_transport_changes(client, server):
    """What is sent all the time comes back once and in order."""
    program = client("upgrade")
    program.heard()
    texts = [f"{number} " + "x" * (number * 37 % 200) for number in range(500)]
    for number, text in enumerate(texts):
        attachments = [text.encode()] if number % 3 == 0 else []
        program.say("message", text, *PLACES[: len(attachments)], attachments=attachments)
    for number, text in enumerate(texts):
        (name, back, *_), attachments = program.heard()
        assert (name, back) == ("message-back", text)
        assert attachments == ([text.encode()] if number % 3 == 0 else [])
    program.leaves(server)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_server_sends_it_away(client, transport):
    program = client(transport)
    program.heard()
    program.say("leave")
    program.line_after("disconnected /", WAIT)
    assert program.wait(WAIT) == 0, program.last_words()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_namespace_that_there_is_not(client, transport):
    program = client(transport, "--namespace", "/other")
    # Python's server sends a text in place of an object.
    refusal = json.loads(program.line_after("refused /other ", WAIT))
    assert refusal == "Unable to connect" or refusal["message"] == "Invalid namespace"
    assert program.wait(WAIT) == 0, program.last_words()


def test_a_path_that_there_is_not(socketio_client_path, server):
    with Program(socketio_client_path, "--transport", "polling", "--path", "/elsewhere/", server.url) as program:
        assert program.line_after("Error: ", WAIT, stderr=True) == "Status(404)"
        assert program.wait(WAIT) == 1
