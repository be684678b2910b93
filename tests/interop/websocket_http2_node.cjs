// npm's `ws` on streams of Node's own HTTP/2 (RFC 8441) against our gateway.
//
//     node websocket_http2_node.cjs --list
//     node websocket_http2_node.cjs CHECK ADDRESS
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');
const path = require('node:path');
const WebSocket = require('ws');

// They are not exported.
const inside = (file) => require(path.join(path.dirname(require.resolve('ws')), 'lib', file));
const PerMessageDeflate = inside('permessage-deflate.js');
const { parse } = inside('extension.js');

const [, , name, address] = process.argv;

async function connected() {
  const session = http2.connect(`http://${address}`);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  return session;
}

// Opens a WebSocket by an extended CONNECT, and lends its stream to `ws`, which takes any duplex for a socket.
async function open(session, target, { deflate = true, protocol } = {}) {
  const compression = new PerMessageDeflate({}, false, 1 << 25);
  const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': target, 'sec-websocket-version': '13' };
  if (deflate) headers['sec-websocket-extensions'] = 'permessage-deflate; client_max_window_bits';
  if (protocol) headers['sec-websocket-protocol'] = protocol;
  const stream = session.request(headers, { endStream: false });
  const [response] = await once(stream, 'response');
  assert.equal(response[':status'], 200);
  assert.equal(response['sec-websocket-protocol'], protocol);
  const socket = new WebSocket(null, undefined, { allowSynchronousEvents: true, closeTimeout: 30_000 });
  socket._isServer = false;
  assert.equal('sec-websocket-extensions' in response, deflate);
  if (deflate) {
    const [[, params]] = Object.entries(parse(response['sec-websocket-extensions']));
    compression.accept(params);
    socket._extensions[PerMessageDeflate.extensionName] = compression;
  }
  socket.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 1 << 25, skipUTF8Validation: false });
  return { socket, stream };
}

async function echo(socket, data) {
  socket.send(data);
  const [got, isBinary] = await once(socket, 'message');
  assert.equal(isBinary, Buffer.isBuffer(data));
  assert(got.equals(Buffer.from(data)), `${got.length} bytes`);
}

const CHECKS = {
  async 'an echo'(session) {
    const { socket, stream } = await open(session, '/ws/echo', { deflate: false });
    for (const data of ['hello', '', 'Grüße 🦀', Buffer.alloc(3 << 20, 'abcdefg')]) await echo(socket, data);
    socket.close(3001, 'as you wish');
    const [code, reason] = await once(socket, 'close');
    assert.deepEqual([code, String(reason)], [3001, 'as you wish']);
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR);
  },
  async 'an echo, compressed'(session) {
    const { socket } = await open(session, '/ws/echo');
    for (const data of ['hello', 'Grüße 🦀'.repeat(10_000), Buffer.alloc(3 << 20, 'abcdefg')]) await echo(socket, data);
    socket.close();
    await once(socket, 'close');
  },
  async 'pings, and the server\'s pongs'(session) {
    const { socket } = await open(session, '/ws/echo');
    socket.ping('are you there?');
    const [data] = await once(socket, 'pong');
    assert.equal(String(data), 'are you there?');
    socket.terminate();
  },
  async 'twenty members of the room on one connection'(session) {
    const members = await Promise.all(Array.from({ length: 20 }, () => open(session, '/ws/chat', { protocol: 'chat' })));
    for (let round = 0; round < 10; round++) {
      const heard = members.map(({ socket }) => once(socket, 'message'));
      members[round].socket.send(`round ${round}`);
      for (const [data] of await Promise.all(heard)) assert.equal(String(data), `round ${round}`);
    }
    for (const { socket } of members) socket.terminate();
  },
  async 'an event stream, a page and a socket beside each other'(session) {
    const { socket } = await open(session, '/ws/echo');
    const events = session.request({ ':path': '/sse/clock?every=50' });
    await once(events, 'data');
    const page = session.request({ ':path': '/' });
    let length = 0;
    page.on('data', (chunk) => { length += chunk.length; });
    await once(page, 'end');
    assert(length > 5_000);
    await echo(socket, 'beside them');
    events.close();
    socket.terminate();
  },
};

async function main() {
  if (name === '--list') return console.log(JSON.stringify(Object.keys(CHECKS)));
  const session = await connected();
  await CHECKS[name](session);
  session.destroy();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
