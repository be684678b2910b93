"""Our gRPC server over HTTP/2 and npm's `@connectrpc/connect-node`; the checks themselves are in `grpc_connect_node.cjs`."""

import functools
import json
import subprocess

import pytest

from conftest import HERE
from programs import Program

SCRIPT = HERE / "grpc_connect_node.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.fixture(scope="session")
def of(grpc_interop_address):
    """Returns what the client says about a protocol: a line for each check."""

    @functools.cache
    def run(protocol):
        with Program("node", SCRIPT, protocol, grpc_interop_address, name=protocol) as program:
            lines = []
            while (line := program.line(40)) is not None:
                lines.append(line)
            return lines

    return run


@pytest.mark.parametrize("protocol, check", CHECKS)
def test_connect_node(of, protocol, check):
    assert f"ok {check}" in of(protocol), of(protocol)
