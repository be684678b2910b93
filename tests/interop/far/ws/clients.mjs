// WebSocket clients of JavaScript: `clients.mjs NAME URL`, on Node, Bun or Deno. Prints what each check saw, as lines of JSON.

const [name, base] = globalThis.Deno?.args ?? process.argv.slice(2);
const SIZES = [0, 125, 126, 65535, 65536, 1 << 20, 5 << 20];
const PATIENCE = 5_000;
// Of a ping: not a text.
const PAYLOAD = (globalThis.Buffer ?? Uint8Array).from([112, 255]);
const TOO_LONG = 'x'.repeat(70_000);

let { WebSocket } = globalThis;
if (name === 'ws') WebSocket = (await import('ws')).default;
if (name === 'undici') ({ WebSocket } = await import('undici'));
if (name === 'faye-websocket') WebSocket = (await import('faye-websocket')).default.Client;
if (name === 'websocket') {
  const { w3cwebsocket } = (await import('websocket')).default;
  const config = { maxReceivedFrameSize: 1 << 30, maxReceivedMessageSize: 1 << 30 };
  WebSocket = class extends w3cwebsocket {
    constructor(url, protocols) { super(url, protocols, undefined, undefined, undefined, config); }
  };
}

const say = (check, seen) => console.log(JSON.stringify([check, String(seen)]));

// A socket whose events are awaited.
function open(path, protocols = []) {
  const socket = new WebSocket(base + path, protocols);
  socket.binaryType = 'arraybuffer';
  const events = [];
  let wake = () => {};
  const put = (event) => { events.push(event); wake(); };
  socket.onopen = () => put({ open: true });
  socket.onmessage = ({ data }) => put({ data });
  socket.onerror = () => {};
  socket.onclose = ({ code, reason }) => put({ code, reason });
  const next = async () => {
    const late = setTimeout(() => put({ late: true }), PATIENCE);
    while (events.length === 0) await new Promise((resolve) => { wake = resolve; });
    clearTimeout(late);
    return events.shift();
  };
  return { socket, next };
}

const same = (a, b) => {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  const [x, y] = [new Uint8Array(a), new Uint8Array(b)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
};

async function echoes(kind, make) {
  const { socket, next } = open('/ws/echo');
  if (!(await next()).open) throw new Error('it does not open');
  for (const size of SIZES) {
    const sent = make(size);
    socket.send(sent);
    const { data, code, late } = await next();
    if (data === undefined && !late) throw new Error(`closed with ${code}`);
    say(`${kind} of ${size} bytes`, late ? 'nothing' : same(data, sent) ? 'echoed' : `${typeof data} of ${data.length ?? data.byteLength}`);
  }
  return { socket, next };
}

try {
  const text = await echoes('text', (size) => 'äb'.repeat(size).slice(0, Math.floor(size * 2 / 3)).padEnd(size).slice(0, size));
  if (text.socket.ping) {
    text.socket.ping(PAYLOAD);
    text.socket.send('after a ping');
    say('its ping', (await text.next()).data === 'after a ping' ? 'sent' : 'lost');
  }
  if (name === 'ws') {
    text.socket.send('in ', { fin: false });
    text.socket.ping(PAYLOAD);
    text.socket.send('pieces ☃');
    say('its fragments', (await text.next()).data === 'in pieces ☃' ? 'echoed' : 'changed');
  }
  text.socket.close(4001, 'bye');
  const end = await text.next();
  say('close by the client', end.code === undefined ? 'no code' : `${end.code} ${end.reason}`.trim());
  // faye-websocket takes Node's buffers only.
  const bytes = (size) => Uint8Array.from({ length: size }, (_, i) => i % 256);
  await echoes('binary', (size) => (globalThis.Buffer && !globalThis.Deno ? Buffer.from(bytes(size)) : bytes(size)));
  const chat = open('/ws/chat', ['chat']);
  await chat.next();
  say('subprotocol', chat.socket.protocol);
  chat.socket.send(TOO_LONG);
  let last;
  do last = await chat.next(); while (last.data !== undefined);
  say('close by the server', `${last.code ?? 'no code'} ${last.reason ?? ''}`.trim());
  const refused = await open('/nothing').next();
  say('refusal', refused.open ? 'opened' : 'refused');
} catch (error) {
  say('the rest', error.message);
}
(globalThis.Deno ?? process).exit(0);
