#!/usr/bin/env bash
# A timeout that was computed, such as 1500.25 ms or 1.3333333 s, makes calls of Connect, protobuf-ts and sonora fail at once.
#
# Software: @connectrpc/connect, connect-web and connect-node 2.3.0, @protobuf-ts/grpcweb-transport 2.11.1, @grpc/grpc-js 1.14.7
# (npm) on Node 20.20; sonora 0.2.3, grpcio 1.85.3 (PyPI). The server is connect-node's. Nothing in it is slow.
#
# A client gives each call what is left of its own time: 1500.25 ms, as performance.now() has fractions, or 4/3 s.
#
# Expected: the call succeeds; a timeout is rounded to what the protocol can say.
# Seen:     grpcio and grpc-js succeed. connect-web and connect-node, over gRPC, gRPC-Web and Connect, and protobuf-ts over gRPC-Web
#           send `1500.25m` or `1500.25`, sonora sends `1333333333n`; connect-node answers INVALID_ARGUMENT, "invalid grpc timeout
#           value" or "invalid connect timeout value". So the client and the server of one project do not agree.
# The cause: they print the number as it is. sonora looks for the first unit in which it is whole, and most fractions are whole in
# nanoseconds only, which are ten digits.
#
# The standard: gRPC over HTTP/2, "Requests": TimeoutValue is a "positive integer as ASCII string of at most 8 digits". Connect,
# "Unary-Request": Connect-Timeout-Ms is a "positive integer as ASCII string of at most 10 digits". A server that refuses is right.
#
# Who meets it: whoever shares one deadline among several calls, in pages as in services: `deadline - performance.now()`,
# `deadline - time.monotonic()`. Tests that set 1000 pass. The error reads as if the request were wrong, and is not repeated.
# What to do: Math.ceil(ms); for sonora math.ceil(s * 1000) / 1000. A client library rounds by itself.
#
# Needs node, npm and python3 with pip. It took 20 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @connectrpc/connect@2.3.0 @connectrpc/connect-node@2.3.0 \
    @connectrpc/connect-web@2.3.0 @bufbuild/protobuf@2.17.0 @protobuf-ts/grpcweb-transport@2.11.1 @protobuf-ts/runtime@2.11.1 \
    @protobuf-ts/runtime-rpc@2.11.1 @grpc/grpc-js@1.14.7
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    sonora==0.2.3 aiohttp==3.14.5 grpcio==1.85.3 urllib3==1.26.20

cat >server.mjs <<'JS'
import http from 'node:http';
import http2 from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { EmptySchema } from '@bufbuild/protobuf/wkt';

export const service = { kind: 'service', typeName: 'test.Service', methods: [], method: {} };
export const method = {
  kind: 'rpc', name: 'Method', localName: 'method', parent: service, methodKind: 'unary',
  input: EmptySchema, output: EmptySchema, idempotency: 0,
};
service.methods.push(method);
service.method.method = method;
const routes = (router) => router.service(service, { method: () => ({}) });
const listen = (server) => new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });
export const web = await listen(http.createServer(connectNodeAdapter({ routes })));
export const grpc = await listen(http2.createServer(connectNodeAdapter({ routes })));
console.log(web, grpc);
JS
cat >clients.mjs <<'JS'
import { createClient } from '@connectrpc/connect';
import * as node from '@connectrpc/connect-node';
import * as web from '@connectrpc/connect-web';
import grpcJs from '@grpc/grpc-js';
import protobufTs from '@protobuf-ts/grpcweb-transport';
import runtime from '@protobuf-ts/runtime';
import rpc from '@protobuf-ts/runtime-rpc';
import * as server from './server.mjs';

const [baseUrl, grpcUrl] = [server.web, server.grpc].map((port) => `http://127.0.0.1:${port}`);
const connect = (transport) => (timeoutMs) => createClient(server.service, transport).method({}, { timeoutMs });
const Empty = new runtime.MessageType('google.protobuf.Empty', []);
const [method] = new rpc.ServiceType('test.Service', [{ name: 'Method', options: {}, I: Empty, O: Empty }]).methods;
const transport = new protobufTs.GrpcWebFetchTransport({ baseUrl, format: 'binary' });
const raw = new grpcJs.Client(`127.0.0.1:${server.grpc}`, grpcJs.credentials.createInsecure());
const same = (bytes) => bytes;
const clients = {
  'grpc-js': (ms) => new Promise((done, fail) => {
    const options = { deadline: Date.now() + ms };
    raw.makeUnaryRequest('/test.Service/Method', same, same, Buffer.alloc(0), options, (error) => (error ? fail(error) : done()));
  }),
  'connect-node over gRPC': connect(node.createGrpcTransport({ baseUrl: grpcUrl })),
  'connect-web over gRPC-Web': connect(web.createGrpcWebTransport({ baseUrl })),
  'connect-web over Connect': connect(web.createConnectTransport({ baseUrl })),
  'protobuf-ts over gRPC-Web': async (timeout) => { await transport.unary(method, {}, transport.mergeOptions({ timeout })); },
};
for (const [name, call] of Object.entries(clients)) {
  for (const ms of [1500, 1500.25]) {
    const seen = await call(ms).then(() => 'succeeds', (error) => decodeURIComponent(error.message).replace('[invalid_argument] ', ''));
    console.log(`${name}, ${ms} ms: ${seen}`);
  }
}
process.exit(0);
JS
cat >clients.py <<'PY'
import sys

import grpc
import sonora.client

web, grpc_port = sys.argv[1:]


def same(message):
    return message


channels = {
    "grpcio": grpc.insecure_channel(f"127.0.0.1:{grpc_port}"),
    "sonora": sonora.client.insecure_web_channel(f"http://127.0.0.1:{web}"),
}
for name, channel in channels.items():
    for seconds in 1.5, 4 / 3:
        try:
            channel.unary_unary("/test.Service/Method", same, same)(b"", timeout=seconds)
            print(f"{name}, {seconds:.7f} s: succeeds")
        except grpc.RpcError as error:
            print(f"{name}, {seconds:.7f} s: {error.details()}")
PY
node server.mjs >ports &
pids+=($!)
for _ in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
(timeout 30 node clients.mjs | tail -n +2; timeout 30 python3 clients.py $(cat ports)) | tee seen

for name in 'grpc-js' 'connect-node over gRPC' 'connect-web over gRPC-Web' 'connect-web over Connect' 'protobuf-ts over gRPC-Web'; do
  grep -qx "$name, 1500 ms: succeeds" seen
done
grep -qx 'grpc-js, 1500.25 ms: succeeds' seen
[ "$(grep -c ' gRPC.*, 1500.25 ms: protocol error: invalid grpc timeout value: 1500.25m' seen)" = 3 ]
grep -qx 'connect-web over Connect, 1500.25 ms: protocol error: invalid connect timeout value: 1500.25' seen
[ "$(grep -c 'grpcio.*succeeds' seen)" = 2 ]
grep -qx 'sonora, 1.5000000 s: succeeds' seen
grep -qx 'sonora, 1.3333333 s: protocol error: invalid grpc timeout value: 1333333333n' seen
