"""Our gRPC server and npm's `@grpc/grpc-js`; the checks themselves are in `grpc_node_client.cjs`."""

import json
import subprocess

import pytest

from conftest import HERE

SCRIPT = HERE / "grpc_node_client.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.parametrize("check", CHECKS)
def test_grpc_js(grpc_address, check):
    done = subprocess.run(["node", SCRIPT, check, grpc_address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)
