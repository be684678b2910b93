#!/usr/bin/env bash
# disconnect() of python-socketio's client takes 30 seconds over polling, but only from python-socketio's server.
#
# Software: python-socketio 5.18.1 with python-engineio 4.15.1 (PyPI), Client and AsyncClient; its AsyncServer on aiohttp 3.14.5;
# socket.io 4.8.4 (npm) on Node 20.20.
#
# A client connects by polling, waits half a second and calls disconnect().
#
# Expected: a few milliseconds, with both servers. Client and server of one project fit together best.
# Seen:     Node's server: 0.0 seconds, both clients. Python's server: 30 seconds, both clients. Here the pings are set to 5 seconds, to
#           save time, and it is 10 seconds.
# The cause: the client says goodbye by POST while its GET is held at the server, and then waits for that GET. Node answers a
# held GET with a noop packet when the session ends. Python's server closes the session and leaves the GET without an answer
# until the client gives up, after the longer of ping interval and ping timeout, and 5 seconds.
#
# The standard: Engine.IO protocol 4, "HTTP long-polling": no word on a GET that is held when the session ends. The project's
# test suite for servers wants a noop there ("close", "HTTP long-polling", "should forcefully close the session").
#
# Who meets it: command-line tools and test suites that "hang" at their end; clients that fall back to polling because the
# package for WebSocket is not installed (websocket-client) or a proxy refuses the upgrade. JavaScript clients abort their GET
# and notice nothing.
# What to do: transports=["websocket"], or a short ping_interval and ping_timeout at the server. A server of your own answers a
# held poll whatever ends the session.
#
# Needs node, npm and python3 with pip. It took 35 seconds on a busy machine.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts socket.io@4.8.4
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    python-socketio==5.18.1 python-engineio==4.15.1 aiohttp==3.14.5 \
    requests==2.34.2

cat >server.py <<'PY'
import socket

import aiohttp.web
import socketio

server = socketio.AsyncServer(async_mode="aiohttp", ping_interval=5, ping_timeout=5)  # 25 and 20 if not set
app = aiohttp.web.Application()
server.attach(app)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
aiohttp.web.run_app(app, sock=listener, print=None, shutdown_timeout=1)
PY
cat >server.js <<'JS'
const server = require('http').createServer();
new (require('socket.io').Server)(server);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat >leave.py <<'PY'
import asyncio
import sys
import threading
import time

import socketio

seen = {}


def leave(name, port):
    client = socketio.Client(reconnection=False)
    client.connect(f"http://127.0.0.1:{port}", transports=["polling"])
    time.sleep(0.5)
    start = time.monotonic()
    client.disconnect()
    seen[name, "Client"] = time.monotonic() - start


async def leave_async(name, port):
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(f"http://127.0.0.1:{port}", transports=["polling"])
    await asyncio.sleep(0.5)
    start = time.monotonic()
    await client.disconnect()
    seen[name, "AsyncClient"] = time.monotonic() - start


threads = []
for pair in zip(("Node's server", "Python's server"), sys.argv[1:]):
    threads += [threading.Thread(target=leave, args=pair), threading.Thread(target=lambda *pair: asyncio.run(leave_async(*pair)), args=pair)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for (name, client), seconds in sorted(seen.items()):
    print(f"{client}, {name}: disconnect() took {seconds:.1f} seconds")
good = all((seconds < 5) if name == "Node's server" else (8 < seconds < 15) for (name, _), seconds in seen.items())
sys.exit(not (good and len(seen) == 4))
PY
node server.js >node &
pids+=($!)
python3 server.py >python 2>log &
pids+=($!)
for _ in $(seq 200); do [ -s node ] && [ -s python ] && break; sleep 0.1; done
python3 leave.py "$(cat node)" "$(cat python)"
