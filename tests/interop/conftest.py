"""Shared by the checks: programs under test, and peers that other people wrote."""

import contextlib
import json
import pathlib
import subprocess
import sys

import hypothesis
import pytest

import programs
import rabbitmq
import stream_peers
import tls

HERE = pathlib.Path(__file__).resolve().parent

# Small enough to be reached in a moment, and not a round number.
LIMIT = 70_001
LARGEST = 16 * 1024 * 1024

# The same cases each time, unless the profile `more` asks for many new ones.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=300)
hypothesis.settings.register_profile("more", deadline=None, max_examples=20_000)
hypothesis.settings.load_profile("same")


def pytest_addoption(parser):
    parser.addoption("--gateway", help="the server to test, in place of our example")
    parser.addoption("--echo-blocking", help="the echo server to test, in place of our example")
    parser.addoption("--grpc-h2", help="the server and client of gRPC to test, in place of our example")
    parser.addoption("--grpc-interop", help="the server and client of gRPC's test cases to test, in place of our example")
    parser.addoption("--user-service", help="the server and client of the users to test, in place of our example")
    parser.addoption("--http2-server", help="the server of HTTP/2 to test, in place of our example")
    parser.addoption("--http2-client", help="the client of HTTP/2 to test, in place of our example")
    parser.addoption("--ws-client", help="the client to test, in place of our example")
    parser.addoption("--ws-http2-client", help="the client over HTTP/2 to test, in place of our example")
    parser.addoption("--sse-client", help="the client of event streams to test, in place of our example")
    parser.addoption("--stomp-client", help="the client of STOMP to test, in place of our example")
    parser.addoption("--stomp-server", help="the broker of STOMP to test, in place of our example")
    parser.addoption("--socketio-server", help="the server of Socket.IO to test, in place of our example")
    parser.addoption("--socketio-client", help="the client of Socket.IO to test, in place of our example")
    parser.addoption("--sockjs-server", help="the server of SockJS to test, in place of our example")
    parser.addoption("--sse-json", help="the encoder and decoder of event streams to test, in place of our example")
    parser.addoption("--chromium", default="chromium", help="the browser to test with")
    parser.addoption("--firefox", default="firefox-esr", help="the other browser to test with")
    parser.addoption("--screenshots", type=pathlib.Path, help="the directory for what the browser shows")


@pytest.fixture(scope="session")
def gateway_path(request):
    return request.config.getoption("gateway") or programs.example("gateway")


@pytest.fixture(scope="session")
def echo_path(request):
    return request.config.getoption("echo_blocking") or programs.example("echo_blocking")


@pytest.fixture(scope="session")
def ws_client_path(request):
    return request.config.getoption("ws_client") or programs.example("ws_client")


@pytest.fixture(scope="session")
def ws_http2_client_path(request):
    return request.config.getoption("ws_http2_client") or programs.example("ws_http2_client")


@pytest.fixture(scope="session")
def grpc_h2_path(request):
    return request.config.getoption("grpc_h2") or programs.grpc_h2()


@pytest.fixture(scope="session")
def grpc_interop_path(request):
    return request.config.getoption("grpc_interop") or programs.example("grpc_interop")


@pytest.fixture(scope="session", params=["grpc_h2", "grpc_interop", "gateway"])
def grpc_path(request):
    """An Echo server on the `h2` crate, one on our own HTTP/2, and the gateway, which serves everything on one port."""
    return request.getfixturevalue(f"{request.param}_path")


@pytest.fixture(scope="session")
def grpc_interop_address(grpc_interop_path):
    """The `127.0.0.1:PORT` of a server for gRPC's own test cases."""
    yield from running_gateway(grpc_interop_path)


@pytest.fixture(scope="session")
def user_service_path(request):
    return request.config.getoption("user_service") or programs.example("user_service")


@pytest.fixture(scope="session")
def socketio_server_path(request):
    return request.config.getoption("socketio_server") or programs.example("socketio_server")


@pytest.fixture(scope="session")
def socketio_client_path(request):
    return request.config.getoption("socketio_client") or programs.example("socketio_client")


@pytest.fixture(scope="session")
def http2_server_path(request):
    return request.config.getoption("http2_server") or programs.example("http2_server")


@pytest.fixture(scope="session")
def http2_client_path(request):
    return request.config.getoption("http2_client") or programs.example("http2_client")


@pytest.fixture(scope="session")
def http2_address(http2_server_path):
    """The `127.0.0.1:PORT` of a server of HTTP/2, which must not complain about anybody."""
    with programs.gateway(http2_server_path) as program:
        yield program.address
        assert not program.has_ended(), program.last_words()
        assert len(program.tail) == 1, program.last_words()


@pytest.fixture(scope="session")
def sse_client_path(request):
    return request.config.getoption("sse_client") or programs.example("sse_client")


@pytest.fixture(scope="session")
def stomp_client_path(request):
    return request.config.getoption("stomp_client") or programs.example("stomp_client")


@pytest.fixture(scope="session")
def stomp_server_path(request):
    return request.config.getoption("stomp_server") or programs.example("stomp_server")


@pytest.fixture(scope="session")
def rabbit():
    """A RabbitMQ."""
    with rabbitmq.running() as broker:
        yield broker


@pytest.fixture(scope="session")
def sse_json_path(request):
    return request.config.getoption("sse_json") or programs.example("sse_json")


@pytest.fixture
def own_gateway(gateway_path):
    """A gateway that the check may stop."""
    with programs.gateway(gateway_path) as program:
        yield program


@pytest.fixture
def own_grpc_server(grpc_path):
    """A gRPC server that the check may stop."""
    with programs.gateway(grpc_path) as program:
        yield program


def running_gateway(path, *options):
    with programs.gateway(path, *options) as program:
        yield program.address
        # It has survived every check, and must end cleanly.
        program.interrupt()
        assert program.wait(20) == 0, program.last_words()


@pytest.fixture(scope="session")
def address(gateway_path):
    """The `127.0.0.1:PORT` of a gateway that accepts messages of up to `LARGEST` bytes."""
    yield from running_gateway(gateway_path, "--max-message", str(LARGEST))


@pytest.fixture(scope="session")
def tls_address(gateway_path, tmp_path_factory):
    """The `127.0.0.1:PORT` of a gateway that speaks TLS."""
    pem = tls.certificate(tmp_path_factory.mktemp("tls"))
    yield from running_gateway(gateway_path, "--tls", pem, pem)


@pytest.fixture(scope="session")
def limited_address(gateway_path):
    """The `127.0.0.1:PORT` of a gateway that accepts messages of up to `LIMIT` bytes."""
    yield from running_gateway(gateway_path, "--max-message", str(LIMIT))


@pytest.fixture(scope="session")
def grpc_address(grpc_path):
    """The `127.0.0.1:PORT` of a gRPC server."""
    yield from running_gateway(grpc_path)


PEER_SERVERS = {
    "python-websockets": [sys.executable, "-u", HERE / "python_server.py"],
    "npm-ws": ["node", HERE / "node_server.cjs"],
}


@pytest.fixture(params=PEER_SERVERS)
def peer_server(request):
    """A WebSocket server of other people. It listens at `url` and prints a line when a connection ends."""
    with started(PEER_SERVERS[request.param], request.param) as program:
        yield program


@contextlib.contextmanager
def started(command, name):
    with programs.Program(*command, name=name) as program:
        program.url = program.line_after("listening on ")
        yield program


@pytest.fixture(scope="session")
def sse_json(sse_json_path):
    """Encodes and decodes event streams with our crate."""
    return stream_peers.Json(sse_json_path)


@pytest.fixture(scope="session")
def npm():
    """Asks npm's parser and encoder of event streams; `sse_peer.cjs` lists the questions."""
    with programs.Program("node", HERE / "sse_peer.cjs", name="sse_peer", stdin=subprocess.PIPE) as program:

        def ask(**request):
            program.write(json.dumps(request).encode() + b"\n")
            answer = program.line(20)
            assert answer is not None, program.last_words()
            return json.loads(answer)

        yield ask


@pytest.fixture(scope="session")
def browser_reads(request):
    """Lets a browser's `EventSource` read a stream, and returns the events."""
    with stream_peers.page(request.config.getoption("chromium")) as read:
        yield read
