"""A server on Hypercorn, which has WebSockets over HTTP/2 from `h2` and `wsproto`, for our client.

It prints `listening on ws://127.0.0.1:PORT`, and `closed CODE` when a connection has ended.
"""

import asyncio
import socket

import hypercorn.asyncio
import hypercorn.config

listener = socket.create_server(("127.0.0.1", 0))


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    assert scope["type"] == "websocket" and scope["http_version"] == "2", scope
    await receive()
    if scope["path"] not in ("/echo", "/close", "/chat"):
        await send({"type": "websocket.close"})
        return
    chosen = "chat" if "chat" in scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    while (message := await receive())["type"] == "websocket.receive":
        if scope["path"] == "/close":
            await send({"type": "websocket.close", "code": 4001, "reason": "enough is enough"})
        else:
            await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
    print(f"closed {message['code']}", flush=True)


async def main():
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.fileno()}"]
    print(f"listening on ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=asyncio.Event().wait)


asyncio.run(main())
