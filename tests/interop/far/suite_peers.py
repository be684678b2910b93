"""Peers whose checks are those of `tests/interop`: a row is a run of some of them."""

import functools
import re
import subprocess

from peer import HERE, Peer, run_checks
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


def tonic():
    lock = (HERE.parent / "grpc_tonic" / "Cargo.lock").read_text()
    return "=" + re.search(r'name = "tonic"\nversion = "(.*)"', lock)[1]


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
THROUGH = "WebSocket, event streams, gRPC-Web, calls over WebSocket, HTTP"
proxies = Group(
    "Through proxies",
    """
The proxy stands in front of our gateway and speaks HTTP/1.1 on both sides, with the configuration in
`tests/interop/proxies`. Our own clients and those of other people go through it.
""",
    [
        peer(name, "between", f"debian:{package}", THROUGH, "test_proxies.py", "-k", name, advice=advice)
        for name, (package, advice) in PROXIES.items()
    ],
)

CALLS = "the cases of gRPC's interoperability tests, details of a status, limits, 100 calls at once, a graceful stop"
# Their lists of what a peer cannot do are in `grpc_peers.py`.
GRPC = {
    "grpc-js": pinned("@grpc/grpc-js"),
    "go": "debian:golang-google-grpc-dev",
    "c++": "debian:libgrpc++-dev",
    "java": "debian:libgrpc-java",
    "tonic": tonic(),
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
    {"nice-grpc and protobuf-ts": "on Node.js they use grpc-js, which is above", "sonora": "gRPC-Web of Python: not run"},
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
