// Node's own HTTP/2 against our server and our client.
//
//     node http2_node.cjs --list
//     node http2_node.cjs CHECK ADDRESS    or a URL, with https and any certificate
//     node http2_node.cjs serve            prints `listening on http://ADDRESS`
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');

const [, , name, address] = process.argv;
const GREETING = 'Hello over HTTP/2!\n';
const LONG = Buffer.alloc(1 << 20, 'abcdefg');

async function connected(settings = {}) {
  const url = address.includes('://') ? address : `http://${address}`;
  const session = http2.connect(url, { settings, rejectUnauthorized: false });
  await once(session, 'remoteSettings');
  return session;
}

// Sends a request and returns the whole response.
async function ask(session, headers = {}, body = undefined, trailers = undefined) {
  const stream = session.request(headers, { endStream: body === undefined, waitForTrailers: trailers !== undefined });
  if (trailers) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  if (body !== undefined) stream.end(body);
  const response = { headers: undefined, trailers: undefined, chunks: [] };
  stream.on('response', (headers) => { response.headers = headers; });
  stream.on('trailers', (trailers) => { response.trailers = trailers; });
  stream.on('data', (chunk) => response.chunks.push(chunk));
  await once(stream, 'close');
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR);
  response.body = Buffer.concat(response.chunks);
  return response;
}

const CHECKS = {
  async 'a greeting'(session) {
    const { headers, body } = await ask(session);
    assert.equal(headers[':status'], 200);
    assert.equal(String(body), GREETING);
  },
  async '1 MiB both ways'(session) {
    const { body } = await ask(session, { ':method': 'POST' }, LONG);
    assert(body.equals(LONG));
  },
  async '1 MiB both ways on eight streams at once'(session) {
    const all = await Promise.all(Array.from({ length: 8 }, () => ask(session, { ':method': 'POST' }, LONG)));
    for (const { body } of all) assert(body.equals(LONG));
  },
  async 'trailers both ways'(session) {
    const { body, trailers } = await ask(session, { ':method': 'POST' }, 'hello', { 'x-sum': '42' });
    assert.equal(String(body), 'hello');
    assert.equal(trailers['x-sum'], '42');
  },
  async 'a thousand requests, with cookies and fields that change'(session) {
    for (let round = 0; round < 100; round++) {
      const requests = Array.from({ length: 10 }, (_, i) =>
        ask(session, { cookie: ['a=1', 'b=2'], 'x-index': `${round}-${i}`, 'x-long': 'y'.repeat(round * 20) }));
      for (const { body } of await Promise.all(requests)) assert.equal(String(body), GREETING);
    }
  },
  async 'settings that change in between'(session) {
    for (const size of [0, 100, 4096, 65536]) {
      session.settings({ headerTableSize: size, initialWindowSize: 1 + size });
      await once(session, 'localSettings');
      const { headers, body } = await ask(session, { ':method': 'POST', 'x-size': String(size) }, LONG.subarray(0, 5000));
      assert.equal(headers[':status'], 200);
      assert(body.equals(LONG.subarray(0, 5000)));
    }
  },
  async 'a ping'(session) {
    await new Promise((resolve, reject) => {
      session.ping(Buffer.from('pingpong'), (error, _, payload) => {
        error ? reject(error) : resolve(assert.equal(String(payload), 'pingpong'));
      });
    });
  },
  async 'a reset in mid-stream, and the next request'(session) {
    for (let i = 0; i < 50; i++) {
      const stream = session.request({ ':method': 'POST' });
      stream.on('error', () => {});
      stream.write(LONG.subarray(0, 100_000));
      await once(stream, 'data');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
    }
    const { body } = await ask(session, { ':method': 'POST' }, LONG);
    assert(body.equals(LONG));
  },
  async 'GOAWAY in mid-stream'(session) {
    const stream = session.request({ ':method': 'POST' });
    stream.write('before ');
    await once(stream, 'data');
    session.goaway(http2.constants.NGHTTP2_NO_ERROR);
    stream.end('after');
    let rest = '';
    stream.on('data', (chunk) => { rest += chunk; });
    await once(stream, 'end');
    assert.equal(rest, 'after');
  },
};

// Answers like our own server does. The path says what else to do.
function serve() {
  const server = http2.createServer({ settings: { headerTableSize: 0, initialWindowSize: 1000 } });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    switch (headers[':path']) {
      case '/early':
        stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
        return void (stream.respond({ ':status': 200 }), stream.end(GREETING));
      case '/reset':
        stream.respond({ ':status': 200 });
        stream.write('a part');
        return void setTimeout(() => stream.destroy(new Error('as asked')), 50);
      case '/goaway':
        stream.session.goaway(http2.constants.NGHTTP2_NO_ERROR);
        stream.respond({ ':status': 200 });
        return void setTimeout(() => stream.end(LONG), 50);
    }
    stream.on('trailers', (trailers) => { stream.last = { 'x-sum': trailers['x-sum'] }; });
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(stream.last ?? { 'x-none': '1' }));
    headers[':method'] === 'POST' ? stream.pipe(stream) : stream.end(GREETING);
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
}

async function main() {
  if (name === '--list') return console.log(JSON.stringify(Object.keys(CHECKS)));
  if (name === 'serve') return serve();
  for (const settings of [{}, { headerTableSize: 0 }, { initialWindowSize: 100, maxFrameSize: 1 << 20 }]) {
    const session = await connected(settings);
    await CHECKS[name](session);
    session.close();
    await once(session, 'close');
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
