"""gRPC's test cases with Python's `grpclib`, in both roles.

    grpc_testing_grpclib.py --listen
    grpc_testing_grpclib.py --connect ADDRESS [CASE]

Its server prints `listening on http://127.0.0.1:PORT`, and its client `ok NAME` or `FAILED NAME: WHY` for each case.
"""

import asyncio
import contextlib
import signal
import sys

from google.protobuf import symbol_database
from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, ProtocolError
from grpclib.server import Server

import grpc_testing as testing

INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
SIZES = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)]
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
WAIT = 20


def payload(size):
    return testing.Payload(body=bytes(size))


# The server.


async def greet(stream):
    sent = stream.metadata
    await stream.send_initial_metadata(metadata=[(INITIAL, value) for value in sent.getall(INITIAL, [])])
    return [(TRAILING, value) for value in sent.getall(TRAILING, [])]


def check(request):
    status = request.response_status
    if status.code:
        raise GRPCError(Status(status.code), status.message, [status])


async def respond(stream, request):
    check(request)
    for parameters in request.response_parameters:
        await asyncio.sleep(parameters.interval_us / 1e6)
        await stream.send_message(testing.StreamingOutputCallResponse(payload=payload(parameters.size)))


async def empty_call(stream):
    await stream.recv_message()
    await stream.send_message(testing.Empty())


async def unary_call(stream):
    request = await stream.recv_message()
    check(request)
    trailers = await greet(stream)
    await stream.send_message(testing.SimpleResponse(payload=payload(request.response_size)))
    await stream.send_trailing_metadata(metadata=trailers)


async def streaming_input_call(stream):
    size = 0
    async for request in stream:
        size += len(request.payload.body)
    await stream.send_message(testing.StreamingInputCallResponse(aggregated_payload_size=size))


async def streaming_output_call(stream):
    await respond(stream, await stream.recv_message())


async def full_duplex_call(stream):
    trailers = await greet(stream)
    async for request in stream:
        await respond(stream, request)
    await stream.send_trailing_metadata(metadata=trailers)


async def half_duplex_call(stream):
    for request in [request async for request in stream]:
        await respond(stream, request)


class Service:
    FUNCTIONS = {
        "EmptyCall": empty_call,
        "UnaryCall": unary_call,
        "StreamingInputCall": streaming_input_call,
        "StreamingOutputCall": streaming_output_call,
        "FullDuplexCall": full_duplex_call,
        "HalfDuplexCall": half_duplex_call,
    }

    def __mapping__(self):
        handlers = {}
        for name, function in self.FUNCTIONS.items():
            requests, replies, request, reply = testing.METHODS[name]
            types = getattr(testing, request), getattr(testing, reply)
            handlers[f"/{testing.SERVICE}/{name}"] = Handler(function, Cardinality((requests, replies)), *types)
        return handlers


async def serve():
    server = Server([Service()])
    await server.start("127.0.0.1", 0)
    port = server._server.sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
    await server.wait_closed()


# The client.

MAKE = {
    (False, False): UnaryUnaryMethod,
    (False, True): UnaryStreamMethod,
    (True, False): StreamUnaryMethod,
    (True, True): StreamStreamMethod,
}


def method(channel, name, service=testing.SERVICE):
    requests, replies, request, reply = testing.METHODS.get(name, testing.METHODS["EmptyCall"])
    types = getattr(testing, request), getattr(testing, reply)
    return MAKE[requests, replies](channel, f"/{service}/{name}", *types)


def ask(len, size, **rest):
    parameters = [testing.ResponseParameters(size=size)]
    return testing.StreamingOutputCallRequest(response_parameters=parameters, payload=payload(len), **rest)


def sizes(replies):
    return [len(reply.payload.body) for reply in replies]


@contextlib.asynccontextmanager
async def fails(status, message=None):
    """Expects a call to fail, and yields a list for its details."""
    details = []
    try:
        yield details
    except GRPCError as error:
        assert error.status == status, error
        assert message is None or error.message == message, error
        details.extend(error.details or [])
    else:
        raise AssertionError("it did not fail")


async def empty_unary(channel):
    assert await method(channel, "EmptyCall")(testing.Empty(), timeout=WAIT) == testing.Empty()


async def large_unary(channel):
    request = testing.SimpleRequest(response_size=314_159, payload=payload(271_828))
    assert (await method(channel, "UnaryCall")(request, timeout=WAIT)).payload == payload(314_159)


async def client_streaming(channel):
    requests = [testing.StreamingInputCallRequest(payload=payload(size)) for size, _ in SIZES]
    assert (await method(channel, "StreamingInputCall")(requests, timeout=WAIT)).aggregated_payload_size == 74922


async def server_streaming(channel):
    parameters = [testing.ResponseParameters(size=size) for _, size in SIZES]
    request = testing.StreamingOutputCallRequest(response_parameters=parameters)
    replies = await method(channel, "StreamingOutputCall")(request, timeout=WAIT)
    assert sizes(replies) == [size for _, size in SIZES]


async def ping_pong(channel):
    async with method(channel, "FullDuplexCall").open(timeout=WAIT) as stream:
        for len, size in SIZES:
            await stream.send_message(ask(len, size))
            assert sizes([await stream.recv_message()]) == [size]
        await stream.end()
        assert await stream.recv_message() is None


async def empty_stream(channel):
    assert await method(channel, "FullDuplexCall")([], timeout=WAIT) == []


async def cancel_after_begin(channel):
    async with method(channel, "StreamingInputCall").open(timeout=WAIT) as stream:
        await stream.send_request()
        await stream.cancel()
    await empty_unary(channel)


async def cancel_after_first_response(channel):
    async with method(channel, "FullDuplexCall").open(timeout=WAIT) as stream:
        await stream.send_message(ask(*SIZES[0]))
        assert sizes([await stream.recv_message()]) == [31415]
        await stream.cancel()
    await empty_unary(channel)


async def timeout_on_sleeping_server(channel):
    try:
        async with method(channel, "FullDuplexCall").open(timeout=0.1) as stream:
            await stream.send_message(testing.StreamingOutputCallRequest(payload=payload(27182)))
            await stream.recv_message()
    except asyncio.TimeoutError:
        pass
    except GRPCError as error:
        assert error.status == Status.DEADLINE_EXCEEDED
    except ProtocolError:
        pass  # The status came before its own timer, and is hidden because the request goes on.
    else:
        raise AssertionError("it did not fail")


async def expect_status(channel, status):
    """Expects the status, with its details, of a call that has sent nothing and of one that has."""
    async with fails(Status(status.code), status.message) as details:
        await method(channel, "UnaryCall")(testing.SimpleRequest(response_status=status), timeout=WAIT)
    assert details == [status], details
    async with fails(Status(status.code), status.message) as details:
        requests = [ask(1, 1), ask(1, 1, response_status=status)]
        await method(channel, "FullDuplexCall")(requests, timeout=WAIT)
    assert details == [status], details


async def status_code_and_message(channel):
    await expect_status(channel, testing.EchoStatus(code=2, message="test status message"))


async def special_status_message(channel):
    await expect_status(channel, testing.EchoStatus(code=2, message=SPECIAL))


async def status_details(channel):
    await expect_status(channel, testing.STATUS_WITH_DETAILS)


async def unimplemented_method(channel):
    async with fails(Status.UNIMPLEMENTED):
        await method(channel, "UnimplementedCall")(testing.Empty(), timeout=WAIT)


async def unimplemented_service(channel):
    async with fails(Status.UNIMPLEMENTED):
        await method(channel, "UnimplementedCall", "grpc.testing.UnimplementedService")(testing.Empty(), timeout=WAIT)


async def custom_metadata(channel):
    metadata = {INITIAL: "test_initial_metadata_value", TRAILING: b"\xab\xab\xab"}
    async with method(channel, "FullDuplexCall").open(timeout=WAIT, metadata=metadata) as stream:
        await stream.send_message(ask(271_828, 314_159), end=True)
        assert sizes([reply async for reply in stream]) == [314_159]
        await stream.recv_trailing_metadata()
        assert stream.initial_metadata[INITIAL] == metadata[INITIAL]
        assert stream.trailing_metadata[TRAILING] == metadata[TRAILING]


async def a_message_over_the_limit(channel):
    async with fails(Status.RESOURCE_EXHAUSTED):
        await method(channel, "UnaryCall")(testing.SimpleRequest(payload=payload(5_000_000)), timeout=WAIT)
    await empty_unary(channel)


async def a_hundred_streams_at_once(channel):
    parameters = [testing.ResponseParameters(size=1000, interval_us=100_000)] * 3
    request = testing.StreamingOutputCallRequest(response_parameters=parameters)
    calls = [method(channel, "StreamingOutputCall")(request, timeout=WAIT) for _ in range(100)]
    for replies in await asyncio.gather(*calls):
        assert sizes(replies) == [1000] * 3


CASES = [
    empty_unary,
    large_unary,
    client_streaming,
    server_streaming,
    ping_pong,
    empty_stream,
    cancel_after_begin,
    cancel_after_first_response,
    timeout_on_sleeping_server,
    status_code_and_message,
    special_status_message,
    unimplemented_method,
    unimplemented_service,
    custom_metadata,
    status_details,
    a_message_over_the_limit,
    a_hundred_streams_at_once,
]


async def run(address, only=None):
    """Runs the case of this name, or all of them, on one connection, and prints the result of each."""
    host, port = address.rsplit(":", 1)
    async with Channel(host, int(port)) as channel:
        for case in CASES:
            if only not in (None, case.__name__):
                continue
            try:
                await case(channel)
                print(f"ok {case.__name__}")
            except Exception as error:
                print(f"FAILED {case.__name__}: {error!r}")


for name in testing.MESSAGES:
    # Only for these does grpclib decode details.
    symbol_database.Default().RegisterMessage(getattr(testing, name))

if sys.argv[1] == "--listen":
    asyncio.run(serve())
else:
    asyncio.run(run(*sys.argv[2:]))
