"""WebSocket servers of Python that send every message back: `servers.py NAME PORT`."""

import asyncio
import sys

LONGEST = 1 << 26


async def asgi(scope, receive, send):
    if scope["type"] != "websocket":
        raise NotImplementedError
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        payload = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
        await send({"type": "websocket.send", **payload})


async def run_websockets(port):
    import websockets

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", port, max_size=None):
        await asyncio.Event().wait()


async def run_aiohttp(port):
    from aiohttp import WSMsgType, web

    async def echo(request):
        socket = web.WebSocketResponse(max_msg_size=0)
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


async def run_tornado(port):
    import tornado.web
    import tornado.websocket

    class Echo(tornado.websocket.WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            self.write_message(message, binary=isinstance(message, bytes))

    app = tornado.web.Application([("/", Echo)], websocket_max_message_size=LONGEST)
    app.listen(port, "127.0.0.1")
    await asyncio.Event().wait()


async def run_autobahn(port):
    from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from autobahn.websocket.compress import PerMessageDeflateOfferAccept

    class Echo(WebSocketServerProtocol):
        def onMessage(self, payload, binary):
            self.sendMessage(payload, binary)

    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(perMessageCompressionAccept=lambda offers: PerMessageDeflateOfferAccept(offers[0]))
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", port)
    await server.serve_forever()


async def run_picows(port):
    import picows

    class Echo(picows.WSListener):
        def on_ws_frame(self, transport, frame):
            if frame.msg_type == picows.WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            elif frame.msg_type not in (picows.WSMsgType.PING, picows.WSMsgType.PONG):
                transport.send(frame.msg_type, frame.get_payload_as_bytes(), frame.fin)

    server = await picows.ws_create_server(lambda _: Echo(), "127.0.0.1", port, max_frame_size=LONGEST)
    await server.serve_forever()


def run_flask_sock(port):
    from flask import Flask
    from flask_sock import Sock

    app = Flask("echo")
    app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": LONGEST}

    @Sock(app).route("/")
    def echo(socket):
        while True:
            socket.send(socket.receive())

    app.run("127.0.0.1", port)


if __name__ == "__main__":
    run = globals()["run_" + sys.argv[1].replace("-", "_")]
    port = int(sys.argv[2])
    if asyncio.iscoroutinefunction(run):
        asyncio.run(run(port))
    else:
        run(port)
