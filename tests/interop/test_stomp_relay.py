"""Gateways that share the topics of one RabbitMQ, with Python's `stomp.py` over TCP, its frames over WebSocket, and the
members of the chat room: `websockets`, `python-socketio`, and a raw session of SockJS. Each message is counted."""

import concurrent.futures
import contextlib
import os
import queue
import socket
import threading
import time
import urllib.request

import pytest
import socketio
import stomp
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import programs
from proxies import free_port

WAIT = 20
GATEWAYS = 2
# What a gateway holds for the broker, in bytes: more than one mebibyte, and less than two.
HOLD = 2_000_000
BLOB = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def addresses(gateway_path, rabbit):
    """Two gateways on the broker."""
    with contextlib.ExitStack() as stack:
        started = []
        for _ in range(GATEWAYS):
            with variables(STOMP_RELAY_LOGIN="guest", STOMP_RELAY_PASSCODE="guest"):
                program = programs.gateway(gateway_path, "--stomp-relay", rabbit.tcp, "--stomp-hold", str(HOLD))
            started.append(stack.enter_context(program))
        yield [program.address for program in started]
        for program in started:
            program.interrupt()
            assert program.wait(WAIT) == 0, program.last_words()
        assert rabbit.subscriptions() == [], "the gateways left some"


@contextlib.contextmanager
def variables(**values):
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


class Tcp(stomp.ConnectionListener):
    """A client over TCP."""

    def __init__(self, stack, address):
        self.messages, self.receipts, self.errors = queue.Queue(), queue.Queue(), queue.Queue()
        host, port = address.split(":")
        self.connection = stomp.Connection12([(host, int(port))], auto_decode=False)
        self.connection.set_listener("", self)
        self.connection.connect(wait=True)
        stack.callback(lambda: self.connection.is_connected() and self.connection.disconnect())

    def on_message(self, frame):
        self.messages.put((frame.body, frame.headers))

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame):
        self.errors.put(frame.headers)

    def subscribe(self, topic):
        self.connection.subscribe(topic, id=topic, receipt=f"subscribed {topic}")
        assert self.receipts.get(timeout=WAIT) == f"subscribed {topic}"

    def send(self, topic, body, **headers):
        self.connection.send(topic, body, headers=headers)


class Web:
    """A client over WebSocket."""

    def __init__(self, stack, address):
        self.messages = queue.Queue()
        self.socket = stack.enter_context(connect(f"ws://{address}/stomp", subprotocols=["v12.stomp"], max_size=None))
        self._send("CONNECT", {"accept-version": "1.2", "host": "here"})
        assert self.frame()[0] == "CONNECTED"

    def _send(self, command, headers, body=b""):
        head = "".join(f"{name}:{value}\n" for name, value in headers.items())
        self.socket.send(f"{command}\n{head}\n".encode() + body + b"\0", text=None)

    def frame(self):
        """The next frame, if it comes in a message of its own."""
        while True:
            data = self.socket.recv(WAIT)
            data = data.encode() if isinstance(data, str) else data
            head, blank, body = data.partition(b"\n\n")
            if blank:
                command, *lines = head.decode().split("\n")
                return command, dict(line.split(":", 1) for line in lines), body.removesuffix(b"\0")

    def subscribe(self, topic):
        self._send("SUBSCRIBE", {"id": topic, "destination": topic, "receipt": "s"})
        assert self.frame()[0] == "RECEIPT"

    def send(self, topic, body):
        self._send("SEND", {"destination": topic, "content-length": len(body)}, body)


def count(client, number):
    """Returns the bodies of the next messages, after which there are no more."""
    bodies = [client.messages.get(timeout=WAIT)[0] for _ in range(number)]
    with pytest.raises(queue.Empty):
        pytest.fail(f"one too many: {client.messages.get(timeout=0.3)}")
    return bodies


def test_every_subscriber_of_every_gateway_gets_each_message_once(addresses):
    with contextlib.ExitStack() as stack:
        clients = [Tcp(stack, address) for address in addresses * 2]
        for client in clients:
            client.subscribe("/topic/order/42")
        for number in range(100):
            for at, client in enumerate(clients):
                client.send("/topic/order/42", f"{at} {number}", receipt=f"{number}", priority="not a number")
        for client in clients:
            bodies = [body.decode() for body in count(client, 100 * len(clients))]
            for at in range(len(clients)):
                assert [body for body in bodies if body.startswith(f"{at} ")] == [f"{at} {n}" for n in range(100)]
            assert sorted(client.receipts.get(timeout=WAIT) for _ in range(100)) == sorted(map(str, range(100)))
            assert client.receipts.empty()


def test_headers_and_a_mebibyte_pass(addresses):
    with contextlib.ExitStack() as stack:
        one, two = (Tcp(stack, address) for address in addresses)
        two.subscribe("/topic/blob")
        sent = {"user-id": "me", "expiration": "soon", "a:b": "c\nd", "content-type": "application/x-blob"}
        one.send("/topic/blob", BLOB, **sent)
        body, headers = two.messages.get(timeout=WAIT)
        assert body == BLOB
        # stomp.py does not escape names.
        names = {"subscription", "message-id", "destination", "content-length", "a"}
        assert {name: headers[name] for name in headers.keys() - names} == {n: sent[n] for n in sent.keys() - {"a:b"}}


def test_a_client_over_websocket_shares_the_topics(addresses):
    with contextlib.ExitStack() as stack:
        web, tcp = Web(stack, addresses[0]), Tcp(stack, addresses[1])
        web.subscribe("/topic/web")
        tcp.subscribe("/topic/web")
        tcp.send("/topic/web", "from TCP")
        assert web.frame()[2] == b"from TCP"
        web.send("/topic/web", b"from the web")
        assert count(tcp, 2) == [b"from TCP", b"from the web"]
        assert web.frame()[2] == b"from the web"


def test_the_chat_room_is_one_room(addresses):
    with contextlib.ExitStack() as stack:
        members = [
            stack.enter_context(connect(f"ws://{address}/ws/chat", subprotocols=["chat"])) for address in addresses
        ]
        tcp = Tcp(stack, addresses[0])
        tcp.subscribe("/topic/chat")
        said = ["hello", b"\xff\x00", "and again", b"text, but sent as bytes"]
        for message, member in zip(said, members * 2):
            member.send(message)
            for other in members:
                assert other.recv(WAIT) == message
        tcp.send("/topic/chat", "from STOMP", **{"content-type": "text/plain"})
        for member in members:
            assert member.recv(WAIT) == "from STOMP"
            with pytest.raises(TimeoutError):
                member.recv(0.3)
        assert count(tcp, 5) == [m.encode() if isinstance(m, str) else m for m in said] + [b"from STOMP"]


def test_sessions_of_socketio_and_sockjs_are_in_the_room(addresses):
    here, there = addresses
    heard = queue.Queue()
    client = socketio.Client(reconnection=False)
    client.on("message", heard.put, namespace="/chat")
    client.connect(f"http://{there}", namespaces=["/chat"], wait_timeout=WAIT)
    with contextlib.ExitStack() as stack:
        stack.callback(client.disconnect)
        member = stack.enter_context(connect(f"ws://{here}/ws/chat", subprotocols=["chat"]))
        session = stack.enter_context(connect(f"ws://{here}/sockjs/chat/websocket"))
        says = [member.send, session.send, lambda text: client.emit("message", text, namespace="/chat")]
        for number, say in enumerate(says * 2):
            say(f"text {number}")
            for hear in member.recv, session.recv, lambda timeout: heard.get(timeout=timeout):
                assert hear(WAIT) == f"text {number}"
        assert heard.empty()


def test_topics_end_with_their_last_subscriber(addresses, rabbit):
    """Only that of the chat room remains, at each gateway."""
    with contextlib.ExitStack() as stack:
        clients = [Tcp(stack, addresses[0]) for _ in range(2)]
        for client in clients:
            client.subscribe("/topic/short")
        assert len(rabbit.subscriptions()) == GATEWAYS + 1
        clients[0].connection.unsubscribe("/topic/short", receipt="u")
        assert clients[0].receipts.get(timeout=WAIT) == "u"
        clients[1].connection.disconnect()
        deadline = time.monotonic() + WAIT
        while len(rabbit.subscriptions()) != GATEWAYS:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.timeout(180)
@pytest.mark.waits
def test_messages_wait_for_a_broker_that_ended(addresses, rabbit, end):
    with contextlib.ExitStack() as stack:
        clients = [Tcp(stack, address) for address in addresses]
        for client in clients:
            client.subscribe("/topic/wait")
        member = stack.enter_context(connect(f"ws://{addresses[1]}/ws/chat", subprotocols=["chat"]))
        speaker = stack.enter_context(connect(f"ws://{addresses[0]}/ws/chat", subprotocols=["chat"]))
        # Some are on their way while it stops.
        for number in range(200):
            clients[number % 2].send("/topic/wait", f"{number:03}")
        getattr(rabbit, end)()
        for number in range(200, 300):
            clients[number % 2].send("/topic/wait", f"{number:03}", receipt=f"{number}")
        speaker.send("said while it was away")
        big = Tcp(stack, addresses[0])
        # Longer than what is held.
        for _ in range(3):
            big.send("/topic/wait", BLOB, receipt="too much")
        error = big.errors.get(timeout=WAIT)
        assert (error["message"], error["receipt-id"]) == (
            "the broker is away, and too much waits for it",
            "too much",
        )
        rabbit.start()
        held = 1
        for at, client in enumerate(clients):
            bodies = count(client, 300 + held)
            assert bodies.count(BLOB) == held
            texts = [body.decode() for body in bodies if body != BLOB]
            assert sorted(texts) == [f"{number:03}" for number in range(300)]
            for parity in 0, 1:
                own = [text for text in texts if int(text) % 2 == parity]
                assert own == sorted(own)
            receipts = [client.receipts.get(timeout=WAIT) for _ in range(50)]
            assert receipts == [f"{number}" for number in range(200 + at, 300, 2)]
            assert client.errors.empty()
        assert member.recv(WAIT) == "said while it was away"
        with pytest.raises(TimeoutError):
            member.recv(0.3)


@pytest.mark.waits
def test_a_member_of_the_room_hears_that_there_is_no_room(gateway_path):
    """The broker was never there."""
    address = f"127.0.0.1:{free_port()}"
    with programs.gateway(gateway_path, "--stomp-relay", address, "--stomp-hold", "2000") as program:
        with connect(f"ws://{program.address}/ws/chat", subprotocols=["chat"]) as member:
            member.send("x" * 1000)
            member.send("x" * 1000)
            with pytest.raises(ConnectionClosed) as closed:
                member.recv(WAIT)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
                1013,
                "the broker is away, and too much waits for it",
            )


class SlowBroker:
    """A broker that accepts everything, and confirms messages only when it is told to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.released, self.held, self.sent = threading.Event(), [], queue.Queue()
        self.subscribed = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        self.connection, _ = self.listener.accept()
        unread = b""
        while data := self.connection.recv(65536):
            *frames, unread = (unread + data).split(b"\0")
            for frame in frames:
                self.take(frame.lstrip(b"\n").decode())

    def take(self, frame):
        head, _, body = frame.partition("\n\n")
        command, *headers = head.split("\n")
        receipt = dict(line.split(":", 1) for line in headers).get("receipt")
        if command in ("CONNECT", "STOMP"):
            self.connection.sendall(b"CONNECTED\nversion:1.2\n\n\0")
        elif command == "SUBSCRIBE":
            self.confirm(receipt)
            self.subscribed.set()
        elif command == "SEND":
            self.sent.put(body)
            if self.released.is_set():
                self.confirm(receipt)
            else:
                self.held.append(receipt)

    def confirm(self, receipt):
        self.connection.sendall(f"RECEIPT\nreceipt-id:{receipt}\n\n\0".encode())

    def release(self):
        self.released.set()
        for receipt in self.held:
            self.confirm(receipt)


def test_sessions_wait_for_a_slow_broker(gateway_path):
    """Neither is refused anything: SockJS waits for the answer to its request, and Socket.IO is not read."""
    broker = SlowBroker()
    with contextlib.ExitStack() as stack:
        options = ["--stomp-relay", broker.address, "--stomp-hold", "200000"]
        program = stack.enter_context(programs.gateway(gateway_path, *options))
        assert broker.subscribed.wait(WAIT)
        member = stack.enter_context(connect(f"ws://{program.address}/socket.io/?EIO=4&transport=websocket"))
        member.send("40/chat,")
        while not member.recv(WAIT).startswith("40/chat,"):
            pass

        def post(path, body):
            url = f"http://{program.address}/sockjs/chat/000/slow/{path}"
            request = urllib.request.Request(url, body.encode(), method="POST")
            with urllib.request.urlopen(request, timeout=WAIT) as answer:
                return answer.status, answer.read()

        assert post("xhr", "") == (200, b"o\n")
        assert post("xhr_send", '["%s"]' % ("a" * 60_000)) == (204, b"")
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            answer = executor.submit(post, "xhr_send", '["%s"]' % ("b" * 60_000))
            for _ in range(2):
                assert len(broker.sent.get(timeout=WAIT)) == 60_000
            for _ in range(10):
                member.send('42/chat,["message","%s"]' % ("c" * 5000))
            with pytest.raises(TimeoutError):
                member.recv(0.5)
            assert not answer.done() and broker.sent.empty()
            broker.release()
            assert answer.result(WAIT) == (204, b"")
        for _ in range(10):
            assert broker.sent.get(timeout=WAIT) == "c" * 5000
