// The client of npm's `ws` against our server: one check per call, named on the command line.
//
//     node node_client.cjs --list
//     node node_client.cjs CHECK ADDRESS LIMITED_ADDRESS LIMIT
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { WebSocket } = require('ws');

const [, , name, address, limitedAddress, limit] = process.argv;

function open(path = '/ws/echo', { at = address, protocols = [], ...options } = {}) {
  const ws = new WebSocket(`ws://${at}${path}`, protocols, options);
  // Collected from the start, because messages may come right after the handshake.
  ws.received = [];
  ws.waiting = [];
  ws.on('message', (data, isBinary) => {
    const message = isBinary ? data : data.toString();
    const next = ws.waiting.shift();
    next ? next(message) : ws.received.push(message);
  });
  return ws;
}

async function opened(path, options) {
  const ws = open(path, options);
  await once(ws, 'open');
  return ws;
}

function message(ws) {
  if (ws.received.length > 0) return ws.received.shift();
  return new Promise((resolve) => ws.waiting.push(resolve));
}

async function comesBack(sent, options) {
  const ws = await opened('/ws/echo', options);
  ws.send(sent);
  const got = await message(ws);
  // Not `deepEqual`: its report of a difference in 16 MiB would take longer than the test.
  assert.equal(Buffer.isBuffer(got), Buffer.isBuffer(sent), 'text is text, binary is binary');
  assert.equal(got.length, sent.length, 'as long as what was sent');
  assert.ok(Buffer.from(got).equals(Buffer.from(sent)), 'equal to what was sent');
  ws.terminate();
}

// Resolves to the code and reason of the close frame that ends the connection.
async function closed(ws) {
  const [code, reason] = await once(ws, 'close');
  return [code, reason.toString()];
}

async function refused(options, path) {
  const ws = open(path, options);
  const [request, response] = await once(ws, 'unexpected-response');
  request.destroy();
  return response;
}

const checks = {
  'text comes back as text': () => comesBack('Grüße, 世界 👋'),
  'binary comes back as binary': () => comesBack(Buffer.from([0, 255, 128, 10, 13])),
  'empty text comes back': () => comesBack(''),
  'empty binary comes back': () => comesBack(Buffer.alloc(0)),
  '1 MiB comes back': () => comesBack(Buffer.alloc(1 << 20, 'framewright')),
  '16 MiB come back': () => comesBack(Buffer.alloc(1 << 24, 'framewright')),
  '1 MiB comes back where deflate is not offered': () =>
    comesBack(Buffer.alloc(1 << 20, 'framewright'), { perMessageDeflate: false }),

  'fragments come back as one message': async () => {
    const ws = await opened();
    for (const part of ['one ', '', 'two ']) ws.send(part, { fin: false });
    ws.send('three', { fin: true });
    assert.equal(await message(ws), 'one two three');
    ws.terminate();
  },

  'a ping is answered with its payload, also between fragments': async () => {
    const ws = await opened();
    ws.ping('first');
    const [first] = await once(ws, 'pong');
    assert.equal(first.toString(), 'first');
    ws.send('one ', { fin: false });
    ws.ping('second');
    const [second] = await once(ws, 'pong');
    assert.equal(second.toString(), 'second');
    ws.send('two');
    assert.equal(await message(ws), 'one two');
    ws.terminate();
  },

  'our close is answered with its code': async () => {
    for (const code of [1000, 1001, 1014, 3001, 4999]) {
      const ws = await opened();
      ws.close(code, 'a reason');
      assert.equal((await closed(ws))[0], code);
    }
  },

  'a close without a code is answered': async () => {
    const ws = await opened();
    ws.close();
    // 1005 means a close frame without a code; 1006 would mean that there was no close frame.
    assert.ok([1000, 1005].includes((await closed(ws))[0]));
  },

  'a message of exactly the limit passes, a byte more gets 1009': async () => {
    const ws = await opened('/ws/echo', { at: limitedAddress, perMessageDeflate: false });
    ws.send(Buffer.alloc(Number(limit)));
    assert.equal((await message(ws)).length, Number(limit));
    ws.send(Buffer.alloc(Number(limit) + 1));
    assert.equal((await closed(ws))[0], 1009);
  },

  'a byte too many gets 1009 when fragmented too': async () => {
    const ws = await opened('/ws/echo', { at: limitedAddress, perMessageDeflate: false });
    ws.send(Buffer.alloc(Number(limit)), { fin: false });
    ws.send(Buffer.alloc(1), { fin: true });
    assert.equal((await closed(ws))[0], 1009);
  },

  'chat is negotiated, and a message reaches three members': async () => {
    const options = { protocols: ['superchat', 'chat'] };
    const room = [];
    for (let i = 0; i < 3; i++) room.push(await opened('/ws/chat', options));
    for (const member of room) assert.equal(member.protocol, 'chat');
    for (const [i, member] of room.entries()) {
      member.send(`from ${i}`);
      for (const other of room) assert.equal(await message(other), `from ${i}`);
    }
    for (const member of room) member.terminate();
  },

  'an unknown subprotocol is not agreed to': async () => {
    // For `ws`, it is an error if the server agrees to no subprotocol. Its error message is the proof.
    const ws = open('/ws/echo', { protocols: ['x-unknown'] });
    const [error] = await once(ws, 'error');
    assert.equal(error.message, 'Server sent no subprotocol');
  },

  'the same origin is let in': async () => {
    (await opened('/ws/echo', { origin: `http://${address}` })).terminate();
  },

  'a cross-site origin is refused with 403': async () => {
    for (const origin of ['http://evil.example', `http://${address}.evil.example`, 'null']) {
      assert.equal((await refused({ origin })).statusCode, 403, origin);
    }
  },

  'version 8 is refused with 426, which names version 13': async () => {
    const response = await refused({ protocolVersion: 8 });
    assert.equal(response.statusCode, 426);
    assert.equal(response.headers['sec-websocket-version'], '13');
  },

  'no such path is refused with 404': async () => {
    assert.equal((await refused({}, '/no/such/path')).statusCode, 404);
  },

  'hundreds of connections at once are all served': async () => {
    const all = await Promise.all(Array.from({ length: 300 }, () => opened()));
    for (const [i, ws] of all.entries()) ws.send(`number ${i}`);
    for (const [i, ws] of all.entries()) assert.equal(await message(ws), `number ${i}`);
    await Promise.all(all.map((ws) => (ws.close(1000), closed(ws))));
  },
};

if (name === '--list') {
  console.log(JSON.stringify(Object.keys(checks)));
} else {
  setTimeout(() => {
    console.error('not done within 30 s');
    process.exit(1);
  }, 30_000);
  checks[name]().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
