// npm's `eventsource-parser` and `eventsource-encoder`: a line of JSON in, a line of JSON out.
//
//     {"decode": "the stream in base64"}    {"events": [[TYPE, DATA, ID]], "retries": [MS], "comments": [TEXT]}
//     {"encode": {…}}                       {"stream": "in base64"} or {"error": "why not"}
'use strict';

const readline = require('node:readline');
const { createParser } = require('eventsource-parser');
const { encode } = require('eventsource-encoder');

function decode(stream) {
  const result = { events: [], retries: [], comments: [] };
  const parser = createParser({
    // Its `id` is the one of the block itself, and a default type is missing.
    onEvent: ({ event, data, id }) => result.events.push([event ?? 'message', data, id ?? null]),
    onRetry: (ms) => result.retries.push(ms),
    onComment: (text) => result.comments.push(text),
  });
  // It takes text. The decoder removes the byte order mark, as the parser's documentation requires.
  parser.feed(new TextDecoder().decode(stream));
  return result;
}

function answer({ decode: stream, encode: event }) {
  if (stream !== undefined) return decode(Buffer.from(stream, 'base64'));
  try {
    return { stream: Buffer.from(encode(event)).toString('base64') };
  } catch (error) {
    return { error: error.message };
  }
}

readline.createInterface({ input: process.stdin, terminal: false }).on('line', (line) => {
  console.log(JSON.stringify(answer(JSON.parse(line))));
});
