"""Starts the programs under test, and ends them whatever happens in between.

Only the standard library: `tests/autobahn/run` uses this too.
"""

import collections
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPO / "target").resolve()

# A process in the background ignores SIGINT, and so would the programs that it starts. They have to end by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Failure(Exception):
    """An expectation that was not met; the text says what was expected."""


def example(name):
    """Finds an example that `cargo build --release --examples` has built."""
    path = TARGET / "release" / "examples" / name
    if not path.is_file():
        raise Failure(f"{path} is missing: run `cargo build --release --examples --all-features` first")
    return path


def grpc_h2():
    """Finds the example of gRPC over HTTP/2, which is a package of its own."""
    path = TARGET / "grpc_h2" / "release" / "grpc_h2"
    if not path.is_file():
        build = "cargo build --release --manifest-path examples/grpc_h2/Cargo.toml --target-dir target/grpc_h2"
        raise Failure(f"{path} is missing: run `{build}` first")
    return path


class Program:
    """A child process whose output is read line by line, as it comes.

    A context manager: at its end, the process is ended by its own id, if it has not ended by itself.
    """

    def __init__(self, *command, name=None, stdin=None, env=None, cwd=None):
        self.name = name or pathlib.Path(command[0]).name
        self.tail = collections.deque(maxlen=15)
        self._stdout = queue.Queue()
        self._stderr = queue.Queue()
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
        )
        self.pid = self._process.pid
        # Threads read the output, so that no pipe is ever full and no program ever waits for us.
        for pipe, lines in (self._process.stdout, self._stdout), (self._process.stderr, self._stderr):
            threading.Thread(target=self._read, args=(pipe, lines), daemon=True).start()

    def _read(self, pipe, lines):
        for line in pipe:
            text = line.decode("utf-8", "replace").rstrip("\n")
            self.tail.append(text[:200])
            lines.put(text)
        lines.put(None)

    def line(self, timeout, stderr=False):
        """Returns the next line of output, `None` at its end."""
        lines = self._stderr if stderr else self._stdout
        try:
            line = lines.get(timeout=timeout)
        except queue.Empty:
            raise Failure(f"{self.name}: no line within {timeout:.0f} s; {self.last_words()}") from None
        if line is None:
            # Keep the end for further calls.
            lines.put(None)
        return line

    def line_after(self, prefix, timeout=20, stderr=False):
        """Skips to the line that begins with `prefix` and returns the rest of that line."""
        deadline = time.monotonic() + timeout
        while True:
            line = self.line(max(deadline - time.monotonic(), 0), stderr)
            if line is None:
                raise Failure(f"{self.name} ended before it printed {prefix!r}; {self.last_words()}")
            if line.startswith(prefix):
                return line[len(prefix) :].strip()

    def write(self, data):
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def close_stdin(self):
        self._process.stdin.close()

    def memory(self):
        """Returns how many bytes of memory the program uses. Only Linux reports that."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s*(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def open_files(self):
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def interrupt(self):
        self.signal(signal.SIGINT)

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def wait(self, timeout):
        """Waits for the end and returns the exit status."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} still runs after {timeout} s; {self.last_words()}") from None

    def has_ended(self):
        return self._process.poll() is not None

    def last_words(self):
        return "its last output:\n  " + "\n  ".join(self.tail) if self.tail else "it printed nothing"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin and not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except OSError:
                pass  # The process has ended, so it does not need the rest.


def gateway(path, *options):
    """Starts the gateway, or another server, on a port that the system picks; its `address` is `127.0.0.1:PORT`."""
    program = Program(path, "--listen", "127.0.0.1:0", *options)
    try:
        program.address = program.line_after("listening on ").partition("://")[2].rstrip("/")
    except Failure:
        program.__exit__()
        raise
    return program
