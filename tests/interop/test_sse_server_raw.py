"""Our server's event streams, byte by byte: their framing, how they resume, and what slow or absent readers cost."""

import contextlib
import itertools
import select
import socket
import time

import pytest

import event_stream
import raw
from event_stream import Comment, Event, Retry

WAIT = 30


class Stream:
    """A response with an event stream, read as it arrives."""

    def __init__(self, sock, address, path, *fields, version="1.1"):
        sock.sendall(raw.request(address, path, *fields, version=version))
        self.reader = sock.makefile("rb")
        self.status, self.fields = raw.read_head(self.reader)
        self.chunked = self.fields.get("transfer-encoding", "").lower() == "chunked"
        # Whether the body itself has ended, not just the connection.
        self.complete = False
        self.items = event_stream.interpret(self._lines())

    def _pieces(self):
        if not self.chunked:
            yield from iter(lambda: self.reader.read1(65536), b"")
            return
        while piece := raw.read_chunk(self.reader):
            yield piece
        self.complete = piece is not None

    def _lines(self):
        rest = b""
        for piece in self._pieces():
            *lines, rest = (rest + piece).split(b"\n")
            # A line with a CR would be two lines.
            yield from (line.decode() for line in lines)
        assert rest == b"", f"the stream ends within a line: {rest!r}"

    def events(self, count=None):
        """Returns the next events, or all that are left."""
        return list(itertools.islice((item for item in self.items if isinstance(item, Event)), count))


@contextlib.contextmanager
def stream(address, path, *fields, **options):
    with raw.connection(address, WAIT) as sock:
        stream = Stream(sock, address, path, *fields, **options)
        # Otherwise, the connection would stay open as long as the reader.
        with stream.reader:
            assert stream.status.split(" ", 2)[1] == "200", stream.status
            yield stream


def ticks(events):
    """Returns the numbers of the events, which have to be ticks."""
    for event in events:
        assert event.type == "tick"
        first, second = event.data.split("\n")
        assert first == f"tick {event.last_event_id}"
        assert second != ""
    return [int(event.last_event_id) for event in events]


def consecutive(numbers):
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def expect_tokens(events, count):
    """Expects the whole stream of `/sse/llm`."""
    *tokens, done = events
    assert [event.last_event_id for event in tokens] == [str(number) for number in range(1, count + 1)]
    assert {event.type for event in tokens} <= {"token"}
    assert done.type == "done"


def test_the_head_is_that_of_an_event_stream(address):
    with stream(address, "/sse/clock?every=50") as clock:
        assert clock.status.startswith("HTTP/1.1 ")
        assert clock.fields["content-type"].partition(";")[0] == "text/event-stream"
        assert {"no-store", "no-cache"} & set(raw.tokens(clock.fields["cache-control"]))
        assert clock.fields["transfer-encoding"] == "chunked"
        assert "content-length" not in clock.fields


def test_the_clock_begins_with_the_retry_and_ticks_in_its_time(address):
    with stream(address, "/sse/clock?every=100") as clock:
        items = clock.items
        assert next(items) == Retry(1000)
        times, events = [], []
        for item in items:
            if isinstance(item, Event):
                times.append(time.monotonic())
                events.append(item)
            if len(events) == 11:
                break
        assert consecutive(ticks(events))
        # They are sent when they are due, not when there is enough to send. The first may be some time old.
        assert 0.8 <= times[-1] - times[0] <= 3
        gaps = [after - before for before, after in itertools.pairwise(times[1:])]
        assert max(gaps) < 0.8


@pytest.mark.parametrize("count", [1, 7])
def test_the_clock_is_cut_after_as_many_events_as_were_asked_for(address, count):
    with stream(address, f"/sse/clock?every=50&for={count}") as clock:
        assert len(ticks(clock.events())) == count


def test_the_clock_resumes_after_the_last_event_id_and_catches_up_at_once(address):
    with stream(address, "/sse/clock?every=50") as clock:
        seen = ticks(clock.events(3))
    time.sleep(2)
    before = time.monotonic()
    with stream(address, "/sse/clock?every=50", f"Last-Event-ID: {seen[-1]}") as clock:
        seen += ticks(clock.events(35))
        took = time.monotonic() - before
        seen += ticks(clock.events(10))
    assert consecutive(seen)
    assert took < 1, "what was missed is not sent at once"


def test_a_clock_that_is_cut_again_and_again_loses_and_repeats_nothing(address):
    seen, fields = [], []
    for count in [1, 2, 3, 1, 5, 1]:
        with stream(address, f"/sse/clock?every=50&for={count}", *fields) as clock:
            seen += ticks(clock.events())
        fields = [f"Last-Event-ID: {seen[-1]}"]
    assert len(seen) == 13
    assert consecutive(seen)


NONSENSE = ["", "x", "-1", "+1", "1 2", "1.5", "9" * 30, str(2**64 - 1), str(2**63), "Grüße", "\x80"]


@pytest.mark.parametrize("last_event_id", NONSENSE, ids=ascii)
def test_an_id_that_was_never_sent_is_no_error(address, last_event_id):
    with raw.connection(address) as sock:
        clock = Stream(sock, address, "/sse/clock?every=50&for=2", f"Last-Event-ID: {last_event_id}")
        status = clock.status.split(" ", 2)[1]
        # It may be refused or ignored.
        assert status in ("200", "400"), clock.status
        if status == "200":
            assert consecutive(ticks(clock.events()))


QUERIES = ["clock?every=0", "clock?every=49", "clock?every=10001", "clock?every=-50", "clock?every=x", "clock?every="]
QUERIES += ["clock?every=" + "9" * 30, "clock?for=0", "clock?for=-1", "clock?for=" + "9" * 30, "clock?", "clock?x=y&&="]
QUERIES += ["llm?n=-1", "llm?n=x", "llm?n=", "llm?n=" + "9" * 30, "llm?n=1%30", "llm?%"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_meaningless_query_is_no_error(address, query):
    with raw.connection(address) as sock:
        sock.sendall(raw.request(address, f"/sse/{query}", "Connection: close"))
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].split(" ", 2)[1] in ("200", "400")
    expect_to_be_served(address)


def test_a_clock_is_never_faster_than_every_50_ms(address):
    with raw.connection(address) as sock:
        clock = Stream(sock, address, "/sse/clock?every=1")
        if clock.status.split(" ", 2)[1] == "200":
            clock.events(1)
            before = time.monotonic()
            clock.events(10)
            assert time.monotonic() - before > 0.4


@pytest.mark.parametrize("count", [1, 1000, 20_000])
def test_tokens_come_completely_and_the_body_ends(address, count):
    with stream(address, f"/sse/llm?n={count}") as llm:
        expect_tokens(llm.events(), count)
        assert llm.complete, "the connection has ended without the last chunk"
        # A server that announces a persistent connection has to keep it (RFC 9112 §9.3).
        if "close" in raw.tokens(llm.fields.get("connection")):
            assert llm.reader.read() == b""


def test_a_thousand_tokens_are_the_default_of_200_bytes_each(address):
    with stream(address, "/sse/llm") as llm:
        *tokens, done = llm.events()
        expect_tokens([*tokens, done], 1000)
        assert all(100 <= len(event.data) <= 400 for event in tokens)


def test_tokens_resume_after_the_last_event_id(address):
    with stream(address, "/sse/llm?n=1000") as llm:
        *tokens, done = llm.events()
    for last in tokens[0], tokens[500], tokens[-2]:
        with stream(address, "/sse/llm?n=1000", f"Last-Event-ID: {last.last_event_id}") as llm:
            assert llm.events() == [*tokens[int(last.last_event_id) :], done]


def test_a_client_with_every_token_gets_the_final_event(address):
    with stream(address, "/sse/llm?n=10", "Last-Event-ID: 10") as llm:
        (done,) = llm.events()
        assert done.type == "done"


def test_a_client_with_everything_is_told_not_to_reconnect(address):
    with stream(address, "/sse/llm?n=10") as llm:
        done = llm.events()[-1]
    with raw.connection(address) as sock:
        fields = f"Last-Event-ID: {done.last_event_id}", "Connection: close"
        sock.sendall(raw.request(address, "/sse/llm?n=10", *fields))
        assert raw.only_response(raw.read_to_end(sock)).status == 204


def test_a_persistent_connection_serves_another_request(address):
    with raw.connection(address) as sock:
        for count in 3, 5:
            llm = Stream(sock, address, f"/sse/llm?n={count}")
            expect_tokens(llm.events(), count)
            if "close" in raw.tokens(llm.fields.get("connection")):
                break


def test_the_answers_to_pipelined_requests_do_not_mix(address):
    with raw.connection(address) as sock:
        sock.sendall(raw.request(address, "/") + raw.request(address, "/sse/llm?n=300") + raw.request(address, "/"))
        reader = sock.makefile("rb")
        status, fields = raw.read_head(reader)
        assert status.split(" ", 2)[1] == "200"
        reader.read(int(fields["content-length"]))
        status, fields = raw.read_head(reader)
        assert status.split(" ", 2)[1] == "200"
        body = b"".join(iter(lambda: raw.read_chunk(reader), b""))
        expect_tokens(event_stream.only(Event, event_stream.decode(body)), 300)
        # A server that writes an endless stream may leave the next request unanswered (RFC 9112 §9.6).
        rest = reader.readline()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_has_stopped_sending_still_gets_everything(address):
    with raw.connection(address) as sock:
        # Far more than is in flight when the server learns that we have stopped sending.
        sock.sendall(raw.request(address, "/sse/llm?n=20000"))
        sock.shutdown(socket.SHUT_WR)
        response = raw.only_response(raw.read_to_end(sock))
        expect_tokens(event_stream.only(Event, event_stream.decode(response.body)), 20_000)


def test_http_1_0_gets_the_stream_without_chunks_until_the_connection_ends(address):
    with stream(address, "/sse/llm?n=1000", version="1.0") as llm:
        assert "transfer-encoding" not in llm.fields
        assert "content-length" not in llm.fields
        assert llm.fields["content-type"].partition(";")[0] == "text/event-stream"
        expect_tokens(llm.events(), 1000)
    with stream(address, "/sse/clock?every=50&for=3", version="1.0") as clock:
        assert "transfer-encoding" not in clock.fields
        assert len(ticks(clock.events())) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/sse/clock", "/sse/llm"])
def test_other_methods_are_refused_with_405_that_names_get(address, path, method):
    with raw.connection(address) as sock:
        body = b"x=y" if method in ("POST", "PUT") else b""
        fields = [f"Content-Length: {len(body)}"] if body else []
        sock.sendall(raw.request(address, path, *fields, "Connection: close", method=method) + body)
        response = raw.only_response(raw.read_to_end(sock), method)
        assert response.status == 405
        assert "get" in raw.tokens(response.getheader("Allow"))


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("path", ["/sse/clock", "/sse/llm"])
def test_head_gets_the_head_of_the_stream_and_no_event(address, path, version):
    """A server has to answer HEAD wherever it answers GET (RFC 9110 §9.1, §9.3.2)."""
    with raw.connection(address) as sock:
        sock.sendall(raw.request(address, path, "Connection: close", method="HEAD", version=version))
        head, body = raw.read_to_end(sock).split(b"\r\n\r\n")
        assert body == b""
        lines = head.decode().lower().split("\r\n")
        assert " 200 " in lines[0] and any(line.startswith("content-type: text/event-stream") for line in lines)
        # The same as for GET, so that it tells what GET would bring.
        assert ("transfer-encoding: chunked" in lines) == (version == "1.1")


def test_paths_next_to_the_streams_are_not_found(address):
    for path in "/sse", "/sse/", "/sse/clocks", "/sse/clock/", "/sse/llm/1", "/SSE/clock":
        with raw.connection(address) as sock:
            sock.sendall(raw.request(address, path, "Connection: close"))
            assert raw.only_response(raw.read_to_end(sock)).status == 404, path


def expect_to_be_served(address):
    """Expects that other clients are served, and soon."""
    before = time.monotonic()
    with stream(address, "/sse/llm?n=50") as llm:
        expect_tokens(llm.events(), 50)
    with stream(address, "/sse/clock?every=50") as clock:
        assert consecutive(ticks(clock.events(3)))
    assert time.monotonic() - before < 2


def test_a_client_that_does_not_read_gets_no_more_and_others_do_not_wait(own_gateway):
    address, count = own_gateway.address, 200_000
    expect_to_be_served(address)
    before = own_gateway.memory()
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(raw.connection(address)) for _ in range(3)]
        for sock in socks:
            # Small enough that not everything is in flight.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            sock.sendall(raw.request(address, f"/sse/llm?n={count}"))
        deadline = time.monotonic() + 1
        grown = []
        while time.monotonic() < deadline:
            expect_to_be_served(address)
            grown.append(own_gateway.memory() - before)
        assert max(grown) < 8 << 20, f"{max(grown)} bytes more for three streams of {count * 200} that nobody reads"
        # One of them reads on, and gets everything.
        reader = socks[0].makefile("rb")
        raw.read_head(reader)
        body = b"".join(iter(lambda: raw.read_chunk(reader), b""))
        expect_tokens(event_stream.only(Event, event_stream.decode(body)), count)
        assert own_gateway.memory() - before < 8 << 20
    own_gateway.interrupt()
    assert own_gateway.wait(20) == 0, own_gateway.last_words()


def test_clients_that_leave_cost_nothing(own_gateway):
    address = own_gateway.address
    expect_to_be_served(address)
    time.sleep(0.5)
    files, memory = own_gateway.open_files(), own_gateway.memory()
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            for number in range(100):
                path = "/sse/llm?n=1000000" if number % 2 else "/sse/clock?every=50"
                sock = stack.enter_context(raw.connection(address))
                sock.sendall(raw.request(address, path))
                if number % 3 == 0:
                    sock.recv(100)
    deadline = time.monotonic() + 20
    while own_gateway.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.1)
    assert own_gateway.open_files() <= files
    # Memory that an allocator keeps looks like a leak, but it does not grow with each reader.
    assert own_gateway.memory() - memory < 64 << 20
    expect_to_be_served(address)


def test_sigint_ends_every_stream_between_events(own_gateway):
    address = own_gateway.address
    with contextlib.ExitStack() as stack:
        clocks = [stack.enter_context(stream(address, "/sse/clock?every=50")) for _ in range(3)]
        clocks.append(stack.enter_context(stream(address, "/sse/clock?every=50", version="1.0")))
        for clock in clocks:
            clock.events(2)
        before = time.monotonic()
        own_gateway.interrupt()
        for clock in clocks:
            # Read to the end, which must not be inside a line or a chunk.
            assert consecutive(ticks(clock.events()) or [0])
            assert clock.complete or not clock.chunked, "the connection has ended without the last chunk"
        assert time.monotonic() - before < 3
    assert own_gateway.wait(20) == 0, own_gateway.last_words()


def test_sigint_does_not_wait_for_a_client_that_does_not_read(own_gateway):
    address = own_gateway.address
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            sock = stack.enter_context(raw.connection(address))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            sock.sendall(raw.request(address, "/sse/llm?n=200000"))
            assert select.select([sock], [], [], WAIT)[0]
        own_gateway.interrupt()
        assert own_gateway.wait(20) == 0, own_gateway.last_words()


def test_a_comment_comes_when_there_is_nothing_else_to_send(address):
    with stream(address, "/sse/clock?every=10000") as clock:
        # It comes between two events, if not before the first.
        assert any(isinstance(item, Comment) for item in itertools.islice(clock.items, 7))
