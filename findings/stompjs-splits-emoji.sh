#!/usr/bin/env bash
# stompjs with splitLargeFrames breaks an emoji in two: the message grows, and the broker drops the connection.
#
# Software: @stomp/stompjs 7.5.0 and ws 8.23.0 (npm) on Node 20.20.
#
# A client publishes 5000 waving hands. splitLargeFrames is on, which stompjs has for Spring's brokers. A server
# puts the WebSocket messages together and compares the body with its content-length.
#
# Expected: the body comes as it was sent; splitting is of bytes, or between characters.
# Seen:     with a destination of two characters, the body is right. With one of three, there are 20002 bytes where content-length
#           says 20000, and two U+FFFD in the place of one emoji.
# It splits the string by UTF-16 units. If a chunk ends within a pair, both halves are lone surrogates, and each becomes U+FFFD of
# three bytes when it is sent as text. A broker then misses the NUL at the announced place, which is an error of the frame. Browsers
# convert strings by the same rule as ws.
#
# The standard: STOMP 1.2, Body: content-length is the count of octets. WHATWG WebSockets: send() converts to a USVString, in which
# a lone surrogate is U+FFFD.
#
# Who meets it: users of the option whose texts are longer than 8192 units and have characters past U+FFFF (emoji, rare Han). It
# depends on the parity of the place, so half of such texts with an emoji at the border fail, which looks random.
# What to do: forceBinaryWSFrames: true, which is not split, or a larger buffer at the server; or send large texts as binaryBody.
#
# Needs node and npm. It took 3 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @stomp/stompjs@7.5.0 ws@8.23.0

cat >check.js <<'JS'
const WebSocket = require('ws');
const { Client } = require('@stomp/stompjs');
global.WebSocket = WebSocket;

const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', handleProtocols: () => 'v12.stomp' });
const found = [];
server.on('connection', (socket) => {
  let bytes = Buffer.alloc(0);
  socket.on('message', (data) => {
    if (data.toString().startsWith('CONNECT')) return socket.send('CONNECTED\nversion:1.2\n\n\0');
    bytes = Buffer.concat([bytes, data]);
    if (!bytes.includes(0)) return;
    const [, destination, announced] = /destination:(.*)\ncontent-length:(\d+)/.exec(bytes);
    const body = bytes.subarray(bytes.indexOf('\n\n') + 2, -1);
    const replaced = body.toString().split('\ufffd').length - 1;
    console.log(`to ${destination}: ${announced} bytes announced, ${body.length} came, ${replaced} U+FFFD among them`);
    found.push(body.length - announced);
    bytes = Buffer.alloc(0);
    if (found.length === 2) process.exit(found[0] === 0 && found[1] === 2 && replaced === 2 ? 0 : 1);
  });
});
server.on('listening', () => {
  const client = new Client({ brokerURL: `ws://127.0.0.1:${server.address().port}`, splitLargeFrames: true });
  client.onConnect = () => {
    for (const destination of ['/a', '/ab']) client.publish({ destination, body: '👋'.repeat(5000) });
  };
  client.activate();
});
JS
timeout 20 node check.js
