#!/usr/bin/env bash
# Error texts from connect-node reach grpc-js half decoded: "no such file: /etc/a, b" arrives as "no such file%3A %2Fetc%2Fa%2C b".
#
# Software: @connectrpc/connect-node 2.3.0 as the server, @grpc/grpc-js 1.14.7 as the client (npm, Node 20.20); grpcio 1.85.3 (PyPI)
# as another client.
#
# Expected: the text arrives as it was. Both projects pass grpc-message through JavaScript's own percent-encoding.
# Seen:     grpcio    no such file: /etc/a, b
#           grpc-js   no such file%3A %2Fetc%2Fa%2C b
# The cause: connect-node writes with encodeURIComponent, which escapes more than it must. grpc-js reads with decodeURI, which
# leaves %23 %24 %26 %2B %2C %2F %3A %3B %3D %3F and %40 alone: # $ & + , / : ; = ? @. The other way round works, as grpc-js
# writes with encodeURI and Connect reads with decodeURIComponent.
#
# The standard: gRPC over HTTP/2, Responses: Percent-Encoded; only bytes outside of space to "~", and "%", need to be escaped, but a
# reader must decode every %XX. "When decoding invalid values, implementations MUST NOT error or throw away the message"; these
# values are valid.
#
# Who meets it: Node services that call a Connect server with grpc-js, generated clients and NestJS included. Logs and pages show
# escapes; code that compares texts fails only for texts with a colon or a slash.
# What to do: a writer escapes only what it must; then every reader gets it right. A reader decodes all escapes. In the caller of
# grpc-js, decodeURIComponent(error.details) mends it, but spoils texts that hold a percent sign.
#
# Needs node, npm and python3 with pip. It took 10 seconds.
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

cat >server.mjs <<'JS'
import http2 from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { EmptySchema } from '@bufbuild/protobuf/wkt';

const service = { kind: 'service', typeName: 'test.Service', methods: [], method: {} };
const method = {
  kind: 'rpc', name: 'Method', localName: 'method', parent: service, methodKind: 'unary',
  input: EmptySchema, output: EmptySchema, idempotency: 0,
};
service.methods.push(method);
service.method.method = method;
const handler = () => {
  throw new ConnectError('no such file: /etc/a, b', Code.NotFound);
};
const routes = (router) => router.service(service, { method: handler });
const server = http2.createServer(connectNodeAdapter({ routes }));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat >call.js <<'JS'
const grpc = require('@grpc/grpc-js');
const same = (x) => x;
const client = new grpc.Client(`127.0.0.1:${process.argv[2]}`, grpc.credentials.createInsecure());
client.makeUnaryRequest('/test.Service/Method', same, same, Buffer.alloc(0), (error) => {
  console.log(`grpc-js: ${error.details}`);
  client.close();
});
JS
cat >call.py <<'PY'
import sys

import grpc

try:
    grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}").unary_unary("/test.Service/Method")(b"", timeout=10)
except grpc.RpcError as error:
    print(f"grpcio: {error.details()}")
PY
node server.mjs >port &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
python3 call.py "$(cat port)" | tee seen
timeout 20 node call.js "$(cat port)" | tee -a seen

grep -qx 'grpcio: no such file: /etc/a, b' seen
grep -qx 'grpc-js: no such file%3A %2Fetc%2Fa%2C b' seen
