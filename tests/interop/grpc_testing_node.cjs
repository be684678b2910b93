// gRPC's test cases with npm's `@grpc/grpc-js`, in both roles.
//
//     node grpc_testing_node.cjs --listen
//     node grpc_testing_node.cjs --connect ADDRESS [CASE]
'use strict';

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');

const [, , role, address, only] = process.argv;

const field = (id, type, rule) => ({ id, type, rule });
const payload = field(1, 'Payload');
const output = {
  responseParameters: field(2, 'ResponseParameters', 'repeated'),
  payload: field(3, 'Payload'),
  responseStatus: field(7, 'EchoStatus'),
};
const simple = { responseSize: field(2, 'int32'), payload: field(3, 'Payload'), responseStatus: field(7, 'EchoStatus') };
const { nested } = protobuf.Root.fromJSON({
  nested: {
    Empty: { fields: {} },
    Payload: { fields: { type: field(1, 'int32'), body: field(2, 'bytes') } },
    EchoStatus: { fields: { code: field(1, 'int32'), message: field(2, 'string') } },
    BoolValue: { fields: { value: field(1, 'bool') } },
    SimpleRequest: { fields: { ...simple, expectCompressed: field(8, 'BoolValue') } },
    SimpleResponse: { fields: { payload } },
    InputRequest: { fields: { payload } },
    InputResponse: { fields: { aggregatedPayloadSize: field(1, 'int32') } },
    ResponseParameters: { fields: { size: field(1, 'int32'), intervalUs: field(2, 'int32') } },
    OutputRequest: { fields: output },
    OutputResponse: { fields: { payload } },
    // google.rpc.Status, and google.protobuf.Any
    Status: { fields: { code: field(1, 'int32'), message: field(2, 'string'), details: field(3, 'Any', 'repeated') } },
    Any: { fields: { typeUrl: field(1, 'string'), value: field(2, 'bytes') } },
  },
});

const codec = (type) => [(value) => Buffer.from(nested[type].encode(value).finish()), (bytes) => nested[type].decode(bytes)];
function method(path, requestStream, responseStream, request, response) {
  const [requestSerialize, requestDeserialize] = codec(request);
  const [responseSerialize, responseDeserialize] = codec(response);
  const streams = { requestStream, responseStream };
  return { path, ...streams, requestSerialize, requestDeserialize, responseSerialize, responseDeserialize };
}
const test = (name, ...rest) => method(`/grpc.testing.TestService/${name}`, ...rest);
const METHODS = {
  emptyCall: test('EmptyCall', false, false, 'Empty', 'Empty'),
  unaryCall: test('UnaryCall', false, false, 'SimpleRequest', 'SimpleResponse'),
  streamingInputCall: test('StreamingInputCall', true, false, 'InputRequest', 'InputResponse'),
  streamingOutputCall: test('StreamingOutputCall', false, true, 'OutputRequest', 'OutputResponse'),
  fullDuplexCall: test('FullDuplexCall', true, true, 'OutputRequest', 'OutputResponse'),
  halfDuplexCall: test('HalfDuplexCall', true, true, 'OutputRequest', 'OutputResponse'),
};
const UNIMPLEMENTED = {
  method: test('UnimplementedCall', false, false, 'Empty', 'Empty'),
  service: method('/grpc.testing.UnimplementedService/UnimplementedCall', false, false, 'Empty', 'Empty'),
};
const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';
const DETAILS = 'grpc-status-details-bin';
const zeros = (size) => ({ body: Buffer.alloc(size) });

// The server.

function greet(call) {
  const [head, trailers] = [new grpc.Metadata(), new grpc.Metadata()];
  for (const value of call.metadata.get(INITIAL)) head.add(INITIAL, value);
  for (const value of call.metadata.get(TRAILING)) trailers.add(TRAILING, value);
  call.sendMetadata(head);
  return trailers;
}

function failure(status, metadata) {
  const { code, message } = status;
  const value = nested.EchoStatus.encode(status).finish();
  const details = [{ typeUrl: 'type.googleapis.com/grpc.testing.EchoStatus', value }];
  metadata.add(DETAILS, Buffer.from(nested.Status.encode({ code, message, details }).finish()));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

async function respond(call, request) {
  for (const { size, intervalUs } of request.responseParameters) {
    if (intervalUs) await new Promise((done) => setTimeout(done, intervalUs / 1000));
    call.write({ payload: zeros(size) });
  }
}

function duplex(call) {
  const trailers = greet(call);
  let [work, over] = [Promise.resolve(), false];
  const answer = (request) => {
    if (over) return undefined;
    if (!request.responseStatus?.code) return respond(call, request);
    over = true;
    return call.emit('error', failure(request.responseStatus, trailers));
  };
  call.on('data', (request) => (work = work.then(() => answer(request))));
  call.on('end', () => work.then(() => over || call.end(trailers)));
}

const SERVER = {
  emptyCall: (call, done) => done(null, {}),
  unaryCall: (call, done) => {
    const trailers = greet(call);
    const { responseStatus, responseSize } = call.request;
    if (responseStatus?.code) done(failure(responseStatus, trailers));
    else done(null, { payload: zeros(responseSize) }, trailers);
  },
  streamingInputCall: (call, done) => {
    let size = 0;
    call.on('data', ({ payload }) => (size += payload.body.length));
    call.on('end', () => done(null, { aggregatedPayloadSize: size }));
    call.on('error', () => {}); // it was cancelled
  },
  streamingOutputCall: (call) => respond(call, call.request).then(() => call.end()),
  fullDuplexCall: duplex,
  halfDuplexCall: duplex,
};

// The client: names, messages and sizes are those of interop-test-descriptions.md.

function client(options) {
  const Client = grpc.makeGenericClientConstructor({ ...METHODS, ...UNIMPLEMENTED });
  return new Client(address, grpc.credentials.createInsecure(), { 'grpc.enable_http_proxy': 0, ...options });
}
const within = (ms = 20_000) => ({ deadline: Date.now() + ms });
const SIZES = [[27182, 31415], [8, 9], [1828, 2653], [45904, 58979]];
const ask = (len, size) => ({ responseParameters: [{ size }], payload: zeros(len) });

// Resolves to the status and all replies. `go` may write requests, and gets each reply.
function finished(call, go = () => {}) {
  const replies = [];
  return new Promise((resolve) => {
    const result = { replies };
    call.on('metadata', (head) => (result.head = head));
    call.on('data', (reply) => (replies.push(reply.payload.body.length), go(replies.length)));
    call.on('error', () => {}); // the status has it too
    call.on('status', (status) => resolve(Object.assign(result, { status })));
  });
}

function single(method, request, ...rest) {
  return singleFrom(client(), method, request, ...rest);
}

function singleFrom(client, method, request, ...rest) {
  let reply;
  const call = client[method](request, ...rest, within(), (_, value) => (reply = value));
  return finished(call).then((result) => ({ ...result, reply }));
}

function expectCode({ status }, code, details) {
  assert.equal(status.code, grpc.status[code], status.details);
  if (details !== undefined) assert.equal(status.details, details);
}

const cases = {
  empty_unary: async () => expectCode(await single('emptyCall', {}), 'OK'),

  large_unary: async () => {
    const result = await single('unaryCall', { responseSize: 314_159, payload: zeros(271_828) });
    expectCode(result, 'OK');
    assert.equal(result.reply.payload.body.length, 314_159);
  },

  client_streaming: async () => {
    let reply;
    const call = client().streamingInputCall(within(), (_, value) => (reply = value));
    for (const [len] of SIZES) call.write({ payload: zeros(len) });
    call.end();
    expectCode(await finished(call), 'OK');
    assert.equal(reply.aggregatedPayloadSize, 74922);
  },

  server_streaming: async () => {
    const request = { responseParameters: SIZES.map(([, size]) => ({ size })) };
    const result = await finished(client().streamingOutputCall(request, within()));
    expectCode(result, 'OK');
    assert.deepEqual(result.replies, SIZES.map(([, size]) => size));
  },

  ping_pong: async () => {
    const call = client().fullDuplexCall(within());
    const next = (index) => (index < SIZES.length ? call.write(ask(...SIZES[index])) : call.end());
    next(0);
    const result = await finished(call, next);
    expectCode(result, 'OK');
    assert.deepEqual(result.replies, SIZES.map(([, size]) => size));
  },

  empty_stream: async () => {
    const call = client().fullDuplexCall(within());
    call.end();
    const result = await finished(call);
    expectCode(result, 'OK');
    assert.deepEqual(result.replies, []);
  },

  cancel_after_begin: async () => {
    const call = client().streamingInputCall(within(), () => {});
    setImmediate(() => call.cancel());
    expectCode(await finished(call), 'CANCELLED');
  },

  cancel_after_first_response: async () => {
    const call = client().fullDuplexCall(within());
    call.write(ask(...SIZES[0]));
    const result = await finished(call, () => call.cancel());
    expectCode(result, 'CANCELLED');
    assert.equal(result.replies.length, 1);
  },

  timeout_on_sleeping_server: async () => {
    const call = client().fullDuplexCall(within(1));
    call.write({ payload: zeros(27182) });
    expectCode(await finished(call), 'DEADLINE_EXCEEDED');
  },

  status_code_and_message: async () => {
    const responseStatus = { code: 2, message: 'test status message' };
    expectCode(await single('unaryCall', { responseStatus }), 'UNKNOWN', responseStatus.message);
    const call = client().fullDuplexCall(within());
    call.write({ responseStatus });
    call.end();
    expectCode(await finished(call), 'UNKNOWN', responseStatus.message);
  },

  status_details: async () => {
    const responseStatus = { code: 9, message: '100 % Grüße, 世界 👋' };
    const call = client().fullDuplexCall(within());
    call.write(ask(1, 1));
    call.write({ responseStatus });
    call.end();
    for (const result of await Promise.all([single('unaryCall', { responseStatus }), finished(call)])) {
      expectCode(result, 'FAILED_PRECONDITION', responseStatus.message);
      const { code, message, details } = nested.Status.decode(result.status.metadata.get(DETAILS)[0]);
      assert.deepEqual({ code, message }, responseStatus);
      assert.equal(details[0].typeUrl, 'type.googleapis.com/grpc.testing.EchoStatus');
      assert.deepEqual({ ...nested.EchoStatus.decode(details[0].value) }, responseStatus);
    }
  },

  client_compressed_unary: async () => {
    const using = client({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    const request = { responseSize: 314_159, payload: zeros(271_828), expectCompressed: { value: true } };
    const result = await singleFrom(using, 'unaryCall', request);
    expectCode(result, 'OK');
    assert.equal(result.reply.payload.body.length, 314_159);
  },

  server_compressed_unary: async () => {
    const metadata = new grpc.Metadata();
    metadata.add('x-echo-gzip', '1');
    const result = await single('unaryCall', { responseSize: 314_159 }, metadata);
    expectCode(result, 'OK');
    assert.deepEqual(result.head.get('grpc-encoding'), []); // it keeps that for itself
    assert.equal(result.reply.payload.body.length, 314_159);
  },

  a_message_over_the_limit: async () => {
    const using = client();
    expectCode(await singleFrom(using, 'unaryCall', { payload: zeros(5_000_000) }), 'RESOURCE_EXHAUSTED');
    expectCode(await singleFrom(using, 'emptyCall', {}), 'OK');
  },

  a_response_over_the_limit: async () => {
    const using = client();
    expectCode(await singleFrom(using, 'unaryCall', { responseSize: 4 << 20 }), 'RESOURCE_EXHAUSTED');
    expectCode(await singleFrom(using, 'emptyCall', {}), 'OK');
  },

  a_hundred_streams_at_once: async () => {
    const using = client();
    const responseParameters = Array(3).fill({ size: 1000, intervalUs: 100_000 });
    const calls = Array.from({ length: 100 }, () => using.streamingOutputCall({ responseParameters }, within()));
    for (const result of await Promise.all(calls.map((call) => finished(call)))) {
      expectCode(result, 'OK');
      assert.deepEqual(result.replies, [1000, 1000, 1000]);
    }
  },

  special_status_message: async () => {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    expectCode(await single('unaryCall', { responseStatus: { code: 2, message } }), 'UNKNOWN', message);
  },

  unimplemented_method: async () => expectCode(await single('method', {}), 'UNIMPLEMENTED'),

  unimplemented_service: async () => expectCode(await single('service', {}), 'UNIMPLEMENTED'),

  custom_metadata: async () => {
    const metadata = new grpc.Metadata();
    metadata.add(INITIAL, 'test_initial_metadata_value');
    metadata.add(TRAILING, Buffer.from([0xab, 0xab, 0xab]));
    const call = client().fullDuplexCall(metadata, within());
    call.write(ask(271_828, 314_159));
    call.end();
    const unary = single('unaryCall', { responseSize: 314_159, payload: zeros(271_828) }, metadata);
    for (const result of await Promise.all([unary, finished(call)])) {
      expectCode(result, 'OK');
      assert.deepEqual(result.head.get(INITIAL), ['test_initial_metadata_value']);
      assert.deepEqual([...result.status.metadata.get(TRAILING)[0]], [0xab, 0xab, 0xab]);
    }
  },
};

// Run only if they are asked for, because somebody has to stop the server meanwhile.

async function shutdown(go) {
  const using = client();
  let begun = 0;
  const calls = Array.from({ length: 10 }, () => using.fullDuplexCall(within()));
  const ends = calls.map((call) => finished(call, (count) => {
    begun += count === 1;
    if (begun === 10 && count === 1) console.log('in mid call');
  }));
  for (const call of calls) call.write(ask(1000, 1000));
  await new Promise((stopped) => process.stdin.once('data', stopped));
  await go(using);
  for (const call of calls) {
    call.write(ask(1000, 2000));
    call.end();
  }
  for (const result of await Promise.all(ends)) {
    expectCode(result, 'OK');
    assert.deepEqual(result.replies, [1000, 2000]);
  }
}

const shutdowns = {
  shutdown_in_mid_call: () => shutdown(() => {}),

  // Until the server is gone for good, none is lost.
  calls_in_a_shutdown: () => shutdown(async (using) => {
    for (;;) {
      const { status } = await singleFrom(using, 'emptyCall', {});
      if (status.code === grpc.status.UNAVAILABLE) return;
      expectCode({ status }, 'OK');
    }
  }),
};

async function run() {
  for (const name of only ? [only] : Object.keys(cases)) {
    try {
      await { ...cases, ...shutdowns }[name]();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${error.message.replaceAll('\n', ' ')}`);
    }
  }
  process.exit(0);
}

if (role === '--listen') {
  const server = new grpc.Server();
  server.addService(METHODS, SERVER);
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.once('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
    console.log(`listening on http://127.0.0.1:${port}`);
  });
} else {
  run();
}
