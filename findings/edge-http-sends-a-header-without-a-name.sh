#!/usr/bin/env bash
# An edge-http WebSocket client that gives no origin sends a header line without a name, at which servers refuse it.
#
# Software: edge-http 0.8.0, the HTTP of edge-net, with edge-nal-std 0.7.0 (crates), client; ws 8.23.0 (npm) on Node 20.20, and
# websockets 17.4 and aiohttp 3.14.5 (PyPI), servers.
#
# The client calls initiate_ws_upgrade_request with its host, and `None` for the origin, which is optional and a page's to give; and
# once more with an origin.
#
# Expected: `None` leaves the header out. All three servers answer 101 both times.
# Seen:     between Host and Content-Length there is the line ": ". Node's server answers 400; those of Python do, too, or close. With
#           an origin all answer 101.
# The cause: upgrade_request_headers in edge_http::ws fills an array of seven headers, and puts ("", "") for what is not given; what
# writes the head writes that, too. So it is with the host.
#
# The standard: RFC 9112, 5 and 5.1: `field-line = field-name ":"`, and a field name is a token of at least one character.
#
# Who meets it: devices with esp-hal or embassy that open a WebSocket. The example in the crate passes an origin, "foo.com", and so
# works; whoever takes it out is refused, by the same server that takes every other client.
# What to do: pass an origin, such as that of the server itself; or make the request with initiate_request, from
# upgrade_request_headers without the pairs whose name is empty.
#
# Needs cargo 1.88 or later, node, npm and python3 with pip. It took 35 seconds, most of them the compiler's.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    websockets==17.4 aiohttp==3.14.5
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "device"
version = "0.0.0"
edition = "2021"

[dependencies]
edge-http = { version = "=0.8.0", features = ["std"] }
edge-nal-std = "=0.7.0"
embassy-time = { version = "=0.5.1", features = ["generic-queue-8", "std"] } # the clock of edge-http
futures-lite = "2"
TOML
cat >src/main.rs <<'RUST'
use edge_http::io::client::Connection;
use edge_http::ws::MAX_BASE64_KEY_LEN;
use embassy_time as _;

fn main() {
    let (name, port) = (std::env::args().nth(1).unwrap(), std::env::args().nth(2).unwrap());
    let stack = edge_nal_std::Stack::new();
    for origin in [None, Some("http://127.0.0.1")] {
        let status = futures_lite::future::block_on(async {
            let (mut buf, mut key) = ([0; 8192], [0; MAX_BASE64_KEY_LEN]);
            let addr = format!("127.0.0.1:{port}").parse().unwrap();
            let mut connection: Connection<_> = Connection::new(&mut buf, &stack, addr);
            let nonce = &[7; 16];
            let head = connection.initiate_ws_upgrade_request(Some("127.0.0.1"), origin, "/", None, nonce, &mut key).await;
            let answer = match head {
                Ok(()) => connection.initiate_response().await,
                failed => failed,
            };
            match answer {
                Ok(()) => connection.headers().unwrap().code.to_string(),
                // The server has closed before the end of the head, or did not answer.
                Err(_) => "closed".to_owned(),
            }
        });
        println!("{name}, origin {origin:?}: {status}");
    }
}
RUST
cat >server.cjs <<'JS'
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log(server.address().port));
JS
cat >servers.py <<'PY'
import asyncio
import logging

import websockets
from aiohttp import web

logging.disable()


async def main():
    async def upgrade(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    async def nothing(socket):
        await socket.wait_closed()

    app = web.Application()
    app.router.add_get("/", upgrade)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with websockets.serve(nothing, "127.0.0.1", 0) as server:
        ports = [one.sockets[0].getsockname()[1] for one in (server, site._server)]
        print(*ports, flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
PY
CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet --target-dir "$dir/target"
node server.cjs >ws &
pids+=($!)
python3 servers.py >python &
pids+=($!)
for _ in $(seq 100); do [ -s ws ] && [ -s python ] && break; sleep 0.1; done
read -r websockets aiohttp <python
for server in ws=$(cat ws) websockets=$websockets aiohttp=$aiohttp; do
  timeout 10 target/debug/device "${server%=*}" "${server#*=}"
done | tee seen

grep -qx 'ws, origin None: 400' seen
[ "$(grep -Ec 'None: (400|closed)$' seen)" = 3 ]
[ "$(grep -c 'Some.*: 101$' seen)" = 3 ]
