"""HTTP heads and bodies and WebSocket frames by hand, for what no well-behaved client sends or notices."""

import contextlib
import http.client
import io
import re
import socket
import struct

# The example of RFC 6455 §1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


@contextlib.contextmanager
def connection(address, timeout=10):
    """Connects. A read or write that waits longer than `timeout` fails."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def upgrade(address, path="/ws/echo", method="GET", version="HTTP/1.1", extra=(), **changes):
    """Builds the head of an opening handshake.

    `changes` replaces a field's value, or removes the field with `None`: `Upgrade=None`, `Sec_WebSocket_Key="x"`.
    """
    fields = {
        "Host": address,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    fields.update((name.replace("_", "-"), value) for name, value in changes.items())
    lines = [f"{method} {path} {version}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    lines += extra
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def request(address, path, *fields, method="GET", version="1.1"):
    """Builds the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", f"Host: {address}", *fields, "", ""]).encode()


class _Bytes:
    """As much of a socket as `HTTPResponse` needs."""

    def __init__(self, data):
        self.file = io.BytesIO(data)

    def makefile(self, _mode):
        return self.file


def read_to_end(sock):
    """Reads until the peer closes, which it has to do within the socket's timeout."""
    received = b""
    try:
        while data := sock.recv(65536):
            received += data
    except TimeoutError:
        raise AssertionError(f"the connection does not end after {received[:300]!r}") from None
    return received


def only_response(data, method="GET"):
    """Parses `data`, which has to be exactly one complete response."""
    source = _Bytes(data)
    # The response must not close it, because we read what follows.
    source.file.close = lambda: None
    response = http.client.HTTPResponse(source, method=method)
    response.begin()
    response.body = response.read()  # Raises `IncompleteRead` if it is shorter than announced.
    rest = source.file.read()
    assert rest == b"", f"bytes after the response: {rest[:200]!r}"
    return response


def tokens(value):
    """Splits a list such as `close, Upgrade`."""
    return [token.strip().lower() for token in (value or "").split(",")]


def read_head(reader):
    """Reads up to the empty line and returns the status and the fields, names in lower case."""
    status = reader.readline().decode()
    fields = {}
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        fields[name.lower()] = value.strip()
    return status.strip(), fields


def read_chunk(reader):
    """Reads a chunk (RFC 9112 §7.1) and returns its data.

    Returns `b""` for the last one, and `None` if the connection has ended after a chunk that was not the last.
    """
    line = reader.readline()
    if line == b"":
        return None
    size = re.fullmatch(rb"([0-9A-Fa-f]{1,16})\r\n", line)
    assert size, f"not the size of a chunk: {line[:100]!r}"
    size = int(size[1], 16)
    data = reader.read(size)
    assert len(data) == size, f"the connection has ended inside a chunk: {data[-100:]!r}"
    end = reader.read(2)
    assert end == b"\r\n", f"{end!r} after a chunk, or for a trailer"
    return data


def frame(opcode, payload=b"", fin=True, mask=b"\x37\xfa\x21\x3d"):
    """Builds a client's frame; `mask=None` builds one that no client may send."""
    length = len(payload)
    if length < 126:
        lengths = bytes([length])
    elif length < 1 << 16:
        lengths = b"\x7e" + struct.pack("!H", length)
    else:
        lengths = b"\x7f" + struct.pack("!Q", length)
    if mask is None:
        masked = payload
    else:
        lengths = bytes([lengths[0] | 0x80]) + lengths[1:] + mask
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([opcode | (0x80 if fin else 0)]) + lengths + masked


def read_frame(reader):
    """Reads a frame from a server and returns its opcode and payload."""
    first, length = reader.read(2)
    assert first & 0x70 == 0, f"reserved bits are set: {first:#04x}"
    assert length & 0x80 == 0, "a server's frame is masked (RFC 6455 §5.1)"
    assert first & 0x80, "a fragment instead of a whole message"
    if length == 126:
        (length,) = struct.unpack("!H", reader.read(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", reader.read(8))
    return first & 0x0F, reader.read(length)


def close_payload(code, reason=""):
    return struct.pack("!H", code) + reason.encode()
