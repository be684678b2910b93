#!/usr/bin/env bash
# A ping between two fragments of a compressed message: tornado, hypercorn and uvicorn with wsproto read the rest without inflating it.
#
# Software (PyPI): tornado 6.6.1, hypercorn 0.18.0 and uvicorn 0.54.0 with wsproto 1.3.2; for comparison uvicorn with websockets
# 17.4, and aiohttp 3.14.5. Each echoes, with permessage-deflate as it negotiates it.
#
# A client sends "hello hello hello", compressed, in two fragments: once as they are, once with a ping between them, as a text and as
# a binary message.
#
# Expected: four echoes each. Control frames between fragments are the reason why there are fragments.
# Seen:     uvicorn with websockets, and aiohttp: four echoes.
#           tornado, hypercorn, uvicorn with wsproto: without the ping both echoes. With it the binary message comes back as other bytes,
#           without any error, and the text ends the connection, without a close frame.
# They note for each frame whether it is compressed. After the ping, the second fragment is taken as plain: its RSV1 is not set, and
# must not be.
#
# The standard: RFC 6455, 5.4: control frames may be injected in the middle of a fragmented message. RFC 7692, 6: RSV1 is
# set on the first fragment only, and says for all of the message that it is compressed; control frames are not compressed.
#
# Who meets it: clients that send a compressed message in pieces, as their compressor fills its buffer, and pings by a timer. Small
# messages never show it, and Autobahn's suite has no such case.
# What to do: send compressed messages in one frame, or hold pings back until the message has ended. On a server, run uvicorn with
# websockets.
#
# Needs python3 with pip. It took 28 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib:$dir
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    tornado==6.6.1 hypercorn==0.18.0 uvicorn==0.54.0 wsproto==1.3.2 websockets==17.4 aiohttp==3.14.5

cat >echo.py <<'PY'
import asyncio
import sys


async def asgi(scope, receive, send):
    if scope["type"] != "websocket":
        raise NotImplementedError
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})


async def run_tornado(port):
    import tornado.web
    import tornado.websocket

    class Echo(tornado.websocket.WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            self.write_message(message, binary=isinstance(message, bytes))

    tornado.web.Application([("/", Echo)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


async def run_aiohttp(port):
    from aiohttp import WSMsgType, web

    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(globals()["run_" + sys.argv[1]](int(sys.argv[2])))
PY
cat >client.py <<'PY'
import socket
import sys
import time
import zlib


def frame(first, payload):
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload  # masked with zeros


def echo(opcode, ping):
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(b"hello hello hello") + deflater.flush(zlib.Z_SYNC_FLUSH)[:-4]
    frames = frame(0x40 | opcode, data[:4]) + (frame(0x89, b"p") if ping else b"") + frame(0x80, data[4:])
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.settimeout(5)
        stream.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                       b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        reader = stream.makefile("rb")
        assert b" 101 " in reader.readline()
        while (line := reader.readline()) != b"\r\n":
            pass
        stream.sendall(frames)
        while head := reader.read(2):
            payload = reader.read(head[1])
            if head[0] & 15 == opcode:
                if head[0] & 0x40:
                    payload = zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")
                return "echoed" if payload == b"hello hello hello" else "other bytes"
            if head[0] & 15 == 8:
                return "closed with %d" % int.from_bytes(payload[:2], "big")
        return "connection ended"


name, port = sys.argv[1], int(sys.argv[2])
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)
seen = [f"{kind}{' with ping' if ping else ''}: {echo(opcode, ping)}"
        for kind, opcode in (("text", 1), ("binary", 2)) for ping in (False, True)]
print(f"{name:18} " + ", ".join(seen))
PY
run() {
    local name=$1 port
    shift
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "${@/PORT/$port}" >/dev/null 2>&1 &
    pids+=($!)
    timeout 20 python3 client.py "$name" "$port" | tee -a seen
}
run tornado python3 echo.py tornado PORT
run hypercorn python3 -m hypercorn --bind 127.0.0.1:PORT echo:asgi
run uvicorn/wsproto python3 -m uvicorn --port PORT --lifespan off --ws wsproto echo:asgi
run uvicorn/websockets python3 -m uvicorn --port PORT --lifespan off --ws websockets echo:asgi
run aiohttp python3 echo.py aiohttp PORT

all='text: echoed, text with ping: echoed, binary: echoed, binary with ping: echoed$'
bad='text: echoed, text with ping: connection ended, binary: echoed, binary with ping: other bytes$'
[ "$(grep -cE "^(uvicorn/websockets|aiohttp) +$all" seen)" = 2 ]
[ "$(grep -cE "^(tornado|hypercorn|uvicorn/wsproto) +$bad" seen)" = 3 ]
