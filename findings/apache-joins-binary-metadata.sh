#!/usr/bin/env bash
# Apache joins binary metadata that is sent twice. grpcio then refuses the call, grpclib takes wrong bytes, only grpc-js is right.
#
# Software: Apache 2.4.71 of Debian 12 with mod_http2 and mod_proxy_http2 (ProxyPass / h2c://…) between grpcio 1.85.3 (PyPI) as the
# client and three servers: grpcio 1.85.3, grpclib 0.4.9 (PyPI), @grpc/grpc-js 1.14.7 (npm) on Node 20.20.
#
# The client sends x-data-bin twice, with the bytes 01 and 02, and x-text twice.
#
# Expected: repeated fields stay apart, as they do in nginx, HAProxy, Envoy and others. If they are joined, every server splits
# them, as the specification says.
# Seen:     Apache carries gRPC, trailers and status included. In requests it makes one field of fields with one name, "AQ, Ag".
#           In responses and trailers it does not.
#                     direct      behind Apache
#           grpcio    01, 02      INTERNAL, "Error parsing 'x-data-bin' metadata: illegal base64 encoding"
#           grpclib   01, 02      01 00 20, a single value, with status OK
#           grpc-js   01, 02      01, 02
#           Text becomes "1, 2" behind Apache in the Python servers; grpc-js joins text even without Apache.
#
# The standard: RFC 9110, 5.2 and 5.3: fields with one name may be joined with commas, and a proxy may do so. gRPC over HTTP/2,
# Custom-Metadata: implementations MUST split binary values at commas before they decode them.
#
# Who meets it: binary metadata with several values (trace contexts, tokens, repeated error details from a gateway), when
# Apache or any other intermediary that joins is put in front.
# What to do: send one binary value per name. A server of your own splits at commas first, trims, then decodes each.
#
# Needs Debian 12 after apt-get update (packages are only unpacked), node, npm and python3 with pip. It took 31 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 \
    libnghttp2-14=1.52.0-1+deb12u3 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js@1.14.7
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpcio==1.85.3 grpclib==0.4.9
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Each method answers with the metadata that it got.
cat >grpcio_server.py <<'PY'
from concurrent import futures

import grpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def answer(request, context):
            metadata = context.invocation_metadata()
            data = [value.hex() for key, value in metadata if key == "x-data-bin"]
            return repr((data, [value for key, value in metadata if key == "x-text"])).encode()
        return grpc.unary_unary_rpc_method_handler(answer)


server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat >grpclib_server.py <<'PY'
import asyncio
import socket

from grpclib.const import Cardinality, Handler
from grpclib.server import Server


class Bytes:
    __content_subtype__ = "proto"

    def encode(self, message, kind):
        return message

    def decode(self, data, kind):
        return data


class Service:
    async def method(self, stream):
        await stream.recv_message()
        data = [value.hex() for value in stream.metadata.getall("x-data-bin")]
        await stream.send_message(repr((data, stream.metadata.getall("x-text"))).encode())

    def __mapping__(self):
        return {"/test.Service/Method": Handler(self.method, Cardinality.UNARY_UNARY, bytes, bytes)}


async def main():
    server = Server([Service()], codec=Bytes())
    listener = socket.create_server(("127.0.0.1", 0))
    await server.start(sock=listener)
    print(listener.getsockname()[1], flush=True)
    await server.wait_closed()


asyncio.run(main())
PY
cat >grpc_js_server.js <<'JS'
const grpc = require('@grpc/grpc-js');
const same = (x) => x;
const method = {
  path: '/test.Service/Method', requestStream: false, responseStream: false,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
};
const quoted = (values) => `[${values.map((value) => `'${value}'`).join(', ')}]`;
const server = new grpc.Server();
server.addService({ method }, {
  method: ({ metadata }, done) => {
    const data = metadata.get('x-data-bin').map((value) => value.toString('hex'));
    done(null, Buffer.from(`(${quoted(data)}, ${quoted(metadata.get('x-text'))})`));
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => console.log(port));
JS
cat >call.py <<'PY'
import sys

import grpc

with grpc.insecure_channel(f"127.0.0.1:{sys.argv[2]}") as channel:
    metadata = [("x-data-bin", b"\1"), ("x-data-bin", b"\2"), ("x-text", "1"), ("x-text", "2")]
    try:
        seen = channel.unary_unary("/test.Service/Method")(b"", metadata=metadata, timeout=5).decode()
    except grpc.RpcError as error:
        seen = f"{error.code().name}, {error.details()!r}"
print(f"{sys.argv[1]}: {seen}")
PY
python3 grpcio_server.py >grpcio &
pids+=($!)
python3 grpclib_server.py >grpclib &
pids+=($!)
node grpc_js_server.js >grpc-js &
pids+=($!)
modules=$dir/unpacked/usr/lib/apache2/modules
for server in grpcio grpclib grpc-js; do
    for _ in $(seq 200); do [ -s $server ] && break; sleep 0.1; done
    apache=$(port)
    cat >$server.conf <<CONF
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
PidFile $dir/$server.pid
ErrorLog $dir/$server.log
Listen 127.0.0.1:$apache
StartServers 1
$(for m in mpm_event authz_core http2 proxy proxy_http2; do echo "LoadModule ${m}_module $modules/mod_$m.so"; done)
Protocols h2c http/1.1
ProxyPass / h2c://127.0.0.1:$(cat $server)/
CONF
    LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/sbin/apache2 -f "$dir/$server.conf" -DFOREGROUND &
    pids+=($!)
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$apache") 2>/dev/null && break; sleep 0.1; done
    python3 call.py "$server, direct" "$(cat $server)"
    python3 call.py "$server, behind Apache" "$apache"
done >seen
cat seen

[ "$(grep -c "direct: (\['01', '02'\]" seen)" = 3 ]
grep -q "^grpcio, behind Apache: INTERNAL, .*illegal base64" seen
grep -q "^grpclib, behind Apache: (\['010020'\]" seen
grep -q "^grpc-js, behind Apache: (\['01', '02'\]" seen
