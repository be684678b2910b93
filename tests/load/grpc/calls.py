"""Just enough of a gRPC client over HTTP/2 to misbehave: sockets, and frames as bytes (RFC 9113 §4, §6)."""

import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4
MOST = (1 << 31) - 1
CANCEL, ENHANCE_YOUR_CALM = 8, 11

# How many seconds anything may take before it counts as lost.
PATIENCE = 20

GET, CHAT, CREATE = (f"/user.UserService/{name}" for name in ("GetUser", "ChatUsers", "CreateUsers"))
# The request for a user, and that user.
ADA, ADA_FOUND = b"\x08\x01", b"\x08\x01\x12\x03Ada\x1a\x0fada@example.com"


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!IBBI", len(payload), kind, flags, stream)[1:] + payload


def settings(window):
    return frame(SETTINGS, 0, 0, struct.pack("!HI", INITIAL_WINDOW_SIZE, window))


def opening(window=MOST):
    """Returns what a client begins with; its streams have windows of `window` bytes."""
    more = frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", MOST - 65535))
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings(window) + more


def head(stream, path):
    """Returns the head of a call, without any compression (RFC 7541 §6.2.2)."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
    fields += [("content-type", "application/grpc"), ("te", "trailers")]
    texts = [text.encode() for field in fields for text in field]
    lengths = [bytes([len(text)]) + text for text in texts]
    block = b"".join(b"\0" + name + value for name, value in zip(lengths[::2], lengths[1::2], strict=True))
    return frame(HEADERS, END_HEADERS, stream, block)


def message(payload):
    return struct.pack("!BI", 0, len(payload)) + payload


def text(size):
    """Returns a message of a chat, of some `size` bytes. A text without any is not there at all."""
    if size == 0:
        return b""
    value = b"x" * size
    number, key = size, b"\x0a"
    while number >= 128:
        key, number = key + bytes([number % 128 | 128]), number // 128
    return key + bytes([number]) + value


def data(stream, payload, end=False):
    """Returns the payload in frames that any peer takes."""
    pieces = [payload[at : at + 16384] for at in range(0, len(payload), 16384)] or [b""]
    before = b"".join(frame(DATA, 0, stream, piece) for piece in pieces[:-1])
    return before + frame(DATA, END_STREAM if end else 0, stream, pieces[-1])


def unary(stream, path=GET, request=ADA):
    return head(stream, path) + data(stream, message(request), end=True)


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack("!I", code))


class Frames:
    """Splits what comes into frames."""

    def __init__(self):
        self.bytes = bytearray()

    def push(self, received):
        self.bytes += received
        at = 0
        while len(self.bytes) - at >= 9:
            size = int.from_bytes(self.bytes[at : at + 3])
            if len(self.bytes) - at < 9 + size:
                break
            kind, flags, stream = struct.unpack_from("!BBI", self.bytes, at + 3)
            yield kind, flags, stream, bytes(self.bytes[at + 9 : at + 9 + size])
            at += 9 + size
        del self.bytes[:at]


class Peer:
    """A connection to the server. Every call fails after `PATIENCE` seconds."""

    def __init__(self, address, window=MOST, buffers=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffers:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        host, _, port = address.rpartition(":")
        self.socket.connect((host, int(port)))
        self.frames = Frames()
        self.pending = iter(())
        self.send(opening(window))

    def send(self, sent):
        self.socket.sendall(sent)

    def frame(self):
        """Returns the next frame, `None` at the end. Settings are acknowledged, and never returned."""
        while True:
            for found in self.pending:
                if found[0] == SETTINGS:
                    if not found[1] & ACK:
                        self.send(frame(SETTINGS, ACK, 0))
                    continue
                return found
            try:
                received = self.socket.recv(1 << 18)
            except ConnectionResetError:
                return None
            if not received:
                return None
            self.pending = self.frames.push(received)

    def goaway(self):
        """Reads to the end, and returns the error code of the GOAWAY before it, with its text."""
        code = None
        while (found := self.frame()) is not None:
            if found[0] == GOAWAY:
                code = struct.unpack_from("!I", found[3], 4)[0], found[3][8:].decode()
        return code

    def vanish(self):
        """Closes with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
