// Both gRPC-Web libraries against our server, in a browser; the first of them in Node too. `inNode(BASE)` and
// `inBrowser(BASE)` return the checks for the server at that URL, by name. Each throws if it does not pass.
'use strict';

const { Code, ConnectError, createClient, encodeBinaryHeader, decodeBinaryHeader } = require('@connectrpc/connect');
const { createGrpcWebTransport } = require('@connectrpc/connect-web');
const { create, createFileRegistry, fromJson } = require('@bufbuild/protobuf');
const { FileDescriptorProtoSchema } = require('@bufbuild/protobuf/wkt');
const google = require('grpc-web');
const messages = require('./echo_messages.cjs');

// --- Shared by both

function equal(got, expected, what = 'got') {
  const [left, right] = [got, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${what}: ${left.slice(0, 500)}, expected: ${right.slice(0, 500)}`);
}

function check(condition, what) {
  if (!condition) throw new Error(what);
}

function sameBytes(got, expected) {
  equal(got.length, expected.length, 'length');
  check(got.every((byte, at) => byte === expected[at]), 'other bytes');
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const NOT_ASCII = '100 % schiefgegangen: 世界 👋';
const pattern = (length) => Uint8Array.from({ length }, (_, at) => (at * 7) % 251);
const numbers = (length) => Array.from({ length }, (_, number) => number);

// --- `@connectrpc/connect-web`

const field = (name, number, type) => ({ name, number, type, label: 'LABEL_OPTIONAL', jsonName: name });
const registry = createFileRegistry(
  fromJson(FileDescriptorProtoSchema, {
    name: 'echo.proto',
    package: 'echo',
    syntax: 'proto3',
    messageType: [
      {
        name: 'EchoRequest',
        field: [
          field('text', 1, 'TYPE_STRING'),
          field('count', 2, 'TYPE_UINT32'),
          field('delay_ms', 3, 'TYPE_UINT32'),
          field('code', 4, 'TYPE_UINT32'),
          field('error', 5, 'TYPE_STRING'),
          field('payload', 6, 'TYPE_BYTES'),
        ],
      },
      {
        name: 'EchoReply',
        field: [field('text', 1, 'TYPE_STRING'), field('index', 2, 'TYPE_UINT32'), field('payload', 3, 'TYPE_BYTES')],
      },
    ],
    service: [
      {
        name: 'Echo',
        method: ['Unary', 'ServerStream', 'ClientStream', 'Bidi', 'Nothing'].map((name) => ({
          name,
          inputType: '.echo.EchoRequest',
          outputType: '.echo.EchoReply',
          clientStreaming: ['ClientStream', 'Bidi'].includes(name),
          serverStreaming: ['ServerStream', 'Bidi'].includes(name),
        })),
      },
    ],
  }),
  () => undefined,
);

function connectChecks(transport) {
  const client = createClient(registry.getService('echo.Echo'), transport);
  const request = (fields) => create(registry.getMessage('echo.EchoRequest'), fields);
  const within = (ms, options) => ({ timeoutMs: ms, ...options });

  async function failure(promise) {
    try {
      await promise;
    } catch (error) {
      check(error instanceof ConnectError, `another error: ${error.stack}`);
      return error;
    }
    throw new Error('it did not fail');
  }

  async function all(stream) {
    const replies = [];
    for await (const reply of stream) replies.push(reply);
    return replies;
  }

  return {
    'unary': async () => {
      for (const text of ['hello', '', NOT_ASCII]) {
        const reply = await client.unary(request({ text, payload: ALL_BYTES }), within(20_000));
        equal(reply.text, text);
        sameBytes(reply.payload, ALL_BYTES);
      }
    },

    'a message of no bytes at all': async () => {
      const reply = await client.unary(request({}), within(20_000));
      equal([reply.text, reply.index, reply.payload.length], ['', 0, 0]);
    },

    'a long message': async () => {
      const payload = pattern(3_000_000);
      sameBytes((await client.unary(request({ payload }), within(20_000))).payload, payload);
    },

    'an error': async () => {
      const error = await failure(client.unary(request({ code: Code.NotFound, error: NOT_ASCII }), within(20_000)));
      equal([error.code, error.rawMessage], [Code.NotFound, NOT_ASCII]);
    },

    'every code': async () => {
      for (let code = 1; code <= 16; code++) {
        const error = await failure(client.unary(request({ code, error: `number ${code}` }), within(20_000)));
        equal([error.code, error.rawMessage], [code, `number ${code}`]);
      }
    },

    'an unknown method': async () => {
      equal((await failure(client.nothing(request({}), within(20_000)))).code, Code.Unimplemented);
    },

    'server streaming': async () => {
      const replies = await all(client.serverStream(request({ text: 'again', count: 1000 }), within(20_000)));
      equal(replies.map((reply) => reply.index), numbers(1000));
      check(replies.every((reply) => reply.text === 'again'), 'another text');
    },

    'a stream of nothing': async () => {
      equal(await all(client.serverStream(request({}), within(20_000))), []);
    },

    'a stream of long replies': async () => {
      const payload = pattern(100_000);
      const replies = await all(client.serverStream(request({ payload, count: 50 }), within(20_000)));
      equal(replies.map((reply) => reply.index), numbers(50));
      for (const reply of replies) sameBytes(reply.payload, payload);
    },

    'replies come as they are made': async () => {
      const start = Date.now();
      const times = [];
      for await (const _ of client.serverStream(request({ count: 3, delayMs: 500 }), within(20_000))) {
        times.push(Date.now() - start);
      }
      equal(times.length, 3);
      check(times[1] - times[0] > 200 && times[2] - times[1] > 200, `at ${times} ms`);
    },

    'an error after replies': async () => {
      const texts = [];
      const error = await failure((async () => {
        const sent = request({ text: 'so far', count: 2, code: Code.Aborted, error: NOT_ASCII });
        for await (const reply of client.serverStream(sent, within(20_000))) texts.push(reply.text);
      })());
      equal([texts, error.code, error.rawMessage], [['so far', 'so far'], Code.Aborted, NOT_ASCII]);
    },

    'metadata come back': async () => {
      const headers = new Headers({ 'x-echo-text': 'one; two' });
      headers.append('x-echo-twice', 'first');
      headers.append('x-echo-twice', 'second');
      headers.append('x-echo-all-bin', encodeBinaryHeader(ALL_BYTES));
      let head, trailers;
      const options = { headers, onHeader: (found) => (head = found), onTrailer: (found) => (trailers = found) };
      await client.unary(request({}), within(20_000, options));
      for (const [found, prefix] of [[head, 'x-echo-'], [trailers, 'x-trailer-']]) {
        equal(found.get(`${prefix}text`), 'one; two');
        equal(found.get(`${prefix}twice`), 'first, second');
        sameBytes(decodeBinaryHeader(found.get(`${prefix}all-bin`)), ALL_BYTES);
      }
    },

    'metadata come with an error': async () => {
      const sent = request({ code: Code.Internal, error: 'no' });
      const error = await failure(client.unary(sent, within(20_000, { headers: { 'x-echo-text': 'still' } })));
      equal([error.code, error.metadata.get('x-trailer-text')], [Code.Internal, 'still']);
    },

    'a deadline': async () => {
      let count = 0;
      const start = Date.now();
      const error = await failure((async () => {
        for await (const _ of client.serverStream(request({ count: 1000, delayMs: 50 }), within(1000))) count++;
      })());
      equal(error.code, Code.DeadlineExceeded);
      check(count >= 1 && count <= 21 && Date.now() - start < 5000, `${count} replies in ${Date.now() - start} ms`);
    },

    'the server keeps a deadline by itself': async () => {
      let count = 0;
      const error = await failure((async () => {
        const headers = { 'grpc-timeout': '1S' };
        for await (const _ of client.serverStream(request({ count: 100, delayMs: 50 }), { headers })) count++;
      })());
      equal([error.code, error.rawMessage], [Code.DeadlineExceeded, 'deadline exceeded']);
      check(count >= 1 && count <= 21, `${count} replies`);
    },

    'a call cancelled half-way': async () => {
      const abort = new AbortController();
      let count = 0;
      const error = await failure((async () => {
        const sent = request({ count: 1_000_000_000, payload: pattern(1000) });
        for await (const _ of client.serverStream(sent, within(20_000, { signal: abort.signal }))) {
          if (++count === 100) abort.abort();
        }
      })());
      equal(error.code, Code.Canceled);
      equal((await client.unary(request({ text: 'still here' }), within(20_000))).text, 'still here');
    },

    'many calls at once': async () => {
      const texts = numbers(200).map(String);
      const replies = await Promise.all(texts.map((text) => client.unary(request({ text }), within(20_000))));
      equal(replies.map((reply) => reply.text), texts);
    },
  };
}

// --- Google's `grpc-web`

function googleChecks(baseUrl, format, options) {
  const client = new google.GrpcWebClientBase({ format, ...options });
  const method = (name, type) =>
    new google.MethodDescriptor(`/echo.Echo/${name}`, type, Object, Object, messages.encode, messages.decode);
  const later = (ms) => ({ deadline: String(Date.now() + ms) });

  // Resolves to everything about a call.
  function outcome(name, type, request, metadata = later(20_000)) {
    return new Promise((resolve) => {
      const result = { replies: [], times: [] };
      const descriptor = method(name, type);
      const url = `${baseUrl}/echo.Echo/${name}`;
      const done = () => setTimeout(() => resolve(result), 50); // time for events that come too often
      let call;
      if (type === google.MethodType.UNARY) {
        call = client.rpcCall(url, request, metadata, descriptor, (error, reply) => {
          if (error) result.error = error;
          else result.replies.push(reply);
          done();
        });
      } else {
        call = client.serverStreaming(url, request, metadata, descriptor);
        call.on('data', (reply) => {
          result.replies.push(reply);
          result.times.push(Date.now());
        });
        call.on('error', (error) => {
          result.error = error;
          done();
        });
        call.on('end', done);
      }
      call.on('metadata', (head) => (result.head = head));
      call.on('status', (status) => (result.status = status));
    });
  }

  const unary = (request, metadata) => outcome('Unary', google.MethodType.UNARY, request, metadata);
  const stream = (request, metadata) => outcome('ServerStream', google.MethodType.SERVER_STREAMING, request, metadata);
  const { StatusCode } = google;

  const checks = {
    'unary': async () => {
      for (const text of ['hello', '', NOT_ASCII]) {
        const { replies, error } = await unary({ text, payload: ALL_BYTES });
        equal([error, replies.length], [undefined, 1]);
        equal(replies[0].text, text);
        sameBytes(replies[0].payload, ALL_BYTES);
      }
    },

    'a message of no bytes at all': async () => {
      const { replies, error } = await unary({});
      equal([error, replies.map((reply) => reply.text)], [undefined, ['']]);
    },

    // Their ends differ in base64.
    'messages of all lengths': async () => {
      for (const length of numbers(10)) {
        const { replies, error } = await unary({ payload: pattern(length) });
        equal([error, replies.length], [undefined, 1]);
        sameBytes(replies[0].payload, pattern(length));
      }
    },

    'a long message': async () => {
      const payload = pattern(1_000_000);
      const { replies, error } = await unary({ payload });
      equal([error, replies.length], [undefined, 1]);
      sameBytes(replies[0].payload, payload);
    },

    'an error': async () => {
      const { replies, error } = await unary({ code: StatusCode.NOT_FOUND, error: NOT_ASCII });
      equal([replies, error.code, error.message], [[], StatusCode.NOT_FOUND, NOT_ASCII]);
    },

    'an unknown method': async () => {
      const { replies, error } = await outcome('Nothing', google.MethodType.UNARY, {});
      equal([replies, error.code], [[], StatusCode.UNIMPLEMENTED]);
    },

    'metadata come back': async () => {
      const { replies, head, status } = await unary({}, { 'x-echo-text': 'one; two', 'x-echo-all-bin': btoa('\0\xFF') });
      equal(replies.length, 1);
      equal([head['x-echo-text'], head['x-echo-all-bin'].replace(/=*$/, '')], ['one; two', 'AP8']);
      const trailers = status.metadata;
      equal([trailers['x-trailer-text'], trailers['x-trailer-all-bin'].replace(/=*$/, '')], ['one; two', 'AP8']);
    },
  };

  // This library streams only in base64, or when it uses `fetch`.
  const streams = {
    'server streaming': async () => {
      const { replies, error } = await stream({ text: 'again', count: 1000 });
      equal(error, undefined);
      equal(replies.map((reply) => reply.index), numbers(1000));
    },

    'a stream of long replies': async () => {
      const payload = pattern(100_001);
      const { replies, error } = await stream({ payload, count: 20 });
      equal([error, replies.length], [undefined, 20]);
      for (const reply of replies) sameBytes(reply.payload, payload);
    },

    'replies come as they are made': async () => {
      const { times, error } = await stream({ count: 3, delayMs: 500 });
      equal([error, times.length], [undefined, 3]);
      check(times[1] - times[0] > 200 && times[2] - times[1] > 200, `at ${times} ms`);
    },

    'an error after replies': async () => {
      const { replies, error } = await stream({ text: 'so far', count: 2, code: StatusCode.ABORTED, error: 'lost' });
      equal(replies.map((reply) => reply.text), ['so far', 'so far']);
      equal([error.code, error.message], [StatusCode.ABORTED, 'lost']);
    },

    'the server keeps a deadline by itself': async () => {
      const { replies, error } = await stream({ count: 100, delayMs: 50 }, { 'grpc-timeout': '1S' });
      equal(error.code, StatusCode.DEADLINE_EXCEEDED);
      check(replies.length >= 1 && replies.length <= 21, `${replies.length} replies`);
    },
  };

  if (options) delete streams['replies come as they are made']; // with `fetch`, it waits for all replies
  return format === 'text' || options ? { ...checks, ...streams } : checks;
}

const prefixed = (prefix, checks) =>
  Object.fromEntries(Object.entries(checks).map(([name, check]) => [`${prefix}: ${name}`, check]));

exports.registry = registry;
exports.connectChecks = connectChecks;

const connectWeb = (baseUrl) => prefixed('connect-web', connectChecks(createGrpcWebTransport({ baseUrl })));

exports.inNode = connectWeb;

exports.inBrowser = (base) => ({
  ...connectWeb(base),
  ...prefixed('grpc-web, text', googleChecks(base, 'text')),
  ...prefixed('grpc-web, binary', googleChecks(base, 'binary')),
  ...prefixed('grpc-web, binary by fetch', googleChecks(base, 'binary', { useFetchDownloadStreams: true })),
});
