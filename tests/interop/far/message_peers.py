"""Peers of STOMP, Socket.IO and SockJS."""

import functools
import os
import pathlib
import subprocess
import unittest.mock

from peer import HERE, Peer, beside_packages, crate_program, locked, run_checks
from programs import Program, example
from proxies import free_port, wait_until_it_listens
from suite_peers import Group, peer, pinned, run

TEXT = "Grüße"
HEADER = "10:30 C:\\new"
RAW = "does not unescape headers: `10:30` arrives as `10\\c30`"
# What clients do otherwise, exactly, and what to say about it.
KNOWN = {(name, "header"): (HEADER.replace(":", "\\c"), RAW) for name in ("webstomp-client", "Net::Stomp", "PHP stomp")}
KNOWN["Ruby stomp", "header"] = (HEADER.replace("\\n", "\n"), "a backslash before `n` in a header becomes a line break")

STOMP_CHECKS = {"text": TEXT, "header": HEADER, "binary": {"echoed", "none"}, "receipt": {"of SEND", "of DISCONNECT"}}
STOMP_EXERCISED = "texts, binary bodies, a header with a colon and a backslash, acknowledgements, a receipt"


def stomp_client(name, source, words, advice=""):
    run = functools.partial(run_checks, name, "stomp_server", words, STOMP_CHECKS, STOMP_EXERCISED, KNOWN)
    return Peer(name, "client", source, run, advice)


def script(program, file, name):
    return lambda: [program, HERE / "stomp" / file, name, "ADDRESS"]


def node(folder, name, where):
    return lambda: ["node", beside_packages(f"{folder}/clients.mjs"), name, where]


def active_mq():
    """Our client with ActiveMQ: each version, two queues, and an acknowledgement of each message."""
    port = free_port()
    libraries = ":".join(map(str, sorted(pathlib.Path("/usr/share/activemq/lib").glob("*.jar"))))
    found = []
    with Program("java", "-cp", libraries, HERE / "stomp" / "ActiveMq.java", port, name="ActiveMQ") as broker:
        wait_until_it_listens(broker, port)
        for version in "1.0", "1.1", "1.2":
            for mode in "auto", "client":
                words = ["--versions", version, "--ack", mode, f"127.0.0.1:{port}", f"/queue/{version}-{mode}"]
                with Program(example("stomp_client"), *words, stdin=subprocess.PIPE) as client:
                    connected = client.line_after("connected ", stderr=True)
                    client.write(f"{TEXT}\n{HEADER}\n".encode())
                    seen = [connected, client.line(20), client.line(20)]
                    client.close_stdin()
                    seen.append(client.wait(20))
                if seen != [version, TEXT, HEADER, 0]:
                    found.append((f"{version}, {mode}", str(seen), None))
    return "each version, with and without acknowledgements, receipts", found


stomp = Group(
    "STOMP",
    "Clients talk to our `stomp_server` and our gateway, and our `stomp_client` to brokers.",
    [
        peer(
            "RabbitMQ",
            "broker",
            "debian:rabbitmq-server",
            "each version over TCP and WebSocket, 1 MiB with NULs, ACK, NACK, heart-beats, errors; our relay",
            "test_stomp_rabbitmq.py",
            "test_stomp_relay.py",
            advice="`web_stomp.ws_frame = binary` for bodies that are not UTF-8",
        ),
        Peer("ActiveMQ", "broker", "debian:activemq", active_mq),
        peer(
            "@stomp/stompjs",
            "client",
            pinned("@stomp/stompjs"),
            "receipts, acknowledgements, transactions, binary bodies; over SockJS; in Chromium",
            "test_stomp_server.py",
            "-k",
            "stompjs",
        ),
        peer(
            "stomp.py",
            "client",
            pinned("stomp.py"),
            "1.0, 1.1 and 1.2: 1 MiB there and back, acknowledgements, heart-beats",
            "test_stomp_server.py",
            "-k",
            "stomp_py",
        ),
        stomp_client(
            "stompit", "stompit@1.0.0", node("stomp", "stompit", "ADDRESS"), "`content-length` for bodies with NULs"
        ),
        stomp_client("webstomp-client", "webstomp-client@1.2.6 ws@8.23.0", node("stomp", "webstomp-client", "ADDRESS")),
        stomp_client("Ruby stomp", "debian:ruby-stomp", script("ruby", "client.rb", "stomp")),
        stomp_client(
            "Net::Stomp",
            "debian:libnet-stomp-perl",
            script("perl", "client.pl", "Net::Stomp"),
            "`content-length` for bodies with NULs",
        ),
        stomp_client(
            "PHP stomp",
            "debian:php8.2-stomp php8.2-cli",
            script("php", "client.php", "stomp"),
            "`content-length` for bodies with NULs",
        ),
    ],
    {"Spring's STOMP codec": "Debian builds libspring-messaging-java without it"},
)

SOCKETIO_CHECKS = {
    f"{transport}: {check}": value
    for transport in ("polling", "websocket", "upgrade")
    for check, value in {
        "auth": "é☃",
        "event": [1, {"2": [True, None]}, "🦀"],
        "attachment": "echoed",
        "acknowledgement": "x",
    }.items()
}
EVENTS = "events, acknowledgements, attachments, a namespace, each transport and the upgrade"
SUITE, OURS = "test_socketio.py", "test_socketio_client.py"
SOCKETIOXIDE = f"crates:{locked('far/crates', 'socketioxide')}"


def socketioxide():
    """Our client with a server of Rust."""
    with unittest.mock.patch.dict(os.environ, SOCKETIO_PEER=str(crate_program("socketioxide"))):
        exercised, found = run(f"{EVENTS}, pings, being sent away", OURS, "-k", "not while_the_transport_changes")
    return exercised, [*found, ("order", "", "runs the handlers of several events at once, so that what they send has no order")]


def sockjs_node():
    """Our WebSocket client with a server of SockJS: as it is, and with its frames."""
    port, found = free_port(), []
    with Program("node", beside_packages("sockjs/server.mjs"), port) as server:
        wait_until_it_listens(server, port)
        for path, lines in SOCKJS_LINES.items():
            with Program(example("ws_client"), f"ws://127.0.0.1:{port}/echo/{path}", stdin=subprocess.PIPE) as client:
                for sent, expected in lines:
                    client.write(f"{sent}\n".encode() * bool(sent))
                    was = client.line(10)
                    found += [(path, str(was), None)] * (was != expected)
    return "raw WebSocket, the frames over WebSocket, a close by the server", found


# What is sent, and what comes.
SOCKJS_LINES = {
    "websocket": [("Grüße 👋", "Grüße 👋"), ("leave", "closed 4001 bye")],
    "000/session/websocket": [
        ("", "o"),
        ('["Grüße"]', 'a["Grüße"]'),
        ('["leave"]', 'c[4001,"bye"]'),
        # The code is in the frame before.
        ("", "closed 1000 Normal closure"),
    ],
}


socketio = Group(
    "Socket.IO and SockJS",
    "Clients talk to our `socketio_server`, `sockjs_server` and gateway, and our `socketio_client` to their servers.",
    [
        peer(
            "socket.io-client",
            "client",
            pinned("socket.io-client"),
            f"{EVENTS}, rooms, in Node and in Chromium",
            SUITE,
            "-k",
            "test_socketio_client or test_the_room or test_pages",
        ),
        Peer(
            "socket.io-client 3",
            "client",
            "socket.io-client-3@npm:socket.io-client@3.1.3",
            functools.partial(
                run_checks,
                "socket.io-client 3",
                "gateway",
                node("socketio", "socket.io-client-3", "http://ADDRESS"),
                SOCKETIO_CHECKS,
                EVENTS,
            ),
        ),
        peer("python-socketio", "client", pinned("python-socketio"), EVENTS, SUITE, "-k", "test_python_socketio"),
        peer("socket.io", "server", pinned("socket.io"), f"{EVENTS}, pings, being sent away", OURS, "-k", "npm-socket.io"),
        peer(
            "python-socketio",
            "server",
            pinned("python-socketio"),
            f"{EVENTS}, pings, being sent away",
            OURS,
            "-k",
            "python-socketio",
        ),
        Peer("socketioxide", "server", SOCKETIOXIDE, socketioxide, "`max_buffer_size` for more than 128 messages at once"),
        peer(
            "sockjs-client",
            "client",
            pinned("sockjs-client"),
            "each transport, in Node and in Chromium, from our and another origin",
            "test_sockjs.py",
        ),
        Peer("sockjs-node", "server", "sockjs@0.3.24", sockjs_node),
    ],
)
