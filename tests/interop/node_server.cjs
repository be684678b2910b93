// A server made with npm's `ws`, for our client. It does the same as `python_server.py`, which says what that is. With
// `--http2` it serves on Node's HTTP/2 (RFC 8441), of which `ws` knows nothing.
'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const http2 = require('node:http2');
const { WebSocketServer } = require('ws');

const echo = (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));

const paths = {
  '/echo': echo,
  '/ping': (ws) => {
    const payload = 'are you there?';
    const tooLate = setTimeout(() => ws.send('no pong'), 10_000);
    ws.once('pong', (data) => {
      clearTimeout(tooLate);
      ws.send(data.toString() === payload ? 'pong' : `pong with ${data}`);
      echo(ws);
    });
    ws.ping(payload);
  },
  '/pieces': (ws) => {
    ws.send('one ', { fin: false });
    ws.ping();
    ws.send('', { fin: false });
    ws.send('two', { fin: true });
    echo(ws);
  },
  '/close': (ws) => ws.once('message', () => ws.close(4001, 'enough is enough')),
  '/chat': echo,
  '/extensions': (ws) => ws.once('message', () => ws.send(ws.extensions)),
  '/drop': (ws) => ws.once('message', () => ws.terminate()),
};

const alone = process.argv.includes('--no-context-takeover');

const handshake = new WebSocketServer({
  noServer: true,
  maxPayload: 0,
  perMessageDeflate: { serverNoContextTakeover: alone, clientNoContextTakeover: alone, threshold: 64 },
  handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
});

const accept = (request, socket, head) =>
  handshake.handleUpgrade(request, socket, head, (ws) => {
    ws.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
    ws.on('error', (error) => console.error(error));
    paths[request.url](ws);
  });

function upgrade(request, socket, head) {
  if (paths[request.url]) accept(request, socket, head);
  else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

// Shows `ws` the upgrade that it expects, and translates its answer.
function connect(stream, headers) {
  if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket' || !paths[headers[':path']]) {
    stream.respond({ ':status': 404 }, { endStream: true });
    return;
  }
  const key = randomBytes(16).toString('base64');
  const fields = { ...headers, upgrade: 'websocket', 'sec-websocket-key': key };
  // The first that `ws` writes is the head of HTTP/1.1.
  stream.write = () => delete stream.write;
  accept({ method: 'GET', url: headers[':path'], headers: fields, stream }, stream, Buffer.alloc(0));
}

handshake.on('headers', (lines, { stream }) => {
  const chosen = lines.map((line) => line.split(': ')).filter(([name]) => /^sec-websocket-(ext|pro)/i.test(name));
  stream?.respond({ ':status': 200, ...Object.fromEntries(chosen) });
});

const server = process.argv.includes('--http2')
  ? http2.createServer({ settings: { enableConnectProtocol: true } }).on('stream', connect)
  : http.createServer().on('upgrade', upgrade);

server.listen(0, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
