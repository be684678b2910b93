#!/usr/bin/env bash
# An httpx-ws client ends with KeyError at the first pong that it did not ask for, which ASP.NET Core sends every two minutes.
#
# Software: httpx-ws 0.9.0 with httpx 0.28.1 and wsproto 1.3.2; for comparison aiohttp 3.14.5, websocket-client 1.9.2 and
# niquests 3.21.2; the server is websockets 17.4 (all PyPI).
#
# The server sends an empty pong, then "hello".
#
# Expected: all ignore the pong.
# Seen:     aiohttp, websocket-client and niquests read "hello". httpx-ws looks the pong up among its pings, does not find it, and its reader
#           dies: KeyError: b'' in an ExceptionGroup, and the connection is gone.
#
# The standard: RFC 6455, 5.5.3: "A Pong frame MAY be sent unsolicited. This serves as a unidirectional heartbeat. A response to
# an unsolicited Pong frame is not expected."
#
# Who meets it: httpx-ws behind servers with that heartbeat. ASP.NET Core's WebSocketOptions.KeepAliveInterval is two minutes, and unless
# KeepAliveTimeout is set it means pongs; older .NET knows nothing else. Tests are shorter than two minutes.
# What to do: set KeepAliveTimeout on the server, so that it pings instead, or use another client.
#
# Needs python3 with pip. It took 30 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    httpx-ws==0.9.0 httpx==0.28.1 wsproto==1.3.2 aiohttp==3.14.5 websocket-client==1.9.2 niquests==3.21.2 websockets==17.4

cat >pong.py <<'PY'
import asyncio
import os

import aiohttp
import httpx
import httpx_ws
import niquests
import websocket
import websockets


async def serve(socket):
    await socket.pong()
    await socket.send("hello")
    await socket.wait_closed()


async def use_aiohttp(address):
    async with aiohttp.ClientSession() as session, session.ws_connect("ws://" + address) as socket:
        return await socket.receive_str()


async def use_websocket_client(address):
    return await asyncio.to_thread(lambda: websocket.create_connection("ws://" + address).recv())


async def use_niquests(address):
    return await asyncio.to_thread(lambda: niquests.get("ws://" + address).extension.next_payload())


async def use_httpx_ws(address):
    async with httpx.AsyncClient() as client, httpx_ws.aconnect_ws("http://" + address, client) as socket:
        return await socket.receive_text()


async def main():
    server = await websockets.serve(serve, "127.0.0.1", 0)
    address = "127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    for use in use_aiohttp, use_websocket_client, use_niquests, use_httpx_ws:
        try:
            seen = await asyncio.wait_for(use(address), 5)
        except BaseException as error:
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            seen = repr(error)
        print(use.__name__[4:], seen, flush=True)
    os._exit(0)

asyncio.run(main())
PY
timeout 30 python3 pong.py 2>/dev/null | tee seen

[ "$(grep -c ' hello$' seen)" = 3 ]
grep -qF "httpx_ws KeyError(b'')" seen
