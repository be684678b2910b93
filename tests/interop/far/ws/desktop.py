"""Qt's and GNOME's WebSockets: `desktop.py NAME URL` for a client, `desktop.py NAME PORT` for a server.

They come with Debian's Python and have event loops of their own, so each wait here runs that loop.
"""

import asyncio
import collections
import importlib
import sys

from clients import CLIENTS, Closed, Refused, main

LONGEST = 1 << 26


class Looped:
    """A client whose callbacks fill `events` while its loop takes steps."""

    def __init__(self):
        self.events = collections.deque()
        self.protocol = None

    async def receive(self):
        while not self.events:
            self.step()
            await asyncio.sleep(0)
        event = self.events.popleft()
        if isinstance(event, Exception):
            raise event
        return event

    async def open(self, url, protocols=()):
        self.connect(url, protocols or ())
        self.protocol = await self.receive()

    async def close(self, code, reason):
        self.leave(code, reason)
        try:
            return await self.receive(), None
        except Closed as closed:
            return closed.args


def qt(version):
    """The modules of `PyQt5` or `PyQt6`, and an application."""
    core, sockets = (importlib.import_module(f"PyQt{version}.{name}") for name in ("QtCore", "QtWebSockets"))
    network = importlib.import_module(f"PyQt{version}.QtNetwork")
    return core, sockets, network, core.QCoreApplication.instance() or core.QCoreApplication([])


class Qt(Looped):
    version = 6
    opened = False

    def connect(self, url, protocols):
        core, sockets, network, self.app = qt(self.version)
        self.socket = socket = sockets.QWebSocket()
        socket.connected.connect(self.on_connected)
        socket.textMessageReceived.connect(self.events.append)
        socket.binaryMessageReceived.connect(lambda data: self.events.append(bytes(data)))
        socket.disconnected.connect(self.on_disconnected)
        request = network.QNetworkRequest(core.QUrl(url))
        if protocols and self.version > 5:
            options = sockets.QWebSocketHandshakeOptions()
            options.setSubprotocols(protocols)
            socket.open(request, options)
        else:
            request.setRawHeader(b"Sec-WebSocket-Protocol", ", ".join(protocols).encode()) if protocols else None
            socket.open(request)

    def on_connected(self):
        self.opened = True
        self.events.append(self.socket.subprotocol() if self.version > 5 else None)

    def on_disconnected(self):
        code = self.socket.closeCode()
        # The status of a refusal is told in words only.
        end = Closed(getattr(code, "value", code), self.socket.closeReason()) if self.opened else Refused("refused")
        self.events.append(end)

    def step(self):
        self.app.processEvents()

    async def send(self, message):
        if isinstance(message, str):
            self.socket.sendTextMessage(message)
        else:
            self.socket.sendBinaryMessage(message)

    def leave(self, code, reason):
        codes = importlib.import_module(f"PyQt{self.version}.QtWebSockets").QWebSocketProtocol.CloseCode
        self.socket.close(codes(code), reason)


class Qt5(Qt):
    version = 5


class Soup(Looped):
    def connect(self, url, protocols):
        import gi

        gi.require_version("Soup", "3.0")
        from gi.repository import GLib, Soup as soup

        self.soup, self.glib = soup, GLib
        self.session, self.message = soup.Session(), soup.Message.new("GET", url)
        self.session.websocket_connect_async(self.message, None, list(protocols), GLib.PRIORITY_DEFAULT, None, self.on_open)

    def on_open(self, session, result):
        try:
            self.socket = session.websocket_connect_finish(result)
        except self.glib.Error:
            self.events.append(Refused(int(self.message.get_status())))
            return
        # 128 KiB unless it is told.
        self.socket.set_max_incoming_payload_size(LONGEST)
        text = self.soup.WebsocketDataType.TEXT
        self.socket.connect(
            "message",
            lambda _, kind, data: self.events.append(data.get_data().decode() if kind == text else data.get_data()),
        )
        self.socket.connect(
            "closed", lambda socket: self.events.append(Closed(socket.get_close_code(), socket.get_close_data()))
        )
        self.events.append(self.socket.get_protocol())

    def step(self):
        self.glib.MainContext.default().iteration(False)

    async def send(self, message):
        kind = self.soup.WebsocketDataType
        data = message.encode() if isinstance(message, str) else message
        self.socket.send_message(kind.TEXT if isinstance(message, str) else kind.BINARY, self.glib.Bytes.new(data))

    def leave(self, code, reason):
        self.socket.close(code, reason)


def serve_qt(port):
    core, sockets, network, app = qt(6)
    server = sockets.QWebSocketServer("echo", sockets.QWebSocketServer.SslMode.NonSecureMode)
    server.listen(network.QHostAddress("127.0.0.1"), port)

    def accept():
        socket = server.nextPendingConnection()
        socket.textMessageReceived.connect(socket.sendTextMessage)
        socket.binaryMessageReceived.connect(socket.sendBinaryMessage)

    server.newConnection.connect(accept)
    app.exec()


def serve_libsoup(port):
    import gi

    gi.require_version("Soup", "3.0")
    from gi.repository import GLib, Soup as soup

    server, open_ones = soup.Server(), set()

    def accept(_server, _message, _path, socket):
        socket.set_max_incoming_payload_size(LONGEST)
        open_ones.add(socket)
        socket.connect("message", lambda socket, kind, data: socket.send_message(kind, data))
        socket.connect("closed", open_ones.discard)

    server.add_websocket_handler("/", None, None, accept)
    server.listen_local(port, soup.ServerListenOptions.IPV4_ONLY)
    GLib.MainLoop().run()


if __name__ == "__main__":
    name, where = sys.argv[1:]
    if where.isdigit():
        {"Qt 6": serve_qt, "libsoup": serve_libsoup}[name](int(where))
    else:
        CLIENTS.update({"Qt 6": Qt, "Qt 5": Qt5, "libsoup": Soup})
        asyncio.run(main(name, where))
