"""Our HTTP/2 server and client, and Node's own: see `http2_node.cjs`."""

import json
import subprocess

import pytest

from conftest import HERE, started

SCRIPT = HERE / "http2_node.cjs"
CHECKS = json.loads(subprocess.run(["node", SCRIPT, "--list"], check=True, capture_output=True, timeout=30).stdout)
GREETING = b"Hello over HTTP/2!\n"
LONG = (b"abcdefg" * 150_000)[: 1 << 20]


@pytest.mark.parametrize("check", CHECKS)
def test_node_as_a_client(http2_address, check):
    done = subprocess.run(["node", SCRIPT, check, http2_address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.fixture(scope="module")
def node():
    with started(["node", SCRIPT, "serve"], "http2_node") as program:
        yield program


def ask(client, *arguments):
    return subprocess.run([client, *arguments], capture_output=True, timeout=50)


def test_our_client_gets_a_greeting(http2_client_path, node):
    done = ask(http2_client_path, f"{node.url}/")
    assert (done.returncode, done.stdout) == (0, GREETING), done.stderr
    lines = done.stderr.splitlines()
    assert (lines[0], lines[-1]) == (b"200", b"x-none: 1")


def test_our_client_sends_1_mib_and_trailers_through_small_windows(http2_client_path, node, tmp_path):
    (tmp_path / "long").write_bytes(LONG)
    done = ask(http2_client_path, f"{node.url}/", "--data", f"@{tmp_path / 'long'}", "--trailer", "x-sum:42")
    assert done.returncode == 0, done.stderr
    assert done.stdout == LONG
    assert done.stderr.splitlines()[-1] == b"x-sum: 42"


def test_our_client_sees_early_hints(http2_client_path, node):
    done = ask(http2_client_path, f"{node.url}/early")
    assert (done.returncode, done.stdout) == (0, GREETING), done.stderr
    assert done.stderr.splitlines()[:3] == [b"103", b"link: </a.css>; rel=preload", b"200"]


def test_our_client_sees_a_reset_in_mid_stream(http2_client_path, node):
    done = ask(http2_client_path, f"{node.url}/reset")
    assert (done.returncode, done.stdout) == (1, b"a part")
    assert b"internal error" in done.stderr


def test_our_client_reads_on_after_a_goaway(http2_client_path, node):
    done = ask(http2_client_path, f"{node.url}/goaway")
    assert (done.returncode, done.stdout) == (0, LONG), done.stderr
