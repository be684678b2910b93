#!/usr/bin/env bash
# A backend that sends 103 Early Hints, or any other 1xx, breaks every HTTP/2 client of nginx 1.22 and every client of Varnish 7.1.
#
# Software: nginx 1.22.1, Varnish 7.1.1, HAProxy 2.6.12 and nghttpx 1.52.0 of Debian 12; curl 7.88 as the client.
#
# The backend answers with 103 and a Link field, then with 200 and an event.
#
# Expected: each proxy passes 103 on or drops it, and the client gets the 200.
# Seen:     HAProxy, nghttpx   103 and 200, by HTTP/1.1 and HTTP/2
#           nginx, HTTP/1.1    works by accident. nginx takes the 103 for the final head: its own fields (Server, add_header) go
#                              into the 103, and the real head follows unread, as part of the body
#           nginx, HTTP/2      status 103, then PROTOCOL_ERROR: the real head comes as DATA after a 1xx
#           Varnish            503 Backend fetch failed. The same after 100 Continue and 102
# So a test with curl against nginx passes, and the browser, which speaks HTTP/2 with nginx, shows an error.
#
# The standard: RFC 9110, 15.2: a client must be able to parse 1xx responses before the final one, even unexpected ones, and a
# proxy must forward them. RFC 9113, 8.1: DATA cannot follow an interim head.
#
# Who meets it: servers that begin to send 103 (Rails, Node's writeEarlyHints and others make it a line of code), or 100
# although nothing asked for it, behind one of these two, which is where many run.
# What to do: send 1xx only where the next hop is known to take it. By what the request says it cannot be told: nothing in
# it names the proxies between.
#
# Needs Debian 12 with curl, gcc (Varnish compiles its configuration) and python3, after apt-get update. The packages are only
# unpacked. It took 10 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 varnish=7.1.1-2+deb12u1 haproxy=2.6.12-1+deb12u4 nghttp2-proxy=1.52.0-1+deb12u3 \
    libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2=5.3.0-1 liblua5.3-0=5.3.6-2 libopentracing1=1.6.0-4 \
    libopentracing-c-wrapper0=1.1.3-3+b1 libnghttp2-14=1.52.0-1+deb12u3 libev4=1:4.33-1 libc-ares2=1.18.1-3 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu:$dir/unpacked/usr/lib/x86_64-linux-gnu/varnish
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >backend.py <<'PY'
import socketserver


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        interim = b"100 Continue" if b"/100" in line else b"103 Early Hints\r\nLink: </style.css>; rel=preload"
        self.wfile.write(b"HTTP/1.1 " + interim + b"\r\n\r\n")
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 13\r\n\r\ndata: hello\n\n")


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
python3 backend.py >backend &
pids+=($!)
for _ in $(seq 100); do [ -s backend ] && break; sleep 0.1; done
backend=$(cat backend)
nginx=$(port) nginx2=$(port) haproxy=$(port) haproxy2=$(port) nghttpx=$(port) varnish=$(port)

cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server {
    listen 127.0.0.1:$nginx; listen 127.0.0.1:$nginx2 http2; add_header X-Front nginx always;
    location / { proxy_pass http://127.0.0.1:$backend; proxy_http_version 1.1; }
  }
}
CONF
cat >haproxy.cfg <<CONF
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen front
  bind 127.0.0.1:$haproxy
  bind 127.0.0.1:$haproxy2 proto h2
  server back 127.0.0.1:$backend
CONF
printf 'vcl 4.1; backend default { .host = "127.0.0.1"; .port = "%s"; }\n' "$backend" >varnish.vcl
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
unpacked/usr/sbin/haproxy -db -f haproxy.cfg 2>log &
pids+=($!)
unpacked/usr/sbin/nghttpx "-f127.0.0.1,$nghttpx;no-tls" "-b127.0.0.1,$backend" --conf=/dev/null --accesslog-file=/dev/null \
    --errorlog-file="$dir/log" --workers=1 2>log &
pids+=($!)
unpacked/usr/sbin/varnishd -F -j none -a "127.0.0.1:$varnish" -f "$dir/varnish.vcl" -n "$dir/varnish" -s malloc,10m >log 2>&1 &
pids+=($!)
for p in $nginx $haproxy $nghttpx $varnish; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done

ask() { # name, port, options of curl
    local name=$1 port=$2 status=0
    shift 2
    curl --silent --show-error --include --max-time 5 "$@" "http://127.0.0.1:$port${path:-/}" >answer 2>error || status=$?
    printf '%s: %s\n' "$name" "$(tr -d '\r' <answer | grep -aE '^(HTTP/|x-front|data:)' -i | paste -sd'|') $(cat error)"
    return $status
}
h2=--http2-prior-knowledge
ask "HAProxy, HTTP/1.1" "$haproxy" | tee seen
ask "HAProxy, HTTP/2" "$haproxy2" $h2 | tee -a seen
ask "nghttpx, HTTP/1.1" "$nghttpx" | tee -a seen
ask "nghttpx, HTTP/2" "$nghttpx" $h2 | tee -a seen
ask "nginx, HTTP/1.1" "$nginx" | tee -a seen
if ask "nginx, HTTP/2" "$nginx2" $h2 >nginx2.seen; then failed=no; else failed=yes; fi
tee -a seen <nginx2.seen
ask "Varnish, 103" "$varnish" | tee -a seen
path=/100 ask "Varnish, 100" "$varnish" | tee -a seen

[ "$(grep -cE '^(HAProxy|nghttpx), .* 103.* 200.*data: hello' seen)" = 4 ]
grep -qE '^nginx, HTTP/1.1: HTTP/1.1 103.*X-Front: nginx\|HTTP/1.1 200 OK\|data: hello' seen
[ $failed = yes ] && grep -qE '^nginx, HTTP/2: HTTP/2 103.*PROTOCOL_ERROR' seen
[ "$(grep -c '^Varnish, .* 503 Backend fetch failed' seen)" = 2 ]
