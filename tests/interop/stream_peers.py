"""Programs that write and read whole event streams: our `sse_json`, and packages that other people wrote."""

import base64
import contextlib
import http.server
import json
import subprocess
import threading

import httpx
import httpx_sse

import chromium
from event_stream import Event, Retry


class Json:
    """Our encoder and decoder, run as `sse_json`."""

    def __init__(self, path):
        self.path = path

    def run(self, direction, data):
        return subprocess.run([self.path, direction], input=data, capture_output=True, timeout=20)

    def encode(self, events):
        # Not only ASCII, so that it has to decode its input.
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        done = self.run("encode", lines.encode())
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout

    def decode(self, stream):
        done = self.run("decode", stream)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return parse(done.stdout)


def parse(lines):
    """Parses the output of `sse_json decode`."""
    return [parse_line(line) for line in lines.decode().split("\n")[:-1]]


def parse_line(line):
    item = json.loads(line)
    return Retry(item["retry"]) if "retry" in item else Event(item["event"], item["data"], item["id"])


def httpx_sse_reads(stream):
    """Returns the events with their IDs, and the retries, as `httpx-sse` reads them."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream)
    events = list(httpx_sse.EventSource(response).iter_sse())
    retries = [Retry(event.retry) for event in events if event.retry is not None]
    return [Event(event.event, event.data, event.id) for event in events], retries


def npm_reads(npm, stream):
    """Returns the events, each with the ID of its own block or `None`, and the retries."""
    answer = npm(decode=base64.b64encode(stream).decode())
    return [Event(*event) for event in answer["events"]], [Retry(ms) for ms in answer["retries"]]


READ = """
    const [url, types] = args;
    const source = new EventSource(url);
    const events = [];
    let failed;
    const end = new Promise((done, fail) => {
        failed = setTimeout(() => fail(new Error('the stream does not end within 20 s')), 20000);
        for (const type of new Set(['error', 'message', ...types])) {
            source.addEventListener(type, (event) => {
                if (event instanceof MessageEvent) events.push([event.type, event.data, event.lastEventId]);
                else if (type === 'error') done();
            });
        }
    });
    await end;
    clearTimeout(failed);
    source.close();
    return events;
"""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content_type, body = self.server.bodies.get(self.path, (None, None))
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def page(executable):
    """Opens a page, and yields a function that has its `EventSource` read a stream.

    The function is told the types of events to listen for, because `EventSource` does not deliver others.
    """
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.bodies = {"/": ("text/html", b"<!doctype html><title>streams</title>")}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with chromium.page(executable) as tab:
                tab.open(f"http://127.0.0.1:{server.server_port}/")

                def read(stream, types):
                    server.bodies["/stream"] = ("text/event-stream", stream)
                    return [Event(*event) for event in tab.run(READ, "/stream", types)]

                yield read
        finally:
            server.shutdown()
