#!/usr/bin/env bash
# Ten events that a client sends at once to socketioxide are answered in an order such as 8 0 1 2 3 4 5 6 7 9.
#
# Software: socketioxide 0.18.9 with axum 0.8.9 and tokio 1.54.1 (crates), server; socket.io 4.8.4, another one, and
# socket.io-client 4.8.4 (npm) on Node 20.20.
#
# A client emits "message" with 0, 1, … 99, over WebSocket. The server's handler, without any `await`, emits what it got. Five times.
#
# Expected: 0, 1, … 99. There is one connection, and a handler that never waits is done before the next event is looked at.
# Seen:     socket.io: so it is. socketioxide on tokio's default runtime: another order each time, or nearly. On a runtime of one
#           thread: in order.
# The cause: each call of a handler is a task of its own, for which several threads compete; since handlers that are not `async`
# were removed, there is no other kind.
#
# The standard: Socket.IO, "Delivery guarantees": "Socket.IO guarantees message ordering", which is about the wire.
#
# Who meets it: chats, whose lines change places when they are typed or resent in one go; drawing and editing, where the last event
# should win; a "leave" before the "say" that was sent first. One event at a time, as a test sends them, is in order.
# What to do: #[tokio::main(flavor = "current_thread")] keeps the order of handlers that do not wait. Otherwise let the client number
# its events or wait for acknowledgements.
#
# Needs cargo 1.94 or later, node and npm. It took 50 seconds, most of them the compiler's.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts socket.io@4.8.4 socket.io-client@4.8.4
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "lines"
version = "0.0.0"
edition = "2021"

[dependencies]
axum = { version = "=0.8.9", default-features = false, features = ["http1", "tokio"] }
socketioxide = "=0.18.9"
tokio = { version = "=1.54.1", features = ["net", "rt-multi-thread"] }
TOML
cat >src/main.rs <<'RUST'
use socketioxide::extract::{Data, SocketRef};
use socketioxide::SocketIo;
use tokio::runtime::Builder;

fn main() {
    let is_default = std::env::args().nth(1).as_deref() == Some("default");
    let mut builder = if is_default { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.enable_all().build().unwrap().block_on(serve());
}

async fn serve() {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("message", async |socket: SocketRef, Data::<u32>(line)| socket.emit("message", &line).unwrap());
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    axum::serve(listener, axum::Router::new().layer(layer)).await.unwrap();
}
RUST
cat >server.cjs <<'JS'
const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer();
new Server(server).on('connection', (socket) => socket.on('message', (line) => socket.emit('message', line)));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat >client.cjs <<'JS'
const { io } = require('socket.io-client');

const [, , name, port] = process.argv;
const round = () => new Promise((done) => {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false, forceNew: true });
  const lines = [];
  socket.on('connect', () => { for (let line = 0; line < 100; line++) socket.emit('message', line); });
  socket.on('message', (line) => {
    if (lines.push(line) < 100) return;
    socket.close();
    done(lines);
  });
});

(async () => {
  setTimeout(() => process.exit(1), 10_000);
  let inOrder = 0;
  for (let n = 0; n < 5; n++) {
    const lines = await round();
    if (lines.every((line, at) => line === at)) inOrder++;
    else console.log(`  ${name}: ${lines.slice(0, 20).join(' ')} …`);
  }
  console.log(`${name}: ${inOrder} of 5 in order`);
  process.exit(0);
})();
JS
CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet --target-dir "$dir/target"
node server.cjs >socket.io &
pids+=($!)
target/debug/lines default >socketioxide &
pids+=($!)
target/debug/lines one >one-thread &
pids+=($!)
for server in socket.io socketioxide one-thread; do
  for _ in $(seq 100); do [ -s $server ] && break; sleep 0.1; done
  node client.cjs $server "$(cat $server)"
done | tee seen

grep -qx 'socket.io: 5 of 5 in order' seen
grep -qx 'socketioxide: [0-4] of 5 in order' seen
grep -qx 'one-thread: 5 of 5 in order' seen
