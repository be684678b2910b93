"""Our SockJS servers, and the client that everybody uses: in Node and in a browser, with each transport alone."""

import functools
import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest
from websockets.sync.client import connect

import chromium
import programs
from conftest import HERE

SCRIPT = HERE / "sockjs_checks.cjs"
IN_NODE = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]
IN_BROWSER = [*IN_NODE, "jsonp-polling", "htmlfile"]
# For pages of another origin, from the time before CORS.
BY_IFRAME = ["iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling"]


def dist():
    return pathlib.Path(os.environ["NODE_PATH"]) / "sockjs-client" / "dist"


@pytest.fixture(scope="module")
def scripts():
    """The origin of a server that has the client's script."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=dist())
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def example(request):
    """Where the services of a server are, which has survived every check at the end."""
    path = request.config.getoption("sockjs_server") or programs.example("sockjs_server")
    with programs.gateway(path) as program:
        yield f"http://{program.address}"
        assert not program.has_ended(), program.last_words()


@pytest.fixture(scope="module")
def gateway(gateway_path, scripts):
    with programs.gateway(gateway_path, "--sockjs-script", f"{scripts}/sockjs.js") as program:
        yield f"http://{program.address}/sockjs"
        assert not program.has_ended(), program.last_words()


@pytest.fixture(params=["example", "gateway"], ids=["sockjs_server", "gateway"])
def sockjs(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def page(request):
    with chromium.page(request.config.getoption("chromium")) as page:
        yield page


def in_node(check, url, transport):
    command = ["node", SCRIPT, check, url, transport]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_page(page, origin, check, url, transport):
    page.open(origin)
    client = (dist() / "sockjs.js").read_text()
    body = f"{client};\n{SCRIPT.read_text()};\nreturn checks[args[0]](SockJS, args[1], args[2]);"
    return page.run(body, check, url, transport)


def expect_echoes(result, transport):
    assert result == {"used": transport, "wrong": -1, "got": None}, result


@pytest.mark.parametrize("transport", IN_NODE)
def test_node_gets_every_message_back(sockjs, transport):
    expect_echoes(in_node("echo", f"{sockjs}/echo", transport), transport)


@pytest.mark.parametrize("transport", IN_NODE)
def test_node_sends_and_receives_with_pauses(sockjs, transport):
    assert in_node("pauses", f"{sockjs}/echo", transport) == {"received": [str(i) for i in range(10)]}


@pytest.mark.parametrize("transport", IN_NODE)
def test_node_sees_why_we_close(sockjs, transport):
    assert in_node("close", f"{sockjs}/close", transport) == {"code": 3000, "reason": "Go away!"}


@pytest.mark.parametrize("transport", IN_BROWSER)
def test_a_page_of_our_origin_gets_every_message_back(gateway, page, transport):
    url = f"{gateway}/echo"
    expect_echoes(in_page(page, url, "echo", url, transport), transport)


@pytest.mark.parametrize("transport", [*IN_NODE, "jsonp-polling", *BY_IFRAME])
def test_a_page_of_another_origin_gets_every_message_back(gateway, page, scripts, transport):
    origin = f"{scripts}/".replace("127.0.0.1", "localhost")
    expect_echoes(in_page(page, origin, "echo", f"{gateway}/echo", transport), transport)


@pytest.mark.parametrize("transport", IN_BROWSER)
def test_a_page_sees_why_we_close(gateway, page, transport):
    assert in_page(page, f"{gateway}/close", "close", f"{gateway}/close", transport) == {"code": 3000, "reason": "Go away!"}


def test_without_websocket_the_client_finds_another_way(sockjs):
    result = in_node("echo", f"{sockjs}/disabled_websocket_echo", "xhr-streaming")
    expect_echoes(result, "xhr-streaming")
    result = in_node("close", f"{sockjs}/disabled_websocket_echo", "websocket")
    assert result["code"] == 2000  # all transports failed


@pytest.mark.parametrize("transport", IN_NODE)
def test_the_room_is_that_of_the_websockets(gateway, transport):
    address = gateway.removeprefix("http://").removesuffix("/sockjs")
    with connect(f"ws://{address}/ws/chat", subprotocols=["chat"], proxy=None) as socket:
        command = ["node", SCRIPT, "chat", f"{gateway}/chat", transport]
        with programs.Program(*command, name="sockjs_checks") as client:
            assert socket.recv(20) == "from SockJS"
            socket.send("from the WebSocket \U0001f980")
            received = ["from SockJS", "from the WebSocket \U0001f980"]
            assert json.loads(client.line(20)) == {"received": received}


@pytest.mark.parametrize("service, status", [("echo", b"200"), ("chat", b"403"), ("stomp", b"403")])
def test_pages_of_other_origins_have_no_part_in_the_room(gateway, service, status):
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Origin: http://example.com"]
    done = subprocess.run([*command, f"{gateway}/{service}/info"], capture_output=True, timeout=20, check=True)
    assert done.stdout == status


@pytest.mark.parametrize("service, got", [("echo", "o"), ("chat", "refused")])
def test_a_script_of_another_origin_has_no_part_in_the_room(gateway, page, scripts, service, got):
    """It is asked for without an `Origin`."""
    body = """
        return await new Promise((done) => {
            window.take = done;
            const script = document.createElement('script');
            script.onerror = () => done('refused');
            script.src = args[0];
            document.head.append(script);
        });
    """
    page.open(f"{scripts}/".replace("127.0.0.1", "localhost"))
    assert page.run(body, f"{gateway}/{service}/000/script_{service}/jsonp?c=take") == got
