#!/usr/bin/env bash
# Over HTTP/2, httpx and Java time out where nginx or HAProxy refuses an upload at once; curl loses HAProxy's answer.
#
# Software: httpx 0.28.1 with httpcore 1.0.9 and h2 4.3.0, Java 17's HttpClient, curl 7.88.1 and Node 20.20 as clients; nginx
# 1.22.1 with client_max_body_size, and HAProxy 2.6.12 with `http-request return`, of Debian 12, as servers.
#
# The clients post 60,000 and 70,000 bytes, with a time-out of 5 seconds (httpx's default). The
# servers answer 413 as soon as they have the head, and read no body.
#
# Expected: 413 in every case.
# Seen:     nginx, HTTP/1.1, and HTTP/2 with 60,000 bytes   413 in every case
#           HTTP/2 with 70,000 bytes                        Node 413. httpx ReadTimeout and Java HttpTimeoutException, with both
#                                                           servers. curl 413 from nginx, and error 92 in place of HAProxy's
# (HAProxy by HTTP/1.1 closes the connection after its answer, which reaches a client or not, by chance.)
# What makes the difference is the stream's window, 65,536 bytes for nginx and 65,535 for HAProxy. Once it is used up, httpx and
# Java wait for a WINDOW_UPDATE, which no server sends for a body that it will not read. The answer, which came long before, has
# to wait as well. A RST_STREAM follows it, which should wake them: nginx's says NO_ERROR, as it should; HAProxy's says CANCEL,
# and curl drops the answer that it has.
#
# The standard: RFC 9113, 8.1: a server may answer before the request is complete, and then send RST_STREAM with NO_ERROR to ask
# the client to stop. Clients must not discard the response as a result.
#
# Who meets it: everyone who uploads more than 64 KiB with a token that has expired or over a limit of size. The reason is in
# an answer that nobody sees, the log says "timed out", and retries go on. The same upload over HTTP/1.1 shows 401 or 413.
# What to do: as a client of these, use HTTP/1.1 for uploads, or ask with a small request first whether the token is good. As a
# server, give a larger window: with Caddy's, which is 1 MiB, httpx and Java get an answer to 70,000 bytes, and not to 3 MB.
#
# Needs Debian 12 with python3, Node 20, Java 17, curl 7.88 and openssl, after apt-get update. The servers' packages are only
# unpacked. It took 35 seconds, 20 of them time-outs.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 libopentracing1=1.6.0-4 \
    libopentracing-c-wrapper0=1.1.3-3+b1 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h2==4.3.0 hpack==4.1.0 hyperframe==6.1.0
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out cert.pem 2>/dev/null
cat cert.pem key.pem >both.pem

nginx=$(port) haproxy=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t; client_max_body_size 1k;
  server { listen 127.0.0.1:$nginx ssl http2; ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem; }
}
CONF
cat >haproxy.cfg <<CONF
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:$haproxy ssl crt $dir/both.pem alpn h2,http/1.1
  http-request return status 413 content-type text/plain string "too large"
CONF
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)
unpacked/usr/sbin/haproxy -db -f haproxy.cfg 2>log &
pids+=($!)

cat >client.py <<'PY'
import sys

import httpx

port, version, length = sys.argv[1:]
try:
    with httpx.Client(http2=version == "2", verify=False) as client:
        print(client.post(f"https://localhost:{port}/", content=b"x" * int(length)).status_code)
except httpx.HTTPError as e:
    print(type(e).__name__)
PY
cat >client.js <<'JS'
const [port, length] = process.argv.slice(2);
const session = require('http2').connect(`https://localhost:${port}`, { rejectUnauthorized: false });
session.on('error', (e) => console.log(e.code));
const stream = session.request({ ':method': 'POST', ':path': '/', 'content-length': length });
let status;
stream.on('response', (head) => { status = head[':status']; });
stream.on('error', (e) => { status = e.code; });
stream.on('close', () => { console.log(status); session.destroy(); });
stream.setTimeout(5000, () => stream.close());
stream.resume();
stream.end(Buffer.alloc(Number(length)));
JS
cat >Client.java <<'JAVA'
import java.net.URI;
import java.net.http.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.*;

public class Client {
    public static void main(String[] args) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (var file = new java.io.FileInputStream("cert.pem")) {
            store.setCertificateEntry("c", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        var version = args[1].equals("2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
        var client = HttpClient.newBuilder().sslContext(tls).version(version).build();
        var request = HttpRequest.newBuilder(URI.create("https://localhost:" + args[0] + "/")).timeout(Duration.ofSeconds(5))
            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[Integer.parseInt(args[2])])).build();
        try {
            System.out.println(client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
        } catch (java.io.IOException e) {
            System.out.println(e.getClass().getSimpleName());
        }
        System.exit(0);
    }
}
JAVA
javac Client.java
head -c 60000 /dev/zero >60000
head -c 70000 /dev/zero >70000
with_curl() { # port, version, length
  local option=--http2
  [ "$2" = 2 ] || option=--http1.1
  curl -sk -m 5 "$option" -o body -w '%{http_code} %{exitcode}' --data-binary "@$3" "https://localhost:$1/" || true
}
for _ in $(seq 100); do
  [ "$(with_curl "$nginx" 2 60000)$(with_curl "$haproxy" 2 60000)" = "413 0413 0" ] && break
  sleep 0.1
done

status=0
check() { # name, seen, expected
  printf '%-34s %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { echo "  this was $3"; status=1; }
}
clients() { # server, version, length, then what is expected of httpx, Java and curl
  local port=${!1} name="$1, HTTP/$2, $3"
  check "$name: httpx" "$(venv/bin/python client.py "$port" "$2" "$3")" "$4"
  check "$name: Java" "$(java -cp . Client "$port" "$2" "$3")" "$5"
  check "$name: curl" "$(with_curl "$port" "$2" "$3")" "$6"
}
clients nginx 1.1 70000 413 413 "413 0"
clients nginx 2 60000 413 413 "413 0"
clients nginx 2 70000 ReadTimeout HttpTimeoutException "413 0"
clients haproxy 2 70000 ReadTimeout HttpTimeoutException "000 92"
check "nginx, HTTP/2, 70000: Node" "$(node client.js "$nginx" 70000)" 413
check "haproxy, HTTP/2, 70000: Node" "$(node client.js "$haproxy" 70000)" 413
exit $status
