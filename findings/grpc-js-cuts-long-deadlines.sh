#!/usr/bin/env bash
# A deadline of 25 days ends a call to a grpc-js server at once. One of 50 days becomes ten hours, one of a year 17 days.
#
# Software: @grpc/grpc-js 1.14.7 (npm) on Node 20.20 as the server; grpcio 1.85.3 (PyPI) as the client. For comparison
# @connectrpc/connect-node 2.3.0 as the server.
#
# The method takes 0.3 seconds, then says how long it has left. Connect's handler gives up if its signal was aborted.
#
# Expected: all calls answer, with the time that the client gave. grpc-timeout can hold 99999999H, eleven thousand years.
# Seen:     client's deadline   grpc-js                         connect-node
#           60 seconds          answers, 60 seconds left        answers
#           24 days             answers, 24 days left           answers
#           25 days             DEADLINE_EXCEEDED after 0.0 s   DEADLINE_EXCEEDED after 0.3 s
#           50 days             answers, 0.4 days left          DEADLINE_EXCEEDED after 0.3 s
#           365 days            answers, 17.1 days left         DEADLINE_EXCEEDED after 0.3 s
# The causes: grpc-js cuts the milliseconds to a signed number of 32 bits (`| 0`); from 24.8 days on it is negative, from 49.7
# days on it begins again. connect-node keeps the number, but Node's setTimeout makes 1 millisecond of anything over 2^31 - 1,
# so the handler's signal is aborted at once. A handler that does not look at it is not disturbed.
#
# The standard: gRPC over HTTP/2, Requests: TimeoutValue is a positive integer of at most 8 digits, with the units H, M, S, m,
# u, n. No largest timeout is named.
#
# Who meets it: clients that set "practically for ever" on a watch or a stream of events, because an interceptor or a linter
# asks for some deadline. The same constant works with servers in other languages. The status blames the client's own deadline.
# What to do: keep deadlines under 24 days, or set none. Who writes a server on timers of 32 bits caps the value instead.
#
# Needs node, npm and python3 with pip. It took 18 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js@1.14.7 @connectrpc/connect@2.3.0 \
    @connectrpc/connect-node@2.3.0 @bufbuild/protobuf@2.17.0
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpcio==1.85.3

cat >servers.mjs <<'JS'
import http2 from 'node:http2';
import grpc from '@grpc/grpc-js';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { EmptySchema } from '@bufbuild/protobuf/wkt';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const same = (x) => x;
const definition = {
  path: '/test.Service/Method', requestStream: false, responseStream: false,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
};
const days = (call) => ((call.getDeadline() - Date.now()) / 86400e3).toFixed(1);
const server = new grpc.Server();
server.addService({ method: definition }, {
  method: (call, done) => setTimeout(() => done(null, Buffer.from(`${days(call)} days left`)), 300),
});
const grpcJs = await new Promise((done) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => done(port)));

const service = { kind: 'service', typeName: 'test.Service', methods: [], method: {} };
const method = {
  kind: 'rpc', name: 'Method', localName: 'method', parent: service, methodKind: 'unary',
  input: EmptySchema, output: EmptySchema, idempotency: 0,
};
service.methods.push(method);
service.method.method = method;
const handler = async (request, context) => {
  await sleep(300);
  context.signal.throwIfAborted();
  return {};
};
const routes = (router) => router.service(service, { method: handler });
const connect = http2.createServer(connectNodeAdapter({ routes }));
connect.listen(0, '127.0.0.1', () => console.log(grpcJs, connect.address().port));
JS
cat >call.py <<'PY'
import sys
import time

import grpc

DAY = 86400
seen = {}
for name, port in zip(("grpc-js", "connect-node"), sys.argv[1:]):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/test.Service/Method")
        call(b"", timeout=10)
        for timeout in (60, 24 * DAY, 25 * DAY, 50 * DAY, 365 * DAY):
            start = time.monotonic()
            try:
                answer = "answers " + call(b"", timeout=timeout).decode()
            except grpc.RpcError as error:
                answer = f"{error.code().name} after {time.monotonic() - start:.1f} s"
            print(f"{name}, deadline in {timeout / DAY:.1f} days: {answer}")
            seen[name, timeout // DAY] = answer
ends = [key for key, answer in seen.items() if answer.startswith("DEADLINE_EXCEEDED")]
short = [float(seen["grpc-js", days].split()[1]) for days in (50, 365)]
good = ends == [("grpc-js", 25), *(("connect-node", days) for days in (25, 50, 365))] and short[0] < 1 and short[1] < 25
sys.exit(not good)
PY
node --no-warnings servers.mjs >ports &
pids+=($!)
for _ in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
read -r grpc_js connect_node <ports
python3 call.py "$grpc_js" "$connect_node"
