"""Our gateway against the gRPC-Web libraries: npm's `@connectrpc/connect-web` and Google's `grpc-web`.

The checks themselves are in `grpc_web_checks.cjs`. Node runs those of the first library. A headless Chromium, with a
page of the gateway's open, runs all of them over HTTP/1.1 and over HTTP/2, and runs some again from a page of another origin.
"""

import json
import os
import pathlib
import subprocess

import pytest

import chromium
from conftest import HERE

SCRIPT = HERE / "grpc_web_client.cjs"


def names(option):
    return json.loads(subprocess.run(["node", SCRIPT, option], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.parametrize("check", names("--list"))
def test_in_node(address, check):
    done = subprocess.run(["node", SCRIPT, check, address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.fixture(scope="module")
def bundle():
    """The checks and their dependencies, in one script for a browser."""
    esbuild = pathlib.Path(os.environ["NODE_PATH"]) / ".bin" / "esbuild"
    command = [esbuild, HERE / "grpc_web_checks.cjs", "--bundle", "--global-name=grpcWeb", "--log-level=error"]
    return subprocess.run(command, check=True, capture_output=True, timeout=50, text=True).stdout


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2"])
def page(request, bundle):
    """A page of the gateway's, but not its own, whose policy forbids what npm's grpc-web does: to make functions of text. A
    browser speaks HTTP/2 only over TLS."""
    is_http2 = request.param == "HTTP/2"
    address = request.getfixturevalue("tls_address" if is_http2 else "address")
    flags = ["--ignore-certificate-errors"] if is_http2 else []
    with chromium.page(request.config.getoption("chromium"), *flags) as page:
        page.origin = f"{'https' if is_http2 else 'http'}://{address}"
        page.open(page.origin + "/nothing")
        page.call("Runtime.evaluate", expression=bundle + "; window.grpcWeb = grpcWeb; 0")
        protocol = "return performance.getEntriesByType('navigation')[0].nextHopProtocol"
        assert page.run(protocol) == ("h2" if is_http2 else "http/1.1")
        yield page


@pytest.fixture(scope="module")
def foreign_page(request, limited_address, bundle):
    """A page from an origin that is not the service's."""
    with chromium.page(request.config.getoption("chromium")) as page:
        page.open(f"http://{limited_address}/nothing")
        page.call("Runtime.evaluate", expression=bundle + "; window.grpcWeb = grpcWeb; 0")
        yield page


RUN = """
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error('not within 30 s')), 30000));
    await Promise.race([grpcWeb.inBrowser(args[0])[args[1]](), late]);
    return 'passed';
"""


@pytest.mark.parametrize("check", names("--list-browser"))
def test_in_chromium(page, check):
    assert page.run(RUN, page.origin, check) == "passed"


FOREIGN = [
    "connect-web: unary",
    "connect-web: an error",
    "connect-web: an unknown method",
    "connect-web: server streaming",
    "connect-web: metadata come back",
    "grpc-web, text: unary",
    "grpc-web, text: server streaming",
    "grpc-web, text: metadata come back",
]


@pytest.mark.parametrize("check", FOREIGN)
def test_from_another_origin(foreign_page, address, check):
    assert foreign_page.run(RUN, f"http://{address}", check) == "passed"
