#!/usr/bin/env bash
# A grpclib client gives up its running calls when the server says politely that it will close the connection.
#
# Software: grpclib 0.4.9 with h2 4.4.1 (PyPI), client; grpcio 1.85.3 (PyPI), client and server.
#
# The server lets a connection grow one second old, and grants its calls 20 more (grpc.max_connection_age_ms and
# grpc.max_connection_age_grace_ms). A call streams six messages, two a second. A grpcio client makes it, then a grpclib client.
#
# Expected: six messages and OK, in both. Long-lived streams are what the grace is for.
# Seen:     grpcio: six messages and OK. grpclib: two or three messages, then StreamTerminatedError, "Connection lost", as soon as
#           the connection is a second old.
# The cause: the server sends GOAWAY with NO_ERROR and the last stream 2^31-1, which means: all that runs goes on. h2 reports it as
# ConnectionTerminated, and grpclib closes the connection whatever is in it.
#
# The standard: RFC 9113, 6.8: "activity on streams numbered lower than or equal to the last stream identifier might still
# complete successfully"; a server that shuts down gracefully sends the first GOAWAY with 2^31-1. gRPC's keepalive document,
# max connection age: the same.
#
# Who meets it: grpclib behind Envoy or nginx (which retire connections by age or by number of requests), and with grpcio, Go and
# Java servers that have a maximum age or are stopped gracefully: a deployment of the server breaks every stream, although the
# server waits for them.
# What to do: catch StreamTerminatedError and call again, if that is safe: the server may have done the work. Or use grpcio.
#
# Needs python3 with pip. It took 15 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpclib==0.4.9 h2==4.4.1 grpcio==1.85.3

cat >retire.py <<'PY'
import asyncio
import concurrent.futures
import sys
import time

import grpc
from grpclib.client import Channel, UnaryStreamMethod
from grpclib.exceptions import StreamTerminatedError

PATH = "/test.Service/Count"


class Bytes:
    """Messages are bytes."""

    __content_subtype__ = "proto"

    def encode(self, message, message_type):
        return message

    def decode(self, data, message_type):
        return data


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def count(request, context):
            for number in range(6):
                yield b"%d" % number
                time.sleep(0.5)

        return grpc.unary_stream_rpc_method_handler(count)


def with_grpcio(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)]) as channel:
        return len(list(channel.unary_stream(PATH)(b"", timeout=10))), "OK"


async def with_grpclib(port):
    count = 0
    async with Channel("127.0.0.1", port, codec=Bytes()) as channel:
        try:
            async with UnaryStreamMethod(channel, PATH, bytes, bytes).open(timeout=10) as stream:
                await stream.send_message(b"", end=True)
                async for _ in stream:
                    count += 1
        except StreamTerminatedError as error:
            return count, repr(error)
    return count, "OK"


ages = [("grpc.max_connection_age_ms", 1000), ("grpc.max_connection_age_grace_ms", 20000)]
server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[Handler()], options=ages)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
core, lib = with_grpcio(port), asyncio.run(with_grpclib(port))
server.stop(None).wait()
print(f"grpcio:  {core[0]} messages, then {core[1]}")
print(f"grpclib: {lib[0]} messages, then {lib[1]}")
sys.exit(not (core == (6, "OK") and lib[0] < 6 and "Connection lost" in lib[1]))
PY
python3 retire.py
