// Our server over HTTP/2 and npm's `@connectrpc/connect-node`, which speaks three protocols there.
//
//     node grpc_connect_node.cjs --list
//     node grpc_connect_node.cjs PROTOCOL --connect ADDRESS [shutdown_in_mid_call]
//
// Runs all checks, or those with a shutdown, and prints `ok NAME` or `FAILED NAME: WHY` for each.
'use strict';

const assert = require('node:assert/strict');
const { Code, ConnectError, createClient } = require('@connectrpc/connect');
const {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} = require('@connectrpc/connect-node');
const { create } = require('@bufbuild/protobuf');
const { connectChecks, registry } = require('./grpc_web_checks.cjs');

const [, , protocol, , address, only] = process.argv;
const request = (fields) => create(registry.getMessage('echo.EchoRequest'), fields);

const TRANSPORTS = {
  'gRPC': createGrpcTransport,
  'gRPC-Web': createGrpcWebTransport,
  'Connect': createConnectTransport,
};

// What needs a stream of requests, which no browser has.
function streamingChecks(transport, compressed) {
  const client = createClient(registry.getService('echo.Echo'), transport);
  async function* several(count) {
    for (let number = 0; number < count; number++) yield request({ text: String(number) });
  }
  return {
    'client streaming': async () => {
      const reply = await client.clientStream(several(100), { timeoutMs: 20_000 });
      assert.equal(reply.index, 100);
      assert.equal(reply.text.split(',').length, 100);
    },

    'both streams': async () => {
      const indexes = [];
      for await (const reply of client.bidi(several(100), { timeoutMs: 20_000 })) indexes.push(reply.index);
      assert.deepEqual(indexes, Array.from({ length: 100 }, (_, index) => index));
    },

    'one request after another': async () => {
      const queue = [];
      let wake = () => {};
      async function* asked() {
        for (let count = 0; count < 20; count++) {
          yield request({ text: `number ${count}` });
          // The next is sent only after the reply.
          if (!queue.length) await new Promise((woken) => (wake = woken));
          queue.pop();
        }
      }
      let count = 0;
      for await (const reply of client.bidi(asked(), { timeoutMs: 20_000 })) {
        assert.equal(reply.text, `number ${count++}`);
        queue.push(reply);
        wake();
      }
      assert.equal(count, 20);
    },

    'a message over the limit': async () => {
      const error = await client.unary(request({ payload: new Uint8Array(5_000_000) }), { timeoutMs: 20_000 }).catch((e) => e);
      assert.equal(error.code, Code.ResourceExhausted);
      assert.equal((await client.unary(request({ text: 'still here' }))).text, 'still here');
    },

    'gzip both ways': async () => {
      const zipped = createClient(registry.getService('echo.Echo'), compressed);
      let encoding;
      const options = { headers: { 'x-echo-gzip': '1' }, onHeader: (head) => (encoding = head.get('grpc-encoding')) };
      const reply = await zipped.unary(request({ payload: new Uint8Array(100_000) }), { timeoutMs: 20_000, ...options });
      assert.equal(reply.payload.length, 100_000);
      assert.equal(encoding, 'gzip');
    },
  };
}

// Run only if it is asked for, because somebody has to stop the server meanwhile.
function shutdowns(transport) {
  const client = createClient(registry.getService('echo.Echo'), transport);
  return {
    shutdown_in_mid_call: async () => {
      const stopped = new Promise((done) => process.stdin.once('data', done));
      async function* asked() {
        yield request({ text: 'before' });
        await stopped;
        yield request({ text: 'after' });
      }
      let begun = 0;
      const calls = Array.from({ length: 10 }, async () => {
        const texts = [];
        for await (const reply of client.bidi(asked(), { timeoutMs: 20_000 })) {
          texts.push(reply.text);
          begun += texts.length === 1;
          if (begun === 10 && texts.length === 1) console.log('in mid call');
        }
        return texts;
      });
      for (const texts of await Promise.all(calls)) assert.deepEqual(texts, ['before', 'after']);
    },
  };
}

// We do not speak it, and have to say so at once.
function refusals(transport) {
  const client = createClient(registry.getService('echo.Echo'), transport);
  return {
    'a protocol that is not ours': async () => {
      const error = await client.unary(request({ text: 'hello' }), { timeoutMs: 20_000 }).catch((e) => e);
      assert(error instanceof ConnectError, String(error));
      assert.equal(error.code, Code.Unknown);
      assert.match(error.rawMessage, /415/);
    },
  };
}

const options = { baseUrl: `http://${address}`, httpVersion: '2' };

function checks(protocol) {
  const transport = TRANSPORTS[protocol](options);
  if (protocol === 'Connect') return refusals(transport);
  const compressed = TRANSPORTS[protocol]({ ...options, sendCompression: compressionGzip });
  return { ...connectChecks(transport), ...streamingChecks(transport, compressed) };
}

async function run() {
  const all = only ? shutdowns(TRANSPORTS[protocol](options)) : checks(protocol);
  for (const [name, check] of Object.entries(all)) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${error.message.replaceAll('\n', ' ')}`);
    }
  }
  process.exit(0);
}

if (protocol === '--list') {
  console.log(JSON.stringify(Object.keys(TRANSPORTS).flatMap((of) => Object.keys(checks(of)).map((name) => [of, name]))));
} else {
  run();
}
