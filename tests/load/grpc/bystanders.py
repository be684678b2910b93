"""Well-behaved connections beside the scenarios, in a process of their own.

Each has a chat that stays open and makes unary calls beside it, one at a time and at a fixed pace. No message may be
lost or changed, whatever others do.
"""

import collections
import selectors
import time

from apart import Apart
from calls import (
    ACK, ADA_FOUND, CHAT, DATA, END_STREAM, GOAWAY, HEADERS, PATIENCE, RST_STREAM, SETTINGS, Peer, data, frame, head,
    message, text, unary,
)  # fmt: skip

# How often each of them calls, in seconds, so that their load is the same on every machine.
EVERY = 0.05
SIZES = [0, 1, 100, 1_000, 20_000]

Report = collections.namedtuple("Report", "calls median slowest")


class Bystanders(Apart):
    """A handle on the process of the bystanders."""

    def __init__(self, address, count):
        super().__init__(stand_by, address, count)

    def report(self):
        """Returns what happened since the last report. Fails if anything was lost, or if nothing came back."""
        if not self.pipe.poll():
            self.pipe.send("report")
        report = Report(*self.answer())
        assert report.calls > 0, "beside it, not one call was answered"
        return report


def stand_by(address, count, pipe):
    try:
        crowd = [Caller(address, number) for number in range(count)]
        pipe.send(())
        with selectors.DefaultSelector() as selector:
            for one in crowd:
                selector.register(one.peer.socket, selectors.EVENT_READ, one)
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                for one in crowd:
                    one.go_on(now)
                for key, _ in selector.select(EVERY / 10):
                    if key.data:
                        key.data.receive()
                    else:
                        pipe.recv()
                        times = sorted(found for one in crowd for found in one.times)
                        for one in crowd:
                            one.times = []
                        pipe.send((len(times), times[len(times) // 2] if times else 0, max(times, default=0)))
    except Exception as error:  # noqa: BLE001  Whatever it is, the other process has to be told.
        pipe.send(f"{type(error).__name__}: {error}")


class Caller:
    """A connection with a chat. Whatever is sent, its answer is known."""

    def __init__(self, address, number):
        self.peer = Peer(address)
        self.peer.send(head(1, CHAT))
        self.chat, self.stream, self.turn = 1, 1, number
        # Of the current call: its stream, what is to come, and whether trailers end it.
        self.waits_for, self.expected, self.ends = None, b"", False
        self.next_at = time.monotonic() + number * EVERY / 20
        self.sent_at = 0.0
        self.times = []

    def go_on(self, now):
        if self.waits_for is not None:
            assert now - self.sent_at < PATIENCE, f"no answer within {PATIENCE} s"
            return
        if now < self.next_at:
            return
        self.turn += 1
        if self.turn % 2:
            self.stream += 2
            self.waits_for, self.expected, self.ends = self.stream, message(ADA_FOUND), True
            sent = unary(self.stream)
        else:
            said = message(text(SIZES[self.turn // 2 % len(SIZES)]))
            self.waits_for, self.expected, self.ends = self.chat, said, False
            sent = data(self.chat, said)
        self.sent_at, self.next_at = now, now + EVERY
        self.peer.send(sent)

    def receive(self):
        received = self.peer.socket.recv(1 << 18)
        assert received, "a connection was closed"
        for kind, flags, stream, payload in self.peer.frames.push(received):
            assert kind not in (RST_STREAM, GOAWAY), f"frame {kind} on stream {stream}: {payload}"
            if kind == SETTINGS and not flags & ACK:
                self.peer.send(frame(SETTINGS, ACK, 0))
            if kind == DATA:
                assert stream == self.waits_for and self.expected.startswith(payload), "another message came"
                self.expected = self.expected[len(payload) :]
            ended = kind in (DATA, HEADERS) and bool(flags & END_STREAM)
            if stream and stream == self.waits_for and not self.expected and ended == self.ends:
                self.times.append(time.monotonic() - self.sent_at)
                self.waits_for = None
