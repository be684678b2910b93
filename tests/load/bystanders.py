"""Well-behaved connections beside the scenarios, in a process of their own.

They send messages of all sizes, each as soon as the one before is back, and a reader follows a stream of events.
None of their bytes may be lost, changed or out of order, whatever others do.
"""

import collections
import random
import selectors
import time

from apart import Apart
from wire import BINARY, CLOSE, PATIENCE, TEXT, Peer, brief, frame, reply

SIZES = [0, 1, 16, 125, 126, 1_000, 4_000, 65_535, 65_536, 200_000]
# How often each of them sends, in seconds, so that their load is the same on every machine.
EVERY = 0.05

Report = collections.namedtuple("Report", "echoes slowest")


class Bystanders(Apart):
    """A handle on the process of the bystanders."""

    def __init__(self, address, count, seed):
        super().__init__(stand_by, address, count, seed)

    def report(self):
        """Returns what happened since the last report. Fails if anything was lost, or if nothing came back."""
        report = Report(*self.ask("report"))
        assert report.echoes > 0, "beside it, not one message came back"
        return report

    def expect_going_away(self):
        """Tells them that the gateway is about to stop; `farewell` returns the result."""
        self.ask("farewell")

    def farewell(self):
        return self.answer()

    def ask(self, command):
        # A pending answer says why they ended.
        if self.pipe.poll():
            self.answer()
        self.pipe.send(command)
        return self.answer()


def stand_by(address, count, seed, pipe):
    try:
        Crowd(address, count, random.Random(seed), pipe).run()
    except Exception as error:  # noqa: BLE001  Whatever it is, the other process has to be told.
        pipe.send(f"{type(error).__name__}: {error}")


class Crowd:
    def __init__(self, address, count, random_, pipe):
        self.pipe = pipe
        self.random = random_
        self.selector = selectors.DefaultSelector()
        self.speakers = [Speaker(address, number) for number in range(count)]
        self.clock = Clock(address)
        for one in [*self.speakers, self.clock]:
            one.peer.socket.setblocking(False)
            self.selector.register(one.peer.socket, selectors.EVENT_READ, one)
        self.selector.register(pipe, selectors.EVENT_READ)
        self.silent = False
        pipe.send(("here we are",))

    def run(self):
        there = len(self.speakers) + 1
        while there:
            now = time.monotonic()
            if not self.silent:
                for one in self.speakers:
                    self.let_speak(one, now)
            for key, _ in self.selector.select(EVERY / 4):
                if key.data is None:
                    self.obey(self.pipe.recv())
                elif key.data.receive():
                    assert self.silent, "a connection was closed"
                    self.selector.unregister(key.fileobj)
                    there -= 1
        self.pipe.send(("all of us were told that the gateway goes away",))

    def let_speak(self, one, now):
        if now >= one.next_at and not one.expected:
            one.speak(self.message(), now)
        if one.expected and now - one.sent_at > PATIENCE:
            raise AssertionError(f"no echo of {brief(one.expected)} within {PATIENCE} s")
        one.flush()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.unsent else 0)
        if events != self.selector.get_key(one.peer.socket).events:
            self.selector.modify(one.peer.socket, events, one)

    def message(self):
        size = self.random.choice(SIZES)
        if self.random.random() < 0.5:
            return TEXT, ("äöü–" * (size // 9 + 1)).encode()[: size // 9 * 9]
        return BINARY, self.random.randbytes(size)

    def obey(self, command):
        if command == "farewell":
            for one in self.speakers:
                # Wait for the echoes in flight, and send nothing after them.
                one.peer.socket.settimeout(PATIENCE)
                one.finish()
                one.peer.socket.setblocking(False)
            self.silent = True
            self.pipe.send(("we say no more",))
            return
        echoes = sum(one.echoes for one in self.speakers)
        slowest = max(one.slowest for one in self.speakers)
        for one in self.speakers:
            one.echoes, one.slowest = 0, 0.0
        assert self.clock.ticks, "the stream of events has stopped"
        self.clock.ticks = 0
        self.pipe.send((echoes, slowest))


class Speaker:
    """A WebSocket that sends a message now and then."""

    def __init__(self, address, number):
        self.peer = Peer(address).upgrade()
        self.unsent = b""
        self.expected = b""
        self.next_at = time.monotonic() + number * EVERY / 50
        self.sent_at = 0.0
        self.echoes = 0
        self.slowest = 0.0
        self.told = False

    def speak(self, message, now):
        self.unsent, self.expected = frame(*message), reply(*message)
        self.sent_at, self.next_at = now, now + EVERY

    def flush(self):
        try:
            while self.unsent:
                self.unsent = self.unsent[self.peer.socket.send(self.unsent) :]
        except BlockingIOError:
            pass

    def finish(self):
        self.peer.send(self.unsent)
        self.unsent = b""
        while self.expected:
            assert not self.receive(), "a connection was closed before the echo came"

    def receive(self):
        """Checks the pending bytes, and returns whether the connection has ended, which it may after a close frame."""
        try:
            data = self.peer.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        if not data:
            assert self.told, "the end came without a close frame"
            return True
        if not self.expected:
            # The close frame is written at once, so it comes in one piece.
            assert data.startswith(b"\x88") and data[2:4] == b"\x03\xe9", (
                f"expected a close with 1001, got {brief(data)}"
            )
            self.told = True
            self.peer.send(frame(CLOSE, b"\x03\xe9"))
            return False
        assert self.expected.startswith(data), f"expected {brief(self.expected)}, got {brief(data)}"
        self.expected = self.expected[len(data) :]
        if not self.expected:
            self.echoes += 1
            self.slowest = max(self.slowest, time.monotonic() - self.sent_at)
        return False


class Clock:
    """A reader of numbered events."""

    def __init__(self, address):
        self.peer = Peer(address)
        # In HTTP/1.0, the body comes without chunks, up to the end of the connection.
        self.peer.send(b"GET /sse/clock?every=50 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        head = self.peer.head()
        assert " 200 " in head, f"expected 200, got {head!r}"
        self.text = self.peer.early
        self.last = None
        self.ticks = 0

    def receive(self):
        data = self.peer.socket.recv(1 << 16)
        self.text += data
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            if line.startswith(b"id: "):
                number = int(line[4:])
                assert self.last in (None, number - 1), f"after event {self.last} came {number}"
                self.last = number
                self.ticks += 1
        return not data
