#!/usr/bin/env bash
# lighttpd closes a WebSocket on which only the server talks after 60 seconds, though messages flow all the time.
#
# Software: lighttpd 1.4.69, nginx 1.22.1, HAProxy 2.6.12 and Apache 2.4.71, all of Debian 12, as proxies for a WebSocket server.
#
# The server sends a message each half second, and the client is silent; or the other way round. All time limits for idle
# connections are set to 3 seconds, and each connection is watched for 8.
#
# Expected: nginx closes when the server is silent, for its manual says that proxy_read_timeout is the time between two reads from
# the server. The others count traffic of either direction.
# Seen:                                only the server talks       only the client talks
#           nginx, HAProxy, Apache     open                        open
#           lighttpd                   closed after 3.5 s           closed after 3.5 s
# So nginx is better than its manual. lighttpd's server.max-read-idle (60 seconds as it comes) is about the client alone, and
# server.max-write-idle (360) about the server alone. In a longer run, with lighttpd as it comes, the server's messages ended
# after 61 seconds. There is no Close frame, only the end of the connection.
#
# The standard: RFC 6455 has no idle time. 5.5.2: a ping may serve as a keepalive, and a pong is an answer: traffic both ways.
#
# Who meets it: feeds (prices, logs, progress) behind lighttpd, on routers and small devices too, whose clients reconnect once a
# minute and lose what came between.
# What to do: let the server ping every 20 seconds; the pongs count. Or raise both limits. Do not take a message that was sent for
# a sign that the connection lives.
#
# Needs Debian 12 after apt-get update (packages are only unpacked) and python3. It took 15 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 apache2-bin=2.4.71-1~deb12u1 lighttpd=1.4.69-1 \
    liblua5.3-0=5.3.6-2 libopentracing1=1.6.0-4 libopentracing-c-wrapper0=1.1.3-3+b1 libapr1=1.7.2-3+deb12u1 \
    libaprutil1=1.6.3-1+deb12u1 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cat >backend.py <<'PY'
import socketserver
import time

HEAD = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(HEAD)
        try:
            if b"/server" in line or b"/ping" in line:
                while True:
                    self.wfile.write(b"\x81\x02hi" if b"/server" in line else b"\x89\x00")
                    time.sleep(0.5)
            while self.rfile.read1(4096):
                pass
        except OSError:
            pass


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
PY
cat >watch.py <<'PY'
import socket
import sys
import threading
import time

WATCHED = 8
seen = {}


def watch(proxy, port, who):
    client = socket.create_connection(("127.0.0.1", port), timeout=0.5)
    client.sendall((f"GET /{who} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    start = time.monotonic()
    got = b""
    seen[proxy, who] = None
    while time.monotonic() - start < WATCHED:
        try:
            data = client.recv(4096)
            if not data:
                raise ConnectionError
            got += data
            if who == "ping" and b"\x89\x00" in data:
                client.sendall(b"\x8a\x80\0\0\0\0")
        except TimeoutError:
            pass
        except OSError:
            seen[proxy, who] = time.monotonic() - start
            break
        if who == "client":
            time.sleep(0.3)
            try:
                client.sendall(b"\x81\x82\0\0\0\0hi")
            except OSError:
                pass
    assert got.startswith(b"HTTP/1.1 101"), got


threads = []
for pair in sys.argv[1:]:
    proxy, port = pair.split("=")
    threads += [threading.Thread(target=watch, args=(proxy, int(port), who)) for who in ("server", "client", "ping")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
TEXT = {"server": "only the server talks", "client": "only the client talks", "ping": "the server pings, the client pongs"}
for (proxy, who), seconds in sorted(seen.items()):
    print(f"{proxy}, {TEXT[who]}: " + ("open" if seconds is None else f"closed after {seconds:.1f} seconds"))
closed = {key for key, seconds in seen.items() if seconds is not None}
sys.exit(closed != {("lighttpd", "server"), ("lighttpd", "client")})
PY
python3 backend.py >backend &
pids+=($!)
for _ in $(seq 100); do [ -s backend ] && break; sleep 0.1; done
backend=$(cat backend)
nginx=$(port) haproxy=$(port) apache=$(port) lighttpd=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server {
    listen 127.0.0.1:$nginx; proxy_read_timeout 3s; proxy_send_timeout 3s; send_timeout 3s;
    location / {
      proxy_pass http://127.0.0.1:$backend; proxy_http_version 1.1;
      proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;
    }
  }
}
CONF
cat >haproxy.cfg <<CONF
defaults
  mode http
  timeout connect 3s
  timeout client 3s
  timeout server 3s
  timeout tunnel 3s
listen all
  bind 127.0.0.1:$haproxy
  server back 127.0.0.1:$backend
CONF
cat >apache.conf <<CONF
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
PidFile $dir/apache.pid
ErrorLog $dir/apache.log
Listen 127.0.0.1:$apache
StartServers 1
Timeout 3
ProxyTimeout 3
$(for m in mpm_event authz_core proxy proxy_http; do echo "LoadModule ${m}_module $dir/unpacked/usr/lib/apache2/modules/mod_$m.so"; done)
ProxyPass / http://127.0.0.1:$backend/ upgrade=websocket
CONF
cat >lighttpd.conf <<CONF
server.document-root = "$dir"
server.bind = "127.0.0.1"
server.port = $lighttpd
server.modules = ("mod_proxy")
server.max-read-idle = 3
server.max-write-idle = 3
proxy.header = ("upgrade" => "enable")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => $backend)))
CONF
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
unpacked/usr/sbin/haproxy -db -f haproxy.cfg 2>log &
pids+=($!)
unpacked/usr/sbin/apache2 -f "$dir/apache.conf" -DFOREGROUND &
pids+=($!)
unpacked/usr/sbin/lighttpd -D -f lighttpd.conf -m unpacked/usr/lib/lighttpd 2>log &
pids+=($!)
unset LD_LIBRARY_PATH
for p in $nginx $haproxy $apache $lighttpd; do
    for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break; sleep 0.1; done
done
python3 watch.py nginx="$nginx" HAProxy="$haproxy" Apache="$apache" lighttpd="$lighttpd"
