"""Our encoder of event streams, and other people's decoders, which must decode what was encoded."""

import json

import hypothesis
import pytest
from hypothesis import given

import event_stream
from event_stream import Comment, Event, Id, Retry
from stream_peers import httpx_sse_reads, npm_reads

# Some cases that the generators find too, to be sure of them and to show them.
EXAMPLES = {
    "one line": {"data": "hello"},
    "lines": {"data": "one\ntwo\n\nfour"},
    "every line end": {"data": "a\rb\nc\r\nd\n\re"},
    "nothing but line ends": {"data": "\r\n\n\r"},
    "line ends last": {"data": "a\n\n"},
    "empty": {"data": ""},
    "spaces in front": {"data": "  a\n b\n\tc"},
    "trailing spaces": {"data": "a  \nb \n"},
    "a byte order mark": {"data": "\ufeffa\n\ufeff"},
    "a NUL": {"data": "a\0b\n\0"},
    "separators for others": {"data": "a\u2028b\u2029c\x85d\x0be\x0cf"},
    "what would be a field": {"data": "id: 1\nevent: x\nretry: 5\ndata: y\n: z"},
    "an injection": {"data": "a\rdata: evil\r\rdata: evil2"},
    "not ASCII": {"data": "Grüße, 世界 👋"},
    "all fields": {"event": "update", "data": "x", "id": "42", "retry": 1500},
    "a type that could be a field": {"event": " data: x", "data": "y"},
    "a type with a byte order mark": {"event": "\ufefft", "data": "y"},
    "the default type": {"event": "message", "data": "x"},
    "an empty type": {"event": "", "data": "x"},
    "an ID that is not ASCII": {"data": "x", "id": "Grüße 👋"},
    "an empty ID": {"data": "x", "id": ""},
    "no wait": {"data": "x", "retry": 0},
}


def with_examples(test):
    for example in EXAMPLES.values():
        # The ID before it shows how it changes. The event after it shows that this one has ended.
        events = [{"data": "before", "id": "1"}, example, {"data": "after"}]
        test = hypothesis.example(events)(test)
    return test


@with_examples
@given(event_stream.events(data=event_stream.optional(event_stream.text)))
def test_the_standard_reads_what_was_written(sse_json, events):
    # A block may have only an ID or a retry. Without data, a type has no meaning.
    events = [event if "data" in event else {k: v for k, v in event.items() if k != "event"} for event in events]
    events = [event for event in events if event]
    items = event_stream.decode(sse_json.encode(events))
    arriving, retries = event_stream.model(events)
    assert event_stream.only(Event, items) == arriving
    assert event_stream.only(Retry, items) == retries
    assert event_stream.only(Id, items) == [Id(event["id"]) for event in events if "id" in event]
    assert event_stream.only(Comment, items) == []


@with_examples
@given(event_stream.events())
def test_httpx_sse_reads_what_was_written(sse_json, events):
    assert httpx_sse_reads(sse_json.encode(events)) == event_stream.model(events)


@with_examples
@given(event_stream.events())
def test_npm_eventsource_parser_reads_what_was_written(sse_json, npm, events):
    arriving, retries = event_stream.model(events)
    # It leaves it to its caller to remember an ID for later events.
    arriving = [event._replace(last_event_id=source.get("id")) for event, source in zip(arriving, events, strict=True)]
    assert npm_reads(npm, sse_json.encode(events)) == (arriving, retries)


@with_examples
@given(event_stream.events())
def test_a_browser_reads_what_was_written(sse_json, browser_reads, events):
    arriving, _ = event_stream.model(events)
    assert browser_reads(sse_json.encode(events), [event.type for event in arriving]) == arriving


REFUSED = {
    "a type with an LF": {"event": "a\ndata: evil", "data": "x"},
    "a type with a CR": {"event": "a\rdata: evil", "data": "x"},
    "a type with a NUL": {"event": "a\0b", "data": "x"},
    "an ID with an LF": {"id": "1\ndata: evil", "data": "x"},
    "an ID with a CR": {"id": "1\r", "data": "x"},
    "an ID with a NUL": {"id": "1\0", "data": "x"},
    # Such an ID would not come back as `Last-Event-ID` (RFC 9110 §5.5).
    "an ID with a control character": {"id": "1\x1b2", "data": "x"},
    "an ID with a space in front": {"id": " 1", "data": "x"},
    "an ID with a trailing tab": {"id": "1\t", "data": "x"},
}


@pytest.mark.parametrize("event", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_encoded_is_refused_and_not_written(sse_json, event):
    expect_refusal(sse_json, event)


def expect_refusal(sse_json, event):

    lines = [{"data": "before"}, event, {"data": "never reached"}]
    done = sse_json.run("encode", "".join(json.dumps(line) + "\n" for line in lines).encode())
    assert done.returncode != 0
    assert done.stderr.strip() != b"", "it does not say why"
    assert event_stream.decode(done.stdout) == [Event("message", "before", "")]


@given(event_stream.text)
def test_an_id_is_refused_only_if_it_could_not_come_back(sse_json, event_id):
    visible = all(c == "\t" or (c >= " " and c != "\x7f") for c in event_id)
    event = {"data": "x", "id": event_id}
    if visible and event_id == event_id.strip(" \t"):
        assert event_stream.decode(sse_json.encode([event]))[-1] == Event("message", "x", event_id)
    else:
        expect_refusal(sse_json, event)


# Where other decoders differ from the standard. The tests above avoid these cases.


def test_httpx_sse_reads_a_block_without_data_as_an_event():
    assert httpx_sse_reads(b"id: 1\n\n") == ([Event("message", "", "1")], [])
    # After that, every blank line is an event.
    assert httpx_sse_reads(b"id: 1\ndata: x\n\n\n") == ([Event("message", "x", "1"), Event("message", "", "1")], [])


def test_eventsource_parser_drops_the_id_of_a_block_without_data(npm):
    assert npm_reads(npm, b"id: 1\n\ndata: x\n\n") == ([Event("message", "x", None)], [])
