// The checks of gRPC-Web over WebSocket, with npm's `@improbable-eng/grpc-web`: one per call, named on the command line.
//
//     node grpc_socket_client.cjs --list
//     node grpc_socket_client.cjs CHECK ADDRESS
'use strict';

// The library is written for browsers.
globalThis.WebSocket = require('ws');
const { grpc } = require('@improbable-eng/grpc-web');
const messages = require('./echo_messages.cjs');

const [, , name, address] = process.argv;

function equal(got, expected, what) {
  const [left, right] = [got, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${what}: ${left.slice(0, 500)}, expected: ${right.slice(0, 500)}`);
}

class Request {
  constructor(fields) {
    this.fields = fields;
  }
  serializeBinary() {
    return messages.encode(this.fields);
  }
}

const Reply = { deserializeBinary: (bytes) => messages.decode(bytes) };

// Makes a call, and returns the replies, the end, and the metadata.
function call(methodName, requests, metadata = {}) {
  const descriptor = {
    methodName,
    service: { serviceName: 'echo.Echo' },
    requestStream: methodName === 'ClientStream' || methodName === 'Bidi',
    responseStream: methodName === 'ServerStream' || methodName === 'Bidi',
    requestType: Request,
    responseType: Reply,
  };
  return new Promise((done) => {
    const client = grpc.client(descriptor, { host: `http://${address}`, transport: grpc.WebsocketTransport() });
    const got = { replies: [], head: undefined };
    client.onHeaders((head) => (got.head = head));
    client.onMessage((reply) => got.replies.push(reply));
    client.onEnd((code, message, trailers) => done({ ...got, code, message, trailers, client }));
    client.start(new grpc.Metadata(metadata));
    for (const request of requests) client.send(new Request(request));
    client.finishSend();
  });
}

const texts = (got) => got.replies.map((reply) => reply.text);

const CHECKS = {
  async unary() {
    const got = await call('Unary', [{ text: 'Grüße' }]);
    equal([got.code, texts(got)], [0, ['Grüße']], 'got');
  },
  async 'an error with a message'() {
    const got = await call('Unary', [{ code: 5, error: 'nicht da: 世界' }]);
    equal([got.code, got.message, texts(got)], [5, 'nicht da: 世界', []], 'got');
  },
  async 'an unknown method'() {
    const got = await call('Nothing', [{}]);
    equal(got.code, 12, 'code');
  },
  async 'server streaming'() {
    const got = await call('ServerStream', [{ text: 'x', count: 100 }]);
    equal([got.code, got.replies.map((reply) => reply.index)], [0, [...Array(100).keys()]], 'got');
  },
  async 'a stream that ends with an error'() {
    const got = await call('ServerStream', [{ text: 'x', count: 2, code: 13, error: 'no more' }]);
    equal([got.code, got.message, got.replies.length], [13, 'no more', 2], 'got');
  },
  async 'client streaming'() {
    const got = await call('ClientStream', [{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
    equal([got.code, texts(got), got.replies[0].index], [0, ['a,b,c'], 3], 'got');
  },
  async 'both sides stream'() {
    const got = await call('Bidi', [{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
    equal([got.code, texts(got)], [0, ['a', 'b', 'c']], 'got');
  },
  async 'both sides stream until an error'() {
    const got = await call('Bidi', [{ text: 'a' }, { code: 9, error: 'enough' }, { text: 'c' }]);
    equal([got.code, got.message, texts(got)], [9, 'enough', ['a']], 'got');
  },
  async 'no requests'() {
    const got = await call('Bidi', []);
    equal([got.code, texts(got)], [0, []], 'got');
  },
  async 'a megabyte'() {
    const payload = Buffer.alloc(1 << 20, 'abc');
    const got = await call('Unary', [{ payload }]);
    equal([got.code, Buffer.compare(got.replies[0].payload, payload)], [0, 0], 'got');
  },
  async 'metadata come back'() {
    const got = await call('Unary', [{ text: 'x' }], { 'x-echo-word': 'hello', 'x-echo-raw-bin': 'AQID' });
    equal([got.head.get('x-echo-word'), got.trailers.get('x-trailer-word')], [['hello'], ['hello']], 'text');
    equal([got.head.get('x-echo-raw-bin'), got.trailers.get('x-trailer-raw-bin')], [['AQID'], ['AQID']], 'bytes');
  },
  async 'a deadline'() {
    const got = await call('ServerStream', [{ count: 2, delayMs: 20_000 }], { 'grpc-timeout': '200m' });
    equal([got.code, got.replies.length], [4, 1], 'got');
  },
};

if (name === '--list') {
  console.log(JSON.stringify(Object.keys(CHECKS)));
} else {
  setTimeout(() => {
    console.error('not done within 30 s');
    process.exit(1);
  }, 30_000);
  CHECKS[name]().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
