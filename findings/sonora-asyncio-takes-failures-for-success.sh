#!/usr/bin/env bash
# sonora's client for asyncio returns None from a call that was refused, as if it had succeeded. Its blocking client raises.
#
# Software: sonora 0.2.3 with aiohttp 3.14.5 and grpcio 1.85.3 (PyPI), client of gRPC-Web; @connectrpc/connect-node 2.3.0 (npm) on
# Node 20.20, server.
#
# A call for one reply, which the server refuses with PERMISSION_DENIED, and a call for a stream, which it refuses after a reply.
#
# Expected: grpc.RpcError with PERMISSION_DENIED each time, from both clients.
# Seen:     so it is with the blocking client, and with the stream. await of the call for one reply returns None.
# The cause: in gRPC-Web a status that does not come with the headers is in the last frame of the body. For a call of one reply
# UnaryUnaryCall.__await__ in sonora/aio.py keeps that frame and returns, and where there was a reply it asks the headers for the
# status. Only a server that puts the status in the headers is understood; sonora's own does that with what a handler raises.
#
# The standard: gRPC-Web (PROTOCOL-WEB.md), "Message framing": the trailers "must be the last message of the response" in its body;
# a status is among them.
#
# Who meets it: Python on asyncio that calls a browser's services: connect-node and connect-go, tonic-web, proxies that translate.
# A refused delete() and a done one look alike, since an Empty is seldom looked at.
# What to do: take None for a failure, and ask `await call.trailing_metadata()` for grpc-status after each call; or run the
# blocking client in a thread.
#
# Needs node, npm and python3 with pip. It took 15 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @connectrpc/connect@2.3.0 @connectrpc/connect-node@2.3.0 \
    @bufbuild/protobuf@2.17.0
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    sonora==0.2.3 aiohttp==3.14.5 grpcio==1.85.3 urllib3==1.26.20

cat >server.mjs <<'JS'
import http from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { EmptySchema } from '@bufbuild/protobuf/wkt';

const service = { kind: 'service', typeName: 'test.Files', methods: [], method: {} };
for (const [name, methodKind] of [['Delete', 'unary'], ['List', 'server_streaming']]) {
  const localName = name.toLowerCase();
  const method = { kind: 'rpc', name, localName, parent: service, methodKind, input: EmptySchema, output: EmptySchema, idempotency: 0 };
  service.methods.push(method);
  service.method[localName] = method;
}
const refuse = () => { throw new ConnectError('not yours', Code.PermissionDenied); };
const handlers = {
  delete: refuse,
  async *list() {
    yield {};
    refuse();
  },
};
const server = http.createServer(connectNodeAdapter({ routes: (router) => router.service(service, handlers) }));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat >call.py <<'PY'
import asyncio
import sys

import grpc
import sonora.aio
import sonora.client

base = f"http://127.0.0.1:{sys.argv[1]}"


def same(message):
    return message


def blocking():
    with sonora.client.insecure_web_channel(base) as channel:
        try:
            yield "delete", channel.unary_unary("/test.Files/Delete", same, same)(b"", timeout=10)
        except grpc.RpcError as error:
            yield "delete", error.code().name
        try:
            yield "list", list(channel.unary_stream("/test.Files/List", same, same)(b"", timeout=10))
        except grpc.RpcError as error:
            yield "list", error.code().name


async def asynchronous():
    seen = []
    async with sonora.aio.insecure_web_channel(base) as channel:
        try:
            seen.append(("delete", await channel.unary_unary("/test.Files/Delete", same, same)(b"", timeout=10)))
        except grpc.RpcError as error:
            seen.append(("delete", error.code().name))
        try:
            seen.append(("list", [reply async for reply in channel.unary_stream("/test.Files/List", same, same)(b"", timeout=10)]))
        except grpc.RpcError as error:
            seen.append(("list", error.code().name))
    return seen


for name, calls in ("blocking", blocking()), ("asyncio", asyncio.run(asynchronous())):
    for method, result in calls:
        print(f"{name} {method}: {result}")
PY
node server.mjs >port &
pids+=($!)
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
timeout 30 python3 call.py "$(cat port)" | tee seen

grep -qx 'blocking delete: PERMISSION_DENIED' seen
grep -qx 'blocking list: PERMISSION_DENIED' seen
grep -qx 'asyncio delete: None' seen
grep -qx 'asyncio list: PERMISSION_DENIED' seen
