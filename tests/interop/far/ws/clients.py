"""WebSocket clients of Python: `clients.py NAME URL`. Prints what each check saw, as lines of JSON."""

import asyncio
import json
import os
import select
import sys

SIZES = (0, 125, 126, 65535, 65536, 1 << 20, 5 << 20)
# Longer than the gateway's chat room takes.
TOO_LONG = "x" * 70_000
PATIENCE = 20
# Of a ping: not a text.
PAYLOAD = b"p\xff"


class Closed(Exception):
    """The other end has closed, with this code and this reason."""


class Refused(Exception):
    """The server does not open a WebSocket."""


class Websockets:
    async def open(self, url, protocols=None):
        import websockets

        self.lib = websockets
        try:
            self.socket = await websockets.connect(url, subprotocols=protocols, max_size=None)
        except websockets.InvalidStatus as error:
            raise Refused(error.response.status_code) from None
        self.protocol = self.socket.subprotocol

    async def send(self, message):
        await self.socket.send(message)

    async def receive(self):
        try:
            return await self.socket.recv()
        except self.lib.ConnectionClosed:
            raise Closed(self.socket.close_code, self.socket.close_reason) from None

    async def send_pieces(self, first, payload, last):
        async def pieces():
            yield first
            await (await self.socket.ping(payload))
            yield last

        await self.socket.send(pieces())

    async def close(self, code, reason):
        await self.socket.close(code, reason)
        return self.socket.close_code, self.socket.close_reason


class Aiohttp:
    async def open(self, url, protocols=()):
        import aiohttp

        self.lib = aiohttp
        self.session = aiohttp.ClientSession()
        try:
            self.socket = await self.session.ws_connect(url, protocols=protocols, max_msg_size=0, compress=15)
        except aiohttp.WSServerHandshakeError as error:
            await self.session.close()
            raise Refused(error.status) from None
        self.protocol = self.socket.protocol

    async def send(self, message):
        await (self.socket.send_str(message) if isinstance(message, str) else self.socket.send_bytes(message))

    async def receive(self):
        message = await self.socket.receive()
        if message.type in (self.lib.WSMsgType.TEXT, self.lib.WSMsgType.BINARY):
            return message.data
        await self.session.close()
        raise Closed(self.socket.close_code, message.extra or "")

    async def ping(self, payload):
        await self.socket.ping(payload)

    async def close(self, code, reason):
        await self.socket.close(code=code, message=reason.encode())
        await self.session.close()
        return self.socket.close_code, None


class Tornado:
    async def open(self, url, protocols=None):
        from tornado.httpclient import HTTPClientError
        from tornado.websocket import websocket_connect

        try:
            self.socket = await websocket_connect(
                url, subprotocols=protocols, compression_options={}, max_message_size=1 << 30
            )
        except HTTPClientError as error:
            raise Refused(error.code) from None
        self.protocol = self.socket.selected_subprotocol

    async def send(self, message):
        await self.socket.write_message(message, binary=isinstance(message, bytes))

    async def receive(self):
        message = await self.socket.read_message()
        if message is None:
            raise Closed(self.socket.close_code, self.socket.close_reason)
        return message

    async def ping(self, payload):
        self.socket.ping(payload)

    async def close(self, code, reason):
        self.socket.close(code, reason)
        while await self.socket.read_message() is not None:
            pass
        return self.socket.close_code, self.socket.close_reason


class Autobahn:
    async def open(self, url, protocols=()):
        from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
        from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateResponseAccept

        self.queue = asyncio.Queue()
        opened = asyncio.get_running_loop().create_future()

        class Client(WebSocketClientProtocol):
            def onOpen(client):
                opened.set_result(client)

            def onMessage(client, payload, binary):
                self.queue.put_nowait(bytes(payload) if binary else payload.decode())

            def onClose(client, clean, code, reason):
                self.queue.put_nowait(Closed(code, reason))
                if not opened.done():
                    opened.set_exception(Refused(404 if "404" in str(reason) else 0))

        factory = WebSocketClientFactory(url, protocols=list(protocols or ()))
        factory.protocol = Client
        factory.setProtocolOptions(
            perMessageCompressionOffers=[PerMessageDeflateOffer()],
            perMessageCompressionAccept=PerMessageDeflateResponseAccept,
        )
        await asyncio.get_running_loop().create_connection(factory, factory.host, factory.port)
        self.client = await opened
        self.protocol = self.client.websocket_protocol_in_use

    async def send(self, message):
        if isinstance(message, str):
            self.client.sendMessage(message.encode())
        else:
            self.client.sendMessage(message, isBinary=True)

    async def receive(self):
        message = await self.queue.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def send_pieces(self, first, payload, last):
        self.client.beginMessage()
        self.client.sendMessageFrame(first.encode())
        self.client.sendPing(payload)
        self.client.sendMessageFrame(last.encode())
        self.client.endMessage()

    async def close(self, code, reason):
        self.client.sendClose(code, reason)
        closed = await self.queue.get()
        return closed.args


class HttpxWs:
    async def open(self, url, protocols=None):
        import httpx
        import httpx_ws

        self.lib = httpx_ws
        self.client = httpx.AsyncClient()
        self.context = httpx_ws.aconnect_ws(
            url.replace("ws", "http", 1), self.client, subprotocols=protocols, max_message_size_bytes=1 << 30
        )
        try:
            self.socket = await self.context.__aenter__()
        except httpx_ws.WebSocketUpgradeError as error:
            raise Refused(error.response.status_code) from None
        self.protocol = self.socket.subprotocol

    async def send(self, message):
        await (self.socket.send_text(message) if isinstance(message, str) else self.socket.send_bytes(message))

    async def receive(self):
        try:
            return (await self.socket.receive()).data
        except self.lib.WebSocketDisconnect as error:
            raise Closed(int(error.code), error.reason) from None

    async def send_pieces(self, first, payload, last):
        from wsproto.events import TextMessage

        await self.socket.send(TextMessage(data=first, message_finished=False))
        await self.socket.ping(payload)
        await self.socket.send(TextMessage(data=last))

    async def close(self, code, reason):
        await self.socket.close(code, reason)
        return None, None


class Picows:
    async def open(self, url, protocols=()):
        import picows

        self.lib = picows
        self.queue = asyncio.Queue()
        headers = {"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {}

        class Listener(picows.WSListener):
            def on_ws_frame(listener, transport, frame):
                if frame.msg_type == picows.WSMsgType.CLOSE:
                    reason = bytes(frame.get_close_message() or b"").decode()
                    self.queue.put_nowait(Closed(int(frame.get_close_code()), reason))
                    transport.disconnect()
                elif frame.msg_type not in (picows.WSMsgType.PING, picows.WSMsgType.PONG):
                    # It leaves it to us to join fragments.
                    if frame.msg_type != picows.WSMsgType.CONTINUATION:
                        self.is_text, self.pieces = frame.msg_type == picows.WSMsgType.TEXT, b""
                    self.pieces += frame.get_payload_as_bytes()
                    if frame.fin:
                        self.queue.put_nowait(self.pieces.decode() if self.is_text else self.pieces)

        try:
            self.transport, _ = await picows.ws_connect(Listener, url, extra_headers=headers, max_frame_size=1 << 24)
        except picows.WSInvalidStatusError as error:
            raise Refused(error.response.status.value) from None
        self.protocol = self.transport.response.headers.get("sec-websocket-protocol")

    async def send(self, message):
        kind = self.lib.WSMsgType.TEXT if isinstance(message, str) else self.lib.WSMsgType.BINARY
        self.transport.send(kind, message.encode() if isinstance(message, str) else message)

    async def receive(self):
        message = await self.queue.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def send_pieces(self, first, payload, last):
        self.transport.send(self.lib.WSMsgType.TEXT, first.encode(), fin=False)
        self.transport.send_ping(payload)
        self.transport.send(self.lib.WSMsgType.CONTINUATION, last.encode())

    async def close(self, code, reason):
        self.transport.send_close(code, reason.encode())
        return (await self.queue.get()).args


class Blocking:
    """A client that blocks, in a thread."""

    def __init__(self):
        if hasattr(self, "do_send_pieces"):
            self.send_pieces = lambda *pieces: asyncio.to_thread(self.do_send_pieces, *pieces)
        if hasattr(self, "do_ping"):
            self.ping = lambda payload: asyncio.to_thread(self.do_ping, payload)

    async def open(self, url, protocols=None):
        await asyncio.to_thread(self.do_open, url, protocols)

    async def send(self, message):
        await asyncio.to_thread(self.do_send, message)

    async def receive(self):
        return await asyncio.to_thread(self.do_receive)

    async def close(self, code, reason):
        return await asyncio.to_thread(self.do_close, code, reason)


class WebsocketClient(Blocking):
    def do_open(self, url, protocols):
        import websocket

        self.lib = websocket
        try:
            self.socket = websocket.create_connection(url, timeout=PATIENCE, subprotocols=protocols)
        except websocket.WebSocketBadStatusException as error:
            raise Refused(error.status_code) from None
        self.protocol = self.socket.subprotocol

    def do_send(self, message):
        opcode = self.lib.ABNF.OPCODE_TEXT if isinstance(message, str) else self.lib.ABNF.OPCODE_BINARY
        self.socket.send(message, opcode)

    def do_receive(self):
        opcode, data = self.socket.recv_data()
        if opcode == self.lib.ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
        return data.decode() if opcode == self.lib.ABNF.OPCODE_TEXT else data

    def do_send_pieces(self, first, payload, last):
        frame = self.lib.ABNF.create_frame
        self.socket.send_frame(frame(first.encode(), self.lib.ABNF.OPCODE_TEXT, 0))
        self.socket.ping(payload)
        self.socket.send_frame(frame(last.encode(), self.lib.ABNF.OPCODE_CONT, 1))

    def do_close(self, code, reason):
        self.socket.send_close(code, reason.encode())
        try:
            self.do_receive()
        except Closed as closed:
            return closed.args


class SimpleWebsocket(Blocking):
    def do_open(self, url, protocols):
        import simple_websocket

        self.lib = simple_websocket
        try:
            self.socket = simple_websocket.Client.connect(url, subprotocols=protocols)
        except simple_websocket.ConnectionError as error:
            raise Refused(error.status_code) from None
        self.protocol = self.socket.subprotocol

    def do_send(self, message):
        self.socket.send(message)

    def do_receive(self):
        try:
            return self.socket.receive()
        except self.lib.ConnectionClosed as error:
            raise Closed(int(error.reason), error.message) from None

    def do_close(self, code, reason):
        self.socket.close(code, reason)
        return None, None


class CurlCffi(Blocking):
    def do_open(self, url, protocols):
        from curl_cffi import CurlWsFlag, requests
        from curl_cffi.curl import CurlError

        self.flags = CurlWsFlag
        headers = {"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {}
        try:
            self.socket = requests.Session().ws_connect(url, headers=headers, max_message_size=1 << 30)
        except CurlError as error:
            raise Refused(404 if "404" in str(error) else 0) from None
        self.protocol = None

    def do_send(self, message):
        data = message.encode() if isinstance(message, str) else message
        self.socket.send(data, self.flags.TEXT if isinstance(message, str) else self.flags.BINARY)

    def do_receive(self):
        data, flags = self.socket.recv()
        if flags & self.flags.CLOSE:
            raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
        return data.decode() if flags & self.flags.TEXT else data

    def do_send_pieces(self, first, payload, last):
        self.socket.send(first.encode(), self.flags.TEXT | self.flags.CONT)
        self.socket.send(payload, self.flags.PING)
        self.socket.send(last.encode(), self.flags.TEXT)

    def do_close(self, code, reason):
        self.socket.close(code, reason.encode())
        return None, None


class Niquests(Blocking):
    def do_open(self, url, protocols):
        import niquests

        headers = {"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {}
        response = niquests.Session().get(url, headers=headers)
        if response.extension is None:
            raise Refused(response.status_code)
        self.socket = response.extension
        self.protocol = response.headers.get("sec-websocket-protocol")

    def do_send(self, message):
        self.socket.send_payload(message)

    def do_receive(self):
        message = self.socket.next_payload()
        if message is None:
            raise Closed(None, None)
        return message

    def do_ping(self, payload):
        self.socket.ping()

    def do_close(self, code, reason):
        self.socket.close()
        return None, None


class Curl(Blocking):
    def do_open(self, url, protocols):
        import pycurl

        self.lib, self.protocol, self.curl = pycurl, None, pycurl.Curl()
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.CONNECT_ONLY, 2)
        self.curl.setopt(pycurl.HEADERFUNCTION, self.on_header)
        if protocols:
            self.curl.setopt(pycurl.HTTPHEADER, [f"Sec-WebSocket-Protocol: {', '.join(protocols)}"])
        try:
            self.curl.perform()
        except pycurl.error:
            raise Refused(self.curl.getinfo(pycurl.RESPONSE_CODE)) from None
        self.socket = self.curl.getinfo(pycurl.ACTIVESOCKET)

    def on_header(self, line):
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "sec-websocket-protocol":
            self.protocol = value.strip()

    def write(self, data, flags):
        sent = False
        while not sent or data:
            try:
                data = data[self.curl.ws_send(data, flags) :]
                sent = True
            except BlockingIOError:
                select.select([], [self.socket], [], PATIENCE)

    def do_send(self, message):
        is_text = isinstance(message, str)
        self.write(message.encode() if is_text else message, self.lib.WS_TEXT if is_text else self.lib.WS_BINARY)

    def do_send_pieces(self, first, payload, last):
        self.write(first.encode(), self.lib.WS_TEXT | self.lib.WS_CONT)
        self.write(payload, self.lib.WS_PING)
        self.write(last.encode(), self.lib.WS_TEXT)

    def do_receive(self):
        message = b""
        while True:
            try:
                data, frame = self.curl.ws_recv(1 << 20)
            except BlockingIOError:
                select.select([self.socket], [], [], PATIENCE)
                continue
            if frame.flags & self.lib.WS_CLOSE:
                raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
            if frame.flags & (self.lib.WS_PING | self.lib.WS_PONG):
                continue
            message += data
            if not frame.bytesleft and not frame.flags & self.lib.WS_CONT:
                return message.decode() if frame.flags & self.lib.WS_TEXT else message

    def do_close(self, code, reason):
        self.curl.ws_close(code, reason)
        try:
            self.do_receive()
        except Closed as closed:
            return closed.args


CLIENTS = {
    "websockets": Websockets,
    "aiohttp": Aiohttp,
    "tornado": Tornado,
    "autobahn": Autobahn,
    "httpx-ws": HttpxWs,
    "picows": Picows,
    "websocket-client": WebsocketClient,
    "simple-websocket": SimpleWebsocket,
    "curl_cffi": CurlCffi,
    "niquests": Niquests,
    "curl": Curl,
}


async def echoes(client, base, make, kind):
    await client.open(base + "/ws/echo")
    for size in SIZES:
        sent = make(size)
        await client.send(sent)
        back = await client.receive()
        yield f"{kind} of {size} bytes", "echoed" if back == sent else f"{type(back).__name__} of {len(back)}"


async def closed(client):
    try:
        while True:
            await client.receive()
    except Closed as end:
        return end.args


async def checks(new, base):
    """Yields each check, and what was seen."""
    client = new()
    async for check in echoes(client, base, lambda size: ("äb" * size)[: size * 2 // 3].ljust(size)[:size], "text"):
        yield check
    if hasattr(client, "ping"):
        await client.ping(PAYLOAD)
        await client.send("after a ping")
        yield "its ping", "sent" if await client.receive() == "after a ping" else "lost"
    if hasattr(client, "send_pieces"):
        await client.send_pieces("in ", PAYLOAD, "pieces ☃")
        yield "its fragments", "echoed" if await client.receive() == "in pieces ☃" else "changed"
    code, reason = await client.close(4001, "bye")
    yield "close by the client", "no code" if code is None else f"{code} {reason or ''}".strip()
    client = new()
    async for check in echoes(client, base, lambda size: (bytes(range(256)) * (size // 256 + 1))[:size], "binary"):
        yield check
    client = new()
    await client.open(base + "/ws/chat", ["chat"])
    yield "subprotocol", str(client.protocol)
    await client.send(TOO_LONG)
    code, reason = await closed(client)
    yield "close by the server", "no code" if code is None else f"{code} {reason or ''}".strip()
    try:
        await new().open(base + "/nothing")
        yield "refusal", "opened"
    except Refused as refused:
        yield "refusal", str(refused)


async def main(name, base):
    try:
        steps = checks(CLIENTS[name], base)
        while True:
            print(json.dumps(await asyncio.wait_for(anext(steps), PATIENCE)), flush=True)
    except StopAsyncIteration:
        pass
    except BaseException as error:
        print(json.dumps(["the rest", f"{type(error).__name__}: {error}"[:200]]), flush=True)
    # Threads that still wait for the network are not waited for.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
