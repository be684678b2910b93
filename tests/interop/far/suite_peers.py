"""Peers whose checks are those of `tests/interop`: a row is a run of some of them."""

import functools
import re
import subprocess

from peer import HERE, PYTHON, Peer, beside_packages, locked, run_checks
from programs import Program, example, gateway
import proxies as proxy_programs

TESTING = "test_grpc_testing.py"
PINS = (HERE.parent / "requirements.txt").read_text() + (HERE.parent / "run").read_text()


def pinned(name):
    """The version that the suite installs."""
    return "=" + re.search(rf'(?:^|"){re.escape(name)}(?:==|@)([\d.]+)', PINS, re.MULTILINE)[1]


def printed(*command):
    """The version that a program prints."""
    return "=" + re.search(r"[\d.]+", subprocess.run(command, capture_output=True, text=True).stdout)[0]


def run(exercised, *arguments):
    """Lets pytest run what the arguments choose."""
    command = [HERE.parent / "run", "-q", "--tb=line", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1800)
    ends = re.findall(r"^(?:FAILED|ERROR)[: ].*", done.stdout, re.MULTILINE)
    checks = re.search(r"^(\d+) passed, 0 failed$", done.stdout, re.MULTILINE)
    if not checks and not ends:
        ends = [done.stdout[-300:] + done.stderr[-300:]]
    found = [("checks", " ".join(end.split())[:200], None) for end in ends[:3]]
    return f"{exercised} ({checks[1]} checks)" if checks else exercised, found


def peer(name, role, source, exercised, *arguments, advice=""):
    return Peer(name, role, source, functools.partial(run, exercised, *arguments), advice)


class Group:
    """What `run` expects of a module."""

    def __init__(self, title, intro, peers, absent=None):
        self.TITLE, self.INTRO, self.PEERS, self.ABSENT = title, intro, peers, absent or {}


PROXIES = {
    "nginx": (
        "nginx",
        "`proxy_http_version 1.1`, `Upgrade`, `Connection` and `Host`; `proxy_buffering off` for replies; `proxy_read_timeout` above the pings",
    ),
    "HAProxy": ("haproxy", "`option http-no-delay`; `timeout tunnel` above the pings"),
    "Apache": ("apache2", "`upgrade=websocket flushpackets=on`, `ProxyPreserveHost On`, `ProxyTimeout`"),
    "Caddy": ("caddy", "`flush_interval -1`; no `encode` for event streams"),
    "Varnish": ("varnish", "`pipe` for upgrades, with `Upgrade` and `Connection` set again; `pass` for the rest"),
    "Squid": ("squid", "`http_upgrade_request_protocols websocket allow all`"),
}
proxy_programs.PROXIES["HAProxy-http2"] = ("haproxy", "haproxy_http2.cfg", "haproxy -db -f {config}")


def run_from_http2(name):
    """Our client over HTTP/2 (RFC 8441), and a proxy that speaks HTTP/1.1 to our gateway."""
    found, client = [], example("ws_http2_client")
    with gateway(example("gateway")) as server, proxy_programs.running(name, server.address) as proxy:
        for options in [], ["--no-deflate"]:
            with Program(client, *options, f"ws://{proxy.address}/ws/echo", stdin=subprocess.PIPE) as program:
                for size in 0, 125, 126, 65535, 65536, 1 << 20, 5 << 20:
                    line = "x" * size
                    program.write(line.encode() + b"\n")
                    back = program.line(30)
                    found += [(f"text of {size} bytes", (back or "")[:50], None)] * (back != line)
                program.close_stdin()
                closed = program.line_after("closed ", 30)
                found += [("close by the client", closed, None)] * (closed != "1000")
        with Program(client, f"ws://{proxy.address}/ws/chat", "chat", stdin=subprocess.PIPE) as program:
            program.write(b"x" * 70_000 + b"\n")
            closed = program.line_after("closed ", 30).split()[0]
            found += [("close by the server", closed, None)] * (closed != "1009")
        with Program(client, f"ws://{proxy.address}/nothing") as program:
            refused = program.line_after("Error: ", 30, stderr=True)
            found += [("refusal", refused, None)] * ("404" not in refused)
    return "WebSocket as streams of HTTP/2, compressed or not, closes from both sides, a subprotocol, a refusal", found


THROUGH = "WebSocket, event streams, gRPC-Web, calls over WebSocket, HTTP"
proxies = Group(
    "Through proxies",
    """
The proxy stands in front of our gateway and speaks HTTP/1.1 on both sides, if nothing else is said, with the configuration
in `tests/interop/proxies`. Our own clients and those of other people go through it.
""",
    [
        *(
            peer(name, "between", f"debian:{package}", THROUGH, "test_proxies.py", "-k", name, advice=advice)
            for name, (package, advice) in PROXIES.items()
        ),
        Peer(
            "HAProxy",
            "between, from HTTP/2",
            "debian:haproxy",
            functools.partial(run_from_http2, "HAProxy-http2"),
            "`proto h2` or ALPN in front; `timeout tunnel` above the pings",
        ),
    ],
)

CALLS = "the cases of gRPC's interoperability tests, details of a status, limits, 100 calls at once, a graceful stop"
# Their lists of what a peer cannot do are in `grpc_peers.py`.
GRPC = {
    "grpc-js": pinned("@grpc/grpc-js"),
    "go": "debian:golang-google-grpc-dev",
    "c++": "debian:libgrpc++-dev",
    "java": "debian:libgrpc-java",
    "tonic": locked("grpc_tonic", "tonic"),
    "grpclib": pinned("grpclib"),
}
NAMES = {"go": "grpc-go", "c++": "gRPC C++", "java": "grpc-java"}
LACKS = {
    ("grpc-js", "server"): "compresses no replies",
    ("grpclib", "server"): "no compression, no limit, cancels its calls when it stops",
    ("grpclib", "client"): "no compression, no limit, gives up its calls at a GOAWAY",
    ("go", "server"): "compresses only what answers something compressed",
    ("c++", "server"): "calls that come while it stops are CANCELLED",
    ("java", "server"): "a message over its limit resets with CANCEL",
    ("tonic", "server"): "no trailers of a call that ends well; a message over its limit is OUT_OF_RANGE",
    ("tonic", "client"): "calls that a stopping server never took may be CANCELLED",
}
# The lengths of the responses are those of the payloads and of two fields around them.
RUBY = {"empty": 0, "large": 314_159 + 8, "unknown method": "Unimplemented", "deadline": "DeadlineExceeded"}
RUBY |= dict.fromkeys(("server streaming", "both ways"), [31_415 + 8, 9 + 4, 2653 + 6, 58_979 + 8])


# As in `proxies.py`, and what to set.
GRPC_PROXIES = {
    "nginx": (
        ("nginx", "grpc_nginx.conf", "nginx -p {home} -e stderr -c {config}"),
        "`grpc_pass`; `client_max_body_size 0` and `grpc_read_timeout` for streams; `ignore_invalid_headers off` for dots in keys",
    ),
    "HAProxy": (
        ("haproxy", "grpc_haproxy.cfg", "haproxy -db -f {config}"),
        "`proto h2` on both sides; `option http-no-delay`; timeouts above the longest pause",
    ),
    "Caddy": (
        ("caddy", "grpc_Caddyfile", "caddy run --config {config} --adapter caddyfile"),
        "`protocols h1 h2c`, `h2c://`, `flush_interval -1`",
    ),
    "nghttpx": (
        ("nghttp2-proxy", "grpc_nghttpx.conf", "nghttpx --conf={config}"),
        "`proto=h2`; read timeouts above the longest pause",
    ),
}
proxy_programs.PROXIES |= {f"grpc-{name}": row for name, (row, _) in GRPC_PROXIES.items()}


def run_proxy(name):
    """Our client of gRPC and our server with a proxy between them."""
    program = example("grpc_interop")
    with (
        gateway(program) as server,
        proxy_programs.running(f"grpc-{name}", server.address) as proxy,
        Program(program, "--connect", proxy.address) as client,
    ):
        lines = []
        while (line := client.line(60)) is not None:
            lines.append(line)
    found = [(line.split(":")[0], line, None) for line in lines if not line.startswith("ok ")]
    return f"the cases of gRPC's interoperability tests, limits, 100 calls at once ({len(lines)} cases)", found or [("cases", "none", None)] * (not lines)


def ruby():
    return ["ruby", HERE / "grpc" / "client.rb", "grpc", "ADDRESS"]


ERROR = "NOT_FOUND nö: 100%"
GRPC_WEB = {"single": "echoed", "replies": ["x"] * 3, "error": f"{ERROR}\n", "cancelled": "CANCELLED"}
BOTH_WAYS = {"requests": 3, "both ways": [f"{i} ☃" for i in range(3)]}
DEADLINE = {"deadline": "DEADLINE_EXCEEDED"}
# The replies as they are on the wire.
SONORA = {"single": "0a07" + "Grüße".encode().hex(), "replies": ["0a0178", "0a01781001", "0a01781002"], "error": ERROR}
SONORA["deadline"] = {"DEADLINE_EXCEEDED deadline exceeded", "DEADLINE_EXCEEDED request timed out at the client"}
ENCODED = ("NOT_FOUND n%C3%B6: 100%25%0A", "does not decode error texts")
ECHO_KNOWN = {(f"protobuf-ts, gRPC-Web{text}", "error"): ENCODED for text in ("", " as text")}
ECHO_KNOWN["sonora.aio", "error"] = (None, "does not see the error of a call for one reply: `None` is returned")


def echo_client(name, source, words, expected, exercised):
    run = functools.partial(run_checks, name, "gateway", words, expected, exercised, ECHO_KNOWN)
    return Peer(name, "client", source, run)


def node(name):
    return lambda: ["node", beside_packages("grpc/clients.mjs"), name, "ADDRESS"]


def sonora(name):
    return lambda: [PYTHON, HERE / "grpc" / "sonora_client.py", name, "ADDRESS"]


PROTOBUF_TS = "@protobuf-ts/runtime@2.11.1 @protobuf-ts/runtime-rpc@2.11.1"
ALL_KINDS = "every kind of call, 100 KB, an error text, a cancellation"
WEB_KINDS = "gRPC-Web: single calls, replies in a stream, 100 KB, an error text, a cancellation, a deadline"
WEB = f"@protobuf-ts/grpcweb-transport@2.11.1 {PROTOBUF_TS}"
echo_clients = [
    echo_client(
        "nice-grpc",
        "nice-grpc@2.1.18 @grpc/grpc-js@1.14.7 protobufjs@7.6.6",
        node("nice-grpc"),
        GRPC_WEB | BOTH_WAYS | {"cancelled": "AbortError"},
        ALL_KINDS,
    ),
    echo_client(
        "protobuf-ts",
        f"@protobuf-ts/grpc-transport@2.11.1 @grpc/grpc-js@1.14.7 {PROTOBUF_TS}",
        node("grpc-transport"),
        GRPC_WEB | BOTH_WAYS | DEADLINE,
        f"{ALL_KINDS}, a deadline",
    ),
    echo_client("protobuf-ts, gRPC-Web", WEB, node("grpcweb-transport"), GRPC_WEB | DEADLINE, WEB_KINDS),
    echo_client("protobuf-ts, gRPC-Web as text", WEB, node("grpcweb-text"), GRPC_WEB | DEADLINE, WEB_KINDS),
    echo_client("sonora", "sonora==0.2.3", sonora("blocking"), SONORA, WEB_KINDS.replace(" 100 KB,", "").replace(" a cancellation,", "")),
    echo_client("sonora.aio", "sonora==0.2.3", sonora("aio"), SONORA, WEB_KINDS.replace(" 100 KB,", "").replace(" a cancellation,", "")),
]

grpc = Group(
    "gRPC",
    """
Clients call our example `grpc_interop`, and its client calls their servers. Proxies stand between the two, with HTTP/2 on both
sides and the configurations `grpc_*` in `tests/interop/proxies`. What a peer lacks is told in the last column; its
other cases all work.
""",
    [
        peer(
            "grpcio",
            "client",
            pinned("grpcio"),
            f"every kind of call, code and metadata; {CALLS}",
            TESTING,
            "test_server_grpcio.py",
            "-k",
            "not our_client and not our_server and not a_server_stops and not grpc_h2 and not gateway",
        ),
        peer(
            "grpcio",
            "server",
            pinned("grpcio"),
            CALLS,
            TESTING,
            "-k",
            "(test_our_client or a_server_stops) and grpcio",
            advice="calls that come while it stops are CANCELLED",
        ),
        *(
            peer(
                NAMES.get(name, name),
                role,
                source,
                CALLS,
                TESTING,
                "-k",
                f"{kind} and {name}",
                advice=LACKS.get((name, role), ""),
            )
            for name, source in GRPC.items()
            for role, kind in (("client", "our_server"), ("server", "(test_our_client or a_server_stops)"))
        ),
        Peer(
            "Ruby's grpc",
            "client",
            "debian:ruby-grpc",
            functools.partial(
                run_checks,
                "Ruby's grpc",
                "grpc_interop",
                ruby,
                RUBY,
                "single calls and streams, an unknown method, a deadline",
            ),
        ),
        *(
            Peer(name, "between", f"debian:{row[0]}", functools.partial(run_proxy, name), advice)
            for name, (row, advice) in GRPC_PROXIES.items()
        ),
        *echo_clients,
        peer(
            "connect-node",
            "client",
            pinned("@connectrpc/connect-node"),
            "gRPC and gRPC-Web, a graceful stop",
            "test_grpc_connect.py",
        ),
        peer(
            "connect-web, grpc-web, @improbable-eng/grpc-web",
            "client",
            pinned("@connectrpc/connect-web"),
            "gRPC-Web in Node and in Chromium, over HTTP/1.1 and HTTP/2, from other origins",
            "test_grpc_web.py",
        ),
    ],
)

http2 = Group(
    "HTTP/2",
    "Clients talk to our `http2_server`, and our `http2_client` to their servers.",
    [
        peer(
            "curl",
            "client",
            "debian:curl",
            "GET, HEAD, POST of 5 MB, `100-continue`, uploads without a length, ALPN",
            "test_http2_tools.py",
            "test_http2_tls.py",
            "-k",
            "curl",
        ),
        peer(
            "nghttp",
            "client",
            "debian:nghttp2-client",
            "windows and tables of all sizes, padding, trailers, CONTINUATION, 1000 streams",
            "test_http2_tools.py",
            "-k",
            "test_nghttp",
        ),
        peer(
            "h2load",
            "client",
            "debian:nghttp2-client",
            "GET, POST, windows of one byte",
            "test_http2_tools.py",
            "-k",
            "h2load",
        ),
        peer(
            "nghttpd",
            "server",
            "debian:nghttp2-server",
            "files, trailers, refusals, 5 MB there and back",
            "test_http2_tools.py",
            "-k",
            "nghttpd",
        ),
        peer(
            "Java HttpClient",
            "client",
            "debian:openjdk-17-jdk-headless",
            "over TLS, with ALPN",
            "test_http2_tls.py",
            "-k",
            "java",
        ),
        peer(
            "Node.js",
            "client",
            printed("node", "--version"),
            "a greeting, trailers, resets, windows; WebSocket over it",
            "test_http2_node.py",
            "test_gateway_http2_node.py",
            "-k",
            "node_as_a_client or test_ws",
        ),
        peer(
            "Node.js",
            "server",
            printed("node", "--version"),
            "1 MiB and trailers through small windows, early hints, a reset, GOAWAY; WebSocket over it",
            "test_http2_node.py",
            "test_ws_http2_node.py",
            "-k",
            "our_client or ws_http2",
        ),
        peer(
            "httpx and h2",
            "client",
            pinned("h2"),
            "streams that interleave, resets, limits, GOAWAY, broken rules",
            "test_http2_python.py",
            "-k",
            "not our_client",
        ),
        peer(
            "h2",
            "server",
            pinned("h2"),
            "trailers, refusals, half a request, settings, pings, padding",
            "test_http2_python.py",
            "-k",
            "our_client",
        ),
        peer(
            "hypercorn",
            "server",
            pinned("hypercorn"),
            "WebSocket over HTTP/2, with and without compression",
            "test_ws_http2_hypercorn.py",
        ),
        peer(
            "Chromium",
            "client",
            "debian:chromium",
            "the page, WebSocket, event streams and gRPC-Web, over HTTP/1.1 and HTTP/2",
            "test_http2_tls.py",
            "test_server_chromium.py",
            "-k",
            "chromium",
        ),
        peer(
            "Firefox",
            "client",
            "debian:firefox-esr",
            "the page, WebSockets as streams of one connection",
            "test_http2_tls.py",
            "test_gateway_firefox.py",
            "-k",
            "firefox",
        ),
    ],
)
