"""Our HTTP/2 server and client, and Python's `h2`, also below `httpx`."""

import contextlib
import subprocess
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import httpx
import pytest

import http2_python
import raw

GREETING = b"Hello over HTTP/2!\n"
LONG = bytes(range(256)) * 4096
REQUEST = [(":method", "GET"), (":scheme", "http"), (":path", "/")]
POST = [(":method", "POST"), *REQUEST[1:]]


@pytest.fixture
def client(http2_address):
    with httpx.Client(http1=False, http2=True, base_url=f"http://{http2_address}", timeout=30) as client:
        yield client


def test_httpx_gets_many_times(client):
    for index in range(200):
        response = client.get("/", headers={"x-index": str(index)})
        assert (response.status_code, response.http_version, response.content) == (200, "HTTP/2", GREETING)


def test_httpx_posts_1_mib_and_gets_it_back(client):
    assert client.post("/", content=LONG).content == LONG


def test_httpx_asks_for_the_head(client):
    response = client.head("/")
    assert (response.content, response.headers["content-length"]) == (b"", str(len(GREETING)))


class Peer:
    """A client made of `h2` alone."""

    def __init__(self, sock, settings=()):
        self.sock = sock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.update_settings(dict(settings)) if settings else None
        self.h2.initiate_connection()

    def headers(self, stream, fields, end=True):
        authority = "%s:%d" % self.sock.getpeername()
        self.h2.send_headers(stream, [*fields, (":authority", authority)], end_stream=end)

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def until(self, kind, **wanted):
        """Returns all events up to the first of that kind with these attributes."""
        seen = []
        while True:
            self.flush()
            received = self.sock.recv(65536)
            assert received, f"the server closed before {kind.__name__}: {seen}"
            events = self.h2.receive_data(received)
            for event in events:
                if isinstance(event, h2.events.DataReceived):
                    with contextlib.suppress(h2.exceptions.StreamClosedError):
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                seen.append(event)
            self.flush()
            for event in events:
                if isinstance(event, kind) and all(getattr(event, name) == value for name, value in wanted.items()):
                    return seen


@pytest.fixture
def peer(http2_address):
    with raw.connection(http2_address) as sock:
        yield Peer(sock)


def body(events, stream):
    return b"".join(e.data for e in events if isinstance(e, h2.events.DataReceived) and e.stream_id == stream)


def test_streams_interleave(peer):
    for stream in range(1, 21, 2):
        peer.headers(stream, POST, end=False)
    for piece in range(5):
        for stream in range(1, 21, 2):
            peer.h2.send_data(stream, b"%d" % stream * 100, end_stream=piece == 4)
    ended, events = set(), []
    while len(ended) < 10:
        events += peer.until(h2.events.StreamEnded)
        ended = {e.stream_id for e in events if isinstance(e, h2.events.StreamEnded)}
    for stream in range(1, 21, 2):
        assert body(events, stream) == b"%d" % stream * 500


def test_a_reset_leaves_the_other_streams_alone(peer):
    peer.headers(1, POST, end=False)
    peer.headers(3, POST, end=False)
    peer.h2.send_data(1, b"x" * 1000)
    peer.h2.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
    peer.h2.send_data(3, b"still here", end_stream=True)
    assert body(peer.until(h2.events.StreamEnded, stream_id=3), 3) == b"still here"


def test_a_stream_over_the_limit_is_refused_alone(peer):
    limit = 100
    for stream in range(1, 2 * limit + 2, 2):
        # `h2` minds the limit once it knows it, and this is all in the first flight.
        peer.headers(stream, POST, end=False)
    events = peer.until(h2.events.StreamReset)
    assert (events[-1].stream_id, events[-1].error_code) == (2 * limit + 1, h2.errors.ErrorCodes.REFUSED_STREAM)
    peer.h2.send_data(1, b"served", end_stream=True)
    assert body(peer.until(h2.events.StreamEnded, stream_id=1), 1) == b"served"


def test_what_is_over_the_window_ends_the_stream(peer):
    peer.headers(1, POST, end=False)
    peer.until(h2.events.SettingsAcknowledged)
    window = peer.h2.remote_settings.initial_window_size
    # Nothing is granted while nothing is sent back: the window of the client stays closed.
    peer.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
    peer.until(h2.events.SettingsAcknowledged)
    # The rest of a frame that has not arrived as a whole may be granted again.
    left = window + 16_384 + 1
    while left > 0:
        length = min(left, 16_384)
        peer.sock.sendall(length.to_bytes(3, "big") + b"\0\0" + (1).to_bytes(4, "big") + bytes(length))
        left -= length
    assert peer.until(h2.events.StreamReset)[-1].error_code == h2.errors.ErrorCodes.FLOW_CONTROL_ERROR


def test_goaway_lets_open_streams_end(peer):
    peer.headers(1, POST, end=False)
    peer.h2.send_data(1, b"before ")
    peer.flush()
    # `h2` sends nothing after its own GOAWAY.
    goaway = bytes.fromhex("000008070000000000" "00000000" "00000000")
    peer.sock.sendall(goaway)
    peer.h2.send_data(1, b"after", end_stream=True)
    assert body(peer.until(h2.events.StreamEnded), 1) == b"before after"
    assert peer.sock.recv(100) == b"", "the server did not close"


def test_a_broken_rule_is_answered_with_a_goaway_and_the_end(peer):
    peer.until(h2.events.SettingsAcknowledged)
    peer.sock.sendall(bytes.fromhex("000004080000000000" "00000000"))
    events = peer.until(h2.events.ConnectionTerminated)
    assert events[-1].error_code == h2.errors.ErrorCodes.PROTOCOL_ERROR
    assert peer.sock.recv(100) == b""


@pytest.fixture(scope="module")
def server():
    return http2_python.Server()


def ask(client, *arguments):
    return subprocess.run([client, *arguments], capture_output=True, timeout=50)


def test_our_client_posts_with_trailers(http2_client_path, server):
    done = ask(http2_client_path, f"{server.url}/", "--data", "hello", "--trailer", "x-sum:42")
    assert (done.returncode, done.stdout) == (0, b"hello"), done.stderr
    assert done.stderr.splitlines() == [b"200", b"x-path: /", b"x-sum: 42"]


REFUSALS = {"/refuse": b"refused stream", "/refuse-all": b"refused stream", "/calm": b"enhance your calm"}


@pytest.mark.parametrize("path, code", REFUSALS.items(), ids=REFUSALS)
def test_our_client_says_why_it_has_no_response(http2_client_path, server, path, code):
    done = ask(http2_client_path, server.url + path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert code in done.stderr


def test_our_client_takes_an_answer_to_half_a_request(http2_client_path, server, tmp_path):
    (tmp_path / "long").write_bytes(LONG)
    done = ask(http2_client_path, f"{server.url}/early", "--data", f"@{tmp_path / 'long'}")
    assert (done.returncode, done.stderr) == (0, b"413\n")


def test_our_client_lives_with_settings_pings_and_padding(http2_client_path, server):
    done = ask(http2_client_path, f"{server.url}/settings")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"after", b"200\n")
    # The last of it may still be on its way.
    deadline = time.monotonic() + 10
    wanted = {h2.events.SettingsAcknowledged, h2.events.PingAckReceived}
    while not wanted <= {type(event) for event in server.events}:
        assert time.monotonic() < deadline, server.events
        time.sleep(0.05)
