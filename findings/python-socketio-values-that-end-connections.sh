#!/usr/bin/env bash
# Two ordinary Python values end a Socket.IO connection: NaN with JavaScript clients, and bytearray over WebSocket.
#
# Software: python-socketio 5.18.1 with python-engineio 4.15.1 on aiohttp 3.14.5 (PyPI) as the server; socket.io-client 4.8.4 (npm)
# and python-socketio's own client.
#
# The server emits one value to a client that has just connected. emit() returns without an error in every case.
#
# Expected: a bytearray is sent as binary, as bytes are. NaN fails, but at emit(), or it becomes null as in JavaScript; from
# the code we then expected what is seen.
# Seen:     bytes      arrives, by each client and transport tried
#           NaN        JavaScript: disconnected, "parse error", by both transports; Python's client: arrives
#           bytearray  by WebSocket: both clients are disconnected, "transport close"/"transport error"; by polling: arrives
# The causes: json.dumps writes the token NaN, which is not JSON. JSON.parse refuses it and the client drops the connection, for
# all its namespaces. For a bytearray the packet is binary, but the aiohttp driver sends anything except bytes as text, fails
# and closes the transport. Neither leaves a message in the server's log as it comes.
#
# The standard: RFC 8259, 6: "Numeric values that cannot be represented in the grammar (such as Infinity and NaN) are not
# permitted." Socket.IO protocol 5: a packet that cannot be decoded ends the connection.
#
# Who meets it: feeds of measurements and statistics (a mean of nothing is NaN), numpy and pandas behind them, and code that
# builds binary messages in a bytearray. Tests with Python's client or with polling pass.
# What to do: socketio.AsyncServer(json=...) with a dumps that has allow_nan=False raises at emit(), where the value is known.
# Make bytes of a bytearray before emit().
#
# Needs node, npm and python3 with pip. It took 20 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts socket.io-client@4.8.4
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    python-socketio==5.18.1 python-engineio==4.15.1 aiohttp==3.14.5

cat >server.py <<'PY'
import socket

import aiohttp.web
import socketio

VALUES = {"bytes": b"\1\2", "NaN": float("nan"), "bytearray": bytearray(b"\1\2")}
server = socketio.AsyncServer(async_mode="aiohttp")
app = aiohttp.web.Application()
server.attach(app)


@server.event
async def want(sid, name):
    await server.emit("value", VALUES[name], to=sid)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
aiohttp.web.run_app(app, sock=listener, print=None, shutdown_timeout=1)
PY
cat >client.js <<'JS'
const { io } = require('socket.io-client');
const url = `http://127.0.0.1:${process.argv[2]}`;
const once = (transport, name) =>
  new Promise((done) => {
    const socket = io(url, { transports: [transport], forceNew: true, reconnection: false });
    const finish = (text) => (console.log(`JavaScript, ${transport}, ${name}: ${text}`), socket.close(), done());
    socket.on('connect', () => socket.emit('want', name));
    socket.on('value', () => finish('arrives'));
    socket.on('disconnect', (reason) => reason !== 'io client disconnect' && finish(`disconnected, ${reason}`));
  });
(async () => {
  for (const transport of ['websocket', 'polling']) for (const name of ['bytes', 'NaN', 'bytearray']) await once(transport, name);
  process.exit();
})();
JS
cat >client.py <<'PY'
import asyncio
import sys

import socketio


async def once(transport, name):
    client = socketio.AsyncClient(reconnection=False)
    seen = asyncio.get_running_loop().create_future()
    client.on("value", lambda value: seen.done() or seen.set_result("arrives"))
    client.on("disconnect", lambda reason: seen.done() or seen.set_result(f"disconnected, {reason}"))
    await client.connect(f"http://127.0.0.1:{sys.argv[1]}", transports=[transport])
    await client.emit("want", name)
    print(f"Python, {transport}, {name}: {await asyncio.wait_for(seen, 5)}")
    await client.disconnect()


async def main():
    for name in ("bytes", "NaN", "bytearray"):
        await once("websocket", name)


asyncio.run(main())
PY
python3 server.py >port 2>log &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
node client.js "$(cat port)" | tee seen
python3 client.py "$(cat port)" | tee -a seen
echo "The server's log has $(wc -l <log) lines."

[ "$(grep -c 'arrives' seen)" = 5 ]
[ "$(grep -c 'JavaScript, .*, NaN: disconnected, parse error' seen)" = 2 ]
[ "$(grep -c 'websocket, bytearray: disconnected' seen)" = 2 ]
