#!/usr/bin/env bash
# A close with 1014 is an error to five of eleven WebSocket clients; one does not know 1012 and 1013 either.
#
# Software: npm ws 8.23.0, undici 7.30.2, websocket 1.0.35, faye-websocket 0.11.4 on Node 20.20; Bun 1.4.5 and Deno 2.9.6 (npm);
# PyPI aiohttp 3.14.5, tornado 6.6.1, autobahn 26.10.2, httpx-ws 0.9.0 with wsproto 1.3.2, lomond 0.3.4. The server is PyPI's
# websockets 17.4.
#
# The server closes with a code and the reason "why". Each client prints the code that it reports.
#
# Expected: the code that was sent, by all. The three have been in the registry for over ten years, and a client that has no name
# for a code can still report it.
# Seen:     ws, undici, websocket, Bun, aiohttp and tornado report 1012, 1013, 1014.
#           Deno, autobahn, httpx-ws and lomond report 1012 and 1013. For 1014 they fail the connection, and report 0, 1006, 1002 and
#           nothing.
#           faye-websocket reports 1002 for all three, and tells the server 1002 as well.
#
# The standard: RFC 6455, 7.4.2: 1000 to 2999 belong to the protocol and its registry, which has 1012 Service Restart, 1013 Try Again
# Later and 1014 Bad Gateway. 7.4.1 names 1004, 1005, 1006 and 1015 as the ones that are not to be sent.
#
# Who meets it: servers that tell their clients to come back. uvicorn closes with 1012 when it stops; a client that reconnects
# unless the code is 1002 stays away after each deployment. Gateways that say 1014 for a lost backend.
# What to do: where a code decides something, take one of 4000 to 4999, which all report. A client of your own takes every code but
# those four.
#
# Needs node, npm and python3 with pip. It took 45 seconds.
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
    websockets==17.4 aiohttp==3.14.5 tornado==6.6.1 autobahn==26.10.2 httpx-ws==0.9.0 wsproto==1.3.2 lomond==0.3.4
wait
node node_modules/deno/install.cjs >/dev/null 2>&1 || true
node node_modules/bun/install.js >/dev/null 2>&1 || true

cat >server.py <<'PY'
import asyncio

import websockets


async def serve(socket):
    await asyncio.sleep(0.05)
    await socket.close(int(socket.request.path.strip("/")), "why")


async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, close_timeout=1) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main())
PY
cat >client.mjs <<'JS'
const [url, name] = globalThis.Deno?.args ?? process.argv.slice(2);
let { WebSocket } = globalThis;
if (name === 'ws') WebSocket = (await import('ws')).default;
if (name === 'undici') ({ WebSocket } = await import('undici'));
if (name === 'faye-websocket') WebSocket = (await import('faye-websocket')).default.Client;
if (name === 'websocket') WebSocket = (await import('websocket')).default.w3cwebsocket;
const codes = [];
for (const code of [1012, 1013, 1014, 4000])
  await new Promise((next) => {
    const socket = new WebSocket(url + code);
    socket.onerror = () => {};
    socket.onclose = (event) => { codes.push(event.code); next(); };
  });
console.log(codes.join(' '));
(globalThis.Deno ?? process).exit(0);
JS
cat >client.py <<'PY'
import asyncio
import os
import sys

base, name = sys.argv[1:]


async def run_aiohttp(url):
    import aiohttp
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive()
        return socket.close_code


async def run_tornado(url):
    from tornado.websocket import websocket_connect
    socket = await websocket_connect(url)
    await socket.read_message()
    return socket.close_code


async def run_autobahn(url):
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
    loop = asyncio.get_running_loop()
    end = loop.create_future()

    class Client(WebSocketClientProtocol):
        def onClose(self, clean, code, reason):
            end.done() or end.set_result(code)

    factory = WebSocketClientFactory(url)
    factory.protocol = Client
    await loop.create_connection(factory, "127.0.0.1", int(url.split(":")[2].split("/")[0]))
    return await end


async def run_httpx_ws(url):
    import httpx
    import httpx_ws
    async with httpx.AsyncClient() as client, httpx_ws.aconnect_ws(url.replace("ws", "http", 1), client) as socket:
        try:
            await socket.receive()
        except httpx_ws.WebSocketDisconnect as error:
            return int(error.code)


async def run_lomond(url):
    from lomond import WebSocket
    code = None
    for event in WebSocket(url).connect(ping_rate=0):
        if event.name == "closing":
            code = event.code
        if event.name == "disconnected":
            return code


async def main():
    run = globals()["run_" + name.replace("-", "_")]
    print(*[await asyncio.wait_for(run(base + str(code)), 5) for code in (1012, 1013, 1014, 4000)], flush=True)
    os._exit(0)

asyncio.run(main())
PY
python3 server.py >port 2>/dev/null &
pids+=($!)
until [ -s port ]; do sleep 0.1; done

run() {
    local name=$1
    shift
    printf '%-17s %s\n' "$name" "$(timeout 20 "$@" "ws://127.0.0.1:$(cat port)/" "$name" 2>/dev/null)" | tee -a seen
}
for name in ws undici websocket faye-websocket; do run $name node client.mjs; done
run bun node_modules/.bin/bun client.mjs
run deno node_modules/.bin/deno run --quiet -A client.mjs
for name in aiohttp tornado autobahn httpx-ws lomond; do run $name python3 client.py; done

[ "$(grep -c ' 1012 1013 1014 4000$' seen)" = 6 ]
[ "$(grep -cE '^(deno .* 0|autobahn .* 1006|httpx-ws .* 1002|lomond .* None) 4000$' seen)" = 4 ]
grep -q '^faye-websocket *1002 1002 1002 4000$' seen
