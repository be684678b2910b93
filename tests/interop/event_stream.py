"""Reads event streams by the standard (HTML §9.2.6), in the plainest way. All decoders are compared to this.

It has the whole stream, so its only state is what the standard names. Also generates streams, from pieces that some
parser or encoder got wrong.
"""

import re
from typing import NamedTuple

from hypothesis import strategies as st


class Event(NamedTuple):
    type: str
    data: str
    last_event_id: str


class Retry(NamedTuple):
    ms: int


class Comment(NamedTuple):
    text: str


class Id(NamedTuple):
    """The ID of a block. It comes right before the event of the block, if there is one."""

    id: str


def interpret(lines, last_event_id=""):
    """Yields the result of each line; the lines are without their ends."""
    data, event_type, own_id = [], "", None
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if own_id is not None:
                last_event_id = own_id
                yield Id(own_id)
            if data:
                yield Event(event_type or "message", "\n".join(data), last_event_id)
            data, event_type, own_id = [], "", None
        elif name == "":
            yield Comment(value)
        elif name == "data":
            data.append(value)
        elif name == "event":
            event_type = value
        elif name == "id" and "\0" not in value:
            own_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            yield Retry(int(value))


def decode(stream):
    """Returns everything in a stream of bytes."""
    # Python replaces invalid UTF-8 as browsers do: one U+FFFD for each maximal part of a character.
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    # What follows the last line end is not a line.
    return list(interpret(re.split("\r\n|\r|\n", text)[:-1]))


def only(kind, items):
    return [item for item in items if isinstance(item, kind)]


def received(data):
    """Returns data as it arrives: every line end becomes an LF."""
    return re.sub("\r\n|\r", "\n", data)


# Line ends, characters that other standards treat as line ends, and pieces that look like a field or belong to one.
PITFALLS = ["\r", "\n", "\r\n", "\n\n", "\r\r", "\n\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"]
PITFALLS += [" ", "  ", "\t", ":", ": ", "data", "data: x", "id: 9", "event: x", "retry: 1", ":comment", "[DONE]"]
PITFALLS += ["\ufeff", "\0", "\x7f", "\ufffd", "é", "e\u0301", "世界", "👩‍👩‍👧", "\U0010ffff", "\xa0", '"', "\\", "\\n"]

character = st.characters(exclude_categories=["Cs"])
text = st.lists(st.one_of(st.sampled_from(PITFALLS), st.text(character, max_size=4)), max_size=8).map("".join)


def without(strategy, characters):
    return strategy.map(lambda value: "".join(c for c in value if c not in characters))


# It cannot have what would end it, and with a NUL it would not arrive everywhere.
event_type = without(text, "\r\n\0")
# It has to come back as the value of an HTTP field (RFC 9110 §5.5).
event_id = without(text, [chr(c) for c in range(32) if chr(c) != "\t"] + ["\x7f"]).map(lambda value: value.strip(" \t"))
# Up to the largest exact number in JavaScript.
retry = st.one_of(st.integers(0, 100_000), st.just(2**53 - 1))


def optional(strategy):
    return st.one_of(st.none(), strategy)


def events(data=text, event_type=event_type, event_id=event_id, retry=retry):
    """Generates lists of events that can be encoded, in the form that `sse_json encode` takes."""
    parts = {"event": optional(event_type), "data": data, "id": optional(event_id), "retry": optional(retry)}
    event = st.fixed_dictionaries(parts).map(lambda event: {k: v for k, v in event.items() if v is not None})
    return st.lists(event, min_size=1, max_size=5)


def model(events):
    """Returns what has to arrive of such a list: events, and retries."""
    arriving, retries, last_event_id = [], [], ""
    for event in events:
        last_event_id = event.get("id", last_event_id)
        if "retry" in event:
            retries.append(Retry(event["retry"]))
        if "data" in event:
            arriving.append(Event(event.get("event") or "message", received(event["data"]), last_event_id))
    return arriving, retries


LINE_ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])
NAMES = [b"data", b"data", b"data", b"event", b"id", b"retry", b"", b"Data", b" data", b"data ", b"dat", b"datum"]
NAMES += [b"ids", b"\xef\xbb\xbfdata", b"\xef\xbbdata", b"retry\0", b"comment", b"\xffdata"]
SEPARATORS = [b": ", b": ", b":", b":  ", b":\t", b"", b" :", b"::"]
VALUES = [b"", b"x", b" ", b"0", b"10", b"007", b"+5", b"-5", b" 5", b"5 ", b"1e3", b"5x", "５".encode()]
VALUES += [b"a\0b", b"\0", b"\xff", b"\xc2", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf"]
VALUES += [b"\xe2\x80\xa8", b"\xc2\x85", "Grüße, 世界 👋".encode(), b"message", b"data: x", b"9007199254740991"]

line = st.tuples(st.sampled_from(NAMES), st.sampled_from(SEPARATORS), st.sampled_from(VALUES)).map(b"".join)
# Ordinary lines, so that there are events too.
plain_line = st.sampled_from([b"data: x", b"data: y", b"event: t", b"id: 1"])
any_line = st.one_of(line, line, plain_line, st.just(b""), st.just(b""), st.binary(max_size=6))
# Streams that nobody should send, but that every decoder has to read in the same way.
wild_stream = st.builds(
    lambda start, lines, rest: start + b"".join(map(b"".join, lines)) + rest,
    st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb", b"\n\xef\xbb\xbf"]),
    st.lists(st.tuples(any_line, LINE_ENDS), max_size=12),
    st.one_of(st.just(b""), any_line),
)
