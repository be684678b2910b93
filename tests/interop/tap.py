"""A wire tap: passes a TCP connection on unchanged, and shows what went over it as frames."""

import contextlib
import dataclasses
import socket
import threading

CONTROL = 0x8


@dataclasses.dataclass
class Frame:
    first: int
    length: int

    @property
    def compressed(self):
        """Whether RSV1 is set (RFC 7692 §6)."""
        return self.first & 0x40 != 0


def frames(data):
    """Splits what one side of a connection sent: the head, and the data frames that follow it."""
    head, found, rest = bytes(data).partition(b"\r\n\r\n")
    assert found, head
    parsed = []
    while rest:
        assert rest[0] & 0x30 == 0, f"RSV2 or RSV3 is set: {rest[0]:#04x}"
        masked, length, at = rest[1] & 0x80, rest[1] & 0x7F, 2
        if length >= 126:
            at = 4 if length == 126 else 10
            length = int.from_bytes(rest[2:at], "big")
        at += 4 if masked else 0
        assert len(rest) >= at + length, "a frame is cut off"
        if rest[0] & CONTROL == 0:
            parsed.append(Frame(rest[0], length))
        rest = rest[at + length :]
    return head.decode(), parsed


class Tap:
    """Listens at `address`; `requests` and `responses` hold what the two sides of each connection sent."""

    def __init__(self, target):
        self.target = target
        self.requests = []
        self.responses = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                host, port = self.target.rsplit(":", 1)
                server = socket.create_connection((host, int(port)))
                request, response = bytearray(), bytearray()
                self.requests.append(request)
                self.responses.append(response)
                for source, sink, record in (client, server, request), (server, client, response):
                    threading.Thread(target=self._pass_on, args=(source, sink, record), daemon=True).start()

    @staticmethod
    def _pass_on(source, sink, record):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                record += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def websocket(self, path="/"):
        """Returns the heads and frames, of both directions, of the only WebSocket whose path begins like this."""
        (at,) = [
            i
            for i, response in enumerate(self.responses)
            if response.startswith(b"HTTP/1.1 101") and self.requests[i].startswith(b"GET " + path.encode())
        ]
        return frames(self.requests[at]), frames(self.responses[at])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
