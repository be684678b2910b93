// The client of npm's `ws`, with compression: sends each argument after the URL twice, and prints what comes back.
'use strict';

const { WebSocket } = require('ws');

const [, , url, alone, ...texts] = process.argv;
const noTakeover = alone === 'alone';
const ws = new WebSocket(url, {
  perMessageDeflate: { serverNoContextTakeover: noTakeover, clientNoContextTakeover: noTakeover, threshold: 0 },
});
const sent = texts.flatMap((text) => [text, text]);
let at = 0;
ws.on('open', () => ws.send(sent[0]));
ws.on('message', (data) => {
  if (data.toString() !== sent[at]) throw new Error(`expected ${sent[at]}, got ${data}`);
  at += 1;
  at < sent.length ? ws.send(sent[at]) : ws.close(1000);
});
ws.on('close', (code) => process.exit(code === 1000 && at === sent.length ? 0 : 1));
setTimeout(() => process.exit(2), 20_000);
