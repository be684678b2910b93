#!/usr/bin/env bash
# Qt 6.2 to 6.7 end a WebSocket with 1007 where two fragments of a text share a character. Their own ends do so above 512 KiB.
#
# Software: Qt 6.2.4, 6.5.3 and 6.11.2, of PyQt6 (PyPI). 6.7.3 does the same as 6.5, and Debian's 6.4.2, too; 6.9.2 and Qt 5.15.8 do as
# 6.11.
#
# A client sends texts of "ä", whose UTF-8 takes two bytes, to a server, both Qt's: 524 288 bytes, and the same with an "x" before it.
# QWebSocket sends what is longer than 512 KiB in frames of 512 KiB.
#
# Expected: both arrive.
# Seen:     Qt 6.11: both arrive. Qt 6.2 and 6.5: the second ends the connection, 1007 "Invalid UTF-8 code encountered.", since the
#           border of the first frame is in the middle of an "ä". What is ASCII, or happens to have its borders elsewhere, arrives.
# The cause: QWebSocketDataProcessor asks its decoder for errors after each frame, and takes half a character at the end of one for
# an error.
#
# The standard: RFC 6455, 5.6: "a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST
# contain valid UTF-8."
#
# Who meets it: programs with the Qt of Debian 12 and of 2021 to 2024, as clients or servers: with Qt's own texts above 512 KiB, with
# servers of Boost.Beast, which cuts texts each 4 KiB unless it is told, and with whatever cuts where a buffer ends. English tests
# pass.
# What to do: a newer Qt; otherwise send UTF-8 as a binary message, or let the other end send texts whole (Beast:
# auto_fragment(false); Qt: setOutgoingFrameSize).
#
# Needs python3 with pip, and downloads 200 MB. It took 25 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
install() { # folder, packages
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$@"
}
install 6.2 PyQt6==6.2.3 PyQt6-Qt6==6.2.4 PyQt6-sip==13.4.1
install 6.5 PyQt6==6.5.3 PyQt6-Qt6==6.5.3 PyQt6-sip==13.6.0
install 6.11 PyQt6==6.11.0 PyQt6-Qt6==6.11.2 PyQt6-sip==13.13.0

cat >qt.py <<'PY'
import os
import sys

from PyQt6.QtCore import QCoreApplication, QTimer, QUrl, qVersion
from PyQt6.QtNetwork import QHostAddress
from PyQt6.QtWebSockets import QWebSocket, QWebSocketServer

app = QCoreApplication([])
kept = []


def send(text):
    """Sends a text from a client to a server, and returns what became of it."""
    server, client, seen = QWebSocketServer("finding", QWebSocketServer.SslMode.NonSecureMode), QWebSocket(), []
    server.listen(QHostAddress("127.0.0.1"), 0)

    def accept():
        socket = server.nextPendingConnection()
        kept.append(socket)
        socket.textMessageReceived.connect(lambda message: (seen.append("arrives" if message == text else "changed"), app.quit()))

    def end():
        seen.append(f"ends the connection: {client.closeCode().value} {client.closeReason()}")
        app.quit()

    server.newConnection.connect(accept)
    client.connected.connect(lambda: client.sendTextMessage(text))
    client.disconnected.connect(end)
    client.open(QUrl(f"ws://127.0.0.1:{server.serverPort()}"))
    QTimer.singleShot(10_000, app.quit)
    app.exec()
    kept.extend([server, client])
    return seen[0] if seen else "nothing"


for before in "", "x":
    text = before + "ä" * (1 << 18)
    print(f"Qt {qVersion()}, {len(text.encode())} bytes: {send(text)}", flush=True)
# Nothing is left to be taken down in order.
sys.stdout.flush()
os._exit(0)
PY
for version in 6.2 6.5 6.11; do
  QT_LOGGING_RULES='*=false' PYTHONPATH=$dir/$version timeout 40 python3 qt.py
done | tee seen

[ "$(grep -c ': arrives$' seen)" = 4 ]
for version in 6.2.4 6.5.3; do
  grep -qx "Qt $version, 524289 bytes: ends the connection: 1007 Invalid UTF-8 code encountered." seen
done
