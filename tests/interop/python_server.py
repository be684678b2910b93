"""A server made with the Python package `websockets`, for our client.

Prints `listening on ws://127.0.0.1:PORT`, then a line `closed CODE REASON` for each connection that ended.
`node_server.cjs` does the same with npm's `ws`; the paths:

    /echo    echoes
    /ping    pings with a payload and says whether it came back
    /pieces  sends one message in fragments, a ping between them
    /close   closes with 4001 when the first message comes
    /chat    echoes; speaks the subprotocol `chat` with clients that offer it
    /drop    ends the TCP connection without a close frame when the first message comes
"""

import socket
import sys

from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.sync.server import serve


def echo(ws):
    for message in ws:
        ws.send(message)


def ping(ws):
    answered = ws.ping(b"are you there?").wait(10)
    ws.send("pong" if answered else "no pong")
    echo(ws)


def pieces(ws):
    def fragments():
        yield "one "
        ws.ping()
        yield ""
        yield "two"

    ws.send(fragments())
    echo(ws)


def close(ws):
    ws.recv()
    ws.close(4001, "enough is enough")


def drop(ws):
    ws.recv()
    ws.socket.shutdown(socket.SHUT_RDWR)


PATHS = {"/echo": echo, "/ping": ping, "/pieces": pieces, "/close": close, "/chat": echo, "/drop": drop}


def handle(ws):
    try:
        PATHS[ws.request.path](ws)
    except ConnectionClosed:
        pass
    ws.close()
    received = ws.protocol.close_rcvd
    print("closed", *((received.code, received.reason) if received else ("1006",)), flush=True)


def refuse_unknown(ws, request):
    if request.path not in PATHS:
        return ws.respond(404, "no such path\n")


# Messages are compressed for clients that offer it; with `--no-context-takeover`, each by itself.
ALONE = "--no-context-takeover" in sys.argv
DEFLATE = ServerPerMessageDeflateFactory(server_no_context_takeover=ALONE, client_no_context_takeover=ALONE)

with serve(
    handle,
    "127.0.0.1",
    0,
    process_request=refuse_unknown,
    subprotocols=["chat"],
    select_subprotocol=lambda ws, offered: "chat" if "chat" in offered else None,
    extensions=[DEFLATE],
    max_size=None,
) as server:
    print("listening on ws://127.0.0.1:%d" % server.socket.getsockname()[1], flush=True)
    server.serve_forever()
