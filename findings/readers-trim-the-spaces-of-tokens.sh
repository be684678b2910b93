#!/usr/bin/env bash
# Three readers of event streams take all spaces off the start of data, so that words and lines of code run together.
#
# Software: fetch-event-stream 0.1.6 and eventsource 4.1.1 (npm), requests-sse 0.5.3, aiohttp-sse-client 0.2.1, httpx-sse 0.4.3
# (PyPI), Node 20.20.
#
# A server sends a text in parts, as language models make them, one an event: "if x:", a line break and "    y", " = 1", " # done".
#
# Expected: all get the text back. One space belongs to the field, the others to the data.
# Seen:  eventsource, httpx-sse                 if x:<LF>    y = 1 # done
#        requests-sse, aiohttp-sse-client       if x:<LF>y= 1# done
#        fetch-event-stream                     if x:y= 1# done, without the empty first line of data, too
#
# The standard: HTML, 9.2.6: "If value starts with a U+0020 SPACE character, remove it from value." It says nothing of others.
#
# Who meets it: streams of plain text in parts, where most parts begin with a space. Data in JSON is not affected.
# What to do: send each part as a string of JSON.
#
# Needs node, npm and python3 with pip. It took 5 seconds of processor time.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts fetch-event-stream@0.1.6 eventsource@4.1.1
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-warn-conflicts --target lib \
    requests-sse==0.5.3 aiohttp-sse-client==0.2.1 httpx==0.28.1 httpx-sse==0.4.3
export PYTHONPATH=$dir/lib

cat >server.py <<'PY'
import http.server

PARTS = ["if x:", "\n    y", " = 1", " # done"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in PARTS:
            self.wfile.write("".join(f"data: {line}\n" for line in part.split("\n")).encode() + b"\n")
        self.wfile.write(b"data: END\n\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >read.py <<'PY'
import asyncio
import sys

import httpx
import httpx_sse
import requests_sse
from aiohttp_sse_client.client import EventSource

url = sys.argv[1]


def by_httpx_sse():
    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
        yield from (event.data for event in source.iter_sse())


def by_requests_sse():
    with requests_sse.EventSource(url) as source:
        yield from (event.data for event in source)


def by_aiohttp_sse_client():
    async def read():
        async with EventSource(url) as source:
            parts = []
            async for event in source:
                parts.append(event.data)
                if event.data == "END":
                    return parts

    yield from asyncio.run(read())


for read in by_httpx_sse, by_requests_sse, by_aiohttp_sse_client:
    text = ""
    for data in read():
        if data == "END":
            break
        text += data
    print(f"{read.__name__[3:].replace('_', '-')}: {text!r}")
PY
cat >read.mjs <<'JS'
import { EventSource } from 'eventsource';
import { events } from 'fetch-event-stream';

const url = process.argv[2];
const show = (name, text) => console.log(`${name}: '${text.replaceAll('\n', '\\n')}'`);
let text = '';
for await (const { data } of events(await fetch(url))) if (data !== 'END') text += data;
show('fetch-event-stream', text);
text = '';
const source = new EventSource(url);
source.onmessage = ({ data }) => {
  if (data !== 'END') return void (text += data);
  show('eventsource', text);
  process.exit(0);
};
JS
python3 server.py >port & pids+=($!)
until [ -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)
(timeout 50 python3 read.py "$url" && timeout 50 node read.mjs "$url") | tee seen
diff seen - <<'TXT' && echo "still there"
httpx-sse: 'if x:\n    y = 1 # done'
requests-sse: 'if x:\ny= 1# done'
aiohttp-sse-client: 'if x:\ny= 1# done'
fetch-event-stream: 'if x:y= 1# done'
eventsource: 'if x:\n    y = 1 # done'
TXT
