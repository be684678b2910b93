"""Our HTTP/2 server behind TLS, and clients that speak HTTP/2 only so: Java's, and a headless Chromium."""

import subprocess

import pytest

import tls
from conftest import HERE


@pytest.fixture(scope="module")
def front(http2_address, tmp_path_factory):
    return tls.Front(http2_address, tls.certificate(tmp_path_factory.mktemp("tls")))


def test_java(front):
    command = ["java", "-Djdk.internal.httpclient.disableHostnameVerification=true", HERE / "Http2Client.java"]
    done = subprocess.run([*command, f"{front.url}/"], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (0, "passed\n"), done.stderr


def test_curl_agrees_on_http2_by_alpn(front):
    command = ["curl", "--silent", "--insecure", "--http2", "--write-out", "%{http_version}", *[f"{front.url}/"] * 20]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True)
    assert done.stdout == b"Hello over HTTP/2!\n2" * 20


def test_chromium(front, request, tmp_path):
    command = [request.config.getoption("chromium"), "--headless", "--no-sandbox", "--disable-gpu"]
    command += ["--ignore-certificate-errors", f"--user-data-dir={tmp_path}", "--dump-dom", f"{front.url}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert "Hello over HTTP/2!" in done.stdout, done.stderr[-2000:]
