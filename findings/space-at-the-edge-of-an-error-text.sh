#!/usr/bin/env bash
# A gRPC error text that ends with a space: some peers get it, some an empty text, and behind two proxies the status itself is lost.
#
# Software: grpcio 1.85.3 (PyPI) as the server; grpcio and @grpc/grpc-js 1.14.7 (npm, Node 20.20) as clients; nginx 1.22.1,
# Apache 2.4.71 (mod_proxy_http2) and nghttpx 1.52.0 of Debian 12 between.
#
# The server ends a call with NOT_FOUND and the text "no such user: ", as a format string with an empty name makes it. In another
# call the text is "no such user", and a trailing metadata value is "a ".
#
# Expected: the space arrives, or is trimmed. The rest of the text and the status are safe.
# Seen:     client, way               text "no such user: "       metadata value "a "
#           grpcio, direct            whole                       whole
#           grpcio behind nginx       whole                       whole
#           grpc-js, direct           NOT_FOUND with no text      no such key
#           grpcio behind Apache      the same, or UNAVAILABLE, "Received http2 header with status: 502": it changes from call to call
#           grpcio behind nghttpx     INTERNAL, RST_STREAM with error code 2, for both
# A space at the beginning does the same.
#
# The standards contradict each other. gRPC over HTTP/2 leaves 0x20 unescaped in grpc-message, wherever it is; in metadata a value
# should have none at its ends, and one may be stripped. RFC 9113, 8.2.1: "A field value MUST NOT start or end with an ASCII
# whitespace character", else the message is malformed. grpcio writes by the one; nghttp2, which Node, Apache and nghttpx have in
# common, reads by the other.
#
# Who meets it: texts that are put together, and texts of other libraries. A missing text is then searched for in the server.
# What to do: a writer escapes a space at either end of grpc-message as %20, which every reader undoes, and trims metadata.
#
# Needs Debian 12 after apt-get update (packages are only unpacked), node, npm and python3 with pip. It took 14 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 apache2-bin=2.4.71-1~deb12u1 nghttp2-proxy=1.52.0-1+deb12u3 \
    libnghttp2-14=1.52.0-1+deb12u3 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 libev4=1:4.33-1 libc-ares2=1.18.1-3 \
    2>/dev/null || { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @grpc/grpc-js@1.14.7
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpcio==1.85.3
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >server.py <<'PY'
from concurrent import futures

import grpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def text(request, context):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such user: ")

        def metadata(request, context):
            context.set_trailing_metadata([("note", "a ")])
            context.abort(grpc.StatusCode.NOT_FOUND, "no such user")
        return grpc.unary_unary_rpc_method_handler(text if details.method.endswith("Text") else metadata)


server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat >call.py <<'PY'
import json
import sys

import grpc

with grpc.insecure_channel(f"127.0.0.1:{sys.argv[2]}") as channel:
    for method in ("Text", "Metadata"):
        try:
            channel.unary_unary(f"/test.Service/{method}")(b"", timeout=10)
        except grpc.RpcError as error:
            note = [value for key, value in error.trailing_metadata() or () if key == "note"]
            print(f"{sys.argv[1]}, {method}: {error.code().name} {json.dumps(error.details())} {json.dumps(note)}")
PY
cat >call.js <<'JS'
const grpc = require('@grpc/grpc-js');
const same = (x) => x;
const client = new grpc.Client(`127.0.0.1:${process.argv[2]}`, grpc.credentials.createInsecure());
const call = (method, then) =>
  client.makeUnaryRequest(`/test.Service/${method}`, same, same, Buffer.alloc(0), (error) => {
    const note = JSON.stringify(error.metadata.get('note'));
    console.log(`grpc-js, direct, ${method}: ${grpc.status[error.code]} ${JSON.stringify(error.details)} ${note}`);
    then();
  });
call('Text', () => call('Metadata', () => client.close()));
JS
python3 server.py >server &
pids+=($!)
for _ in $(seq 200); do [ -s server ] && break; sleep 0.1; done
server=$(cat server)
nginx=$(port) apache=$(port) nghttpx=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server { listen 127.0.0.1:$nginx http2; location / { grpc_pass grpc://127.0.0.1:$server; } }
}
CONF
cat >apache.conf <<CONF
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
PidFile $dir/apache.pid
ErrorLog $dir/apache.log
Listen 127.0.0.1:$apache
StartServers 1
$(for m in mpm_event authz_core http2 proxy proxy_http2; do echo "LoadModule ${m}_module $dir/unpacked/usr/lib/apache2/modules/mod_$m.so"; done)
Protocols h2c http/1.1
ProxyPass / h2c://127.0.0.1:$server/
CONF
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
unpacked/usr/sbin/apache2 -f "$dir/apache.conf" -DFOREGROUND &
pids+=($!)
unpacked/usr/sbin/nghttpx "-f127.0.0.1,$nghttpx;no-tls" "-b127.0.0.1,$server;;proto=h2" --conf=/dev/null --accesslog-file=/dev/null \
    --errorlog-file="$dir/log" --workers=1 2>log &
pids+=($!)
unset LD_LIBRARY_PATH
for p in $nginx $apache $nghttpx; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done
{
    python3 call.py "grpcio, direct" "$server"
    python3 call.py "grpcio behind nginx" "$nginx"
    timeout 20 node call.js "$server"
    python3 call.py "grpcio behind Apache" "$apache"
    python3 call.py "grpcio behind nghttpx" "$nghttpx"
} >seen
cat seen

for way in 'grpcio, direct' 'grpcio behind nginx'; do
    grep -qF "$way, Text: NOT_FOUND \"no such user: \" []" seen
    grep -qF "$way, Metadata: NOT_FOUND \"no such user\" [\"a \"]" seen
done
grep -qF 'grpc-js, direct, Text: NOT_FOUND "" []' seen
grep -qF 'grpc-js, direct, Metadata: NOT_FOUND "no such user" []' seen
grep -qE 'grpcio behind Apache, Text: (NOT_FOUND ""|UNAVAILABLE .*502")' seen
grep -qE 'grpcio behind Apache, Metadata: (NOT_FOUND "no such user"|UNAVAILABLE .*502") \[\]' seen
[ "$(grep -c 'grpcio behind nghttpx, .*: INTERNAL .*error code 2' seen)" = 2 ]
