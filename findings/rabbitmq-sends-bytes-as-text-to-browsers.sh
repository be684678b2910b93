#!/usr/bin/env bash
# RabbitMQ's Web STOMP sends bodies that are not UTF-8 as text, which browsers refuse, and its DISCONNECT has no receipt.
#
# Software: RabbitMQ 3.10.8 with rabbitmq_web_stomp as it comes, on Erlang 25.2.3, both of Debian 12; @stomp/stompjs 7.5.0 and ws
# 8.23.0 (npm) on Node 20.20.
#
# A client over TCP sends the bytes 63 E9, "cé" in Latin-1, and then "good" to a queue. stompjs subscribes over WebSocket, with
# acknowledgements, and reconnects after each close. Then another client disconnects and asks for a receipt.
#
# Expected: such a body comes in a binary message. The RECEIPT comes, then the close.
# Seen:     each connection ends with 1006: "Invalid WebSocket frame: invalid UTF-8 sequence". The message goes back to the queue, so
#           the next connection ends as well, and "good" never arrives. A subscriber of a topic, or one without
#           acknowledgements, is closed once and loses what was on its way. The other client gets no RECEIPT, but a close
#           with 1000 "STOMP died".
# The plugin puts every frame in a text message, whatever is in it.
#
# The standard: RFC 6455 5.6: the payload of a text message is UTF-8; 8.1: an endpoint fails the connection if it is not. STOMP 1.2,
# DISCONNECT: the client waits for the RECEIPT, by which it knows that all frames before it were received.
#
# Who meets it: pages that subscribe to what other programs publish: compressed data, Protocol Buffers, or text that is not
# UTF-8. The page sees 1006 after each connection, and nothing that says why.
# What to do: web_stomp.ws_frame = binary, which stompjs reads without a setting. Take a close with 1000 for the receipt only
# if every earlier frame has asked for its own.
#
# Needs Debian 12 after apt-get update (packages are only unpacked), node, npm and python3. It took 30 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait
    epmd -kill >out 2>&1 || true
    rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @stomp/stompjs@7.5.0 ws@8.23.0
erlang=1:25.2.3+dfsg-1+deb12u4
apt-get download -qq rabbitmq-server=3.10.8-1.1+deb12u1 erlang-{base,asn1,crypto,eldap,ftp,inets,mnesia,os-mon,parsetools}=$erlang \
    erlang-{public-key,runtime-tools,snmp,ssl,syntax-tools,tftp,tools,xmerl}=$erlang 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export PATH=$dir/unpacked/usr/bin:$PATH ERL_ROOTDIR=$dir/unpacked/usr/lib/erlang HOME=$dir
export AMQP=$(port) STOMP=$(port) WEB=$(port) ERL_EPMD_PORT=$(port) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$(port)
export RABBITMQ_NODENAME=finding$STOMP@localhost RABBITMQ_CONFIG_FILE=$dir/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins
export RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log RABBITMQ_PID_FILE=$dir/pid
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
echo '[rabbitmq_stomp,rabbitmq_web_stomp].' >plugins
cat >rabbitmq.conf <<CONF
listeners.tcp.1 = 127.0.0.1:$AMQP
stomp.listeners.tcp.1 = 127.0.0.1:$STOMP
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = $WEB
CONF
unpacked/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >out 2>&1 &
pids+=($!)
for _ in $(seq 300); do (: <>"/dev/tcp/127.0.0.1/$WEB") 2>/dev/null && break; sleep 0.1; done

cat >check.js <<'JS'
const net = require('net');
const WebSocket = require('ws');
const { Client } = require('@stomp/stompjs');
global.WebSocket = WebSocket;
const url = `ws://127.0.0.1:${process.env.WEB}/ws`;
const connect = 'CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0';
const send = (bytes) => Buffer.concat([
  Buffer.from(`SEND\ndestination:/queue/q\ncontent-length:${bytes.length}\nreceipt:${bytes.length}\n\n`), bytes, Buffer.from('\0')]);

let closed = 0;
let received = 0;
const connectHeaders = { login: 'guest', passcode: 'guest', host: '/' };
const client = new Client({ brokerURL: url, connectHeaders, reconnectDelay: 300 });
client.onConnect = () => client.subscribe('/queue/q', (message) => {
  received += 1;
  console.log(`received: ${message.body}`);
  message.ack();
}, { id: '0', ack: 'client-individual' });
client.onWebSocketError = (error) => console.log(`error: ${error.message}`);
client.onWebSocketClose = ({ code }) => {
  closed += 1;
  console.log(`closed with ${code}`);
  if (closed === 3) client.deactivate().then(leave);
};

const producer = net.connect(process.env.STOMP, '127.0.0.1', () => producer.write(connect));
let state = 'connecting';
producer.on('data', (data) => {
  if (state === 'connecting') {
    state = 'sending';
    producer.write(Buffer.concat([send(Buffer.from([0x63, 0xe9])), send(Buffer.from('good'))]));
  } else if (state === 'sending' && data.includes('receipt-id:4')) {
    state = 'sent';
    client.activate();
  }
});

function leave() {
  const socket = new WebSocket(url, ['v12.stomp']);
  let receipt = false;
  socket.on('open', () => socket.send(connect));
  socket.on('message', (data) => {
    if (data.toString().startsWith('CONNECTED')) socket.send('DISCONNECT\nreceipt:bye\n\n\0');
    receipt ||= data.includes('receipt-id:bye');
  });
  socket.on('close', (code, reason) => {
    console.log(`DISCONNECT: ${receipt ? 'a' : 'no'} receipt, closed with ${code} "${reason}"`);
    process.exit(received === 0 && !receipt ? 0 : 1);
  });
}
JS
timeout 30 node check.js
