"""Our HTTP/2 server and the programs curl, nghttp and h2load; our client and nghttpd. All of them stand on nghttp2.

curl 7.88, which Debian has, cannot use a connection twice with `--http2-prior-knowledge`, nghttpd's neither: nghttp does.
"""

import re
import socket
import subprocess
import time

import pytest

from programs import Failure, Program

GREETING = b"Hello over HTTP/2!\n"
# Many windows long, and no multiple of a frame.
LONG = bytes(range(256)) * 20_000 + b"the end"


def run(*command, data=None, timeout=50):
    """Runs a program, which has to succeed. Returns what it printed."""
    done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=timeout)
    if done.returncode != 0:
        end = (done.stdout[-2000:] + done.stderr[-2000:]).decode("utf-8", "replace")
        pytest.fail(f"{command[0]} ended with {done.returncode}:\n{end}", pytrace=False)
    return done.stdout


@pytest.fixture
def url(http2_address):
    return f"http://{http2_address}/"


@pytest.fixture
def long_file(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(LONG)
    return path


def curl(*arguments, **options):
    return run("curl", "--http2-prior-knowledge", "--silent", "--show-error", "--max-time", "40", *arguments, **options)


def test_curl_gets(url):
    assert curl("--write-out", "%{http_version} %{http_code}", url) == GREETING + b"2 200"


def test_curl_asks_for_the_head(url):
    head = curl("--head", url).decode()
    assert head.startswith("HTTP/2 200")
    assert f"content-length: {len(GREETING)}" in head


def test_curl_posts(url):
    assert curl("--data", "hello", url) == b"hello"


def test_curl_posts_nothing(url):
    assert curl("--request", "POST", url) == GREETING


def test_curl_posts_5_mb_and_gets_them_back(url, long_file):
    assert curl("--data-binary", f"@{long_file}", url) == LONG


def test_curl_waits_for_100_continue(url, long_file):
    answer = curl("--include", "--header", "Expect: 100-continue", "--data-binary", f"@{long_file}", url)
    first, rest = answer.split(b"\r\n\r\n", 1)
    assert first.split() == [b"HTTP/2", b"100"]
    second, body = rest.split(b"\r\n\r\n", 1)
    assert second.startswith(b"HTTP/2 200")
    assert body == LONG


def test_curl_uploads_without_a_length(url):
    assert curl("--upload-file", "-", url, data=LONG) == LONG


# The smallest window that nghttp can have is 1 byte: 2^bits - 1.
@pytest.mark.parametrize("bits", [1, 4, 16, 30])
def test_nghttp_with_windows_of_other_sizes(url, bits):
    bits = ["--window-bits", bits, "--connection-window-bits", max(bits, 16)]
    assert run("nghttp", *bits, url) == GREETING


@pytest.mark.parametrize("padding", [1, 100, 255])
def test_nghttp_pads(url, long_file, padding):
    assert run("nghttp", "--padding", padding, "--data", long_file, url) == LONG


def test_nghttp_sends_trailers(url, long_file):
    shown = run("nghttp", "--verbose", "--null-out", "--trailer", "x-sum: 42", "--data", long_file, url).decode()
    # Ours come last, as a field block that ends the stream.
    received = shown[shown.rindex("recv (stream_id") :]
    assert "x-sum: 42" in received
    assert "END_STREAM" in received


def test_nghttp_sends_continuation(url):
    # It calls both frames one, and adds fields until the block does not fit into a frame. That is more than our limit.
    shown = run("nghttp", "--verbose", "--continuation", url).decode()
    length = re.search(r"send HEADERS frame <length=(\d+)", shown)
    assert int(length[1]) > 16_384
    assert ":status: 431" in shown
    assert "recv GOAWAY" not in shown


def test_nghttp_expects_continue(url, long_file):
    shown = run("nghttp", "--verbose", "--null-out", "--expect-continue", "--data", long_file, url).decode()
    assert shown.index(":status: 100") < shown.index("send DATA frame") < shown.index(":status: 200")


@pytest.mark.parametrize("size", [0, 100, 65536])
def test_nghttp_with_tables_of_other_sizes(url, size):
    limits = ["--header-table-size", size, "--encoder-header-table-size", size]
    assert run("nghttp", *limits, "--multiply", 50, url) == GREETING * 50


def test_nghttp_with_a_thousand_streams_ten_at_a_time(url):
    shown = run("nghttp", "--multiply", 1000, "--max-concurrent-streams", 10, url)
    assert shown == GREETING * 1000


def test_nghttp_with_pushes_and_priorities_off(url):
    assert run("nghttp", "--no-push", "--no-dep", "--weight", 256, url) == GREETING


@pytest.mark.parametrize("options", [[], ["--data"], ["-w1", "-W1"]], ids=["GET", "POST", "windows of 1 byte"])
def test_h2load(url, tmp_path, options):
    requests = 20_000
    if options == ["--data"]:
        (tmp_path / "body").write_bytes(b"x" * 1000)
        options = ["--data", tmp_path / "body"]
    elif options:
        requests = 500
    shown = run("h2load", "-c4", "-m50", f"-n{requests}", *options, url).decode()
    assert re.search(rf"{requests} done, {requests} succeeded, 0 failed, 0 errored, 0 timeout", shown), shown


@pytest.fixture
def nghttpd(tmp_path):
    """The root of an nghttpd, and a `Program` whose `url` is its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["nghttpd", "--no-tls", "--address", "127.0.0.1", "--htdocs", tmp_path, "--echo-upload", "--trailer", "x-sum: 42", port]
    with Program(*command) as program:
        program.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if program.has_ended() or time.monotonic() > deadline:
                    raise Failure(f"nghttpd does not listen; {program.last_words()}") from None
                time.sleep(0.05)
        yield program


def test_our_client_gets_a_file_and_trailers_from_nghttpd(http2_client_path, nghttpd, long_file):
    done = subprocess.run([http2_client_path, f"{nghttpd.url}/long"], capture_output=True, timeout=50, check=True)
    assert done.stdout == LONG
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "200"
    assert f"content-length: {len(LONG)}" in lines
    assert lines[-1] == "x-sum: 42"


def test_our_client_gets_a_refusal_from_nghttpd(http2_client_path, nghttpd):
    done = subprocess.run([http2_client_path, f"{nghttpd.url}/absent"], capture_output=True, timeout=50, check=True)
    assert done.stderr.startswith(b"404\n")


def test_our_client_posts_5_mb_to_nghttpd_and_gets_them_back(http2_client_path, nghttpd, long_file):
    assert run(http2_client_path, f"{nghttpd.url}/", "--data", f"@{long_file}") == LONG


def test_our_client_sends_trailers_to_our_server(http2_client_path, url, long_file):
    command = [http2_client_path, url, "--data", f"@{long_file}", "--trailer", "x-sum: 42"]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True)
    assert done.stdout == LONG
    assert done.stderr.decode().splitlines() == ["200", "x-sum: 42"]
