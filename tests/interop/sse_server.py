"""A server of event streams, made with Python's `http.server`, that fails as it is told."""

import collections
import http.server
import socket
import struct
import threading
import time
import urllib.parse
from typing import NamedTuple


class Request(NamedTuple):
    at: float
    target: str
    fields: dict
    last_event_id: bytes | None


class Stream(NamedTuple):
    """An answer with a stream. Its end is complete, cut, cut inside a chunk, a reset, or never comes."""

    body: bytes
    end: str = "complete"
    version: str = "HTTP/1.1"
    content_type: str = "text/event-stream"
    # Length of the pieces of the body, and the pause after each.
    pieces: int = 1 << 20
    pause: float = 0


class Status(NamedTuple):
    """An answer without a stream."""

    code: int
    fields: tuple = ()
    body: bytes = b""


class Raw(NamedTuple):
    """An answer of exactly these bytes."""

    data: bytes


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        value = self.headers.get("Last-Event-ID")
        last_event_id = value if value is None else value.encode("latin-1")
        fields = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        answer = self.server.owner.answer(path, Request(time.monotonic(), self.path, fields, last_event_id))
        try:
            if isinstance(answer, Raw):
                self.close_connection = True
                self.wfile.write(answer.data)
            elif isinstance(answer, Stream):
                self.stream(answer)
            else:
                self.status(answer)
        except ConnectionError:
            pass  # The client may leave when it likes.

    def status(self, answer):
        self.protocol_version = "HTTP/1.1"
        self.send_response(answer.code)
        for name, value in answer.fields:
            self.send_header(name, value)
        if answer.code != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def stream(self, answer):
        self.protocol_version = answer.version
        chunked = answer.version == "HTTP/1.1"
        self.send_response(200)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked") if chunked else self.send_header("Connection", "close")
        self.end_headers()
        for at in range(0, len(answer.body), answer.pieces):
            piece = answer.body[at : at + answer.pieces]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            time.sleep(answer.pause)
        self.close_connection = True
        if answer.end == "complete" and chunked:
            self.wfile.write(b"0\r\n\r\n")
        elif answer.end == "inside a chunk":
            assert chunked
            self.wfile.write(b"ff\r\n: half of a ")
        elif answer.end == "reset":
            # Give the client time to read, because a reset discards what was sent.
            time.sleep(0.05)
            self.server.reset(self.connection)
        elif answer.end == "open":
            # Wait until the client leaves or the server is stopped.
            self.connection.settimeout(30)
            self.rfile.read(1)

    def log_message(self, *_):
        pass


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # Room for hundreds of clients at once.
    request_queue_size = 1000

    def __init__(self, owner, port):
        self.owner = owner
        self.connections = set()
        self.resets = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def reset(self, request):
        request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.resets.add(request)

    def shutdown_request(self, request):
        self.connections.discard(request)
        if request in self.resets:
            # A shutdown would be an orderly end.
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)


class Server:
    """Gives its answers one after the other, then 204, which tells the client to stop. Can be stopped and restarted.

    An answer may be a function of the last event ID, if it depends on how far the client has come.
    """

    def __init__(self, *answers):
        self._answers = {}
        self._requests = {}
        self.port = 0
        self.start()
        self.url = self.add(*answers)

    def add(self, *answers):
        """Adds another URL with answers of its own, and returns it."""
        path = f"/events/{len(self._answers)}"
        self._answers[path] = collections.deque(answers)
        self._requests[path] = []
        return f"http://127.0.0.1:{self.port}{path}"

    def add_answer(self, answer):
        self._answers["/events/0"].append(answer)

    def requests(self, url=None):
        return self._requests[urllib.parse.urlsplit(url or self.url).path]

    def answer(self, path, request):
        self._requests[path].append(request)
        answer = self._answers[path].popleft() if self._answers[path] else Status(204)
        return answer(request.last_event_id) if callable(answer) else answer

    def start(self):
        self._listener = _Listener(self, self.port)
        self.port = self._listener.server_port
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Ends the listener and every connection, whatever its state."""
        self._listener.shutdown()
        self._listener.server_close()
        for connection in list(self._listener.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has ended by itself.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
