"""A server whose behaviour towards each client is a function, byte by byte."""

import base64
import contextlib
import hashlib
import re
import socket
import struct
import threading

import raw

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Server:
    """Listens on a port that the system picks. `serve(sock, request)` serves a client that has sent `request`."""

    def __init__(self, serve):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        # An exception in the function fails the check.
        self.failures = []
        self._clients = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.settimeout(30)
                self._clients.append(threading.Thread(target=self._run, args=(sock,), daemon=True))
                self._clients[-1].start()

    def _run(self, sock):
        with sock:
            try:
                request = b""
                while b"\r\n\r\n" not in request:
                    data = sock.recv(1)
                    if not data:
                        return
                    request += data
                self._serve(sock, request)
            except Exception as e:
                self.failures.append(e)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # Otherwise, the thread would go on waiting on the listener's old descriptor.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(10)
        for client in self._clients:
            client.join(10)
        if kind is None and self.failures:
            raise self.failures[0]


def accept(sock, request):
    """Accepts an opening handshake."""
    key = re.search(rb"(?mi)^sec-websocket-key: *(\S+)", request)[1]
    answer = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    sock.sendall("\r\n".join([*head, f"Sec-WebSocket-Accept: {answer}", "", ""]).encode())


def frame(opcode, payload=b"", fin=True):
    """Builds a server's frame."""
    return raw.frame(opcode, payload, fin, mask=None)


def read_frame(reader):
    """Reads a client's frame and returns its opcode and payload."""
    first, length = reader.read(2)
    assert length & 0x80, "a client's frame is not masked (RFC 6455 §5.1)"
    length &= 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", reader.read(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", reader.read(8))
    mask = reader.read(4)
    payload = reader.read(length)
    # As numbers, because a loop over millions of bytes takes long.
    repeated = (mask * (length // 4 + 1))[:length]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return first & 0x0F, number.to_bytes(length, "big")


def reset(sock):
    """Ends the connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
