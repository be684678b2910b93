"""Our client of event streams, and servers that cut the stream, fail, and come back.

`sse_client URL` prints each event as `ID TYPE DATA`, the data as a JSON string. It reconnects with the last ID, after
the time that the stream asks for, until it is interrupted or a 204 tells it to stop. With `--events N`, it exits with 0
after N events.
"""

import json
import sys
import time
import urllib.parse

import pytest

import event_stream
from conftest import HERE
from event_stream import Event
from programs import Program
from sse_server import Raw, Server, Status, Stream

WAIT = 30

RETRY = b"retry: 20\n\n"


@pytest.fixture
def listen(sse_client_path):
    """Starts the client, and ends it."""
    programs = []

    def start(url, *options):
        programs.append(Program(sse_client_path, url, *options, name="sse_client"))
        return programs[-1]

    yield start
    for program in programs:
        program.__exit__()


def printed(program, count=None):
    """Returns the next `count` events that the program prints, or all up to its end."""
    events = []
    while count is None or len(events) < count:
        line = program.line(WAIT)
        if line is None:
            assert count is None, f"the end after {len(events)} events; {program.last_words()}"
            break
        last_event_id, event_type, data = line.split(" ", 2)
        events.append(Event(event_type, json.loads(data), last_event_id))
    return events


def expect_end(program, status=0):
    assert program.line(WAIT) is None
    assert program.wait(WAIT) == status, program.last_words()


def asked_with(server, url=None):
    return [request.last_event_id for request in server.requests(url)]


# It has everything that a cut can hit: each line end, characters of two to four bytes, fields, comments.
EVENTS = [
    "id: 1\nevent: Grüße\ndata: 世界 👋\n\n".encode(),
    b": comment\r\nid: 2\r\ndata: one\r\ndata: two\r\n\r\n",
    "data: Nº\rid: 3\revent: cr\r\r".encode(),
    b"data\nid: 4\n\n",
    b"data: \xff\xe4\xb8\ndata: x\nid: 5\n\n",
]
EXPECTED = event_stream.only(Event, event_stream.decode(b"".join(EVENTS)))
assert len(EXPECTED) == len(EVENTS)


def after(last_event_id):
    """Returns the stream after an ID."""
    return b"".join(EVENTS[int(last_event_id or b"0") :])


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_wherever_a_stream_is_cut_nothing_is_lost_or_repeated(listen, version):
    stream = b"".join(EVENTS)
    with Server() as server:

        def cut(at):
            # The client asks again for what follows the last whole event.
            rest = [Stream(RETRY + stream[:at], "cut", version), lambda last: Stream(after(last), "cut", version)]
            return server.add(*rest)

        # All at once, because each of them has to wait.
        urls = [cut(at) for at in range(len(stream) + 1)]
        programs = [listen(url) for url in urls]
        for at, (url, program) in enumerate(zip(urls, programs, strict=True)):
            assert printed(program) == EXPECTED, f"cut at {at}"
            expect_end(program)
            whole = event_stream.only(Event, event_stream.decode(stream[:at]))
            last = whole[-1].last_event_id.encode() if whole else None
            assert asked_with(server, url) == [None, last, b"5"], f"cut at {at}"


def test_wherever_a_head_is_cut_the_client_comes_back(listen):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5"
    with Server() as server:
        first = Stream(b"retry: 20\nid: 1\ndata: x\n\n")
        urls = [server.add(first, Raw(head[:at]), Stream(b"id: 2\ndata: y\n\n")) for at in range(len(head) + 1)]
        programs = [listen(url) for url in urls]
        for at, (url, program) in enumerate(zip(urls, programs, strict=True)):
            assert [event.data for event in printed(program)] == ["x", "y"], f"cut at {at}"
            expect_end(program)
            assert asked_with(server, url) == [None, b"1", b"1", b"2"], f"cut at {at}"


def test_a_byte_at_a_time_is_enough(listen):
    with Server(Stream(RETRY + b"".join(EVENTS), pieces=1, pause=0.001)) as server:
        program = listen(server.url)
        assert printed(program) == EXPECTED
        expect_end(program)


def test_a_reset_and_a_chunk_that_is_cut_are_no_reason_to_stop(listen):
    def ten(first):
        numbers = range(first, first + 10)
        # The last event is incomplete.
        return b"".join(b"id: %d\ndata: %d\n\n" % (number, number) for number in numbers) + b"id: lost\ndata: lost\n"

    ends = ["reset", "inside a chunk", "complete", "cut", "reset", "inside a chunk"]
    with Server(*(Stream(RETRY + ten(10 * n), end) for n, end in enumerate(ends))) as server:
        program = listen(server.url)
        assert printed(program) == [Event("message", str(number), str(number)) for number in range(60)]
        expect_end(program)
        assert asked_with(server) == [None, b"9", b"19", b"29", b"39", b"49", b"59"]


def test_an_event_is_printed_at_once(listen):
    with Server(Stream(RETRY + EVENTS[0], "open")) as server:
        assert printed(listen(server.url), 1) == EXPECTED[:1]


def test_a_server_that_is_away_for_a_while_is_waited_for(listen):
    with Server(Stream(RETRY + EVENTS[0] + EVENTS[1], "open")) as server:
        program = listen(server.url)
        assert printed(program, 2) == EXPECTED[:2]
        for number in 2, 3:
            server.stop()
            time.sleep(0.7)
            server.add_answer(Stream(EVENTS[number], "open"))
            server.start()
            assert printed(program, 1) == [EXPECTED[number]]
        server.stop()
        server.start()
        expect_end(program)
        assert asked_with(server) == [None, b"2", b"3", b"4"]


def test_a_server_that_is_not_there_yet_is_waited_for(listen):
    with Server(Stream(b"".join(EVENTS))) as server:
        server.stop()
        program = listen(server.url)
        time.sleep(0.5)
        server.start()
        assert printed(program) == EXPECTED
        expect_end(program)


def test_sse_starlette_killed_and_started_again(listen):
    count, port, program, events = 400, 0, None, []

    def peer(port):
        command = [sys.executable, "-u", HERE / "python_sse_server.py", port, count]
        return Program(*command, name="sse-starlette")

    for _ in range(4):
        with peer(port) as server:
            url = server.line_after("listening on ")
            port = urllib.parse.urlsplit(url).port
            program = program or listen(url)
            events += printed(program, 60)
            server.kill()
    with peer(port):
        events += printed(program)
        expect_end(program)
    numbers = range(1, count + 1)
    assert events == [Event("count", f"number {number}\nZahl Nº {number}", str(number)) for number in numbers]


@pytest.mark.parametrize("ms", [0, 700, 1500])
def test_the_client_waits_as_long_as_it_was_told(listen, ms):
    with Server(Stream(b"retry: %d\nid: 1\ndata: x\n\n" % ms), Stream(b"id: 2\ndata: y\n\n")) as server:
        program = listen(server.url)
        assert [event.data for event in printed(program)] == ["x", "y"]
        expect_end(program)
        first, second, third = (request.at for request in server.requests())
        for waited in second - first, third - second:
            # At least half a second, and up to half as long again, so that clients do not all come back at once.
            least = max(ms, 500) / 1000
            assert least - 0.01 <= waited <= 1.5 * least + 1


def test_a_retry_counts_even_in_an_event_that_is_cut(listen):
    with Server(Stream(b"retry: 20\ndata: never to be printed\n", "cut")) as server:
        before = time.monotonic()
        program = listen(server.url)
        expect_end(program)
        # Without it, the wait would be at least three seconds.
        assert time.monotonic() - before < 2.9


# The stream on the first connection, and the ID in the request for the second.
IDS = {
    "none": (b"data: x\n\n", None),
    "one": (b"id: 7\ndata: x\n\n", b"7"),
    "one that is not a number": (b"id: urn:x/y?z=1, 2;3\ndata: x\n\n", b"urn:x/y?z=1, 2;3"),
    "one that is not ASCII": ("id: Grüße 👋\ndata: x\n\n".encode(), "Grüße 👋".encode()),
    "one for all after it": (b"id: 7\ndata: x\n\ndata: y\n\n", b"7"),
    "one without an event": (b"id: 7\n\n", b"7"),
    "one in an event that is cut": (b"id: 6\ndata: x\n\nid: 7\ndata: y\n", b"6"),
    "one with a NUL": (b"id: 6\ndata: x\n\nid: 7\0\ndata: y\n\n", b"6"),
    "one taken back": (b"id: 7\ndata: x\n\nid\ndata: y\n\n", None),
    "the last of two": (b"id: 6\nid: 7\ndata: x\n\n", b"7"),
}


@pytest.mark.parametrize("body, expected", IDS.values(), ids=IDS)
def test_the_last_id_is_asked_for_with(listen, body, expected):
    with Server(Stream(RETRY + body), Stream(b"data: again\n\n")) as server:
        program = listen(server.url)
        while program.line(WAIT) is not None:
            pass
        assert program.wait(WAIT) == 0, program.last_words()
        # An event without an ID keeps the last one, even from an earlier connection.
        assert asked_with(server) == [None, expected, expected]


def test_an_id_that_cannot_be_the_value_of_a_field_breaks_no_request(listen):
    with Server(Stream(RETRY + b"id: a\x01\x7fb\ndata: x\n\n")) as server:
        program = listen(server.url)
        assert program.line(WAIT) is not None
        while program.line(WAIT) is not None:
            pass
        # It may be sent or left out, but the server must have understood the request.
        assert len(server.requests()) == 2


def test_each_connection_starts_a_new_stream(listen):
    bom = b"\xef\xbb\xbf"
    # The first two streams end within something: a CRLF, an event, a byte order mark.
    answers = [Stream(RETRY + b"id: 1\ndata: x\r\r"), Stream(b"\nid: 2\ndata: lost\n\xef", "cut")]
    answers += [Stream(bom + b"data: y\nid: 3\n\n" + bom + b"data: no field\n\n"), Stream(bom + b"id: 4\ndata: z\n\n")]
    with Server(*answers) as server:
        program = listen(server.url)
        assert [(event.last_event_id, event.data) for event in printed(program)] == [("1", "x"), ("3", "y"), ("4", "z")]
        expect_end(program)


def test_the_request_is_one_for_an_event_stream(listen):
    with Server(Stream(RETRY + b"data: x\n\n")) as server:
        program = listen(server.url + "?a=b&c=%20")
        assert len(printed(program)) == 1
        expect_end(program)
        for request in server.requests():
            assert request.target == urllib.parse.urlsplit(server.url).path + "?a=b&c=%20"
            assert request.fields["host"] == f"127.0.0.1:{server.port}"
            assert request.fields["accept"] == "text/event-stream"
            assert "last-event-id" not in request.fields


def test_204_is_the_end_even_at_once(listen):
    with Server() as server:
        expect_end(listen(server.url))
        assert len(server.requests()) == 1


def test_a_server_that_is_overloaded_is_asked_again(listen):
    busy = [Status(503), Status(429, (("Retry-After", "2"),)), Status(503, body=b"data: too busy\n\n")]
    with Server(Stream(RETRY + EVENTS[0]), *busy, lambda last_event_id: Stream(after(last_event_id))) as server:
        program = listen(server.url)
        assert printed(program) == EXPECTED
        expect_end(program)
        assert asked_with(server) == [None, b"1", b"1", b"1", b"1", b"5"]
        assert server.requests()[3].at - server.requests()[2].at >= 2


STOPS = {
    "404": Status(404, body=b"data: not found\n\n"),
    "401": Status(401),
    "another type": Stream(b"data: x\n\n", content_type="text/html"),
    "a type that only begins alike": Stream(b"data: x\n\n", content_type="text/event-stream2"),
}


@pytest.mark.parametrize("answer", STOPS.values(), ids=STOPS)
def test_an_answer_that_is_no_event_stream_ends_the_reconnecting(listen, answer):
    with Server(Stream(RETRY + EVENTS[0]), answer, Stream(EVENTS[1])) as server:
        program = listen(server.url)
        assert printed(program) == EXPECTED[:1]
        assert program.wait(WAIT) != 0, "the status is that of a regular end"
        assert len(server.requests()) == 2


TYPES = ["text/event-stream;charset=utf-8", "Text/Event-Stream", "text/event-stream ; x=y"]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_type_may_have_parameters_and_capitals(listen, content_type):
    with Server(Stream(EVENTS[0], content_type=content_type)) as server:
        assert printed(listen(server.url, "--events", "1")) == EXPECTED[:1]


def test_the_client_ends_after_the_requested_number_of_events(listen):
    numbers = b"".join(b"data: %d\n\n" % number for number in range(10))
    with Server(Stream(RETRY + numbers), Stream(numbers, "open")) as server:
        program = listen(server.url, "--events", "15")
        assert [event.data for event in printed(program)] == [str(number % 10) for number in range(15)]
        expect_end(program)


@pytest.mark.parametrize("end", ["open", "complete"])
def test_sigint_ends_the_client_while_it_reads_and_while_it_waits(listen, end):
    with Server(Stream(b"retry: 60000\n\n" + EVENTS[0], end), Stream(b"", "open")) as server:
        program = listen(server.url)
        assert printed(program, 1) == EXPECTED[:1]
        time.sleep(0.3)
        program.interrupt()
        # The status may be success, or the usual one of an interrupted program.
        assert program.wait(5) in (0, 130, -2), program.last_words()
        assert len(server.requests()) == 1


def test_a_long_stream_arrives_completely_and_in_order(listen):
    count = 20_000

    def numbers(last_event_id):
        first = int(last_event_id or b"0") + 1
        return b"".join(b"id: %d\ndata: %b\n\n" % (number, b"x" * 200) for number in range(first, count + 1))

    def cut(last_event_id):
        return Stream(RETRY + numbers(last_event_id)[:1_000_001], "cut", pieces=1000)

    with Server(cut, cut, lambda last_event_id: Stream(numbers(last_event_id))) as server:
        program = listen(server.url)
        ids = [event.last_event_id for event in printed(program)]
        assert len(ids) == count
        assert ids == [str(number) for number in range(1, count + 1)]
        expect_end(program)
