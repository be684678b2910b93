#!/usr/bin/env bash
# `retry: 2147483648`, "come back in 25 days", makes Node's event stream readers come back some hundred times a second.
#
# Software: eventsource 5.1.5, eventsource-client 1.2.0, launchdarkly-eventsource 2.2.0 and undici 6.21.0 (npm) on Node 20.20.
#
# A server answers each request with one event and a retry field, and ends the answer. Readers are stopped after 20 requests.
#
# Expected: one request each. Readers cap the value, as they do for their own back-off, or wait as long as they are told.
# Seen:     retry: 2147483647   1 request in 2 seconds, from each of the four
#           retry: 2147483648   20 requests within 0.2 seconds, from each of the four
# The cause: setTimeout takes at most 2^31 - 1 milliseconds and makes 1 millisecond of anything longer. None of the four checks.
# launchdarkly-eventsource has a cap, maxBackoffMillis, for those who set it. Node warns, but only in the reader's log.
#
# The standard: HTML, 9.2.6, "If the field name is retry": any number of ASCII digits, taken in base ten. There is no largest
# value.
#
# Who meets it: servers that send a very long time to mean "no need to come back", or that count in microseconds or write a
# timestamp there by mistake. The flood comes from services on Node that read the stream.
# What to do: to end a stream for good, answer 204. Never write more than 2147483647. A reader caps what it is told: an hour is
# enough for anyone.
#
# Needs node and npm. It took 16 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts eventsource@5.1.5 eventsource-client@1.2.0 \
    launchdarkly-eventsource@2.2.0 undici@6.21.0

cat >readers.mjs <<'JS'
import http from 'node:http';
import { EventSource } from 'eventsource';
import { createEventSource } from 'eventsource-client';
import launchDarkly from 'launchdarkly-eventsource';
import { EventSource as UndiciEventSource } from 'undici';

const open = (Reader) => (url) => {
  const reader = new Reader(url);
  reader.onerror = () => {};
  return reader;
};
const readers = {
  'eventsource 5.1.5': open(EventSource),
  'eventsource-client 1.2.0': createEventSource,
  'launchdarkly-eventsource 2.2.0': open(launchDarkly.EventSource),
  'undici 6.21.0': open(UndiciEventSource),
};
const MOST = 20;
const count = (start, retry) =>
  new Promise((done) => {
    let requests = 0;
    let reader;
    const began = Date.now();
    const server = http.createServer((request, response) => {
      requests++;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`retry: ${retry}\ndata: hello\n\n`);
      if (requests === MOST) finish();
    });
    const finish = () => {
      clearTimeout(timer);
      reader.close();
      server.close();
      setTimeout(() => server.closeAllConnections(), 100);
      done({ requests, seconds: (Date.now() - began) / 1000 });
    };
    const timer = setTimeout(finish, 2000);
    server.listen(0, '127.0.0.1', () => (reader = start(`http://127.0.0.1:${server.address().port}/`)));
  });

let good = true;
for (const retry of [2147483647, 2147483648]) {
  for (const [name, start] of Object.entries(readers)) {
    const { requests, seconds } = await count(start, retry);
    console.log(`retry: ${retry}, ${name}: ${requests} requests in ${seconds.toFixed(1)} seconds`);
    good &&= requests === (retry === 2147483647 ? 1 : MOST);
  }
}
process.exit(good ? 0 : 1);
JS
node --no-warnings readers.mjs
