// The client of npm's `@grpc/grpc-js` against our server: one check per call, named on the command line.
//
//     node grpc_node_client.cjs --list
//     node grpc_node_client.cjs CHECK ADDRESS
'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const grpc = require('@grpc/grpc-js');
const messages = require('./echo_messages.cjs');

const [, , name, address] = process.argv;

const encode = (request) => Buffer.from(messages.encode(request));
const method = (path, requestStream, responseStream) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: encode,
  requestDeserialize: messages.decode,
  responseSerialize: encode,
  responseDeserialize: messages.decode,
});

const Client = grpc.makeGenericClientConstructor({
  unary: method('/echo.Echo/Unary', false, false),
  serverStream: method('/echo.Echo/ServerStream', false, true),
  clientStream: method('/echo.Echo/ClientStream', true, false),
  bidi: method('/echo.Echo/Bidi', true, true),
  nothing: method('/echo.Echo/Nothing', false, false),
});

function client(options = {}) {
  return new Client(address, grpc.credentials.createInsecure(), { 'grpc.enable_http_proxy': 0, ...options });
}

const within = (seconds) => ({ deadline: Date.now() + seconds * 1000 });

function metadata(pairs) {
  const metadata = new grpc.Metadata();
  for (const [key, value] of pairs) metadata.add(key, value);
  return metadata;
}

// Resolves to everything about a call; `start` gets the callback for a single reply.
function outcome(start) {
  return new Promise((resolve) => {
    const result = { replies: [] };
    const call = start((error, reply) => {
      if (!error) result.replies.push(reply);
    });
    call.on('metadata', (head) => (result.head = head));
    call.on('data', (reply) => result.replies.push(reply));
    call.on('error', () => {}); // the status has it too
    call.on('status', (status) => resolve(Object.assign(result, { status })));
  });
}

function unary(request, { using = client(), options = within(20), sent = new grpc.Metadata() } = {}) {
  return outcome((callback) => using.unary(request, sent, options, callback));
}

const texts = ({ replies }) => replies.map((reply) => reply.text);

const checks = {
  'unary': async () => {
    const result = await unary({ text: 'Grüße', payload: Buffer.from([0, 255]) });
    assert.equal(result.status.code, grpc.status.OK);
    assert.deepEqual(texts(result), ['Grüße']);
    assert.deepEqual([...result.replies[0].payload], [0, 255]);
  },

  'an empty message': async () => {
    const result = await unary({});
    assert.equal(result.status.code, grpc.status.OK);
    assert.deepEqual(texts(result), ['']);
  },

  'server streaming': async () => {
    const result = await outcome(() => client().serverStream({ text: 'again', count: 1000 }, within(20)));
    assert.equal(result.status.code, grpc.status.OK);
    assert.deepEqual(result.replies.map((reply) => reply.index), [...Array(1000).keys()]);
  },

  'client streaming': async () => {
    const result = await outcome((callback) => {
      const call = client().clientStream(within(20), callback);
      for (const text of ['one', 'two', 'three']) call.write({ text });
      call.end();
      return call;
    });
    assert.equal(result.status.code, grpc.status.OK);
    assert.deepEqual([texts(result), result.replies[0].index], [['one,two,three'], 3]);
  },

  'bidi streaming': async () => {
    const left = ['one', 'two', 'three'];
    const result = await outcome(() => {
      const call = client().bidi(within(20));
      const next = () => (left.length > 0 ? call.write({ text: left.shift() }) : call.end());
      call.on('data', next);
      next();
      return call;
    });
    assert.equal(result.status.code, grpc.status.OK);
    assert.deepEqual(texts(result), ['one', 'two', 'three']);
  },

  'an error with a message that is not ASCII': async () => {
    const error = '100 % schiefgegangen: 世界 👋';
    const { status } = await unary({ code: grpc.status.NOT_FOUND, error });
    assert.deepEqual([status.code, status.details], [grpc.status.NOT_FOUND, error]);
  },

  'an error after replies': async () => {
    const request = { text: 'so far', count: 2, code: grpc.status.ABORTED, error: 'lost' };
    const result = await outcome(() => client().serverStream(request, within(20)));
    assert.deepEqual(texts(result), ['so far', 'so far']);
    assert.deepEqual([result.status.code, result.status.details], [grpc.status.ABORTED, 'lost']);
  },

  'an unknown method': async () => {
    const { status } = await outcome((callback) => client().nothing({}, within(20), callback));
    assert.equal(status.code, grpc.status.UNIMPLEMENTED);
  },

  'metadata come back': async () => {
    const bytes = Buffer.from([...Array(256).keys()]);
    const pairs = [
      ['x-echo-text', 'one, two'],
      ['x-echo-twice', 'first'],
      ['x-echo-twice', 'second'],
      ['x-echo-all-bin', bytes],
      ['x-echo-one-bin', Buffer.from([255])],
    ];
    const { head, status } = await unary({}, { sent: metadata(pairs) });
    assert.equal(status.code, grpc.status.OK);
    for (const [found, prefix] of [[head, 'x-echo-'], [status.metadata, 'x-trailer-']]) {
      // Node joins fields with the same name before the library sees them.
      assert.equal(found.get(`${prefix}text`).join(', '), 'one, two');
      assert.equal(found.get(`${prefix}twice`).join(', '), 'first, second');
      assert.ok(found.get(`${prefix}all-bin`)[0].equals(bytes));
      assert.ok(found.get(`${prefix}one-bin`)[0].equals(Buffer.from([255])));
    }
  },

  'gzip both ways': async () => {
    const using = client({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    const payload = Buffer.alloc(100_000, 'framewright');
    const result = await unary({ text: 'zipped', payload }, { using, sent: metadata([['x-echo-gzip', '1']]) });
    assert.equal(result.status.code, grpc.status.OK);
    assert.ok(result.replies[0].payload.equals(payload));
  },

  'a reply is compressed only for clients that accept it': async () => {
    const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 6, 0x0a, 4]), Buffer.from('text')]);
    const zipped = await raw({ 'x-echo-gzip': '1', 'grpc-accept-encoding': 'identity, gzip' }, body);
    assert.equal(zipped.head['grpc-encoding'], 'gzip');
    assert.equal(zipped.body[0], 1, 'the flag');
    assert.deepEqual([...require('node:zlib').gunzipSync(zipped.body.subarray(5))], [0x0a, 4, ...Buffer.from('text')]);
    const plain = await raw({ 'x-echo-gzip': '1', 'grpc-accept-encoding': 'identity,deflate' }, body);
    assert.equal(plain.head['grpc-encoding'], undefined);
    assert.deepEqual(plain.body, body);
  },

  'a message over the limit': async () => {
    const using = client();
    const { status } = await unary({ payload: Buffer.alloc(5_000_000) }, { using });
    assert.equal(status.code, grpc.status.RESOURCE_EXHAUSTED);
    assert.equal((await unary({ text: 'still here' }, { using })).status.code, grpc.status.OK);
  },

  'a deadline': async () => {
    const result = await outcome(() => client().serverStream({ count: 1000, delayMs: 50 }, within(1)));
    assert.equal(result.status.code, grpc.status.DEADLINE_EXCEEDED);
    assert.ok(result.replies.length >= 1 && result.replies.length <= 21, `${result.replies.length} replies`);
  },

  'the server keeps a deadline by itself': async () => {
    // ServerStream of 100 replies, 100 ms between them.
    const body = Buffer.from([0, 0, 0, 0, 4, 0x10, 100, 0x18, 100]);
    const start = Date.now();
    const { trailers } = await raw({ 'grpc-timeout': '1S' }, body, '/echo.Echo/ServerStream');
    assert.equal(trailers['grpc-status'], String(grpc.status.DEADLINE_EXCEEDED));
    assert.ok(Date.now() - start >= 990 && Date.now() - start < 5000, `${Date.now() - start} ms`);
  },

  'what is not gRPC gets 415 or 405': async () => {
    assert.equal((await raw({ 'content-type': 'application/json' }, Buffer.from('{}'))).head[':status'], 415);
    assert.equal((await raw({ ':method': 'GET' })).head[':status'], 405);
  },

  'a malformed timeout is refused': async () => {
    const { head } = await raw({ 'grpc-timeout': '-1S' }, Buffer.alloc(5));
    assert.deepEqual([head[':status'], head['grpc-status']], [200, String(grpc.status.INTERNAL)]);
  },

  'a cut message is an error': async () => {
    const { head, trailers = head } = await raw({}, Buffer.from([0, 0, 0, 0, 6, 0x0a]));
    assert.equal(trailers['grpc-status'], String(grpc.status.INTERNAL));
  },

  'two messages instead of one': async () => {
    const { head, trailers = head } = await raw({}, Buffer.alloc(10));
    assert.equal(trailers['grpc-status'], String(grpc.status.UNIMPLEMENTED));
  },

  'gRPC-Web over HTTP/2, binary and in base64': async () => {
    const message = Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 0x68, 0x69]);
    const binary = await raw({ 'content-type': 'application/grpc-web' }, message);
    assert.equal(binary.head['content-type'], 'application/grpc-web');
    const trailers = Buffer.from('grpc-status: 0\r\n');
    const expected = Buffer.concat([message, Buffer.from([0x80, 0, 0, 0, trailers.length]), trailers]);
    assert.deepEqual(binary.body, expected);
    const text = await raw({ 'content-type': 'application/grpc-web-text' }, Buffer.from(message.toString('base64')));
    const pieces = text.body.toString().match(/[^=]+=*/g).map((piece) => Buffer.from(piece, 'base64'));
    assert.deepEqual(Buffer.concat(pieces), expected);
  },

  'a call cancelled half-way': async () => {
    const using = client();
    let count = 0;
    const result = await outcome(() => {
      const call = using.serverStream({ count: 1_000_000, payload: Buffer.alloc(100) }, within(20));
      call.on('data', () => ++count === 10 && call.cancel());
      return call;
    });
    assert.equal(result.status.code, grpc.status.CANCELLED);
    assert.equal((await unary({ text: 'still here' }, { using })).status.code, grpc.status.OK);
  },

  'many calls at once': async () => {
    const using = client();
    const results = await Promise.all(Array.from({ length: 500 }, (_, n) => unary({ text: String(n) }, { using })));
    assert.deepEqual(results.map((result) => texts(result)[0]), results.map((_, n) => String(n)));
  },
};

// A request by Node's own HTTP/2, for what no library sends.
function raw(headers, body, path = '/echo.Echo/Unary') {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${address}`);
    session.on('error', reject);
    const whole = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers };
    const stream = session.request(whole, { endStream: body === undefined });
    const result = { body: [] };
    stream.on('response', (head) => (result.head = head));
    stream.on('trailers', (trailers) => (result.trailers = trailers));
    stream.on('data', (data) => result.body.push(data));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve({ ...result, body: Buffer.concat(result.body) });
    });
    if (body !== undefined) stream.end(body);
  });
}

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
