// What a SockJS client does with our server, one transport at a time. For Node and for a page.
//
//     node sockjs_checks.cjs CHECK URL TRANSPORT
'use strict';

const MESSAGES = [
  '', 'a', 'two\nlines\r\n', '100% %41 %E9 %', '"\\/', '</script><!--', '\u0000\u001f\u007f',
  '\u200c\u200f\u2028\u202f\u2060\u206f\ufff0\ufffe\uffff', 'é€', '🦀', '+ &=d=', 'x'.repeat(5000),
  ...Array.from({ length: 50 }, (_, i) => `message ${i}`),
];

function opened(SockJS, url, transport) {
  const socket = new SockJS(url, null, { transports: transport });
  const received = [];
  const ended = new Promise((done) => {
    socket.onclose = (event) => done({ code: event.code, reason: event.reason });
  });
  return { socket, received, ended };
}

const checks = {
  // Every message comes back once, in order, by the transport that was asked for.
  async echo(SockJS, url, transport) {
    const { socket, received, ended } = opened(SockJS, url, transport);
    const all = new Promise((done) => {
      socket.onmessage = (event) => {
        received.push(event.data);
        if (received.length === MESSAGES.length) done();
      };
    });
    socket.onopen = () => MESSAGES.forEach((message) => socket.send(message));
    const end = await Promise.race([all, ended]);
    const used = socket.transport;
    socket.close();
    const wrong = MESSAGES.findIndex((message, i) => received[i] !== message);
    return { end, used, wrong, got: wrong < 0 ? null : received[wrong] ?? null };
  },

  // Messages that cross each other at some distance in time, so that polls begin and end between them.
  async pauses(SockJS, url, transport) {
    const { socket, received, ended } = opened(SockJS, url, transport);
    const echoes = (async () => {
      await new Promise((done) => { socket.onopen = done; });
      for (let i = 0; i < 10; i += 1) {
        const echo = new Promise((done) => { socket.onmessage = (event) => done(event.data); });
        socket.send(String(i));
        received.push(await echo);
        await new Promise((done) => { setTimeout(done, i * 5); });
      }
    })();
    await Promise.race([echoes, ended]);
    socket.close();
    return { received };
  },

  // Says something in a room, and waits for what somebody else says.
  async chat(SockJS, url, transport) {
    const { socket, received, ended } = opened(SockJS, url, transport);
    const both = new Promise((done) => {
      socket.onmessage = (event) => {
        received.push(event.data);
        if (received.length === 2) done();
      };
    });
    socket.onopen = () => socket.send('from SockJS');
    await Promise.race([both, ended]);
    socket.close();
    return { received };
  },

  // The server closes at once.
  async close(SockJS, url, transport) {
    const { ended } = opened(SockJS, url, transport);
    return ended;
  },
};

if (typeof module !== 'undefined') {
  const [, , check, url, transport] = process.argv;
  checks[check](require('sockjs-client'), url, transport).then((result) => {
    process.stdout.write(JSON.stringify(result), () => process.exit(0));
  });
}
