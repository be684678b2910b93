"""Our STOMP brokers, the gateway's among them, with clients of other people: `@stomp/stompjs` in Node.js over WebSocket and
over SockJS, whose checks are in `stomp_node_client.cjs`, and in a headless Chromium; Python's `stomp.py` over TCP."""

import contextlib
import json
import os
import pathlib
import queue
import socket
import subprocess

import pytest
import stomp

import chromium
from conftest import HERE
from programs import Program

WAIT = 20
SCRIPT = HERE / "stomp_node_client.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)
PEERS = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}
BLOB = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def stomp_address(stomp_server_path):
    with Program(stomp_server_path, "--listen", "127.0.0.1:0", name="stomp_server") as program:
        yield program.line_after("listening on ")
        assert not program.has_ended(), program.last_words()


@pytest.fixture(params=["stomp_address", "address"], ids=["stomp_server", "gateway"])
def broker(request):
    """The `127.0.0.1:PORT` of a broker."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("check", CHECKS)
def test_stompjs(broker, check):
    url = f"ws://{broker}/stomp"
    done = subprocess.run(["node", SCRIPT, check, url], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


# SockJS carries text only. Heart-beats are seen over WebSocket.
OVER_SOCKJS = [check for check in CHECKS if "NUL" not in check and "heart-beats" not in check]
TRANSPORTS = ["xhr-streaming", "eventsource", "xhr-polling"]


@pytest.mark.parametrize(
    "check, transport",
    [(check, "websocket") for check in OVER_SOCKJS] + [(OVER_SOCKJS[2], transport) for transport in TRANSPORTS],
)
def test_stompjs_over_sockjs(address, check, transport):
    """As the tutorials connect: `Stomp.over(new SockJS(url))`."""
    command = ["node", SCRIPT, check, f"http://{address}/sockjs/stomp", transport]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


def test_stompjs_by_the_raw_websocket_of_sockjs(address):
    command = ["node", SCRIPT, CHECKS[2], f"ws://{address}/sockjs/stomp/websocket"]
    subprocess.run(command, check=True, timeout=50)


@pytest.fixture(scope="module")
def page(request, address):
    """The gateway's page, with stompjs in it."""
    bundle = pathlib.Path(os.environ["NODE_PATH"]) / "@stomp" / "stompjs" / "bundles" / "stomp.umd.js"
    with chromium.page(request.config.getoption("chromium")) as page:
        page.open(f"http://{address}/")
        page.run(bundle.read_text())
        yield page


@pytest.mark.parametrize("version", PEERS)
def test_stompjs_in_a_page(page, version):
    """The version that was agreed on, and what comes back: a text, bytes, a receipt, and the end of a transaction."""
    body = """
        const client = new StompJs.Client({
            brokerURL: location.origin.replace('http', 'ws') + '/stomp',
            stompVersions: new StompJs.Versions(args),
            reconnectDelay: 0,
        });
        const failed = new Promise((_, fail) => {
            client.onStompError = (frame) => fail(new Error(frame.headers.message));
            client.onWebSocketError = () => fail(new Error('no connection'));
        });
        const connected = new Promise((done) => { client.onConnect = done; });
        client.activate();
        await Promise.race([connected, failed]);
        const messages = [];
        const came = new Promise((done) => {
            client.subscribe('/topic/page', (message) => messages.push(message) === 3 && done(), { id: 's' });
        });
        const bytes = Uint8Array.from({ length: 70000 }, (_, i) => i % 256);
        const transaction = client.begin();
        client.publish({ destination: '/topic/page', body: 'third', headers: { transaction: transaction.id } });
        client.publish({ destination: '/topic/page', body: 'Grüße 🦀', headers: { priority: '9' } });
        client.publish({ destination: '/topic/page', binaryBody: bytes });
        transaction.commit();
        await Promise.race([came, failed]);
        const receipt = new Promise((done) => client.watchForReceipt('r', done));
        client.publish({ destination: '/topic/nobody', body: '', headers: { receipt: 'r' } });
        await Promise.race([receipt, failed]);
        const [text, binary, last] = messages;
        const same = binary.binaryBody.length === 70000 && bytes.every((byte, i) => byte === binary.binaryBody[i]);
        const result = [client.connectedVersion ?? '1.0', text.body, text.headers.priority, same, last.body];
        await client.deactivate();
        return result;
    """
    assert page.run(body, version) == [version, "Grüße 🦀", "9", True, "third"]


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.messages, self.receipts, self.errors = queue.Queue(), queue.Queue(), queue.Queue()

    def on_message(self, frame):
        self.messages.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame):
        self.errors.put(frame)

    def receipt(self):
        return self.receipts.get(timeout=WAIT)


@contextlib.contextmanager
def peer(address, version, **options):
    """A connection of stomp.py, and its listener."""
    host, port = address.split(":")
    connection = PEERS[version]([(host, int(port))], auto_decode=False, **options)
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect(wait=True)
    yield connection, listener
    if connection.is_connected():
        connection.disconnect()


@pytest.mark.parametrize("version", PEERS)
def test_stomp_py_gets_back_what_it_sends(broker, version):
    with peer(broker, version) as (connection, listener):
        connection.subscribe("/topic/py", id="1", receipt="s")
        assert listener.receipt() == "s"
        connection.send("/topic/py", "Gr\u00fc\u00dfe", headers={"priority": "9"})
        frame = listener.messages.get(timeout=WAIT)
        assert (frame.body, frame.headers["priority"]) == ("Gr\u00fc\u00dfe".encode(), "9")
        assert frame.headers["subscription"] == "1"
        connection.send("/topic/py", BLOB)
        assert listener.messages.get(timeout=WAIT).body == BLOB
        connection.unsubscribe("/topic/py" if version == "1.0" else "1", receipt="u")
        assert listener.receipt() == "u"
        connection.send("/topic/py", "nobody", receipt="n")
        assert listener.receipt() == "n"
        assert listener.messages.empty()


@pytest.mark.parametrize("version", PEERS)
def test_stomp_py_acknowledges(broker, version):
    with peer(broker, version) as (connection, listener):
        mode = "client" if version == "1.0" else "client-individual"
        connection.subscribe("/topic/ack", id="1", ack=mode)
        for body in "one", "two":
            connection.send("/topic/ack", body)
        for receipt in "a", "b":
            headers = listener.messages.get(timeout=WAIT).headers
            if version == "1.2":
                connection.ack(headers["ack"], receipt=receipt)
            elif version == "1.1":
                connection.ack(headers["message-id"], "1", receipt=receipt)
            else:
                connection.ack(headers["message-id"], receipt=receipt)
            assert listener.receipt() == receipt
        connection.ack("999999", "1") if version == "1.1" else connection.ack("999999")
        assert listener.errors.get(timeout=WAIT).headers["message"] == "no such message"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.waits
def test_stomp_py_hears_our_heart_beats(broker, version):
    """It checks for itself that they come, and the broker that its own do."""
    with peer(broker, version, heartbeats=(500, 500)) as (connection, listener):
        connection.subscribe("/topic/silent", id="1", receipt="s")
        assert listener.receipt() == "s"
        with pytest.raises(queue.Empty):
            listener.errors.get(timeout=12)
        assert connection.is_connected()


def test_a_client_that_breaks_a_rule_is_told_and_dropped(broker):
    host, port = broker.split(":")
    connect = b"CONNECT\naccept-version:1.2\n\n\0"
    for sent, message in (b"HELLO\n", b"unknown command"), (b"SEND\na\n", b"header without a colon"):
        with socket.create_connection((host, int(port)), WAIT) as client:
            # Byte by byte: the gateway tells by the first bytes that this is not HTTP.
            for byte in connect:
                client.sendall(bytes([byte]))
            assert client.recv(4096).startswith(b"CONNECTED\n")
            client.sendall(sent)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
            assert answer == b"ERROR\nmessage:" + message + b"\ncontent-length:0\n\n\0"
