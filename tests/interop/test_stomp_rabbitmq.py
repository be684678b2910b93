"""Our STOMP client against RabbitMQ, over TCP and over WebSocket, with Python's `stomp.py` as a second opinion.

`stomp_client ADDRESS DESTINATION` sends the lines that it reads, prints the messages that come, and leaves by DISCONNECT
at the end of its input, once all of its receipts have come.
"""

import contextlib
import os
import queue
import subprocess
import uuid

import pytest
import stomp

from programs import Program

WAIT = 20
TRANSPORTS = ["tcp", "web"]
VERSIONS = ["1.0", "1.1", "1.2"]
PEERS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}
# With NULs and every other byte.
BLOB = bytes(range(256)) * 4096


@pytest.fixture
def client(stomp_client_path, rabbit):
    """Starts our client, as a guest."""
    with contextlib.ExitStack() as stack:

        def start(transport, destination, *options, passcode="guest"):
            words = ["--login", "guest", "--host", "/", *options, getattr(rabbit, transport), destination]
            environment = {**os.environ, "STOMP_PASSCODE": passcode}
            program = Program(stomp_client_path, *words, stdin=subprocess.PIPE, env=environment)
            return stack.enter_context(program)

        yield start


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.frames, self.receipts = queue.Queue(), queue.Queue()

    def on_message(self, frame):
        self.frames.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def subscribe(self, connection, destination):
        """Subscribes, and waits until the broker has done it."""
        connection.subscribe(destination, id="1", receipt="subscribed")
        assert self.receipts.get(timeout=WAIT) == "subscribed"


@contextlib.contextmanager
def peer(broker, version="1.2"):
    """A connection of stomp.py, and its listener."""
    host, port = broker.tcp.split(":")
    options = {} if version == "1.0" else {"vhost": "/"}
    connection = PEERS[version]([(host, int(port))], auto_decode=False, **options)
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect("guest", "guest", wait=True)
    yield connection, listener
    connection.disconnect()


def new_queue():
    return f"/queue/{uuid.uuid4()}"


def finish(program, status=0):
    program.close_stdin()
    assert program.wait(WAIT) == status, program.last_words()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_is_agreed_on_and_lines_come_back(client, transport, version):
    program = client(transport, new_queue(), "--versions", version)
    program.line_after(f"connected {version}", stderr=True)
    for line in "one", "zwei, Grüße 👋", "", "a:b\\c":
        program.write(f"{line}\n".encode())
        assert program.line(WAIT) == line
    finish(program)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_mebibyte_with_nuls_comes_back_byte_by_byte(client, transport, tmp_path):
    sent, saved = tmp_path / "sent", tmp_path / "saved"
    sent.write_bytes(BLOB)
    program = client(transport, new_queue(), "--file", sent, "--save", saved)
    assert program.line(WAIT) == f"{len(BLOB)} bytes"
    finish(program)
    assert saved.read_bytes() == BLOB


@pytest.mark.parametrize("version", VERSIONS)
def test_stomp_py_receives_what_we_send(client, rabbit, version, tmp_path):
    """All subscribers of a topic get a message."""
    destination = f"/topic/{uuid.uuid4()}"
    sent = tmp_path / "sent"
    sent.write_bytes(BLOB)
    with peer(rabbit) as (connection, listener):
        listener.subscribe(connection, destination)
        program = client("tcp", destination, "--versions", version, "--file", sent)
        program.write("Grüße\n".encode())
        assert listener.frames.get(timeout=WAIT).body == BLOB
        assert listener.frames.get(timeout=WAIT).body == "Grüße".encode()
        finish(program)


@pytest.mark.parametrize("version", VERSIONS)
def test_we_receive_what_stomp_py_sends(client, rabbit, version):
    destination = new_queue()
    program = client("tcp", destination)
    program.line_after("connected", stderr=True)
    with peer(rabbit, version) as (connection, _):
        connection.send(destination, "Grüße".encode(), content_type="text/plain")
        assert program.line(WAIT) == "Grüße"
        connection.send(destination, BLOB)
        assert program.line(WAIT) == f"{len(BLOB)} bytes"
    finish(program)


@pytest.mark.parametrize("mode", ["client", "client-individual"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_acknowledged_message_is_gone(client, version, mode):
    destination = new_queue()
    program = client("tcp", destination, "--versions", version, "--ack", mode)
    program.write(b"once\n")
    assert program.line(WAIT) == "once"
    finish(program)
    program = client("tcp", destination)
    program.write(b"another\n")
    assert program.line(WAIT) == "another"
    finish(program)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_refused_message_comes_again_elsewhere(client, rabbit, version):
    """A NACK gives the message back to the queue of RabbitMQ, which may give it to us again first."""
    destination = new_queue()
    program = client("tcp", destination, "--versions", version, "--ack", "client-individual", "--nack")
    program.write(b"unwanted\n")
    assert program.line(WAIT) == "unwanted"
    with peer(rabbit) as (connection, listener):
        listener.subscribe(connection, destination)
        assert listener.frames.get(timeout=WAIT).body == b"unwanted"
    finish(program)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.waits
def test_heart_beats_keep_a_silent_connection(client, transport):
    program = client(transport, new_queue(), "--heart-beat", "500")
    program.line_after("connected", stderr=True)
    with pytest.raises(Exception, match="no line within"):
        program.line(4, stderr=True)
    program.write(b"still there\n")
    assert program.line(WAIT) == "still there"
    finish(program)


def test_a_wrong_passcode_is_an_error(client):
    program = client("tcp", "/queue/a", passcode="wrong")
    assert "Access refused" in program.line_after("error: ", stderr=True)
    finish(program, status=1)
