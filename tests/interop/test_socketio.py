"""Our servers of Socket.IO with clients of other people: npm's `socket.io-client` in Node.js, whose checks are in
`socketio_node_client.cjs`, and in a headless Chromium, and Python's `python-socketio`, over each transport and over the
upgrade."""

import json
import os
import pathlib
import queue
import subprocess

import pytest
import socketio
from websockets.sync.client import connect

import chromium
from conftest import HERE
from programs import Program

WAIT = 20
SCRIPT = HERE / "socketio_node_client.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


def running(path):
    # Pings come quickly.
    with Program(path, "--quick", "--listen", "127.0.0.1:0") as program:
        yield program.line_after("listening on ")
        assert not program.has_ended(), program.last_words()


@pytest.fixture(scope="module")
def example_url(socketio_server_path):
    yield from running(socketio_server_path)


@pytest.fixture(scope="module")
def gateway_url(gateway_path):
    yield from running(gateway_path)


@pytest.mark.parametrize("check", CHECKS)
def test_socketio_client(gateway_url, check):
    done = subprocess.run(["node", SCRIPT, check, gateway_url], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.mark.parametrize("server, namespace", [("gateway", "/"), ("gateway", "/custom"), ("example", "/custom")])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_python_socketio(request, server, transport, namespace):
    url = request.getfixturevalue(f"{server}_url")
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


@pytest.fixture(scope="module")
def page(request, gateway_url):
    with chromium.page(request.config.getoption("chromium")) as page:
        page.open(gateway_url)
        yield page


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_socketio_client_in_a_page(page, transport):
    """The transport that it ends on, and what comes back."""
    client = pathlib.Path(os.environ["NODE_PATH"]) / "socket.io-client" / "dist" / "socket.io.js"
    body = """
        const { io } = window;
        const socket = io('/custom', { transports: args[0] ?? ['polling', 'websocket'], auth: { token: 'é☃' }, forceNew: true });
        const next = (event) => new Promise((done) => socket.once(event, (...values) => done(values)));
        const [[auth]] = await Promise.all([next('auth'), next('connect')]);
        const engine = socket.io.engine;
        if (!args[0] && engine.transport.name !== 'websocket') {
            await new Promise((done) => engine.once('upgrade', done));
        }
        const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i % 256);
        const back = next('message-back');
        socket.emit('message', bytes, { nested: 'Grüße 🦀' });
        const [got, other] = await back;
        const same = bytes.every((byte, i) => byte === new Uint8Array(got)[i]);
        const ack = await socket.timeout(10000).emitWithAck('message-with-ack', 'x');
        const result = [engine.transport.name, auth, got.byteLength, same, other, ack];
        socket.disconnect();
        return result;
    """
    page.run(client.read_text())
    ends_on = {"polling": "polling", "websocket": "websocket", "upgrade": "websocket"}[transport]
    expected = [ends_on, {"token": "é☃"}, 3000, True, {"nested": "Grüße 🦀"}, "x"]
    assert page.run(body, TRANSPORTS[transport]) == expected


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_room_is_that_of_the_websockets(gateway_url, transport):
    client = socketio.Client(reconnection=False)
    heard = queue.Queue()
    client.on("message", heard.put, namespace="/chat")
    client.connect(gateway_url, transports=TRANSPORTS[transport], namespaces=["/chat"], wait_timeout=WAIT)
    with connect(gateway_url.replace("http", "ws") + "/ws/chat", subprotocols=["chat"], proxy=None) as socket:
        client.emit("message", 'Gr\u00fc\u00dfe "\\', namespace="/chat")
        assert (socket.recv(WAIT), heard.get(timeout=WAIT)) == ('Gr\u00fc\u00dfe "\\',) * 2
        socket.send("from the WebSocket \U0001f980")
        assert (socket.recv(WAIT), heard.get(timeout=WAIT)) == ("from the WebSocket \U0001f980",) * 2
        # The room is one of texts.
        client.emit("message", {"no": "text"}, namespace="/chat")
        client.emit("message", "last", namespace="/chat")
        assert (socket.recv(WAIT), heard.get(timeout=WAIT)) == ("last",) * 2
    client.disconnect()


def test_pages_of_other_origins_have_no_part(gateway_url):
    """Polls are refused as WebSockets are."""
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
    url = f"{gateway_url}/socket.io/?EIO=4&transport=polling"
    for origin, status in ("http://example.com", b"403"), ("null", b"403"), (gateway_url, b"200"):
        done = subprocess.run([*command, "--header", f"Origin: {origin}", url], capture_output=True, timeout=20, check=True)
        assert done.stdout == status, origin
