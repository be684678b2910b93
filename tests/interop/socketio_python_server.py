"""A server made with `python-socketio` on `uvicorn`, for our client.

    python socketio_python_server.py

Prints `listening on http://127.0.0.1:PORT/`. In the namespaces `/` and `/custom`, it answers a client with the event `auth` and
what the client sent to connect, `message` with `message-back`, `message-with-ack` with an acknowledgement, and `leave` by
sending the client away. When a client has left, it prints the `name` that it sent to connect, and its transport. It pings each
second.
"""

import socket

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi", ping_interval=1, ping_timeout=1, max_http_buffer_size=100_000)
names = {}


def serve(namespace):
    async def connect(sid, environ, auth):
        names[sid] = auth and auth.get("name")
        await sio.emit("auth", auth or {}, to=sid, namespace=namespace)

    async def message(sid, *args):
        await sio.emit("message-back", args, to=sid, namespace=namespace)

    async def message_with_ack(sid, *args):
        return args

    async def leave(sid):
        await sio.disconnect(sid, namespace=namespace)

    async def disconnect(sid, reason):
        print(f"{names.pop(sid)} left {sio.transport(sid, namespace)}", flush=True)

    for handler in connect, message, message_with_ack, leave, disconnect:
        sio.on(handler.__name__.replace("_", "-"), handler, namespace=namespace)


serve("/")
serve("/custom")
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("listening on http://127.0.0.1:%d/" % listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(socketio.ASGIApp(sio), log_level="warning")).run(sockets=[listener])
