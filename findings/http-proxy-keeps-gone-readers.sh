#!/usr/bin/env bash
# Behind npm's http-proxy, an event stream is never told that its reader has left. Its forks tell it at once.
#
# Software: http-proxy 1.18.1, http-proxy-3 2.0.1, httpxy 0.5.6 and http-proxy-middleware 3.0.5 (npm) on Node 20.20.
#
# Five readers open /events through the proxy, get the first event and close their connections. The server writes a comment
# to every reader each 0.1 second, so that a dead connection would show itself.
#
# Expected: the server sees five closed connections at once, by each proxy. http-proxy has code for it: `req.on('aborted')`.
# Seen, 3 seconds after the readers have gone:
#           no proxy                     0 of 5 streams still open
#           http-proxy 1.18.1            5 of 5 streams still open, and written to
#           http-proxy-middleware 3.0.5  0 of 5 (it is built on http-proxy, and closes by itself)
#           http-proxy-3, httpxy         0 of 5
# The cause: since Node 16 a request whose body has been read, and a GET has none, does not say 'aborted' any more.
# 'close' on the response is what comes. The proxy goes on reading and throws away what it reads, so that not even writing
# shows the server that nobody listens.
#
# The standard: none says that a proxy must pass on an abort. Long answers depend on it all the same.
#
# Who meets it: event streams, long polls and gRPC-Web streams behind http-proxy itself. Each reload of a page leaves one more
# stream, with its timers and subscriptions, until the proxy ends. A limit on readers per user fills up with ghosts.
# What to do: move to one of the forks, or add: proxy.on('proxyReq', (up, req, res) => res.on('close', () => up.destroy())).
# In the server: bound the life of a stream. Readers come back by themselves.
#
# Needs node and npm. It took 24 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts http-proxy@1.18.1 http-proxy-3@2.0.1 httpxy@0.5.6 \
    http-proxy-middleware@3.0.5

cat >readers.mjs <<'JS'
import http from 'node:http';
import net from 'node:net';
import httpProxy from 'http-proxy';
import { createProxyServer as createProxy3 } from 'http-proxy-3';
import { createProxyServer as createHttpxy } from 'httpxy';
import { createProxyMiddleware } from 'http-proxy-middleware';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const listen = (handler) =>
  new Promise((done) => {
    const server = http.createServer(handler);
    server.listen(0, '127.0.0.1', () => done(server.address().port));
  });

let open = 0;
const events = await listen((request, response) => {
  open++;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('data: hello\n\n');
  const timer = setInterval(() => response.write(':\n'), 100);
  response.on('close', () => {
    clearInterval(timer);
    open--;
  });
});
const target = `http://127.0.0.1:${events}`;
const proxy = httpProxy.createProxyServer({ target });
const repaired = httpProxy.createProxyServer({ target });
repaired.on('proxyReq', (up, request, response) => response.on('close', () => up.destroy()));
repaired.on('error', () => {});
const proxy3 = createProxy3({ target });
const httpxy = createHttpxy({});
const middleware = createProxyMiddleware({ target });
const ways = {
  'no proxy': events,
  'http-proxy 1.18.1': await listen((request, response) => proxy.web(request, response, {}, () => {})),
  'http-proxy 1.18.1 with the line above': await listen((request, response) => repaired.web(request, response)),
  'http-proxy-middleware 3.0.5': await listen((request, response) => middleware(request, response, () => {})),
  'http-proxy-3 2.0.1': await listen((request, response) => proxy3.web(request, response, {}, () => {})),
  'httpxy 0.5.6': await listen((request, response) => httpxy.web(request, response, { target }).catch(() => {})),
};
const reader = (port) =>
  new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.on('data', (bytes) => bytes.includes('hello') && done(socket));
  });

const left = {};
for (const [name, port] of Object.entries(ways)) {
  const before = open;
  const readers = await Promise.all([1, 2, 3, 4, 5].map(() => reader(port)));
  for (const socket of readers) socket.end();
  await sleep(3000);
  left[name] = open - before;
  console.log(`${name}: ${left[name]} of 5 streams still open 3 seconds after their readers left`);
}
const good = Object.entries(left).every(([name, n]) => n === (name === 'http-proxy 1.18.1' ? 5 : 0));
process.exit(good ? 0 : 1);
JS
node --no-warnings readers.mjs
