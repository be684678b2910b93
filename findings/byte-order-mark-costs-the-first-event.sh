#!/usr/bin/env bash
# A byte order mark at the start of an event stream costs the first event in all six Python readers that we tried.
#
# Software (PyPI): sseclient 0.0.27, sseclient-py 1.9.0, httpx-sse 0.4.3, requests-sse 0.5.3, aiosseclient 0.1.8,
# aiohttp-sse-client 0.2.1.
#
# Each reader is given four streams: one that begins with EF BB BF; one with the comment ": ping" and a blank line before its event;
# one with "event: ping" without data before its event; one that ends in the middle of its second event.
#
# Expected: the old readers keep the mark, the newer ones (httpx-sse, requests-sse) drop it. Comments deliver nothing. An event
# that is cut is delivered by none.
# Seen:                          mark                comment             event, no data       cut event
#           sseclient            data is empty       empty event first   empty event first    dropped
#           sseclient-py         event is missing    right               right                delivered
#           httpx-sse            event is missing    right               empty event first    dropped
#           requests-sse         event is missing    right               right                dropped
#           aiosseclient         data is empty       right               empty event first    dropped
#           aiohttp-sse-client   event is missing    right               right                dropped
#
# The standard: HTML, 9.2.5: the stream begins with an optional byte order mark, which is no part of the first line. 9.2.6: a
# block without data is not dispatched, and "once the end of the file is reached, any pending data must be discarded".
#
# Who meets it: the mark comes from writers that open a text stream as UTF-8 with a mark, .NET's StreamWriter with Encoding.UTF8
# for one; browsers drop it, so it stays unseen. The comment with a blank line is a common keep-alive: with sseclient each one
# is an event with data "", on which JSON fails. A cut event is half a JSON text.
# What to do: as a server, write no mark, and end a keep-alive comment with one line break (a blank line is not needed). As a reader
# in Python, skip events whose data is empty, and do not trust the last one of a stream that broke.
#
# Needs python3 with pip. It took 25 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
# Two of them have the same module's name.
pip() { python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$@"; }
pip one sseclient==0.0.27 httpx==0.28.1 httpx-sse==0.4.3 requests-sse==0.5.3 aiosseclient==0.1.8 aiohttp-sse-client==0.2.1
pip two --no-deps sseclient-py==1.9.0

cat >server.py <<'PY'
import http.server

STREAMS = {
    "mark": b"\xef\xbb\xbfdata: hello\n\n",
    "comment": b": ping\n\ndata: hello\n\n",
    "no-data": b"event: ping\n\ndata: hello\n\n",
    "cut": b"data: hello\n\ndata: cut",
}
END = b"data: end\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAMS[name] + (b"" if name == "cut" else END))

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >read.py <<'PY'
import asyncio
import datetime
import os
import sys
import threading

reader, port = sys.argv[1:]
LATER = 60  # no reader comes back within this test


def sseclient(url):
    from sseclient import SSEClient
    for event in SSEClient(url, retry=LATER * 1000):
        yield event.data


def sseclient_py(url):
    import requests
    from sseclient import SSEClient
    for event in SSEClient(requests.get(url, stream=True)).events():
        yield event.data


def httpx_sse(url):
    import httpx
    from httpx_sse import connect_sse
    with httpx.Client() as client, connect_sse(client, "GET", url) as source:
        for event in source.iter_sse():
            yield event.data


def requests_sse(url):
    import requests_sse
    with requests_sse.EventSource(url, reconnection_time=datetime.timedelta(seconds=LATER)) as source:
        for event in source:
            yield event.data


async def aiosseclient(url):
    from aiosseclient import aiosseclient
    async for event in aiosseclient(url):
        yield event.data


async def aiohttp_sse_client(url):
    from aiohttp_sse_client import client
    async with client.EventSource(url, reconnection_time=datetime.timedelta(seconds=LATER)) as source:
        async for event in source:
            yield event.data


def read(url, seen):
    source = globals()[reader](url)
    if hasattr(source, "__aiter__"):
        async def drain():
            async for data in source:
                seen.append(data)
                if data == "end":
                    break
        asyncio.run(drain())
    else:
        for data in source:
            seen.append(data)
            if data == "end":
                break


for name in ("mark", "comment", "no-data", "cut"):
    seen = []
    thread = threading.Thread(target=read, args=(f"http://127.0.0.1:{port}/{name}", seen), daemon=True)
    thread.start()
    thread.join(2)
    print(f"{reader}, {name}: {[data for data in seen if data != 'end']}", flush=True)
os._exit(0)
PY
python3 server.py >port &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
{
    for reader in sseclient httpx_sse requests_sse aiosseclient aiohttp_sse_client; do
        PYTHONPATH=one timeout 15 python3 -W ignore read.py $reader "$(cat port)"
    done
    PYTHONPATH=two:one timeout 15 python3 read.py sseclient_py "$(cat port)"
} >seen 2>errors
cat seen

[ "$(grep -c ", mark: \[\]$" seen)" = 4 ]
[ "$(grep -cE "^(sseclient|aiosseclient), mark: \[''\]$" seen)" = 2 ]
[ "$(grep -c ", comment: \['hello'\]$" seen)" = 5 ]
grep -qx "sseclient, comment: \['', 'hello'\]" seen
[ "$(grep -cE "^(sseclient|httpx_sse|aiosseclient), no-data: \['', 'hello'\]$" seen)" = 3 ]
[ "$(grep -c ", cut: \['hello'\]$" seen)" = 5 ]
grep -qx "sseclient_py, cut: \['hello', 'cut'\]" seen
