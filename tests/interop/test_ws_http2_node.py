"""Our WebSocket client over HTTP/2 (RFC 8441), and npm's `ws` on Node's own HTTP/2: the same checks as over HTTP/1.1.

`ws_http2_client` does the same as `ws_client`.
"""

import pytest

from conftest import HERE, started
from test_client import *  # noqa: F403
from test_client import WAIT, say


@pytest.fixture
def peer_server():
    with started(["node", HERE / "node_server.cjs", "--http2"], "node-http2") as program:
        yield program


@pytest.fixture
def ws_client_path(ws_http2_client_path):
    return ws_http2_client_path


@pytest.mark.parametrize("options, extensions", [([], "permessage-deflate"), (["--no-deflate"], "")])
def test_compression(ws_http2_client_path, peer_server, options, extensions):
    with Program(ws_http2_client_path, *options, peer_server.url + "/extensions", stdin=subprocess.PIPE) as program:  # noqa: F405
        say(program, "which?")
        assert program.line(WAIT) == extensions


def test_a_server_without_it_is_told_from_one_that_refuses(ws_http2_client_path, http2_address):
    with Program(ws_http2_client_path, f"ws://{http2_address}/echo") as program:  # noqa: F405
        assert program.wait(WAIT) == 1
        assert "has no WebSockets over HTTP/2" in program.line(WAIT, stderr=True)
