// npm's sockjs as a server that sends every message back: `server.mjs PORT`.

import http from 'node:http';
import sockjs from 'sockjs';

const echo = sockjs.createServer({ log() {} });
echo.on('connection', (connection) => {
  connection.on('data', (data) => (data === 'leave' ? connection.close(4001, 'bye') : connection.write(data)));
});
const server = http.createServer((_, response) => response.writeHead(404).end());
echo.installHandlers(server, { prefix: '/echo' });
server.listen(Number(process.argv[2]), '127.0.0.1');
