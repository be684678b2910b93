"""What the checks share: programs under test, and peers that nobody here wrote."""

import contextlib
import pathlib
import sys

import pytest

import programs

HERE = pathlib.Path(__file__).resolve().parent

# Small enough to be passed in a moment, and no round number.
LIMIT = 70_001
LARGEST = 16 * 1024 * 1024


def pytest_addoption(parser):
    parser.addoption("--gateway", help="the server to test, in place of our example")
    parser.addoption("--grpc-h2", help="the server and client of gRPC to test, in place of our example")
    parser.addoption("--ws-client", help="the client to test, in place of our example")
    parser.addoption("--chromium", default="chromium", help="the browser to test with")
    parser.addoption("--screenshots", type=pathlib.Path, help="the directory for what the browser shows")


@pytest.fixture(scope="session")
def gateway_path(request):
    return request.config.getoption("gateway") or programs.example("gateway")


@pytest.fixture(scope="session")
def ws_client_path(request):
    return request.config.getoption("ws_client") or programs.example("ws_client")


@pytest.fixture(scope="session")
def grpc_path(request):
    return request.config.getoption("grpc_h2") or programs.example("grpc_h2")


@pytest.fixture
def own_gateway(gateway_path):
    """A gateway that the check may end."""
    with programs.gateway(gateway_path) as program:
        yield program


@pytest.fixture
def own_grpc_server(grpc_path):
    """A server of gRPC that the check may end."""
    with programs.gateway(grpc_path) as program:
        yield program


def running_gateway(path, *options):
    with programs.gateway(path, *options) as program:
        yield program.address
        # It has outlived every check, and ends as it should.
        program.interrupt()
        assert program.wait(20) == 0, program.last_words()


@pytest.fixture(scope="session")
def address(gateway_path):
    """The `127.0.0.1:PORT` of a gateway that takes messages of up to `LARGEST` bytes."""
    yield from running_gateway(gateway_path, "--max-message", str(LARGEST))


@pytest.fixture(scope="session")
def limited_address(gateway_path):
    """The `127.0.0.1:PORT` of a gateway that takes messages of up to `LIMIT` bytes."""
    yield from running_gateway(gateway_path, "--max-message", str(LIMIT))


@pytest.fixture(scope="session")
def grpc_address(grpc_path):
    """The `127.0.0.1:PORT` of a server of gRPC."""
    yield from running_gateway(grpc_path)


PEER_SERVERS = {
    "python-websockets": [sys.executable, "-u", HERE / "python_server.py"],
    "npm-ws": ["node", HERE / "node_server.cjs"],
}


@pytest.fixture(params=PEER_SERVERS)
def peer_server(request):
    """A WebSocket server of another make; `url` is where it listens, its lines tell of each connection's end."""
    with started(PEER_SERVERS[request.param], request.param) as program:
        yield program


@contextlib.contextmanager
def started(command, name):
    with programs.Program(*command, name=name) as program:
        program.url = program.line_after("listening on ")
        yield program
