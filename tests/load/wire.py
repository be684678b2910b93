"""Just enough of a WebSocket client to misbehave: sockets, and frames as bytes."""

import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

# How many seconds anything may take before it counts as lost.
PATIENCE = 20
# On Linux, picks the port only when the other end is known, so that each pair of addresses has all ports.
IP_BIND_ADDRESS_NO_PORT = 24


def frame(opcode, payload=b"", first=0x80, key=None):
    """Returns a masked frame; `first` has the bits besides the opcode."""
    key = os.urandom(4) if key is None else key
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, 0x80 | 127, size)
    # As numbers, because a loop over bytes would be a hundred times slower.
    pad = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + key + masked.to_bytes(size, "big")


def reply(opcode, payload=b"", first=0x80):
    """Returns the server's frame with the same content, which is not masked."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first | opcode, size) + payload
    if size < 65536:
        return struct.pack("!BBH", first | opcode, 126, size) + payload
    return struct.pack("!BBQ", first | opcode, 127, size) + payload


def request(path, *headers, origin=None):
    """Returns an upgrade. `headers` replace those of the same name; `Name:` alone leaves that one out."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    for header in headers:
        name, _, value = header.partition(":")
        fields[name] = value.strip()
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


class Peer:
    """A connection to the gateway. Every call fails after `PATIENCE` seconds."""

    def __init__(self, address, number=0, buffers=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffers:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        # A port that was used stays taken for a while, and one address has only about 28 000.
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((f"127.0.0.{2 + number % 8}", 0))
        host, _, port = address.rpartition(":")
        self.socket.connect((host, int(port)))
        self.early = b""

    def send(self, data):
        self.socket.sendall(data)

    def head(self):
        """Reads the head of a response."""
        while b"\r\n\r\n" not in self.early:
            data = self.socket.recv(4096)
            if not data:
                raise AssertionError(f"the connection ended within a head: {self.early!r}")
            self.early += data
        head, _, self.early = self.early.partition(b"\r\n\r\n")
        return head.decode()

    def upgrade(self, path="/ws/echo", *headers):
        self.send(request(path, *headers))
        return self.upgraded()

    def upgraded(self):
        head = self.head()
        assert head.startswith("HTTP/1.1 101 "), f"expected 101, got {head!r}"
        return self

    def read(self, size):
        data = bytearray(self.early[:size])
        self.early = self.early[size:]
        while len(data) < size:
            more = self.socket.recv(min(size - len(data), 1 << 20))
            assert more, f"expected {size} bytes, got {len(data)} and the end"
            data += more
        return bytes(data)

    def read_frame(self):
        """Returns the first byte and the payload of the next frame."""
        first, size = self.read(2)
        if size == 126:
            (size,) = struct.unpack("!H", self.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.read(8))
        return first, self.read(size)

    def answer_ping(self):
        first, payload = self.read_frame()
        assert first == 0x80 | PING, f"expected a ping, got {first:#x} {brief(payload)}"
        self.send(frame(PONG, payload))

    def message(self):
        """Answers pings, and returns the first byte and the payload of the next frame that is none."""
        while (read := self.read_frame())[0] == 0x80 | PING:
            self.send(frame(PONG, read[1]))
        return read

    def expect(self, expected, what="echo"):
        got = self.read(len(expected))
        assert got == expected, f"expected the {what} {brief(expected)}, got {brief(got)}"

    def expect_end(self):
        rest = self.rest()
        assert not rest, f"expected the end, got {brief(rest)}"

    def rest(self):
        """Returns everything up to the end, which may be a reset."""
        data = self.early
        self.early = b""
        try:
            while more := self.socket.recv(1 << 16):
                data += more
        except ConnectionResetError:
            pass
        return data

    def echo(self, payload, opcode=BINARY):
        self.send(frame(opcode, payload))
        self.expect(reply(opcode, payload))

    def close_by_the_book(self):
        self.send(frame(CLOSE, b"\x03\xe8"))
        self.expect(reply(CLOSE, b"\x03\xe8"), "close")
        self.expect_end()
        self.close()

    def end_writing(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def brief(data):
    return repr(data) if len(data) < 40 else f"{data[:32]!r}… of {len(data)} bytes"
