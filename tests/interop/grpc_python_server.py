"""An Echo server made with `grpcio`, for our client. Prints `listening on http://127.0.0.1:PORT`."""

import concurrent.futures
import time

import grpc

import echo

CODES = {code.value[0]: code for code in grpc.StatusCode}


def greet(context):
    """Sends back the metadata to be echoed, before anything else, and compresses on request."""
    sent = [(name, value) for name, value in context.invocation_metadata() if name.startswith("x-echo-")]
    if ("x-echo-gzip", "1") in sent:
        context.set_compression(grpc.Compression.Gzip)
    context.set_trailing_metadata([(name.replace("echo", "trailer"), value) for name, value in sent])
    context.send_initial_metadata(sent)


def check(request, context):
    if request.code:
        context.abort(CODES[request.code], request.error)


def reply(request, index=0):
    return echo.EchoReply(text=request.text, index=index, payload=request.payload)


def unary(request, context):
    greet(context)
    check(request, context)
    return reply(request)


def server_stream(request, context):
    greet(context)
    for index in range(request.count):
        if index > 0:
            time.sleep(request.delay_ms / 1000)
        if not context.is_active():
            return
        yield reply(request, index)
    check(request, context)


def client_stream(requests, context):
    greet(context)
    texts = []
    for request in requests:
        check(request, context)
        texts.append(request.text)
    return echo.EchoReply(text=",".join(texts), index=len(texts))


def bidi(requests, context):
    greet(context)
    for index, request in enumerate(requests):
        check(request, context)
        yield reply(request, index)


def handler(method, function):
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[echo.METHODS[method]]
    return make(function, echo.EchoRequest.FromString, echo.EchoReply.SerializeToString)


FUNCTIONS = {"Unary": unary, "ServerStream": server_stream, "ClientStream": client_stream, "Bidi": bidi}

server = grpc.server(concurrent.futures.ThreadPoolExecutor(64))
handlers = {name: handler(name, function) for name, function in FUNCTIONS.items()}
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(echo.SERVICE, handlers)])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on http://127.0.0.1:{port}", flush=True)
server.wait_for_termination()
