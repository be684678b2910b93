#!/usr/bin/env bash
# After an event with the id "日本" four readers of Node never reconnect: each attempt fails before there is a request.
#
# Software: npm eventsource 4.1.1, eventsource-client 1.2.0, undici 7.30.2, @microsoft/fetch-event-source 2.0.1 on Node 20.20; for
# comparison Deno 2.9.6 (npm).
#
# A server sends one event with "retry: 100" and an id, and ends the response. For 1.5 seconds it counts requests, and what is in
# Last-Event-ID. The ids are "7", "é" and "日本".
#
# Expected: some ten requests for each. Perhaps an id that arrives as other bytes, or none.
# Seen:     7       all reconnect with 7.
#           é       the four of Node send the byte E9, Deno the bytes C3 A9.
#           日本    Deno sends its six bytes. The other four never send a request again. They try every 100 ms, and fail
#                   as they write the header ("character at index 0 has a value of 26085 which is greater than 255"). eventsource and
#                   fetch-event-source hand that error to the application each time; undici's error has no text, and
#                   eventsource-client has no event for it.
#
# The standard: HTML, 9.2: an id is any text without NULL, and the reader sends it in Last-Event-ID, encoded as UTF-8.
#
# Who meets it: streams whose ids are names, paths or keys of the application. One such event, and readers on a server stay away
# until they are restarted; browsers go on.
# What to do: keep ids to visible ASCII. A number, base64 or percent-encoding will do.
#
# Needs node, npm and python3. It took 17 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts eventsource@4.1.1 eventsource-client@1.2.0 undici@7.30.2 \
    @microsoft/fetch-event-source@2.0.1 deno@2.9.6
node node_modules/deno/install.cjs >/dev/null 2>&1 || true

cat >server.py <<'PY'
import asyncio

IDS = {"/number": "7", "/latin": "é", "/japanese": "日本"}


async def answer(reader, writer):
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    path, name = lines[0].decode().split(" ")[1].split("?")
    last = [line.split(b":", 1)[1].strip().hex() for line in lines if line.lower().startswith(b"last-event-id:")]
    print(name, path, *last or ["first"], flush=True)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                 b"retry: 100\nid: " + IDS[path].encode() + b"\ndata: x\n\n")
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PY
cat >reader.mjs <<'JS'
const [base, name] = globalThis.Deno?.args ?? process.argv.slice(2);
let { EventSource } = globalThis;
if (name === 'eventsource') ({ EventSource } = await import('eventsource'));
if (name === 'undici') ({ EventSource } = await import('undici'));
for (const path of ['number', 'latin', 'japanese']) {
  const url = `${base}/${path}?${name}`;
  if (name === 'eventsource-client') {
    (await import('eventsource-client')).createEventSource({ url, onMessage() {} });
  } else if (name === 'fetch-event-source') {
    const { fetchEventSource } = await import('@microsoft/fetch-event-source');
    globalThis.window = globalThis;
    globalThis.document = { addEventListener() {}, removeEventListener() {} };
    fetchEventSource(url, { onclose() { throw new Error('again'); }, onerror() {} });
  } else {
    new EventSource(url).onerror = () => {};
  }
}
setTimeout(() => (globalThis.Deno ?? process).exit(0), 1500);
JS
python3 server.py >requests 2>log &
pids+=($!)
until [ -s requests ]; do sleep 0.1; done
url=http://127.0.0.1:$(head -1 requests)
for name in eventsource eventsource-client undici fetch-event-source; do timeout 10 node reader.mjs "$url" $name 2>/dev/null; done
timeout 10 node_modules/.bin/deno run --quiet -A reader.mjs "$url" deno
sed 1d requests | sort | uniq -c | awk '{ print $2, $3, $4, ($1 > 3 ? "many" : $1) }' | tee seen

readers='(eventsource|eventsource-client|undici|fetch-event-source)'
[ "$(grep -cE ' /number 37 many$' seen)" = 5 ]
[ "$(grep -cE "^$readers /latin e9 many$" seen)" = 4 ]
[ "$(grep -cE "^$readers /japanese first 1$" seen)" = 4 ]
[ "$(grep -cE "^$readers /japanese" seen)" = 4 ]
grep -q '^deno /japanese e697a5e69cac many$' seen
