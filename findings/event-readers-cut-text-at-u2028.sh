#!/usr/bin/env bash
# Two widely used Python readers of event streams lose the rest of a line after U+2028, U+0085, a form feed or a vertical tab.
#
# Software: sseclient 0.0.27 and aiosseclient 0.1.8 (PyPI); for comparison sseclient-py 1.9.0 and httpx-sse 0.4.3.
#
# The server sends four events. Each is one data line with JSON, and in its text one character that Unicode, but not the
# format of event streams, counts as a line break.
#
# Expected: all four readers deliver all four events whole.
# Seen:     sseclient-py, httpx-sse   4 of 4 events whole
#           sseclient, aiosseclient   0 of 4: data ends before the character, '{"text": "one', and the rest is dropped with a
#                                     warning, "Invalid SSE line". JSON fails far from the cause.
# The cause: str.splitlines() breaks at eleven characters and pairs; an event stream at three.
#
# The standard: HTML, 9.2.5: a line ends at CR LF, LF or CR. any-char is everything but CR and LF. And JSON may hold U+2028,
# U+2029 and U+0085 unescaped in a string (RFC 8259, 7); JavaScript's JSON.stringify writes them so.
#
# Who meets it: streams of text that people or models wrote. U+2028 comes with text pasted from word processors and chat
# programs, and no test with plain sentences finds it.
# What to do: read with sseclient-py or httpx-sse. A server that must serve the others writes JSON in ASCII (\u2028, as
# Python's json.dumps does). In a parser of your own split bytes, never decoded text.
#
# Needs python3 with pip. It took 26 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
# Two of them have the same module's name.
pip() { python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$@"; }
pip one sseclient==0.0.27 aiosseclient==0.1.8 httpx==0.28.1 httpx-sse==0.4.3
pip two --no-deps sseclient-py==1.9.0

cat >server.py <<'PY'
import http.server
import json

TEXTS = ["one\u2028two", "one\u0085two", "one\ftwo", "one\vtwo"]


def line(text):
    # As JavaScript writes it: only what JSON requires is escaped. The last two are sent as plain text, which may hold them.
    return json.dumps({"text": text}, ensure_ascii=False) if "\f" not in text and "\v" not in text else text


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        for text in [line(text) for text in TEXTS] + ["end"]:
            self.wfile.write(f"data: {text}\n\n".encode())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >read.py <<'PY'
import asyncio
import json
import sys

url = f"http://127.0.0.1:{sys.argv[2]}/"


def sseclient():
    from sseclient import SSEClient
    return (event.data for event in SSEClient(url))


def sseclient_py():
    import requests
    from sseclient import SSEClient
    return (event.data for event in SSEClient(requests.get(url, stream=True)).events())


def httpx_sse():
    import httpx
    from httpx_sse import connect_sse
    with httpx.Client() as client, connect_sse(client, "GET", url) as source:
        return [event.data for event in source.iter_sse()]


def aiosseclient():
    from aiosseclient import aiosseclient

    async def read():
        seen = []
        async for event in aiosseclient(url):
            seen.append(event.data)
            if event.data == "end":
                return seen
    return asyncio.run(read())


seen = []
for data in globals()[sys.argv[1]]():
    if data == "end":
        break
    seen.append(data)
print(f"{sys.argv[1]}: {sum('two' in data for data in seen)} of {len(seen)} events whole, first {ascii(seen[0])}")
try:
    json.loads(seen[0])
except ValueError as error:
    print(f"    json: {error}")
PY
python3 server.py >port &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
for reader in sseclient aiosseclient httpx_sse; do PYTHONPATH=one timeout 10 python3 -W ignore read.py $reader "$(cat port)" 2>>warnings; done | tee seen
PYTHONPATH=two:one timeout 10 python3 read.py sseclient_py "$(cat port)" | tee -a seen
sort warnings | uniq -c

grep -q '^sseclient: 0 of 4' seen
grep -q '^aiosseclient: 0 of 4' seen
grep -q '^httpx_sse: 4 of 4' seen
grep -q '^sseclient_py: 4 of 4' seen
