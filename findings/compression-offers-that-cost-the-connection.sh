#!/usr/bin/env bash
# An offer of compression that a server should pass over ends the handshake instead: tornado and daphne fail it, ws refuses it,
# hypercorn hangs up.
#
# Software: tornado 6.6.1, daphne 4.2.2 with autobahn 26.10.2, hypercorn 0.18.0 with wsproto 1.3.2,
# websockets 17.4 (PyPI); ws 8.23.0 (npm) on Node 20.20. permessage-deflate is on in all.
#
# A client opens a WebSocket with one of these offers:
#           later    permessage-deflate; x-later=1, permessage-deflate
#           small    permessage-deflate; server_max_window_bits=8, permessage-deflate
#           quoted   permessage-deflate; server_max_window_bits="10"
#
# Expected: 101 for each, if need be without compression: the first offer is declined, the second taken.
# Seen:     websockets answers 101 to all.
#           later    ws and daphne answer 400, tornado 500
#           small    daphne 400, tornado 500
#           quoted   hypercorn closes the connection without an answer
# tornado raises ValueError for both, and its handler makes 500 of that.
#
# The standard: RFC 7692, 7.1: a server MUST decline an offer with a parameter that it does not know, which leaves the next one. 5.1: it
# may accept none, and then the connection goes on without compression. 7.1.2.1: 8 to 15 bits. RFC 6455, 9.1: a value may be quoted.
#
# Who meets it: small devices that ask for a small window, with a fallback as the standard shows it; whoever tries a new parameter.
# What to do: offer "permessage-deflate; client_max_window_bits" as browsers do, and nothing before it. Where a small window is a
# must, try again without the extension.
#
# Needs node, npm and python3 with pip. It took 35 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0 &
export PYTHONPATH=$dir/lib:$dir
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    tornado==6.6.1 daphne==4.2.2 autobahn==26.10.2 hypercorn==0.18.0 wsproto==1.3.2 websockets==17.4
wait

cat >servers.py <<'PY'
import asyncio
import sys


async def asgi(scope, receive, send):
    if scope["type"] != "websocket":
        raise NotImplementedError
    await receive()
    await send({"type": "websocket.accept"})
    await receive()


async def run_tornado(port):
    import tornado.web
    import tornado.websocket

    class Handler(tornado.websocket.WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            pass

    tornado.web.Application([("/", Handler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


async def run_websockets(port):
    import websockets

    async with websockets.serve(lambda socket: socket.wait_closed(), "127.0.0.1", port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(globals()["run_" + sys.argv[1]](int(sys.argv[2])))
PY
cat >server.cjs <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ port: process.argv[2], host: '127.0.0.1', perMessageDeflate: true });
JS
cat >client.py <<'PY'
import socket
import sys
import time

OFFERS = {
    "later": "permessage-deflate; x-later=1, permessage-deflate",
    "small": "permessage-deflate; server_max_window_bits=8, permessage-deflate",
    "quoted": 'permessage-deflate; server_max_window_bits="10"',
}


def status(offer):
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.settimeout(5)
        stream.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                       f"Sec-WebSocket-Extensions: {offer}\r\n\r\n".encode())
        try:
            return stream.makefile("rb").readline()[9:12].decode() or "nothing"
        except ConnectionResetError:
            return "nothing"


name, port = sys.argv[1], int(sys.argv[2])
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)
assert status("permessage-deflate") == "101"
print(f"{name:11}", *(f"{kind}: {status(offer):8}" for kind, offer in OFFERS.items()))
PY
run() {
    local name=$1 port
    shift
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "${@/PORT/$port}" >/dev/null 2>&1 &
    pids+=($!)
    timeout 40 python3 client.py "$name" "$port" | tee -a seen
}
run tornado python3 servers.py tornado PORT
run daphne python3 -m daphne -b 127.0.0.1 -p PORT servers:asgi
run hypercorn python3 -m hypercorn --bind 127.0.0.1:PORT servers:asgi
run websockets python3 servers.py websockets PORT
run ws node server.cjs PORT

grep -qE '^websockets +later: 101 +small: 101 +quoted: 101' seen
grep -qE '^tornado +later: 500 +small: 500 +quoted: 101' seen
grep -qE '^daphne +later: 400 +small: 400 +quoted: 101' seen
grep -qE '^hypercorn +later: 101 +small: 101 +quoted: nothing' seen
grep -qE '^ws +later: 400 +small: 101 +quoted: 101' seen
