#!/usr/bin/env bash
# `nginx -s reload` cuts the answers that are under way to httpx and to Java's HttpClient over HTTP/2, and no others.
#
# Software: nginx 1.22.1 of Debian 12 as a proxy; httpx 0.28.1 with httpcore 1.0.9 and h2 4.3.0, httpx2 2.16.2, Java 17's
# HttpClient, curl 7.88.1, Node 20.20 and niquests 3.21.2 as clients.
#
# Each client reads an event stream of eight events in two seconds, through nginx. After the third, nginx is told to reload.
#
# Expected: a reload is graceful, so each client gets eight events.
# Seen:     httpx over HTTP/1.1        8
#           curl, Node, niquests       8, over HTTP/2
#           httpx, httpx2              3, then RemoteProtocolError: <ConnectionTerminated error_code:0, last_stream_id:1>
#           Java                       3, then IOException
# The old worker of nginx sends a GOAWAY that says how gentle it is: NO_ERROR, and the last stream is that of the answer, which
# it goes on to send. httpx and Java take the GOAWAY for the end of everything on the connection.
#
# The standard: RFC 9113, 6.8: GOAWAY lets an endpoint finish the streams that are up to the last stream. An identifier that is
# not above it means that the stream is processed, and might still complete.
#
# Who meets it: readers of long answers, such as those of language models, exports and downloads, whenever a server's
# certificate is renewed, its configuration changes, or an ingress controller on nginx sees a new pod. Requests that were not
# idempotent cannot be repeated. It happens in production only, where connections are by HTTP/2 and reloads are frequent.
# What to do: HTTP/1.1 for long answers in these clients, which is the default of httpx and one line in Java; or a way to
# resume them, such as event IDs.
#
# Needs Debian 12 with python3, Node 20, Java 17, curl 7.88 and openssl, after apt-get update. nginx is only unpacked. It took
# 30 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null ||
    { echo "The package of this version is not to be had; this needs Debian 12." >&2; exit 2; }
dpkg -x nginx_*.deb unpacked
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h2==4.3.0 hpack==4.1.0 \
    hyperframe==6.1.0 httpx2==2.16.2 niquests==3.21.2
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out cert.pem 2>/dev/null

cat >backend.py <<'PY'
import http.server
import os
import signal
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for i in range(8):
                event = b"data: %d\n\n" % i
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                if i == 2 and self.path == "/reload":
                    with open("nginx.pid") as file:
                        os.kill(int(file.read()), signal.SIGHUP)
                    time.sleep(0.5)
                time.sleep(0.2)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
python3 backend.py >backend &
pids+=($!)
for _ in $(seq 100); do [ -s backend ] && break; sleep 0.1; done
nginx=$(port)
cat >nginx.conf <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 1; events {}
http {
  access_log off; client_body_temp_path $dir/t; proxy_temp_path $dir/t; fastcgi_temp_path $dir/t; uwsgi_temp_path $dir/t;
  scgi_temp_path $dir/t;
  server {
    listen 127.0.0.1:$nginx ssl http2; ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;
    location / { proxy_pass http://127.0.0.1:$(cat backend); proxy_http_version 1.1; proxy_buffering off; }
  }
}
CONF
unpacked/usr/sbin/nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.log" &
pids+=($!)

cat >client.py <<'PY'
import importlib
import sys
import warnings

name, version, url = sys.argv[1:]
warnings.simplefilter("ignore")
module = importlib.import_module(name)
events, error = 0, ""
try:
    if name == "niquests":
        response = module.get(url, stream=True, verify=False)
        assert response.http_version == 20
        for line in response.iter_lines():
            events += line.startswith(b"data")
    else:
        with module.Client(http2=version == "2", verify=False) as client, client.stream("GET", url) as response:
            assert response.http_version == {"2": "HTTP/2"}.get(version, "HTTP/1.1")
            for line in response.iter_lines():
                events += line.startswith("data")
except module.RequestException if name == "niquests" else module.HTTPError as e:
    error = " " + type(e).__name__
print(f"{events}{error}")
PY
cat >client.js <<'JS'
const session = require('http2').connect(process.argv[2], { rejectUnauthorized: false });
const stream = session.request({ ':path': new URL(process.argv[2]).pathname });
let events = 0, error = '';
stream.on('data', (data) => { events += String(data).split('data').length - 1; });
stream.on('error', (e) => { error = ` ${e.code}`; });
stream.on('close', () => { console.log(`${events}${error}`); session.close(); });
JS
cat >Client.java <<'JAVA'
import java.net.URI;
import java.net.http.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
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
        var client = HttpClient.newBuilder().sslContext(tls).build();
        var response = client.send(HttpRequest.newBuilder(URI.create(args[0])).build(), HttpResponse.BodyHandlers.ofInputStream());
        int events = 0;
        String error = "";
        try (var body = new java.io.BufferedReader(new java.io.InputStreamReader(response.body()))) {
            for (String line; (line = body.readLine()) != null; ) {
                if (line.startsWith("data")) events++;
            }
        } catch (java.io.IOException e) {
            error = " " + e.getClass().getSimpleName();
        }
        System.out.println(events + error);
        System.exit(0);
    }
}
JAVA
javac Client.java
url=https://localhost:$nginx
for _ in $(seq 100); do curl -sk -o plain "$url/" && break; sleep 0.1; done

status=0
check() { # name, seen, expected
  printf '%-24s %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { echo "  this was $3"; status=1; }
  sleep 0.3 # the old worker ends
}
check "no reload, httpx" "$(venv/bin/python client.py httpx 2 "$url/")" 8
check "no reload, Java" "$(java -cp . Client "$url/")" 8
check "httpx, HTTP/1.1" "$(venv/bin/python client.py httpx 1.1 "$url/reload")" 8
check "curl" "$(curl -skN --http2 "$url/reload" | grep -c data)" 8
check "Node" "$(node client.js "$url/reload" 2>/dev/null)" 8
check "niquests" "$(venv/bin/python client.py niquests 2 "$url/reload")" 8
check "httpx" "$(venv/bin/python client.py httpx 2 "$url/reload")" "3 RemoteProtocolError"
check "httpx2" "$(venv/bin/python client.py httpx2 2 "$url/reload")" "3 RemoteProtocolError"
check "Java" "$(java -cp . Client "$url/reload")" "3 IOException"
exit $status
