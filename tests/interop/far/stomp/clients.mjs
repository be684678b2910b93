// STOMP clients of Node.js: `clients.mjs NAME HOST:PORT`. Prints what each check saw, as lines of JSON.

const [name, address] = process.argv.slice(2);
const [host, port] = address.split(':');
const say = (check, seen) => console.log(JSON.stringify([check, seen]));
const HEADER = '10:30 C:\\new';
const BYTES = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));

const clients = {
  async stompit() {
    const { default: stompit } = await import('stompit');
    const client = await new Promise((done, fail) => {
      stompit.connect({ host, port, connectHeaders: { host } }, (error, client) => (error ? fail(error) : done(client)));
    });
    const messages = [];
    let wake = () => {};
    client.subscribe({ destination: '/topic/far', ack: 'client-individual' }, (error, message) => {
      const parts = [];
      message.on('data', (part) => parts.push(part));
      message.on('end', () => {
        client.ack(message);
        messages.push([message.headers, Buffer.concat(parts)]);
        wake();
      });
    });
    const echo = async (body, headers = {}) => {
      const frame = client.send({ destination: '/topic/far', 'content-length': Buffer.byteLength(body), ...headers });
      frame.write(body);
      frame.end();
      while (!messages.length) await new Promise((done) => { wake = done; });
      return messages.shift();
    };
    say('text', (await echo('Grüße'))[1].toString());
    say('header', (await echo('x', { odd: HEADER }))[0].odd);
    say('binary', (await echo(BYTES))[1].equals(BYTES) ? 'echoed' : 'different');
    await new Promise((done, fail) => client.disconnect((error) => (error ? fail(error) : done())));
    say('receipt', 'of DISCONNECT');
  },
  async 'webstomp-client'() {
    const { default: webstomp } = await import('webstomp-client');
    const { default: WebSocket } = await import('ws');
    const client = webstomp.over(new WebSocket(`ws://${address}/stomp`, webstomp.VERSIONS.supportedProtocols()), { debug: false });
    await new Promise((done, fail) => client.connect({}, done, fail));
    const messages = [];
    let wake = () => {};
    client.subscribe('/topic/far', (message) => {
      message.ack();
      messages.push(message);
      wake();
    }, { ack: 'client-individual' });
    const echo = async (body, headers) => {
      client.send('/topic/far', body, headers);
      while (!messages.length) await new Promise((done) => { wake = done; });
      return messages.shift();
    };
    say('text', (await echo('Grüße')).body);
    say('header', (await echo('x', { odd: HEADER })).headers.odd);
    say('binary', 'none');
    await new Promise((done) => client.disconnect(done));
    say('receipt', 'of DISCONNECT');
  },
};

setTimeout(() => process.exit(1), 15_000);
try {
  await clients[name]();
} catch (error) {
  say('the rest', error.message);
}
process.exit(0);
