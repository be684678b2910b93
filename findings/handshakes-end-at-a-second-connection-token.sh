#!/usr/bin/env bash
# Eight of twelve WebSocket clients refuse a 101 that says "Connection: keep-alive, Upgrade".
#
# Software: npm ws 8.23.0, undici 7.30.2, faye-websocket 0.11.4, websocket 1.0.35 on Node 20.20; Deno 2.9.6 and Bun 1.4.5 (npm);
# PyPI websockets 17.4, websocket-client 1.9.2, aiohttp 3.14.5, tornado 6.6.1, picows 2.3.1, ws4py 0.6.0.
#
# A server answers the opening handshake, sends "hello" and closes. Its answer has the field Connection once as "Upgrade" and
# once as "keep-alive, Upgrade".
#
# Expected: all take both. Firefox sends the list in every request of its own, and no server minds.
# Seen:     ws, Bun, websockets and websocket-client take both. undici, Deno, faye-websocket, websocket, aiohttp, tornado, picows
#           and ws4py compare the whole value with "upgrade" and refuse the list, some without a word of why.
#           picows compares in its server, too: it answers 400 to the request of Firefox.
#
# The standard: RFC 6455, 4.1, lets a client fail only if Connection "doesn't contain a token that is an ASCII case-insensitive
# match for the value Upgrade". RFC 9110, 7.6.1: Connection is a list of tokens.
#
# Who meets it: servers and proxies of one's own that add keep-alive, or any other option, to every answer. It works in tests with
# ws, and fails for the half of the clients that run elsewhere.
# What to do: answer an upgrade with "Connection: Upgrade" and nothing else. A client of your own splits the list.
#
# Needs node, npm and python3 with pip. It took 34 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0 undici@7.30.2 faye-websocket@0.11.4 websocket@1.0.35 \
    deno@2.9.6 bun@1.4.5 &
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    websockets==17.4 websocket-client==1.9.2 aiohttp==3.14.5 tornado==6.6.1 picows==2.3.1 ws4py==0.6.0
wait
node node_modules/deno/install.cjs >/dev/null 2>&1 || true
node node_modules/bun/install.js >/dev/null 2>&1 || true

cat >server.py <<'PY'
import asyncio
import base64
import hashlib
import re


async def answer(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)[1]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection = b"keep-alive, Upgrade" if head.startswith(b"GET /list ") else b"Upgrade"
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: " + connection
                 + b"\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.write(b"\x81\x05hello\x88\x02\x03\xe8")
    try:
        await asyncio.wait_for(reader.read(), 1)
    except (OSError, asyncio.TimeoutError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PY
cat >client.mjs <<'JS'
const [url, name] = globalThis.Deno?.args ?? process.argv.slice(2);
let { WebSocket } = globalThis;
if (name === 'ws') WebSocket = (await import('ws')).default;
if (name === 'undici') ({ WebSocket } = await import('undici'));
if (name === 'faye-websocket') WebSocket = (await import('faye-websocket')).default.Client;
if (name === 'websocket') WebSocket = (await import('websocket')).default.w3cwebsocket;
const socket = new WebSocket(url);
const end = (text) => { console.log(text); (globalThis.Deno ?? process).exit(0); };
socket.onmessage = ({ data }) => end(data === 'hello' ? 'hello' : 'something else');
socket.onerror = socket.onclose = () => end('refused');
JS
cat >client.py <<'PY'
import asyncio
import os
import sys

url, name = sys.argv[1:]


async def run_websockets():
    from websockets.asyncio.client import connect
    async with connect(url) as socket:
        return await socket.recv()


async def run_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        return await socket.receive_str()


async def run_tornado():
    from tornado.websocket import websocket_connect
    return await (await websocket_connect(url)).read_message()


async def run_picows():
    import picows
    seen = asyncio.get_running_loop().create_future()

    class Listener(picows.WSListener):
        def on_ws_frame(self, transport, frame):
            if not seen.done():
                seen.set_result(frame.get_payload_as_ascii_text())

    await picows.ws_connect(Listener, url)
    return await seen


async def run_websocket_client():
    import websocket
    return websocket.create_connection(url).recv()


async def run_ws4py():
    from ws4py.client.threadedclient import WebSocketClient
    seen = []

    class Client(WebSocketClient):
        def received_message(self, message):
            seen.append(str(message))

    client = Client(url)
    client.connect()
    client.run_forever()
    return seen[0]

try:
    text = asyncio.run(asyncio.wait_for(globals()["run_" + name.replace("-", "_")](), 5))
    print("hello" if text == "hello" else "something else", flush=True)
except Exception:
    print("refused", flush=True)
os._exit(0)
PY
cat >picows_server.py <<'PY'
import asyncio
import socket

import picows


async def main():
    server = await picows.ws_create_server(lambda request: picows.WSListener(), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    for connection in ("Upgrade", "keep-alive, Upgrade"):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: " + connection.encode()
                     + b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        print(f"picows as a server answers {(await reader.readline()).split()[1].decode()} to {connection}", flush=True)
        writer.close()

asyncio.run(main())
PY
python3 server.py >port &
pids+=($!)
until [ -s port ]; do sleep 0.1; done

run() {
    local name=$1 path
    shift
    local said=()
    for path in plain list; do
        said+=("$(timeout 10 "$@" "ws://127.0.0.1:$(cat port)/$path" "$name" 2>/dev/null || true)")
    done
    printf '%-17s Upgrade: %-8s keep-alive, Upgrade: %s\n' "$name" "${said[@]}" | tee -a seen
}
for name in ws undici faye-websocket websocket; do run $name node client.mjs; done
run bun node_modules/.bin/bun client.mjs
run deno node_modules/.bin/deno run --quiet -A client.mjs
for name in websockets websocket-client aiohttp tornado picows ws4py; do run $name python3 client.py; done
timeout 10 python3 picows_server.py 2>/dev/null | tee -a seen

[ "$(grep -c ' Upgrade: hello ' seen)" = 12 ]
[ "$(awk '$NF == "hello" { print $1 }' seen | sort | xargs)" = "bun websocket-client websockets ws" ]
[ "$(grep -c 'keep-alive, Upgrade: refused$' seen)" = 8 ]
grep -q '^picows as a server answers 101 to Upgrade$' seen
grep -q '^picows as a server answers 400 to keep-alive, Upgrade$' seen
