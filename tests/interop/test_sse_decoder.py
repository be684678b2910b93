"""Our decoder of event streams, with the output of other people's encoders, and compared to other decoders."""

import base64
import re
import subprocess

from hypothesis import example, given
from hypothesis import strategies as st
from sse_starlette import ServerSentEvent

import event_stream
from event_stream import Comment, Event, Retry
from programs import Program
from stream_peers import npm_reads, parse_line

WAIT = 20

# Not what those encoders should be given, but what they accept.
any_event = st.fixed_dictionaries(
    {},
    optional={
        "event": event_stream.text,
        "data": event_stream.text,
        "id": event_stream.text,
        "retry": st.one_of(event_stream.retry, st.integers(-10, -1)),
        "comment": event_stream.text,
    },
)


def reads(sse_json, stream):
    """Reads a stream with our decoder and with the plain one: a difference between them is ours, not the encoder's."""
    items = sse_json.decode(stream)
    assert items == [item for item in event_stream.decode(stream) if isinstance(item, Event | Retry)]
    return event_stream.only(Event, items), event_stream.only(Retry, items)


def arriving(events):
    """Returns what has to arrive from an encoder that writes anything as an ID and as a retry."""
    # Neither an ID with a NUL nor a retry with a sign has any effect.
    heard = [
        {k: v for k, v in event.items() if not (k == "id" and "\0" in v) and not (k == "retry" and v < 0)}
        for event in events
    ]
    return event_stream.model(heard)


@given(st.lists(any_event, max_size=5))
@example([{"id": "1"}, {"data": "x"}, {"id": "a\0b", "data": "y"}, {"id": "", "data": "z"}])
@example([{"retry": -1, "data": "x"}, {"retry": 0}])
def test_what_npm_eventsource_encoder_writes(sse_json, npm, events):
    written, stream = [], b""
    for event in events:
        if "comment" in event:
            # It writes either data or a comment.
            event = {"comment": event["comment"]}
        answer = npm(encode=event)
        if "error" in answer:
            # It refuses line ends in a type or an ID, which is right.
            assert re.search("[\r\n]", event.get("event", "") + event.get("id", ""))
        else:
            written.append(event)
            stream += base64.b64decode(answer["stream"])
    assert reads(sse_json, stream) == arriving(written)
    comments = [event["comment"] for event in written if "comment" in event]
    assert event_stream.only(Comment, event_stream.decode(stream)) == [
        Comment(line) for comment in comments for line in event_stream.received(comment).split("\n")
    ]


@given(st.lists(any_event, max_size=5), st.sampled_from(["\r\n", "\n", "\r"]))
@example([{"id": "1"}, {"data": "x"}, {"id": "a\0b", "data": "y"}, {"id": "", "data": "z"}], "\r")
@example([{"retry": -5, "data": "x"}, {"event": "e\ndata: evil", "data": "x"}], "\r\n")
def test_what_sse_starlette_writes(sse_json, events, line_end):
    stream = b"".join(ServerSentEvent(**event, sep=line_end).encode() for event in events)
    # It silently removes line ends from types and IDs.
    written = [
        {k: re.sub("[\r\n]", "", v) if k in ("event", "id") else v for k, v in event.items()} for event in events
    ]
    assert reads(sse_json, stream) == arriving(written)


@given(event_stream.wild_stream)
@example(b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n")
@example(b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\n\n")
@example(b"data: x\r\r\n\ndata\n\ndata\ndata\n\ndata:\n\n")
@example(b"data:\xffhello\xc2\ndata:bye\n\ndata: \xed\xa0\x80\n\n")
@example(b"event: ping\n\ndata: x\n\nid: 99\n\nid: 100\n\rid: 5\0\ndata: y\n\nid\ndata: z\n\n")
@example(b"retry: 02000\nretry: +5\nretry: 5 \nretry:\nretry: 7")
def test_invalid_streams_are_read_as_the_standard_says(sse_json, stream):
    reads(sse_json, stream)


@given(event_stream.wild_stream)
def test_invalid_streams_are_read_as_npm_eventsource_parser_does(sse_json, npm, stream):
    # After a CR at the end, it waits for an LF. This comment line lets it go on, and means nothing to any decoder.
    stream += b":\n"
    events, retries = npm_reads(npm, stream)
    ours, our_retries = reads(sse_json, stream)
    assert [(event.type, event.data) for event in ours] == [(event.type, event.data) for event in events]
    assert our_retries == retries


@given(event_stream.wild_stream)
def test_invalid_streams_are_read_as_a_browser_does(sse_json, browser_reads, stream):
    ours, _ = reads(sse_json, stream)
    expected = event_stream.only(Event, event_stream.decode(stream))
    types = [event.type for event in [*ours, *expected]]
    assert ours == browser_reads(stream, types)


def test_an_event_is_out_as_soon_as_its_end_is_in(sse_json):
    with Program(sse_json.path, "decode", stdin=subprocess.PIPE) as program:

        def expect(item):
            assert parse_line(program.line(WAIT)) == item

        for number, end in enumerate([b"\n", b"\r\n", b"\r"] * 2):
            program.write(b"data: %d" % number + end + end)
            expect(Event("message", str(number), ""))
        program.write(b"data: not yet\nretry: 5\r")
        expect(Retry(5))
        # This LF belongs to the CR before it, and ends nothing.
        program.write(b"\ndata: now\r\n\r")
        expect(Event("message", "not yet\nnow", ""))
        # The end of this event never comes.
        program.write(b"\ndata: x\n")
        program.close_stdin()
        assert program.line(WAIT) is None
        assert program.wait(WAIT) == 0
