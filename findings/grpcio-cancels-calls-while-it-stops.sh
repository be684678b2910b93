#!/usr/bin/env bash
# A grpcio server that stops gracefully answers some calls with CANCELLED, which no retry repeats.
#
# Software: grpcio 1.85.3 (PyPI), its server and its server of asyncio, its client.
#
# Ten callers make one short unary call after another. Meanwhile the server is told to stop, with five seconds of grace. The
# client has a retry policy: five attempts for UNAVAILABLE.
#
# Expected: each call succeeds, or fails with UNAVAILABLE once nobody listens any more. stop(grace) lets calls that run end, and
# one that no handler has seen can safely be made again.
# Seen:     each time that a server stops under load, up to ten calls end with CANCELLED and the text "CANCELLED", at once. No
#           handler has run for them. The retry policy does nothing.
# The cause: the server's first GOAWAY still allows new streams, as it should, and until the client has heard it some calls
# arrive. grpc-core finds that the server is stopping and nobody will ask for the call, and cancels it. C++ does the same. Servers
# of Go, Java and Node lose none in the same test.
#
# The standard: gRPC's list of status codes: CANCELLED: "the operation was cancelled, typically by the caller"; "server shutting
# down": UNAVAILABLE. RFC 9113, 6.8: the first GOAWAY, with 2^31-1, is sent so "that a connection can be cleanly shut down without
# losing requests".
#
# Who meets it: everybody who replaces a running server of Python or C++ and has looked at the errors: a few in each
# deployment, and more with more callers. They look as if the callers had given up. Alerts for UNAVAILABLE miss them.
# What to do: take the server out of the load balancer first, wait some seconds, and only then stop() it. A client may retry
# CANCELLED by hand if it has not cancelled.
#
# Needs python3 with pip. It took 20 seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpcio==1.85.3

cat >server.py <<'PY'
import asyncio
import concurrent.futures
import sys

import grpc
import grpc.aio

ran = 0


def echo(request, context):
    global ran
    ran += 1
    return request


async def aecho(request, context):
    return echo(request, context)


class Handler(grpc.GenericRpcHandler):
    def __init__(self, function):
        self.handler = grpc.unary_unary_rpc_method_handler(function)

    def service(self, details):
        return self.handler


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[Handler(echo)])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.readline()
    server.stop(5).wait()


async def aserve():
    server = grpc.aio.server(handlers=[Handler(aecho)])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop(5)


serve() if sys.argv[1] == "threads" else asyncio.run(aserve())
print(ran)
PY
cat >stop.py <<'PY'
import collections
import json
import subprocess
import sys
import threading
import time

import grpc

POLICY = {"maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "0.1s", "backoffMultiplier": 1}
POLICY["retryableStatusCodes"] = ["UNAVAILABLE"]
CONFIG = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": POLICY}]})
OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.service_config", CONFIG)]


def stop(kind):
    server = subprocess.Popen([sys.executable, "server.py", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    codes = collections.Counter()
    with grpc.insecure_channel(f"127.0.0.1:{server.stdout.readline().strip()}", OPTIONS) as channel:
        call = channel.unary_unary("/test.Service/Echo")

        def callers():
            while True:
                try:
                    call(b"x", timeout=5)
                    codes["OK"] += 1
                except grpc.RpcError as error:
                    codes[error.code().name] += 1
                    if error.code() is grpc.StatusCode.UNAVAILABLE:
                        return

        call(b"first", timeout=5, wait_for_ready=True)
        codes["OK"] += 1
        threads = [threading.Thread(target=callers) for _ in range(10)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        server.stdin.write("stop\n")
        server.stdin.flush()
        for thread in threads:
            thread.join()
    ran = int(server.stdout.readline())
    server.wait()
    print(f"{kind}: handlers that ran: {ran}, calls:", ", ".join(f"{codes[name]} {name}" for name in sorted(codes)), flush=True)
    return codes["CANCELLED"], ran == codes["OK"]


seen = [stop(kind) for kind in ("threads", "asyncio") for _ in range(4)]
cancelled = [count for count, _ in seen]
print(f"calls that ended with CANCELLED in each of the eight stops: {cancelled}")
sys.exit(not (sum(map(bool, cancelled)) >= 2 and all(same for _, same in seen)))
PY
python3 stop.py
