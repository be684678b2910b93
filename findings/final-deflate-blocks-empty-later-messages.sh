#!/usr/bin/env bash
# Five of eight WebSocket clients lose every message after one that ends with a final DEFLATE block: they hand out empty texts.
#
# Software: npm ws 8.23.0 and undici 7.30.2 on Node 20.20, Bun 1.4.5 (npm); PyPI websockets 17.4, aiohttp 3.14.5, tornado 6.6.1,
# autobahn 26.10.2, lomond 0.3.4. All with permessage-deflate, as each offers it.
#
# A server sends three compressed texts. "one" ends with a final block (zlib's Z_FINISH) and the octet 00, as RFC 7692 has it;
# "two" and "three" are flushed as usual. Then it closes with 1000.
#
# Expected: one, two, three, or an error.
# Seen:     ws, Bun and aiohttp read all three.
#           undici, websockets, tornado, autobahn and lomond read "one", "" and "", and a clean close.
# None of the five reports an error. Their inflater is zlib's, which stays at its end after a final block; what comes later lands
# in its unused input, where nobody looks.
#
# The standard: RFC 7692, 7.2.3.4, shows a message with BFINAL set, followed by 00; 7.2.3.5 has several blocks in a message.
# 7.2.1: an endpoint may use blocks of any kind.
#
# Who meets it: senders whose DEFLATE library can finish but not flush (small devices, some functional and JVM libraries), and
# those that send a file that was compressed beforehand. The first message is always right, so a quick try passes.
# What to do: flush with Z_SYNC_FLUSH and cut 00 00 FF FF. A reader of your own begins a new inflater after
# a final block.
#
# Needs node, npm and python3 with pip. It took 30 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0 undici@7.30.2 bun@1.4.5 &
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    websockets==17.4 aiohttp==3.14.5 tornado==6.6.1 autobahn==26.10.2 lomond==0.3.4
wait
node node_modules/bun/install.js >/dev/null 2>&1 || true

cat >server.py <<'PY'
import asyncio
import base64
import hashlib
import re
import zlib


def compressed(text, final):
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(text)
    data += deflater.flush(zlib.Z_FINISH) + b"\0" if final else deflater.flush(zlib.Z_SYNC_FLUSH)[:-4]
    return bytes([0xC1, len(data)]) + data


async def answer(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)[1]
    assert b"permessage-deflate" in head.lower()
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.write(compressed(b"one", True) + compressed(b"two", False) + compressed(b"three", False) + b"\x88\x02\x03\xe8")
    try:
        await asyncio.wait_for(reader.read(), 1)
    except (OSError, asyncio.TimeoutError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PY
cat >client.mjs <<'JS'
const [url, name] = process.argv.slice(2);
let { WebSocket } = globalThis;
if (name === 'ws') WebSocket = (await import('ws')).default;
if (name === 'undici') ({ WebSocket } = await import('undici'));
const socket = new WebSocket(url);
const texts = [];
socket.onmessage = ({ data }) => texts.push(data);
socket.onclose = ({ code }) => { console.log(JSON.stringify(texts), 'close', code); process.exit(0); };
JS
cat >client.py <<'PY'
import asyncio
import json
import os
import sys

url, name = sys.argv[1:]
texts = []


async def run_websockets():
    import websockets
    async with websockets.connect(url) as socket:
        async for text in socket:
            texts.append(text)
        return socket.close_code


async def run_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as socket:
        async for message in socket:
            texts.append(message.data)
        return socket.close_code


async def run_tornado():
    from tornado.websocket import websocket_connect
    socket = await websocket_connect(url, compression_options={})
    while (text := await socket.read_message()) is not None:
        texts.append(text)
    return socket.close_code


async def run_autobahn():
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
    from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateResponseAccept
    loop = asyncio.get_running_loop()
    end = loop.create_future()

    class Client(WebSocketClientProtocol):
        def onMessage(self, payload, binary):
            texts.append(payload.decode())

        def onClose(self, clean, code, reason):
            end.done() or end.set_result(code)

    factory = WebSocketClientFactory(url)
    factory.protocol = Client
    factory.setProtocolOptions(perMessageCompressionOffers=[PerMessageDeflateOffer()],
                               perMessageCompressionAccept=PerMessageDeflateResponseAccept)
    await loop.create_connection(factory, "127.0.0.1", int(url.split(":")[2].strip("/")))
    return await end


async def run_lomond():
    from lomond import WebSocket
    for event in WebSocket(url, compress=True).connect(ping_rate=0):
        if event.name == "text":
            texts.append(event.text)
        if event.name == "closing":
            code = event.code
        if event.name == "disconnected":
            return code


code = asyncio.run(asyncio.wait_for(globals()["run_" + name](), 10))
print(json.dumps(texts), "close", code, flush=True)
os._exit(0)
PY
python3 server.py >port &
pids+=($!)
until [ -s port ]; do sleep 0.1; done

run() {
    local name=$1
    shift
    printf '%-10s %s\n' "$name" "$(timeout 15 "$@" "ws://127.0.0.1:$(cat port)/" "$name" 2>/dev/null)" | sed 's/","/", "/g' | tee -a seen
}
for name in ws undici; do run $name node client.mjs; done
run bun node_modules/.bin/bun client.mjs
for name in websockets aiohttp tornado autobahn lomond; do run $name python3 client.py; done

[ "$(grep -cF '["one", "two", "three"] close 1000' seen)" = 3 ]
[ "$(grep -cF '["one", "", ""] close 1000' seen)" = 5 ]
