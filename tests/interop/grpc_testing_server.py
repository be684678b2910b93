"""A server of gRPC's test cases, made with `grpcio`. Prints `listening on http://127.0.0.1:PORT`."""

import concurrent.futures
import signal
import threading
import time

import grpc

import grpc_testing as testing

CODES = {code.value[0]: code for code in grpc.StatusCode}
INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"


def greet(context):
    sent = context.invocation_metadata()
    if ("x-echo-gzip", "1") in sent:
        context.set_compression(grpc.Compression.Gzip)
    context.set_trailing_metadata([pair for pair in sent if pair[0] == TRAILING])
    context.send_initial_metadata([pair for pair in sent if pair[0] == INITIAL])


def check(request, context):
    if request.response_status.code:
        details = testing.details(request.response_status).SerializeToString()
        context.set_trailing_metadata([("grpc-status-details-bin", details)])
        context.abort(CODES[request.response_status.code], request.response_status.message)


def payload(size):
    return testing.Payload(body=bytes(size))


def empty_call(request, context):
    return testing.Empty()


def unary_call(request, context):
    greet(context)
    check(request, context)
    return testing.SimpleResponse(payload=payload(request.response_size))


def streaming_input_call(requests, context):
    size = sum(len(request.payload.body) for request in requests)
    return testing.StreamingInputCallResponse(aggregated_payload_size=size)


def streaming_output_call(request, context):
    check(request, context)
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        yield testing.StreamingOutputCallResponse(payload=payload(parameters.size))


def full_duplex_call(requests, context):
    greet(context)
    for request in requests:
        yield from streaming_output_call(request, context)


def half_duplex_call(requests, context):
    for request in list(requests):
        yield from streaming_output_call(request, context)


def handler(function, streams_requests, streams_replies, request, reply):
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[streams_requests, streams_replies]
    return make(function, getattr(testing, request).FromString, getattr(testing, reply).SerializeToString)


FUNCTIONS = {
    "EmptyCall": empty_call,
    "UnaryCall": unary_call,
    "StreamingInputCall": streaming_input_call,
    "StreamingOutputCall": streaming_output_call,
    "FullDuplexCall": full_duplex_call,
    "HalfDuplexCall": half_duplex_call,
}

server = grpc.server(concurrent.futures.ThreadPoolExecutor(128))
handlers = {name: handler(function, *testing.METHODS[name]) for name, function in FUNCTIONS.items()}
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(testing.SERVICE, handlers)])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print(f"listening on http://127.0.0.1:{port}", flush=True)
stop.wait()
server.stop(10).wait()
