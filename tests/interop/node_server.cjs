// A server made with npm's `ws`, for our client. It does the same as `python_server.py`, which says what that is.
'use strict';

const http = require('node:http');
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
  '/drop': (ws) => ws.once('message', () => ws.terminate()),
};

const alone = process.argv.includes('--no-context-takeover');

const server = http.createServer();
const handshake = new WebSocketServer({
  noServer: true,
  maxPayload: 0,
  perMessageDeflate: { serverNoContextTakeover: alone, clientNoContextTakeover: alone, threshold: 64 },
  handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
});

server.on('upgrade', (request, socket, head) => {
  const serve = paths[request.url];
  if (!serve) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  handshake.handleUpgrade(request, socket, head, (ws) => {
    ws.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
    ws.on('error', (error) => console.error(error));
    serve(ws);
  });
});

server.listen(0, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
