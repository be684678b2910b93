"""Our HTTP/2 server behind TLS, and clients: Java's and the browsers', which speak HTTP/2 only so, curl, and Node's."""

import subprocess

import pytest

import firefox
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


@pytest.mark.parametrize("check", ["a greeting", "trailers both ways"])
def test_node(front, check):
    done = subprocess.run(["node", HERE / "http2_node.cjs", check, front.url], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr


def test_chromium(front, request, tmp_path):
    command = [request.config.getoption("chromium"), "--headless", "--no-sandbox", "--disable-gpu"]
    command += ["--ignore-certificate-errors", f"--user-data-dir={tmp_path}", "--dump-dom", f"{front.url}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert "Hello over HTTP/2!" in done.stdout, done.stderr[-2000:]


@pytest.mark.firefox
@pytest.mark.timeout(120)
def test_firefox(front, request):
    with firefox.page(request.config.getoption("firefox")) as page:
        page.open(f"{front.url}/")
        body = """
            const posted = async (i) => (await fetch('/', { method: 'POST', body: `${i} `.repeat(50_000) })).text();
            const echoes = await Promise.all([0, 1, 2, 3].map(posted));
            const [{ nextHopProtocol }] = performance.getEntriesByType('navigation');
            return [nextHopProtocol, document.body.innerText, echoes.map((text, i) => text === `${i} `.repeat(50_000))];
        """
        protocol, text, echoes = page.run(body)
    assert (protocol, text.strip(), echoes) == ("h2", "Hello over HTTP/2!", [True] * 4)
