#!/usr/bin/env bash
# A socketioxide server that emits a newtype, such as struct UserId(String), disconnects JavaScript clients; one that takes a newtype
# never hears the event.
#
# Software: socketioxide 0.18.9 with axum 0.8.9 (crates), server; socket.io-client 4.8.4 (npm) on Node 20.20.
#
# The server emits "user" with UserId("ann"), where UserId is a tuple struct of one field with serde's derived traits; and it handles
# "user" of the client as a UserId.
#
# Expected: ["user","ann"] on the wire both ways: serde writes a newtype as what is in it, as serde_json does.
# Seen:     the packet is `2"ann"`, without the event's name: "parse error", and the client is disconnected. emit() returns Ok. The
#           handler of the client's ["user","ann"] is not called, and nothing is logged. A newtype of a Vec is taken to be
#           the whole packet, so that the event's name is its first element. A String alone works both ways.
# The cause: what serde calls a tuple becomes the arguments of the event (`is_ser_tuple`, `is_de_tuple` in socketioxide-core). A
# newtype struct is counted as one, but its content is then written and read in place of the array of name and arguments.
#
# The standard: Socket.IO protocol 5, "EVENT": the payload is "a non-empty array", whose first element is the name.
#
# Who meets it: servers in Rust that keep ids in types of their own. The compiler is content, and tests in Rust on both sides are,
# too, if the fields are named.
# What to do: emit `&id.0`, or a tuple with it, `&(id,)`, or give the struct a named field. Handlers take `Data<String>`, `Data<(UserId,)>`.
#
# Needs cargo 1.94 or later, node and npm. It took 45 seconds, most of them the compiler's.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts socket.io-client@4.8.4
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "users"
version = "0.0.0"
edition = "2021"

[dependencies]
axum = { version = "=0.8.9", default-features = false, features = ["http1", "tokio"] }
serde = { version = "=1.0.229", features = ["derive"] }
socketioxide = "=0.18.9"
tokio = { version = "=1.54.1", features = ["macros", "net", "rt"] }
TOML
cat >src/main.rs <<'RUST'
use serde::{Deserialize, Serialize};
use socketioxide::extract::{Data, SocketRef};
use socketioxide::SocketIo;

#[derive(Debug, Deserialize, Serialize)]
struct UserId(String);

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Names(Vec<String>);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("user", async |Data::<UserId>(id)| println!("heard user {id:?}"));
        socket.on("tuple", async |Data::<(UserId,)>(id)| println!("heard tuple {id:?}"));
        socket.on("string", async |Data::<String>(id)| println!("heard string {id:?}"));
        socket.on("names", async |Data::<Names>(names)| println!("heard names {names:?}"));
        socket.on("who", async |socket: SocketRef| {
            socket.emit("string", "ann").unwrap();
            socket.emit("tuple", &(UserId("ann".into()),)).unwrap();
            socket.emit("user", &UserId("ann".into())).unwrap();
        });
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    axum::serve(listener, axum::Router::new().layer(layer)).await.unwrap();
}
RUST
cat >client.cjs <<'JS'
const { io } = require('socket.io-client');

const socket = io(`http://127.0.0.1:${process.argv[2]}`, { transports: ['websocket'], reconnection: false });
socket.io.engine.on('packet', ({ type, data }) => { if (type === 'message') console.log(`packet ${data}`); });
socket.on('disconnect', (reason) => { console.log(`disconnected: ${reason}`); process.exit(0); });
for (const name of ['user', 'tuple', 'string', 'names']) socket.emit(name, 'ann');
setTimeout(() => socket.emit('who'), 500);
setTimeout(() => process.exit(1), 5000);
JS
CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet --target-dir "$dir/target"
target/debug/users >heard &
pids+=($!)
for _ in $(seq 100); do [ -s heard ] && break; sleep 0.1; done
node client.cjs "$(head -1 heard)" | tee seen
grep heard heard

grep -qx 'packet 2\["string","ann"\]' seen
grep -qx 'packet 2\["tuple","ann"\]' seen
grep -qx 'packet 2"ann"' seen
grep -qx 'disconnected: parse error' seen
grep -qx 'heard tuple (UserId("ann"),)' heard
grep -qx 'heard string "ann"' heard
grep -qx 'heard names Names(\["names", "ann"\])' heard
! grep -q 'heard user' heard
