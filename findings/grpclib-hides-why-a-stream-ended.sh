#!/usr/bin/env bash
# If a grpc-js server ends a chat with an error, a grpclib client sees a protocol error of its own and no status.
#
# Software: grpclib 0.4.9 with h2 4.4.1 (PyPI), client; @grpc/grpc-js 1.14.7 (npm) on Node 20.20, and grpcio 1.85.3 (PyPI), servers.
#
# The method takes and returns streams. The client joins a room that there is, gets its answer, and then asks for one that there
# is not, to which the server answers by ending the call with NOT_FOUND and "no such room". The client reads on, and would go on
# to send: in one run it leaves when nothing more comes, as `async for` does, in the other it sends once more.
#
# Expected: GRPCError with NOT_FOUND and "no such room", whatever the server is made with.
# Seen:     grpcio: so it is. grpc-js: ProtocolError, "Outgoing stream was not ended", both times; code, message, details and
#           trailers are nowhere to be found.
# The cause: a server may end a call early, and most then reset the stream, to stop the requests. Node does not. For the end of a
# stream without a reset grpclib first wants its own half ended, and looks at the trailers only then.
#
# The standard: gRPC over HTTP/2, "Responses": the status comes in the trailers, whatever the client has sent. RFC 9113, 8.1: a
# server may send a complete response before the request; it "MAY" ask with RST_STREAM that the rest be not sent.
#
# Who meets it: Python clients on asyncio whose servers are Node's: chats, subscriptions, uploads that are refused in their middle.
# "not found" or "expired token" arrive as a bug of one's own code, and are not handled as what they are.
# What to do: once recv_message() returns None, call end(); leaving the context then raises the GRPCError. A server in Node can let
# its clients end first.
#
# Needs node, npm and python3 with pip. It took 20 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js@1.14.7
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpclib==0.4.9 h2==4.4.1 grpcio==1.85.3

cat >server.js <<'JS'
const grpc = require('@grpc/grpc-js');
const same = (bytes) => bytes;
const server = new grpc.Server();
const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
server.addService({ join: { path: '/test.Chat/Join', requestStream: true, responseStream: true, ...codec } }, {
  join: (call) => {
    call.on('data', (room) => {
      if (String(room) === 'lobby') call.write(Buffer.from('welcome'));
      else call.emit('error', { code: grpc.status.NOT_FOUND, details: 'no such room' });
    });
    call.on('end', () => call.end());
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => console.log(port));
JS
cat >chat.py <<'PY'
import asyncio
import concurrent.futures
import sys

import grpc
from grpclib.client import Channel, StreamStreamMethod
from grpclib.exceptions import GRPCError, ProtocolError


class Bytes:
    """Messages are bytes."""

    __content_subtype__ = "proto"

    def encode(self, message, message_type):
        return message

    def decode(self, data, message_type):
        return data


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def join(rooms, context):
            for room in rooms:
                if room != b"lobby":
                    context.abort(grpc.StatusCode.NOT_FOUND, "no such room")
                yield b"welcome"

        return grpc.stream_stream_rpc_method_handler(join)


async def chat(port, then):
    async with Channel("127.0.0.1", port, codec=Bytes()) as channel:
        try:
            async with StreamStreamMethod(channel, "/test.Chat/Join", bytes, bytes).open(timeout=10) as stream:
                await stream.send_message(b"lobby")
                assert await stream.recv_message() == b"welcome"
                await stream.send_message(b"attic")
                await asyncio.sleep(0.5)
                if then == "sends":
                    await stream.send_message(b"hello?")
                assert await stream.recv_message() is None
                if then == "ends":
                    await stream.end()
        except (GRPCError, ProtocolError) as error:
            return error


def found(error):
    return isinstance(error, GRPCError) and error.status.name == "NOT_FOUND" and error.message == "no such room"


server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[Handler()])
ports = {"grpcio": server.add_insecure_port("127.0.0.1:0"), "grpc-js": int(sys.argv[1])}
server.start()
seen = {}
for name, port in ports.items():
    for then in ("leaves", "sends", "ends"):
        seen[name, then] = error = asyncio.run(chat(port, then))
        print(f"{name:7}, the client {then:6}: {error!r}")
server.stop(None).wait()
hidden = [seen["grpc-js", then] for then in ("leaves", "sends")]
good = all(isinstance(error, ProtocolError) for error in hidden) and found(seen["grpc-js", "ends"])
sys.exit(not (good and all(found(seen["grpcio", then]) for then in ("leaves", "sends"))))
PY
node server.js >port &
pids+=($!)
for _ in $(seq 200); do [ -s port ] && break; sleep 0.1; done
python3 chat.py "$(cat port)"
