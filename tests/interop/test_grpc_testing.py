"""gRPC's own interoperability tests (interop-test-descriptions.md), with our example in both roles.

`grpc_interop --connect ADDRESS` runs the cases, and prints `ok NAME` for each that passes.
"""

import json
import subprocess
import sys

import grpc
import pytest

import grpc_testing as testing
from conftest import HERE
from programs import TARGET, Program

Code = grpc.StatusCode
NODE = HERE / "grpc_testing_node.cjs"
NODE_CASES = json.loads(subprocess.run(["node", NODE, "--list"], check=True, capture_output=True, timeout=30).stdout)
# `run` has built it.
GO = TARGET / "interop" / "grpc_go"
WAIT = 20
SIZES = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)]
STATUS = testing.EchoStatus(code=2, message="test status message")
SPECIAL = testing.EchoStatus(
    code=2, message="\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
)


# Our client.


@pytest.fixture(scope="module", params=["grpcio", "grpc-js", pytest.param("go", marks=pytest.mark.waits), "ours"])
def outcome(grpc_interop_path, request):
    """What our client printed, and its exit status."""
    servers = {
        "grpcio": [sys.executable, "-u", HERE / "grpc_testing_server.py"],
        "grpc-js": ["node", NODE, "--listen"],
        "go": [GO, "--listen"],
        "ours": [grpc_interop_path, "--listen", "127.0.0.1:0"],
    }
    with Program(*servers[request.param], name=request.param) as server:
        url = server.line_after("listening on ")
        with Program(grpc_interop_path, "--connect", url, name="grpc_interop") as client:
            lines = []
            while (line := client.line(40)) is not None:
                lines.append(line)
            return lines, client.wait(10)


OTHER_CASES = ["a_message_over_the_limit", "a_hundred_streams_at_once", "the_connection_still_works"]


@pytest.mark.parametrize("case", NODE_CASES + OTHER_CASES)
def test_our_client(outcome, case):
    lines, _ = outcome
    assert f"ok {case}" in lines, lines


def test_our_client_has_no_other_cases(outcome):
    lines, status = outcome
    assert (len(lines), status) == (len(NODE_CASES) + len(OTHER_CASES), 0)


# Our server.


@pytest.mark.parametrize("case", NODE_CASES)
def test_our_server_and_grpc_js(grpc_interop_address, case):
    done = subprocess.run(["node", NODE, case, grpc_interop_address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.mark.waits
@pytest.mark.parametrize("case", NODE_CASES + OTHER_CASES[:2] + ["gzip_from_the_client"])
def test_our_server_and_go(grpc_interop_address, case):
    done = subprocess.run([GO, case, grpc_interop_address], capture_output=True, text=True, timeout=50)
    if done.returncode != 0:
        pytest.fail(done.stderr, pytrace=False)


@pytest.fixture
def channel(grpc_interop_address):
    with grpc.insecure_channel(grpc_interop_address, [("grpc.enable_http_proxy", 0)]) as channel:
        yield channel


def method(channel, name):
    streams_requests, streams_replies, request, reply = testing.METHODS[name]
    make = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[streams_requests, streams_replies]
    codec = getattr(testing, request).SerializeToString, getattr(testing, reply).FromString
    return make(f"/{testing.SERVICE}/{name}", *codec)


def payload(size):
    return testing.Payload(body=bytes(size))


def ask(len, size, **rest):
    parameters = [testing.ResponseParameters(size=size)]
    return testing.StreamingOutputCallRequest(response_parameters=parameters, payload=payload(len), **rest)


def sizes(replies):
    return [len(reply.payload.body) for reply in replies]


def fails(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def test_empty_unary(channel):
    assert method(channel, "EmptyCall")(testing.Empty(), timeout=WAIT) == testing.Empty()


def test_large_unary(channel):
    request = testing.SimpleRequest(response_size=314_159, payload=payload(271_828))
    assert method(channel, "UnaryCall")(request, timeout=WAIT).payload == payload(314_159)


def test_client_streaming(channel):
    requests = (testing.StreamingInputCallRequest(payload=payload(size)) for size, _ in SIZES)
    assert method(channel, "StreamingInputCall")(requests, timeout=WAIT).aggregated_payload_size == 74922


def test_server_streaming(channel):
    parameters = [testing.ResponseParameters(size=size) for _, size in SIZES]
    request = testing.StreamingOutputCallRequest(response_parameters=parameters)
    replies = method(channel, "StreamingOutputCall")(request, timeout=WAIT)
    assert sizes(replies) == [size for _, size in SIZES]


@pytest.mark.parametrize("name", ["FullDuplexCall", "HalfDuplexCall"])
def test_ping_pong(channel, name):
    replies = method(channel, name)((ask(*pair) for pair in SIZES), timeout=WAIT)
    assert sizes(replies) == [size for _, size in SIZES]


def test_empty_stream(channel):
    assert list(method(channel, "FullDuplexCall")(iter([]), timeout=WAIT)) == []


def test_cancel_after_begin(channel):
    call = method(channel, "StreamingInputCall").future(iter([]), timeout=WAIT)
    call.cancel()
    assert call.cancelled()


def test_cancel_after_first_response(channel):
    call = method(channel, "FullDuplexCall")(iter([ask(*SIZES[0])]), timeout=WAIT)
    assert sizes([next(call)]) == [31415]
    call.cancel()
    assert call.code() == Code.CANCELLED


def test_timeout_on_sleeping_server(channel):
    request = ask(27182, 1)
    request.response_parameters[0].interval_us = 5_000_000
    call = method(channel, "FullDuplexCall")(iter([request]), timeout=0.1)
    assert fails(lambda: list(call))[0] == Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize("status", [STATUS, SPECIAL], ids=["plain", "special"])
def test_status_code_and_message(channel, status):
    request = testing.SimpleRequest(response_status=status)
    assert fails(lambda: method(channel, "UnaryCall")(request, timeout=WAIT)) == (Code.UNKNOWN, status.message)
    call = method(channel, "FullDuplexCall")(iter([ask(1, 1, response_status=status)]), timeout=WAIT)
    assert fails(lambda: list(call)) == (Code.UNKNOWN, status.message)


@pytest.mark.parametrize("service", ["TestService", "UnimplementedService"])
def test_unimplemented(channel, service):
    call = channel.unary_unary(f"/grpc.testing.{service}/UnimplementedCall")
    assert fails(lambda: call(b"", timeout=WAIT))[0] == Code.UNIMPLEMENTED


def test_custom_metadata(channel):
    sent = [("x-grpc-test-echo-initial", "test_initial_metadata_value")]
    sent += [("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]
    call = method(channel, "FullDuplexCall")(iter([ask(271_828, 314_159)]), metadata=sent, timeout=WAIT)
    assert sizes(call) == [314_159]
    assert sent[0] in call.initial_metadata()
    assert sent[1] in call.trailing_metadata()


def test_a_hundred_streams_at_once(channel):
    parameters = [testing.ResponseParameters(size=1000, interval_us=100_000)] * 3
    request = testing.StreamingOutputCallRequest(response_parameters=parameters)
    calls = [method(channel, "StreamingOutputCall")(request, timeout=WAIT) for _ in range(100)]
    assert all(sizes(call) == [1000] * 3 for call in calls)
