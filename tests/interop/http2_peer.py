"""A client of HTTP/2 that decides which of its streams it reads: Python's `h2` on a socket, `wsproto` on its streams."""

import collections
import contextlib
import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
import wsproto.connection
import wsproto.events
import wsproto.extensions

WAIT = 20
# More than any stream here needs.
WIDE = 1 << 24


class Stream:
    """What has come on a stream."""

    def __init__(self):
        self.status = None
        self.headers = {}
        self.body = b""
        self.trailers = None
        self.has_ended = False
        # The error code of the reset, once there was one.
        self.reset = None
        # Whether its window is opened again for what has come.
        self.is_read = True

    @property
    def is_over(self):
        return self.has_ended or self.reset is not None


class Client:
    """A connection."""

    def __init__(self, sock, address):
        self.sock = sock
        self.authority = address
        self.streams = collections.defaultdict(Stream)
        # The last stream and the error code of each GOAWAY.
        self.goaways = []
        self.is_over = False
        self._received = b""
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        # Only streams hold each other's bytes back here, never the connection.
        self.h2.increment_flow_control_window(WIDE)
        self.until(lambda: self.h2.remote_settings.enable_connect_protocol)

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def until(self, condition, within=WAIT):
        """Reads until a condition holds."""
        deadline = time.monotonic() + within
        self.flush()
        while not condition():
            assert not self.is_over, "the connection has ended"
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            self._receive(self.sock.recv(65536))
            self.flush()

    def pause(self, seconds):
        """Reads for a while."""
        with contextlib.suppress(TimeoutError):
            self.until(lambda: False, seconds)

    def _receive(self, data):
        self.is_over = not data
        self._received += data
        # A frame at a time: `h2` takes none after a GOAWAY, although open streams go on.
        while len(self._received) >= 9 and len(self._received) >= 9 + int.from_bytes(self._received[:3]):
            end = 9 + int.from_bytes(self._received[:3])
            frame, self._received = self._received[:end], self._received[end:]
            self._take(self.h2.receive_data(frame))
            if self.goaways:
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN

    def _take(self, events):
        for event in events:
            stream = self.streams[getattr(event, "stream_id", 0)]
            match event:
                case h2.events.ResponseReceived(headers=headers):
                    stream.headers = dict(headers)
                    stream.status = int(stream.headers.pop(":status"))
                case h2.events.DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                    stream.body += data
                    self.h2.increment_flow_control_window(length or 1)
                    if stream.is_read and length and not stream.is_over:
                        with contextlib.suppress(h2.exceptions.StreamClosedError):
                            self.h2.increment_flow_control_window(length, number)
                case h2.events.TrailersReceived(headers=headers):
                    stream.trailers = dict(headers)
                case h2.events.StreamEnded():
                    stream.has_ended = True
                case h2.events.StreamReset(error_code=code):
                    stream.reset = code
                case h2.events.ConnectionTerminated(last_stream_id=last, error_code=code):
                    self.goaways.append((last, int(code)))

    def begin(self, method, path, *headers, end=True, is_read=True, protocol=None):
        """Sends a request's head, and returns its stream's number."""
        number = self.h2.get_next_available_stream_id()
        self.streams[number].is_read = is_read
        pseudo = [(":method", method), (":scheme", "http"), (":authority", self.authority), (":path", path)]
        if protocol:
            pseudo.insert(1, (":protocol", protocol))
        self.h2.send_headers(number, [*pseudo, *headers], end_stream=end)
        self.flush()
        return number

    def send(self, number, data, end=False):
        """Sends a body, as the windows open."""
        while data:
            if self.streams[number].is_over:
                return
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(data))
            if room == 0:
                self.until(lambda: self.h2.local_flow_control_window(number) > 0 or self.streams[number].is_over)
                continue
            self.h2.send_data(number, data[:room])
            data = data[room:]
            self.flush()
        if end:
            self.h2.end_stream(number)
            self.flush()

    def reset(self, number, code=8):
        self.h2.reset_stream(number, code)
        self.flush()

    def ask(self, method, path, *headers, body=None):
        """Sends a request, and waits for all of the response."""
        number = self.begin(method, path, *headers, end=body is None)
        if body is not None:
            self.send(number, body, end=True)
        return self.end_of(number)

    def end_of(self, number, within=WAIT):
        stream = self.streams[number]
        self.until(lambda: stream.is_over, within)
        return stream


class WebSocket:
    """A WebSocket on a stream (RFC 8441)."""

    def __init__(self, client, path, protocols=(), deflate=True, is_read=True):
        self.client = client
        extension = wsproto.extensions.PerMessageDeflate()
        headers = [("sec-websocket-version", "13")]
        if deflate:
            headers.append(("sec-websocket-extensions", f"permessage-deflate; {extension.offer()}".rstrip("; ")))
        if protocols:
            headers.append(("sec-websocket-protocol", ", ".join(protocols)))
        self.number = client.begin("CONNECT", path, *headers, end=False, is_read=is_read, protocol="websocket")
        self.stream = client.streams[self.number]
        client.until(lambda: self.stream.status is not None)
        assert self.stream.status == 200, self.stream.status
        assert "sec-websocket-accept" not in self.stream.headers
        agreed = self.stream.headers.get("sec-websocket-extensions")
        if agreed:
            extension.finalize(agreed)
        self.subprotocol = self.stream.headers.get("sec-websocket-protocol")
        self.is_compressed = bool(agreed)
        side = wsproto.connection.ConnectionType.CLIENT
        self.frames = wsproto.connection.Connection(side, [extension] if agreed else [])
        self._text = ""
        self._bytes = b""
        self._events = collections.deque()

    def send(self, data):
        event = wsproto.events.TextMessage(data) if isinstance(data, str) else wsproto.events.BytesMessage(data)
        self.client.send(self.number, self.frames.send(event))

    def close(self, code=1000, reason=""):
        self.client.send(self.number, self.frames.send(wsproto.events.CloseConnection(code, reason)))

    def next(self):
        """Returns the next message, or the event that closes."""
        while True:
            while self._events:
                event = self._events.popleft()
                match event:
                    case wsproto.events.TextMessage(data=data, message_finished=last):
                        self._text += data
                        if last:
                            text, self._text = self._text, ""
                            return text
                    case wsproto.events.BytesMessage(data=data, message_finished=last):
                        self._bytes += data
                        if last:
                            data, self._bytes = self._bytes, b""
                            return bytes(data)
                    case wsproto.events.CloseConnection():
                        return event
            self.client.until(lambda: self.stream.body or self.stream.is_over)
            assert self.stream.body, "the stream has ended"
            data, self.stream.body = self.stream.body, b""
            self.frames.receive_data(data)
            self._events.extend(self.frames.events())


@contextlib.contextmanager
def connected(address, context=None):
    """A connection with prior knowledge, or by ALPN."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), WAIT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            yield Client(sock, address)
            return
        with context.wrap_socket(sock, server_hostname=host) as wrapped:
            assert wrapped.selected_alpn_protocol() == "h2"
            yield Client(wrapped, address)
