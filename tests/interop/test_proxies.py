"""Our gateway behind the proxies of Debian: WebSocket, event streams, gRPC-Web, and our clients through them.

Each proxy has its configuration in `proxies`: as short as it can be, with what these protocols need.
"""

import contextlib
import subprocess
import time

import pytest
from websockets.sync.client import connect

import programs
import proxies
import raw
from conftest import HERE
from echo import EchoRequest
from programs import Program
from raw import CLOSE, TEXT, close_payload, frame
from test_gateway_ends import exchange, prefixed, reply_in, request, unary
from test_sse_server_raw import stream, ticks

# They are installed if they are missing.
pytestmark = [pytest.mark.waits, pytest.mark.timeout(600)]

WAIT = 20


@pytest.fixture(scope="module", params=proxies.PROXIES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def proxy(name, gateway_path):
    """The `127.0.0.1:PORT` of a proxy with a gateway of its own."""
    with programs.gateway(gateway_path) as gateway, proxies.running(name, gateway.address) as proxy:
        yield proxy.address
        gateway.interrupt()
        assert gateway.wait(20) == 0, gateway.last_words()


# WebSocket


def test_messages_and_the_close_come_through(proxy):
    with connect(f"ws://{proxy}/ws/echo", max_size=None, proxy=None) as ws:
        for message in "Grüße", b"\x00\xff", "x" * 100_000, bytes(1 << 20):
            ws.send(message)
            assert ws.recv(timeout=WAIT) == message
        ws.close(4000, "done")
    assert (ws.protocol.close_rcvd.code, ws.protocol.close_rcvd.reason) == (4000, "done")


def test_a_page_of_the_proxys_own_origin_may_connect(proxy):
    with connect(f"ws://{proxy}/ws/echo", origin=f"http://{proxy}", proxy=None) as ws:
        ws.send("hi")
        assert ws.recv(timeout=WAIT) == "hi"


def test_an_upgrade_that_announces_no_body_comes_through(proxy):
    with raw.connection(proxy) as sock:
        sock.sendall(raw.upgrade(proxy, extra=["Content-Length: 0"]))
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 101 ")
        sock.sendall(frame(TEXT, b"hi") + frame(CLOSE, close_payload(1000)))
        assert raw.read_frame(reader) == (TEXT, b"hi")
        assert raw.read_frame(reader) == (CLOSE, close_payload(1000))
        assert reader.read() == b""


def test_our_client_speaks_through_it(proxy, ws_client_path):
    with Program(ws_client_path, f"ws://{proxy}/ws/echo", stdin=subprocess.PIPE) as client:
        for line in "Grüße", "x" * 100_000:
            client.write(line.encode() + b"\n")
            assert client.line(WAIT) == line
        client.close_stdin()
        assert client.line(WAIT).rstrip() == "closed 1000"
        assert client.wait(WAIT) == 0, client.last_words()


def test_our_client_shows_why_it_is_refused(proxy, ws_client_path):
    with Program(ws_client_path, f"ws://{proxy}/ws/chat", stdin=subprocess.PIPE) as client:
        assert client.line_after('Error: "refused: 400', WAIT, stderr=True)
        assert client.wait(WAIT) != 0


# Event streams


def test_events_come_when_they_are_due(proxy):
    before = time.monotonic()
    with stream(proxy, "/sse/clock?every=100&for=20") as clock:
        clock.events(1)
        assert time.monotonic() - before < 1, "the first event is late"
        times = [time.monotonic()]
        for _ in range(9):
            assert len(ticks(clock.events(1))) == 1
            times.append(time.monotonic())
        gaps = [after - before for before, after in zip(times, times[1:])]
        assert max(gaps) < 0.8, "events come in heaps"


def test_a_long_stream_comes_completely(proxy):
    with stream(proxy, "/sse/llm?n=20000") as llm:
        events = llm.events()
        assert [event.last_event_id for event in events[:-1]] == [str(number) for number in range(1, 20_001)]
        assert events[-1].type == "done"


def test_our_client_resumes_where_it_was_cut(proxy, sse_client_path):
    command = [sse_client_path, f"http://{proxy}/sse/clock?every=50&for=4", "--events", "10"]
    with Program(*command, name="sse_client") as client:
        numbers = [int(client.line(WAIT).split(" ")[0]) for _ in range(10)]
        assert numbers == list(range(numbers[0], numbers[0] + 10))
        assert client.wait(WAIT) == 0, client.last_words()


# gRPC-Web


CALLS = ["connect-web: unary", "connect-web: an error", "connect-web: an unknown method"]
CALLS += ["connect-web: server streaming", "connect-web: metadata come back"]


def node(script, check, address):
    done = subprocess.run(["node", HERE / script, check, address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.mark.parametrize("check", CALLS)
def test_the_library_calls_through_it(proxy, name, check):
    for _ in range(9 if name == "Caddy" else 0):  # see below
        with contextlib.suppress(pytest.fail.Exception):
            return node("grpc_web_client.cjs", check, proxy)
    node("grpc_web_client.cjs", check, proxy)


@pytest.mark.parametrize("check", ["unary", "both sides stream", "metadata come back"])
def test_calls_over_websocket_come_through(proxy, check):
    node("grpc_socket_client.cjs", check, proxy)


def times_of_replies(proxy):
    body = prefixed(EchoRequest(text="now", count=5, delay_ms=200).SerializeToString())
    with raw.connection(proxy) as sock:
        sock.sendall(unary(proxy, "", "Connection: close", body=body, method="ServerStream"))
        times = []
        while data := sock.recv(65536):
            times += [time.monotonic()] * data.count(b"now")
    return times


def test_replies_come_when_they_are_written(proxy, name):
    times = times_of_replies(proxy)
    # Caddy 2.6 cuts off some answers that begin right after the request: it says that it has closed the connection.
    while name == "Caddy" and len(times) < 5:
        times = times_of_replies(proxy)
    assert len(times) == 5
    assert times[-1] - times[0] > 0.5, "replies come in heaps"


def test_a_client_that_waits_to_be_asked_for_its_body_does_not_wait_long(proxy):
    head, _, body = unary(proxy, "expected", "Expect: 100-continue", "Connection: close").partition(b"\r\n\r\n")
    with raw.connection(proxy) as sock:
        sock.sendall(head + b"\r\n\r\n")
        before = time.monotonic()
        reader = sock.makefile("rb")
        assert raw.read_head(reader)[0].startswith("HTTP/1.1 100")
        assert time.monotonic() - before < 0.5
        sock.sendall(body)
        assert b"expected" in reader.read()


# HTTP


def test_head_and_get_of_the_page_come_through(proxy):
    for method in "HEAD", "GET":
        (answer,) = exchange(proxy, request(f"{method} / HTTP/1.1", f"Host: {proxy}", "Connection: close"), method)
        assert answer.status == 200
        assert answer.getheader("Content-Type").startswith("text/html")


def test_a_gateway_that_is_checked_stays_up(proxy, name):
    if name == "HAProxy":
        time.sleep(1.5)  # three failed checks would mark it down
    for _ in range(20):
        (answer,) = exchange(proxy, request("GET / HTTP/1.1", f"Host: {proxy}", "Connection: close"), "GET")
        assert answer.status == 200


def test_nginx_with_its_defaults_gets_answers_in_http_1_0(gateway_path):
    with programs.gateway(gateway_path) as gateway, proxies.running("nginx", gateway.address) as proxy:
        with stream(proxy.address, "/plain/sse/llm?n=100") as llm:
            assert len(llm.events()) == 101
        sent = unary(proxy.address, "old").replace(b"POST /echo", b"POST /plain/echo")
        (answer,) = exchange(proxy.address, sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1), "POST")
        assert reply_in(answer.body)[0] == "old"
        # nginx removes the upgrade, so the answer says that one is required.
        with raw.connection(proxy.address) as sock:
            sock.sendall(raw.upgrade(proxy.address, "/plain/ws/echo"))
            status, _ = raw.read_head(sock.makefile("rb"))
            assert status.split(" ")[1] in ("400", "426"), status
