"""Our gateway and npm's `ws` on Node's own HTTP/2; the checks themselves are in `websocket_http2_node.cjs`."""

import json
import subprocess

import pytest

from conftest import HERE

SCRIPT = HERE / "websocket_http2_node.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.parametrize("check", CHECKS)
def test_ws(address, check):
    done = subprocess.run(["node", SCRIPT, check, address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)
