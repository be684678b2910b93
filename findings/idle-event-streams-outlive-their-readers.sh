#!/usr/bin/env bash
# Behind HAProxy, Apache, lighttpd or Varnish the server of a quiet event stream does not learn that its reader has left.
#
# Software: nginx 1.22.1, HAProxy 2.6.12, Apache 2.4.71, lighttpd 1.4.69, Varnish 7.1.1, all of Debian 12, each as a plain reverse
# proxy that passes events on at once.
#
# A reader opens a stream through each, gets one event and closes its connection. The server is quiet for 8 seconds, then writes
# a comment each half second.
#
# Expected: nginx, lighttpd, and HAProxy with option abortonclose close the connection to the server at once; the rest when the
# server writes.
# Seen, after the reader has left:
#           nginx                                     the server is told at once
#           HAProxy                                   not in 8 quiet seconds; after two comments
#           HAProxy, abortonclose in the backend      the same
#           HAProxy, abortonclose in the defaults     at once
#           Apache, lighttpd, Varnish                 not in 8 quiet seconds; after one to three comments
#           Varnish, return (pipe)                    at once
# Until the server writes, only the proxy's own time limits end such a stream. HAProxy's manual gives abortonclose to backends;
# for a stream that is quiet the side of the client needs it too, and in a frontend section alone it does nothing either.
#
# The standard: HTML, 9.2.7, advises a comment "every 15 seconds or so" against proxies that drop idle connections. That a comment
# is also what finds out about readers who left, nobody says.
#
# Who meets it: servers that keep an entry, a subscription or a database listener for each reader and rely on being told. It works
# on a developer's machine and behind nginx.
# What to do: write a comment every few seconds, on quiet streams too, and expect that two or three writes still succeed. In
# HAProxy, put option abortonclose into the defaults, or into a listen section.
#
# Needs Debian 12 with gcc (Varnish compiles its configuration) and python3, after apt-get update. The packages are only unpacked.
# It took 25 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 apache2-bin=2.4.71-1~deb12u1 lighttpd=1.4.69-1 \
    varnish=7.1.1-2+deb12u1 libvarnishapi3=7.1.1-2+deb12u1 libjemalloc2=5.3.0-1 liblua5.3-0=5.3.6-2 \
    libopentracing1=1.6.0-4 libopentracing-c-wrapper0=1.1.3-3+b1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 \
    2>/dev/null || { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu:$dir/unpacked/usr/lib/x86_64-linux-gnu/varnish
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >backend.py <<'PY'
import select
import socketserver
import time

QUIET = 8


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline().split()[1].decode().strip("/")
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
        self.chunk(b"data: hello\n\n")
        start = time.monotonic()
        comments = 0
        try:
            while True:
                quiet = max(QUIET + 1 - (time.monotonic() - start), 0.5)
                if select.select([self.connection], [], [], quiet)[0] and not self.connection.recv(100):
                    break
                self.chunk(b":\n")
                comments += 1
        except OSError:
            pass
        with open("told", "a") as file:
            file.write(f"{name} {time.monotonic() - start - 0.5:.1f} {comments}\n")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
PY
cat >readers.py <<'PY'
import socket
import sys
import time

readers = []
for pair in sys.argv[1:]:
    name, port = pair.split("=")
    reader = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    reader.sendall(f"GET /{name} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
    readers.append(reader)
for reader in readers:
    got = b""
    while b"hello" not in got:
        data = reader.recv(4096)
        assert data, got
        got += data
time.sleep(0.5)
for reader in readers:
    reader.close()
PY
python3 backend.py >backend &
pids+=($!)
for _ in $(seq 100); do [ -s backend ] && break; sleep 0.1; done
backend=$(cat backend)
nginx=$(port) haproxy=$(port) one=$(port) both=$(port) apache=$(port) lighttpd=$(port) varnish=$(port) pipe=$(port)

cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server { listen 127.0.0.1:$nginx; location / { proxy_pass http://127.0.0.1:$backend; proxy_http_version 1.1; proxy_buffering off; } }
}
CONF
cat >haproxy.cfg <<CONF
defaults first
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend plain
  bind 127.0.0.1:$haproxy
  default_backend plain
backend plain
  server back 127.0.0.1:$backend
frontend one
  bind 127.0.0.1:$one
  default_backend one
backend one
  option abortonclose
  server back 127.0.0.1:$backend
defaults both from first
  option abortonclose
frontend both
  bind 127.0.0.1:$both
  default_backend both
backend both
  server back 127.0.0.1:$backend
CONF
modules=$dir/unpacked/usr/lib/apache2/modules
cat >apache.conf <<CONF
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
PidFile $dir/apache.pid
ErrorLog $dir/apache.log
Listen 127.0.0.1:$apache
StartServers 1
$(for m in mpm_event authz_core proxy proxy_http; do echo "LoadModule ${m}_module $modules/mod_$m.so"; done)
ProxyPass / http://127.0.0.1:$backend/
CONF
cat >lighttpd.conf <<CONF
server.document-root = "$dir"
server.bind = "127.0.0.1"
server.port = $lighttpd
server.modules = ("mod_proxy")
server.stream-response-body = 1
proxy.server = ("" => (("host" => "127.0.0.1", "port" => $backend)))
CONF
printf 'vcl 4.1; backend default { .host = "127.0.0.1"; .port = "%s"; }\n' "$backend" >varnish.vcl
{ cat varnish.vcl; echo 'sub vcl_recv { return (pipe); }'; } >pipe.vcl

unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
unpacked/usr/sbin/haproxy -db -f haproxy.cfg 2>log &
pids+=($!)
unpacked/usr/sbin/apache2 -f "$dir/apache.conf" -DFOREGROUND &
pids+=($!)
unpacked/usr/sbin/lighttpd -D -f lighttpd.conf -m unpacked/usr/lib/lighttpd 2>log &
pids+=($!)
for vcl in varnish pipe; do
    unpacked/usr/sbin/varnishd -F -j none -a "127.0.0.1:${!vcl}" -f "$dir/$vcl.vcl" -n "$dir/$vcl" -s malloc,10m >log 2>&1 &
    pids+=($!)
done
for p in $nginx $haproxy $apache $lighttpd $varnish $pipe; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done

names=(nginx haproxy one both apache lighttpd varnish pipe)
args=()
for name in "${names[@]}"; do args+=("$name=${!name}"); done
python3 readers.py "${args[@]}"
for _ in $(seq 200); do [ "$(wc -l <told 2>/dev/null || echo 0)" -ge ${#names[@]} ] && break; sleep 0.1; done
declare -A title=([haproxy]=HAProxy [one]="HAProxy, abortonclose in the backend" [both]="HAProxy, abortonclose in the defaults"
    [pipe]="Varnish, return (pipe)")
while read -r name seconds comments; do
    printf '%s: the server was told about %s seconds after the reader left, after %s comments\n' \
        "${title[$name]:-$name}" "$seconds" "$comments"
done <told

quick() { awk -v n="$1" '$1 == n && $2 < 4 && $3 == 0 { ok = 1 } END { exit !ok }' told; }
late() { awk -v n="$1" '$1 == n && $2 > 7 && $3 > 0 { ok = 1 } END { exit !ok }' told; }
for name in nginx both pipe; do quick $name; done
for name in haproxy one apache lighttpd varnish; do late $name; done
