"""WebSocket clients and servers of other people."""

import functools
import glob

from peer import HERE, HOME, NODE, PYTHON, SYSTEM_PYTHON, Peer, beside_packages, built, crate_program, jars, locked
from websocket_runs import run_client, run_server

TITLE = "WebSocket"
INTRO = """
Each client sends and receives text and binary messages of 0, 125, 126, 65 535 and 65 536 bytes, of 1 and of 5 MiB, through
our gateway; closes with a code and a reason; agrees on a subprotocol; is closed by the server, with 1009 for a message that is
too long; is refused. Each server sends back texts of these lengths to our client, and answers a close. Then all of it comes once
more in pieces: four fragments, cut inside of characters, with a ping of 4, 5 or 125 bytes before each but the first; and last the
connection is cut in the middle of a message. Clients whose library can do so send fragments and pings as well. *Compression* is
what the two agreed on: *no* where the peer has none or does not ask for it, *yes* without parameters.
"""
ABSENT = {"curl's program": "Debian's 7.88 is built without WebSocket; the library of pycurl has it"}
LWS = "no `permessage-deflate` if the other end sends some messages without compression"
EDGE_NET = f"crates:{locked('far/crates', 'edge-ws')}"

# What each is started with. URL and PORT are filled in.


def python(name):
    return lambda: [PYTHON, HERE / "ws" / "clients.py", name, "URL"]


def desktop(name, where):
    return lambda: [SYSTEM_PYTHON, HERE / "ws" / "desktop.py", name, where]


def webkit():
    return ["xvfb-run", "-a", SYSTEM_PYTHON, HERE / "ws" / "webkit.py", "URL"]


JETTY = ["http", "io", "util", "xml", "client", "server", "servlet", "security"]
JETTY = (
    jars("servlet-api", *(f"jetty9-{part}" for part in JETTY))
    + ":"
    + jars(*(f"jetty9-websocket-{part}" for part in ("api", "client", "common", "server", "servlet")))
)


def java(name):
    return lambda: ["java", "-cp", f"{JETTY}:{jars('okhttp', 'okio')}", HERE / "ws" / "Clients.java", name, "URL"]


def go(name, where):
    environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    return lambda: [built("go", "ws/main.go", "go", "build", "-o", "OUT", "SOURCE", **environment), name, where]


def cpp(name, where, *options):
    compile = ["g++", "-std=c++17", "-O1", "-o", "OUT", "SOURCE", *options]
    return lambda: [built(name, f"ws/{name}.cc", *compile), where]


def script(*words):
    """A program of the system that runs one of our files."""
    return lambda: [HERE / "ws" / word if (HERE / "ws" / word).is_file() else word for word in words]


def javascript(name, file, where):
    runner = {"bun": [NODE / ".bin" / "bun"], "deno": [NODE / ".bin" / "deno", "run", "--quiet", "-A"]}.get(name, ["node"])
    return lambda: [*runner, beside_packages(f"ws/{file}"), name, where]


def erlang(file, *words):
    """With the modules that come with RabbitMQ."""
    plugins = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins"
    return lambda: ["env", f"ERL_LIBS={''.join(glob.glob(plugins))}", "escript", HERE / "ws" / file, *words]


def server(name):
    return lambda: [PYTHON, "servers.py", name, "PORT"]


def uvicorn(library):
    return asgi("-m", "uvicorn", "--port", "PORT", "--lifespan", "off", "--ws", library, "--ws-max-size", 1 << 26)


def asgi(*words):
    return lambda: [PYTHON, *words, "servers:asgi"]


CLIENTS = [
    # Name, source, command, and what to set.
    (
        "Java HttpClient",
        "debian:openjdk-17-jdk-headless libjetty9-java libjetty9-extra-java libokhttp-java",
        java("JDK"),
        "",
    ),
    ("OkHttp", "debian:libokhttp-java libjetty9-java libjetty9-extra-java", java("OkHttp"), ""),
    (
        "Jetty",
        "debian:libjetty9-java libjetty9-extra-java libokhttp-java",
        java("Jetty"),
        "`setMaxTextMessageSize` for more than 64 KiB",
    ),
    (
        "gorilla/websocket",
        "debian:golang-github-gorilla-websocket-dev golang-nhooyr-websocket-dev golang-go",
        go("gorilla", "URL"),
        "",
    ),
    (
        "nhooyr/websocket",
        "debian:golang-nhooyr-websocket-dev golang-github-gorilla-websocket-dev golang-go",
        go("nhooyr", "URL"),
        "`SetReadLimit` for more than 32 KiB",
    ),
    ("WebKitGTK", "debian:gir1.2-webkit2-4.1 python3-gi xvfb xauth", webkit, ""),
    ("Qt 6", "debian:libqt6websockets6 python3-pyqt6.qtwebsockets", desktop("Qt 6", "URL"), ""),
    ("Qt 5", "debian:libqt5websockets5 python3-pyqt5.qtwebsockets", desktop("Qt 5", "URL"), ""),
    (
        "libsoup",
        "debian:libsoup-3.0-0 gir1.2-soup-3.0 python3-gi",
        desktop("libsoup", "URL"),
        "`max-incoming-payload-size` for more than 128 KiB",
    ),
    ("Boost.Beast", "debian:libboost1.74-dev", cpp("beast", "URL", "-lpthread"), "`read_message_max` for more than 16 MiB"),
    (
        "websocketpp",
        "debian:libwebsocketpp-dev libasio-dev zlib1g-dev",
        cpp("websocketpp", "URL", "-DASIO_STANDALONE", "-lz", "-lpthread"),
        "`max_message_size` for more than 32 MB",
    ),
    ("libwebsockets", "debian:libwebsockets-dev", cpp("libwebsockets", "URL", "-lwebsockets"), LWS),
    ("Ruby faye-websocket", "debian:ruby-faye-websocket", script("ruby", "faye.rb", "URL"), ""),
    (
        "Mojolicious",
        "debian:libmojolicious-perl libanyevent-websocket-client-perl",
        script("perl", "clients.pl", "Mojolicious", "URL"),
        "`max_websocket_size` for more than 256 KiB",
    ),
    (
        "AnyEvent::WebSocket::Client",
        "debian:libanyevent-websocket-client-perl libmojolicious-perl",
        script("perl", "clients.pl", "AnyEvent", "URL"),
        "`max_payload_size` for more than 64 KiB",
    ),
    ("gun 1.3.3 of RabbitMQ", "debian:rabbitmq-server", erlang("gun.escript", "gun", "URL"), ""),
    ("Tcllib", "debian:tcllib tcl", script("tclsh", "websocket.tcl", "URL"), ""),
    (
        "lua-http",
        "debian:lua-http lua5.2 lua-basexx lua-binaryheap lua-fifo lua-lpeg-patterns",
        script("lua5.2", "websocket.lua", "URL"),
        "",
    ),
    (
        "Emacs websocket.el",
        "debian:elpa-websocket emacs-nox",
        script("emacs", "-q", "--batch", "-l", "websocket.el", "URL"),
        "",
    ),
    ("SWI-Prolog", "debian:swi-prolog-nox", script("swipl", "prolog.pl", "URL"), ""),
    ("websockets", "websockets==17.4", python("websockets"), "`max_size` for more than 1 MiB"),
    ("aiohttp", "aiohttp==3.14.5", python("aiohttp"), "`max_msg_size` for more than 4 MiB"),
    ("tornado", "tornado==6.6.1", python("tornado"), "`max_message_size` for more than 10 MiB"),
    ("autobahn", "autobahn==26.10.2", python("autobahn"), ""),
    ("httpx-ws", "httpx-ws==0.9.0", python("httpx-ws"), "`max_message_size_bytes` for more than 64 KiB"),
    ("picows", "picows==2.3.1", python("picows"), "`max_frame_size` for more than 10 MiB"),
    ("websocket-client", "websocket-client==1.9.2", python("websocket-client"), ""),
    ("simple-websocket", "simple-websocket==1.1.0", python("simple-websocket"), ""),
    ("curl_cffi", "curl_cffi==0.17.0", python("curl_cffi"), "`max_message_size` for more than 4 MiB"),
    ("niquests", "niquests==3.21.2", python("niquests"), ""),
    ("curl 8.23 of pycurl", "pycurl==7.49.0", python("curl"), ""),
    (
        "edge-net",
        EDGE_NET,
        lambda: [crate_program("edge"), "URL"],
        "an origin, for otherwise it sends a header without a name",
    ),
    ("ws", "ws@8.23.0", javascript("ws", "clients.mjs", "URL"), ""),
    ("undici", "undici@7.30.2", javascript("undici", "clients.mjs", "URL"), ""),
    ("faye-websocket", "faye-websocket@0.11.4", javascript("faye-websocket", "clients.mjs", "URL"), ""),
    (
        "websocket",
        "websocket@1.0.35",
        javascript("websocket", "clients.mjs", "URL"),
        "`maxReceivedFrameSize` for more than 1 MiB",
    ),
    ("bun", "bun@1.4.5", javascript("bun", "clients.mjs", "URL"), ""),
    ("deno", "deno@2.9.6", javascript("deno", "clients.mjs", "URL"), ""),
]

SERVERS = [
    (
        "Jetty",
        "debian:libjetty9-java libjetty9-extra-java",
        lambda: ["java", "-cp", JETTY, HERE / "ws" / "JettyServer.java", "PORT"],
        "`setMaxTextMessageSize` for more than 64 KiB",
    ),
    (
        "gorilla/websocket",
        "debian:golang-github-gorilla-websocket-dev golang-nhooyr-websocket-dev golang-go",
        go("gorilla", "PORT"),
        "",
    ),
    (
        "nhooyr/websocket",
        "debian:golang-nhooyr-websocket-dev golang-github-gorilla-websocket-dev golang-go",
        go("nhooyr", "PORT"),
        "`SetReadLimit` for more than 32 KiB",
    ),
    ("Qt 6", "debian:libqt6websockets6 python3-pyqt6.qtwebsockets", desktop("Qt 6", "PORT"), ""),
    (
        "libsoup",
        "debian:libsoup-3.0-0 gir1.2-soup-3.0 python3-gi",
        desktop("libsoup", "PORT"),
        "`max-incoming-payload-size` for more than 128 KiB",
    ),
    ("Boost.Beast", "debian:libboost1.74-dev", cpp("beast", "PORT", "-lpthread"), "`read_message_max` for more than 16 MiB"),
    (
        "websocketpp",
        "debian:libwebsocketpp-dev libasio-dev zlib1g-dev",
        cpp("websocketpp", "PORT", "-DASIO_STANDALONE", "-lz", "-lpthread"),
        "`max_message_size` for more than 32 MB",
    ),
    ("libwebsockets", "debian:libwebsockets-dev", cpp("libwebsockets", "PORT", "-lwebsockets"), LWS),
    (
        "em-websocket",
        "debian:ruby-em-websocket",
        script("ruby", "em_websocket.rb", "PORT"),
        "`max_frame_size` for more than 10 MB",
    ),
    (
        "Mojolicious",
        "debian:libmojolicious-perl",
        script("perl", "mojolicious.pl", "PORT"),
        "`max_websocket_size` for more than 256 KiB",
    ),
    ("Cowboy 2.8.0 of RabbitMQ", "debian:rabbitmq-server", erlang("cowboy.escript", "PORT"), ""),
    (
        "lua-http",
        "debian:lua-http lua5.2 lua-basexx lua-binaryheap lua-fifo lua-lpeg-patterns",
        script("lua5.2", "websocket.lua", "PORT"),
        "",
    ),
    (
        "Emacs websocket.el",
        "debian:elpa-websocket emacs-nox",
        script("emacs", "-q", "--batch", "-l", "websocket.el", "PORT"),
        "",
    ),
    ("SWI-Prolog", "debian:swi-prolog-nox", script("swipl", "prolog.pl", "PORT"), ""),
    (
        "websocat",
        "crate:websocat=1.14.1",
        lambda: [HOME / "cargo" / "bin" / "websocat", "-B", 1 << 26, "-t", "ws-l:127.0.0.1:PORT", "mirror:"],
        "",
    ),
    ("websockets", "websockets==17.4", server("websockets"), "`max_size` for more than 1 MiB"),
    ("aiohttp", "aiohttp==3.14.5", server("aiohttp"), "`max_msg_size` for more than 4 MiB"),
    ("tornado", "tornado==6.6.1", server("tornado"), "`websocket_max_message_size` for more than 10 MiB"),
    ("autobahn", "autobahn==26.10.2", server("autobahn"), ""),
    ("picows", "picows==2.3.1", server("picows"), "`max_frame_size` for more than 10 MiB"),
    ("flask-sock", "flask-sock==0.7.0", server("flask-sock"), ""),
    (
        "uvicorn with websockets",
        "uvicorn==0.54.0 websockets==17.4",
        uvicorn("websockets"),
        "`--ws-max-size` for more than 16 MiB",
    ),
    ("uvicorn with wsproto", "uvicorn==0.54.0 wsproto==1.3.2", uvicorn("wsproto"), "`--ws-max-size` for more than 16 MiB"),
    (
        "hypercorn",
        "hypercorn==0.18.0",
        asgi("-m", "hypercorn", "--bind", "127.0.0.1:PORT"),
        "`websocket_max_message_size` for more than 16 MiB",
    ),
    ("daphne", "daphne==4.2.2", asgi("-m", "daphne", "-b", "127.0.0.1", "-p", "PORT"), ""),
    ("granian", "granian==2.8.9", asgi("-m", "granian", "--interface", "asgi", "--port", "PORT"), ""),
    ("edge-net", EDGE_NET, lambda: [crate_program("edge"), "PORT"], ""),
    ("ws", "ws@8.23.0", javascript("ws", "servers.mjs", "PORT"), "`maxPayload` for more than 100 MiB"),
    ("faye-websocket", "faye-websocket@0.11.4", javascript("faye-websocket", "servers.mjs", "PORT"), ""),
    (
        "websocket",
        "websocket@1.0.35",
        javascript("websocket", "servers.mjs", "PORT"),
        "`maxReceivedFrameSize` for more than 64 KiB",
    ),
    ("bun", "bun@1.4.5", javascript("bun", "servers.mjs", "PORT"), "`maxPayloadLength` for more than 16 MB"),
    ("deno", "deno@2.9.6", javascript("deno", "servers.mjs", "PORT"), ""),
]


def peers():
    for role, rows, run in ("client", CLIENTS, run_client), ("server", SERVERS, run_server):
        for name, source, command, advice in rows:
            yield Peer(name, role, source, functools.partial(run, name, command), advice)


PEERS = list(peers())
