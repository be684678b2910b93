"""Our server and `ws`, the WebSocket package of Node.js; the checks themselves are in `node_client.cjs`."""

import json
import subprocess

import pytest

from conftest import HERE, LIMIT

SCRIPT = HERE / "node_client.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.parametrize("check", CHECKS)
def test_node(address, limited_address, check):
    command = ["node", SCRIPT, check, address, limited_address, str(LIMIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)
