// A server made with npm's `socket.io`, for our client. It does the same as `socketio_python_server.py`, which says what that is.
'use strict';

const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer((_, response) => response.writeHead(404).end());
const io = new Server(server, { pingInterval: 300, pingTimeout: 1000, maxHttpBufferSize: 100_000 });

const serve = (socket) => {
  socket.emit('auth', socket.handshake.auth);
  socket.on('message', (...args) => socket.emit('message-back', ...args));
  socket.on('message-with-ack', (...args) => args.pop()(...args));
  socket.on('leave', () => socket.disconnect());
  const { name } = socket.handshake.auth;
  socket.on('disconnect', () => console.log(`${name} left ${socket.conn.transport.name}`));
};

io.on('connection', serve);
io.of('/custom').on('connection', serve);
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}/`));
