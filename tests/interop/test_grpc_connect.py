"""Our gRPC server over HTTP/2 and npm's `@connectrpc/connect-node`; the checks themselves are in `grpc_connect_node.cjs`."""

import functools
import json
import signal
import subprocess

import pytest

from conftest import HERE
from programs import Program, gateway
from test_grpc_testing import stop_in_mid_call

SCRIPT = HERE / "grpc_connect_node.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.fixture(scope="session")
def of(grpc_interop_address):
    """Returns what the client says about a protocol: a line for each check."""

    @functools.cache
    def run(protocol):
        with Program("node", SCRIPT, protocol, "--connect", grpc_interop_address, name=protocol) as program:
            lines = []
            while (line := program.line(40)) is not None:
                lines.append(line)
            return lines

    return run


@pytest.mark.parametrize("protocol, check", CHECKS)
def test_connect_node(of, protocol, check):
    assert f"ok {check}" in of(protocol), of(protocol)


@pytest.mark.parametrize("protocol", ["gRPC", "gRPC-Web"])
def test_our_server_stops(grpc_interop_path, protocol):
    with gateway(grpc_interop_path) as server:
        stop_in_mid_call(["node", SCRIPT, protocol], "shutdown_in_mid_call", server, signal.SIGINT)
