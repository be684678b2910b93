// socket.io-client, of whichever version `NAME` is installed as: `clients.mjs NAME URL`. Prints what each check saw, as lines of
// JSON.

const [name, url] = process.argv.slice(2);
const { Manager } = (await import(name)).default;
const say = (check, seen) => console.log(JSON.stringify([check, seen]));
const next = (emitter, event) => new Promise((done) => emitter.once(event, (...args) => done(args)));
const BYTES = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 256));

setTimeout(() => { say('the rest', 'too slow'); process.exit(0); }, 30_000);
for (const [transport, transports] of Object.entries({ polling: ['polling'], websocket: ['websocket'], upgrade: undefined })) {
  const manager = new Manager(url, { transports, reconnection: false });
  const socket = manager.socket('/custom', { auth: { token: 'é☃' } });
  const auth = next(socket, 'auth');
  await next(socket, 'connect');
  if (!transports) await next(manager.engine, 'upgrade');
  say(`${transport}: auth`, (await auth)[0].token);
  let back = next(socket, 'message-back');
  socket.emit('message', 1, { 2: [true, null] }, '🦀');
  say(`${transport}: event`, await back);
  back = next(socket, 'message-back');
  socket.emit('message', BYTES);
  say(`${transport}: attachment`, BYTES.equals(Buffer.from((await back)[0])) ? 'echoed' : 'different');
  say(`${transport}: acknowledgement`, await new Promise((done) => socket.emit('message-with-ack', 'x', done)));
  socket.disconnect();
}
process.exit(0);
