"""gRPC's own interoperability tests (interop-test-descriptions.md), with our example in both roles.

`grpc_peers.py` lists the others, and the cases. `grpc_interop` takes the same options as they do.
"""

import contextlib
import functools
import signal
import subprocess
import threading

import grpc
import pytest
from google.rpc import status_pb2

import grpc_testing as testing
from grpc_peers import CASES, CLIENTS, SERVERS, SHUTDOWNS, each, each_possible
from programs import Program, gateway

Code = grpc.StatusCode
WAIT = 20
SIZES = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)]
STATUS = testing.EchoStatus(code=2, message="test status message")
SPECIAL = testing.EchoStatus(
    code=2, message="\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
)


def results(client, *arguments):
    """Lets a client run the cases, and returns what it says about each of them, by its name."""
    with Program(*client, "--connect", *arguments) as program:
        lines = {}
        while (line := program.line(40)) is not None:
            lines[line.split(": ")[0].split(" ")[-1]] = line
        program.wait(10)
        return lines


def stop_in_mid_call(client, case, server, stop):
    """Stops the server while the client has calls that go on, and expects that none is lost."""
    with Program(*client, "--connect", server.address, case, stdin=subprocess.PIPE) as program:
        assert program.line(WAIT) == "in mid call"
        server.signal(stop)
        program.write(b"\n")
        assert program.line(WAIT) == f"ok {case}"
    assert server.wait(WAIT) == 0, server.last_words()


# Our client.


@pytest.fixture(scope="session")
def of_servers(grpc_interop_path):
    """Returns what our client says about a server."""

    @functools.cache
    def of(name):
        command = [grpc_interop_path, "--listen", "127.0.0.1:0"]
        if name != "ours":
            command = [*SERVERS[name][0], "--listen"]
        with Program(*command, name=name) as server:
            return results([grpc_interop_path], server.line_after("listening on "))

    return of


@pytest.mark.parametrize("server, case", each([*SERVERS, "ours"], [*CASES, "the_connection_still_works"]))
def test_our_client(of_servers, server, case):
    # What starts to work should be noticed.
    is_lacking = case in SERVERS.get(server, ([], {}))[1]
    line = of_servers(server)[case]
    assert line.startswith("FAILED" if is_lacking else "ok"), line


@pytest.mark.parametrize("server, case", each_possible(SERVERS, SHUTDOWNS))
def test_a_server_stops(grpc_interop_path, server, case):
    with Program(*SERVERS[server][0], "--listen", name=server) as program:
        program.address = program.line_after("listening on ")
        stop_in_mid_call([grpc_interop_path], case, program, signal.SIGTERM)


# Our server.


@pytest.fixture(scope="session")
def of_clients(grpc_interop_address):
    """Returns what a client says about our server."""
    return functools.cache(lambda name: results(CLIENTS[name][0], grpc_interop_address))


@pytest.mark.parametrize("client, case", each_possible(CLIENTS, CASES))
def test_our_server(of_clients, client, case):
    line = of_clients(client)[case]
    assert line.startswith("ok"), line


@pytest.mark.parametrize("client, case", each_possible(CLIENTS, SHUTDOWNS))
def test_our_server_stops(grpc_interop_path, client, case):
    with gateway(grpc_interop_path) as server:
        stop_in_mid_call(CLIENTS[client][0], case, server, signal.SIGINT)
        assert server.line(WAIT, stderr=True) is None, "it did not wait for all to end"


# Our server and `grpcio`.


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


@contextlib.contextmanager
def unfinished(requests):
    """Yields requests that seem to go on, so that a call does not end by itself."""
    over = threading.Event()

    def iterate():
        yield from requests
        over.wait(WAIT)

    yield iterate()
    over.set()


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
    with unfinished([]) as requests:
        call = method(channel, "StreamingInputCall").future(requests, timeout=WAIT)
        call.cancel()
        assert call.cancelled()


def test_cancel_after_first_response(channel):
    with unfinished([ask(*SIZES[0])]) as requests:
        call = method(channel, "FullDuplexCall")(requests, timeout=WAIT)
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


def expect_details(error):
    status = testing.STATUS_WITH_DETAILS
    assert (error.code().value[0], error.details()) == (status.code, status.message)
    (details,) = [value for name, value in error.trailing_metadata() if name == "grpc-status-details-bin"]
    assert status_pb2.Status.FromString(details) == testing.details(status)


def test_status_details(channel):
    status = testing.STATUS_WITH_DETAILS
    with pytest.raises(grpc.RpcError) as error:
        method(channel, "UnaryCall")(testing.SimpleRequest(response_status=status), timeout=WAIT)
    expect_details(error.value)
    call = method(channel, "FullDuplexCall")(iter([ask(1, 1), ask(1, 1, response_status=status)]), timeout=WAIT)
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    expect_details(error.value)


def test_client_compressed_unary(channel):
    request = testing.SimpleRequest(response_size=314_159, payload=payload(271_828))
    request.expect_compressed.value = True
    reply = method(channel, "UnaryCall")(request, compression=grpc.Compression.Gzip, timeout=WAIT)
    assert reply.payload == payload(314_159)


@pytest.mark.parametrize("request_size, response_size", [(5_000_000, 0), (0, 4 << 20)], ids=["request", "response"])
def test_a_message_over_the_limit(channel, request_size, response_size):
    request = testing.SimpleRequest(response_size=response_size, payload=payload(request_size))
    assert fails(lambda: method(channel, "UnaryCall")(request, timeout=WAIT))[0] == Code.RESOURCE_EXHAUSTED
    assert method(channel, "EmptyCall")(testing.Empty(), timeout=WAIT) == testing.Empty()


def test_a_hundred_streams_at_once(channel):
    parameters = [testing.ResponseParameters(size=1000, interval_us=100_000)] * 3
    request = testing.StreamingOutputCallRequest(response_parameters=parameters)
    calls = [method(channel, "StreamingOutputCall")(request, timeout=WAIT) for _ in range(100)]
    assert all(sizes(call) == [1000] * 3 for call in calls)
