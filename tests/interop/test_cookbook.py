"""The examples that are there to learn from, as far as other people's software shows that they work."""

import subprocess
import time

import pytest

import chromium
import tls
from programs import Program, example

WAIT = 20


@pytest.fixture(scope="module")
def secure(gateway_path, tmp_path_factory):
    """A gateway with TLS: its authority, and the file of authorities that believes it."""
    pem = tls.certificate(tmp_path_factory.mktemp("cookbook"), "-addext", "basicConstraints=critical,CA:FALSE")
    with Program(gateway_path, "--listen", "127.0.0.1:0", "--tls", pem, pem) as gateway:
        yield gateway.line_after("listening on https://"), pem


@pytest.mark.parametrize("name", ["ws_client", "ws_http2_client"])
def test_websocket_clients_take_wss(secure, name):
    address, pem = secure
    with Program(example(name), "--ca", pem, f"wss://{address}/ws/echo", stdin=subprocess.PIPE) as client:
        client.write("é\n".encode())
        assert client.line(WAIT) == "é"
        client.close_stdin()
        assert client.line_after("closed ") == "1000"
        assert client.wait(WAIT) == 0


@pytest.mark.parametrize("name", ["ws_client", "ws_http2_client"])
def test_a_refusal_shows_the_status_and_the_reason(secure, name):
    address, pem = secure
    with Program(example(name), "--ca", pem, f"wss://{address}/nothing?here", stdin=subprocess.PIPE) as client:
        assert client.line(WAIT, stderr=True)
        assert client.line_after('Error: "refused: 4', stderr=True)
        assert client.wait(WAIT) != 0


def test_an_unknown_authority_is_refused(secure):
    address, _ = secure
    with Program(example("ws_client"), f"wss://{address}/ws/echo") as client:
        assert client.line_after('Error: "TLS: ', stderr=True)
        assert client.wait(WAIT) != 0


def test_other_clients_take_https(secure):
    address, pem = secure
    url = f"https://{address}"
    with Program(example("sse_client"), "--ca", pem, "--events", "2", f"{url}/sse/llm?n=3") as client:
        assert client.line(WAIT).startswith("1 token ")
        assert client.line(WAIT).startswith("2 token ")
        assert client.wait(WAIT) == 0
    with Program(example("http2_client"), "--ca", pem, f"{url}/sse/llm?n=1") as client:
        assert client.line_after("data: ", WAIT).startswith('{"id":')
        assert client.wait(WAIT) == 0
    with Program(example("socketio_client"), "--ca", pem, url, stdin=subprocess.PIPE) as client:
        assert client.line_after("upgraded", WAIT) == ""
        client.write(b'["message","hi"]\n')
        assert client.line_after('event ["message-back",', WAIT) == '"hi"]'
        client.close_stdin()
        assert client.wait(WAIT) == 0
    with Program(example("stomp_client"), "--ca", pem, f"wss://{address}/stomp", "/topic/x", stdin=subprocess.PIPE) as client:
        assert client.line_after("connected ", WAIT, stderr=True)
        client.write(b"hi\n")
        assert client.line(WAIT) == "hi"
        client.close_stdin()
        assert client.wait(WAIT) == 0


def test_the_page_of_grpc_web_calls_the_service(request):
    with Program(example("grpc_web_server"), "127.0.0.1:0") as server:
        url = server.line_after("listening on ")
        with chromium.page(request.config.getoption("chromium")) as page:
            page.open(url)
            shown = "return document.getElementById('log').textContent"
            for button, expected in (("SayHello", ["Hello Zoë"]), ("SayHellos", ["Hello Zoë", "Bonjour Zoë", "Hallo Zoë"])):
                page.run("document.getElementById('log').textContent = '';"
                         "document.querySelector(`button[value=${args[0]}]`).click()", button)
                deadline = time.monotonic() + WAIT
                while "status" not in page.run(shown) and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert page.run(shown).split("\n") == [*expected, "status 0", ""]
