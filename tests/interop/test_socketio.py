"""Our server of Socket.IO with clients of other people: npm's `socket.io-client` in Node.js, whose checks are in
`socketio_node_client.cjs`, and Python's `python-socketio`, over each transport and over the upgrade."""

import json
import queue
import subprocess

import pytest
import socketio

from conftest import HERE
from programs import Program

WAIT = 20
SCRIPT = HERE / "socketio_node_client.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


@pytest.fixture(scope="module")
def url(socketio_server_path):
    # Pings come quickly.
    with Program(socketio_server_path, "--quick", "--listen", "127.0.0.1:0", name="socketio_server") as program:
        yield program.line_after("listening on ")
        assert not program.has_ended(), program.last_words()


@pytest.mark.parametrize("check", CHECKS)
def test_socketio_client(url, check):
    done = subprocess.run(["node", SCRIPT, check, url], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.mark.parametrize("namespace", ["/", "/custom"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_python_socketio(url, transport, namespace):
    client = socketio.Client(reconnection=False)
    events = queue.Queue()
    for name in "auth", "message-back":
        client.on(name, lambda *args, name=name: events.put((name, *args)), namespace=namespace)
    client.connect(url, transports=TRANSPORTS[transport], namespaces=[namespace], auth={"token": "x"}, wait_timeout=WAIT)
    try:
        assert events.get(timeout=WAIT) == ("auth", {"token": "x"})
        client.emit("message", ("Gr\u00fc\u00dfe", 7, [None]), namespace=namespace)
        assert events.get(timeout=WAIT) == ("message-back", "Gr\u00fc\u00dfe", 7, [None])
        client.emit("message", (b"\0\xff" * 500, {"b": b""}), namespace=namespace)
        assert events.get(timeout=WAIT) == ("message-back", b"\0\xff" * 500, {"b": b""})
        assert client.call("message-with-ack", "x", namespace=namespace, timeout=WAIT) == "x"
        # Through some pings.
        client.sleep(1.2)
        assert client.call("message-with-ack", b"y", namespace=namespace, timeout=WAIT) == b"y"
    finally:
        client.disconnect()
