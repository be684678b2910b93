#!/usr/bin/env bash
# stompjs does not get back the header value that it sent: C:\new\code arrives as "C:\", a line break, "ew\:ode".
#
# Software: @stomp/stompjs 7.5.0 (npm) with ws 8.23.0 on Node 20.20; for comparison stomp.py 9.0.0 (PyPI). STOMP 1.2.
#
# A client sends messages with a header. A server of a few lines sends each back with the header's line as it came.
#
# Expected: both read what they wrote. STOMP 1.2 has had the same four escapes since 2012.
# Seen:     value          on the wire          stompjs reads          stomp.py reads
#           C:\new\code    C\c\\new\\code       C:\<LF>ew\:ode         C:\new\code
#           \d+\r          \\d+\\r              \d+\<CR>               \d+\r
#           a:b            a\cb                 a:b                    a:b
#           a<LF>b         a\nb                 a<LF>b                 a<LF>b
# Both write the escapes rightly. stompjs reads them with four replacements in a row, \r, \n, \c and \\ last, so that the second
# half of an escaped backslash makes a new escape with the letter after it.
#
# The standard: STOMP 1.2, Value Encoding: \r, \n, \c and \\ each stand for one character; a reader goes from left to right.
#
# Who meets it: headers with Windows paths, regular expressions or JSON in them, read in a browser. Only a backslash before r, n
# or c is hit, so most paths pass.
# What to do: keep backslashes out of headers (percent-encode the value, or put it into the body). A reader of your own goes over
# the value once.
#
# Needs node, npm and python3 with pip. It took 4 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @stomp/stompjs@7.5.0 ws@8.23.0
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    stomp.py==9.0.0

cat >values.json <<'JSON'
["C:\\new\\code", "\\d+\\r", "a:b", "a\nb"]
JSON
cat >stompjs.js <<'JS'
const WebSocket = require('ws');
const { Client } = require('@stomp/stompjs');
const values = require('./values.json');
global.WebSocket = WebSocket;

const header = (frame) => frame.split('\n').find((line) => line.startsWith('value:'));
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', handleProtocols: () => 'v12.stomp' });
server.on('connection', (socket) =>
  socket.on('message', (data) => {
    const frame = data.toString();
    if (frame.startsWith('CONNECT')) socket.send('CONNECTED\nversion:1.2\n\n\0');
    if (frame.startsWith('SEND'))
      socket.send(`MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/a\n${header(frame)}\n\n\0`);
  }));
server.on('listening', () => {
  const client = new Client({ brokerURL: `ws://127.0.0.1:${server.address().port}`, heartbeatIncoming: 0, heartbeatOutgoing: 0 });
  let next = 0;
  const send = () => client.publish({ destination: '/a', headers: { value: values[next] }, body: '' });
  client.onConnect = () => {
    client.subscribe('/a', (message) => {
      const value = values[next++];
      console.log(`stompjs: ${JSON.stringify(value)} comes back as ${JSON.stringify(message.headers.value)}`);
      if (next < values.length) send();
      else process.exit();
    }, { id: '0' });
    send();
  };
  client.activate();
});
JS
cat >stomp_py.py <<'PY'
import json
import os
import queue
import socketserver
import threading

import stomp

values = json.load(open("values.json"))


class Server(socketserver.StreamRequestHandler):
    def handle(self):
        frame = b""
        while byte := self.rfile.read(1):
            if byte != b"\0":
                frame += byte
                continue
            lines = frame.lstrip().split(b"\n")
            if lines[0] in (b"CONNECT", b"STOMP"):
                self.wfile.write(b"CONNECTED\nversion:1.2\n\n\0")
            if lines[0] == b"SEND":
                line = next(line for line in lines if line.startswith(b"value:")).rstrip(b"\r")
                print("on the wire:", line[6:].decode(), flush=True)
                self.wfile.write(b"MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/a\n" + line + b"\n\n\0")
            frame = b""


class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        seen.put(frame.headers["value"])


seen = queue.Queue()
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
client = stomp.Connection12([server.server_address])
client.set_listener("", Listener())
client.connect(wait=True)
client.subscribe("/a", id="0")
for value in values:
    client.send("/a", "", headers={"value": value})
    print(f"stomp.py: {json.dumps(value)} comes back as {json.dumps(seen.get(timeout=5))}", flush=True)
os._exit(0)
PY
timeout 20 python3 stomp_py.py | tee seen
timeout 20 node stompjs.js | tee -a seen

[ "$(awk '/^stomp.py/ && $2 == $NF' seen | wc -l)" = 4 ]
grep -qF 'stompjs: "C:\\new\\code" comes back as "C:\\\new\\:ode"' seen
grep -qF 'stompjs: "\\d+\\r" comes back as "\\d+\\\r"' seen
grep -qF 'stompjs: "a:b" comes back as "a:b"' seen
grep -qF 'stompjs: "a\nb" comes back as "a\nb"' seen
