#!/usr/bin/env bash
# A Node server that gains a WebSocket or Socket.IO endpoint stops answering the plain requests of Java's HttpClient.
#
# Software: ws 8.23.0 and socket.io 4.8.4 (npm) on Node 20.20; java.net.http.HttpClient of Java 17; curl 7.88 with --http2.
#
# Java's HttpClient prefers HTTP/2. Over plain http:// it says so on its first request to a host, with
# `Connection: Upgrade, HTTP2-Settings` and `Upgrade: h2c`. Node's http server ignores that as long as nobody listens for
# 'upgrade'. ws and Socket.IO do listen. From then on Node hands every request that has an Upgrade field to them and none to
# the application, whatever the field asks for.
#
# Expected: all three servers answer 200 with the page. None of them speaks h2c, so the field is ignored.
# Seen:     without a listener  200, page
#           with ws             400, Invalid Upgrade header (405, Invalid HTTP method, for a POST), also for other paths
#           with socket.io      no answer; the connection is closed after 1 second
#
# The standard: RFC 9110, 7.8: Upgrade invites, it does not demand; a server may ignore it and go on in the protocol in use.
# RFC 7540, 3.2: a server without HTTP/2 answers as if the field were absent. RFC 9113, 3.1: h2c by upgrade is obsolete.
#
# Who meets it: Java services that call a Node service by plain HTTP, from the day on which the Node side adds WebSocket.
# What to do: in Java, HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1). In front of Node, let the proxy drop
# `Upgrade: h2c`. In a server of your own, answer an Upgrade to anything that you do not speak as an ordinary request.
#
# Needs node, npm, java (11 or later) and curl. It took 10 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.23.0 socket.io@4.8.4

cat >server.js <<'JS'
const http = require('http');
const { WebSocketServer } = require('ws');
const { Server } = require('socket.io');
const start = (attach) => new Promise((done) => {
  const server = http.createServer((request, response) => response.end('page'));
  attach(server);
  server.listen(0, '127.0.0.1', () => done(server.address().port));
});
(async () => {
  const ports = [
    await start(() => {}),
    await start((server) => new WebSocketServer({ server, path: '/chat' })),
    await start((server) => new Server(server)),
  ];
  console.log(ports.join(' '));
})();
JS
cat >Get.java <<'JAVA'
import java.net.URI;
import java.net.http.*;
class Get {
    public static void main(String[] urls) throws Exception {
        for (String url : urls) {
            var request = HttpRequest.newBuilder(URI.create(url)).build();
            try {
                var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
                System.out.println(response.statusCode() + " " + response.body());
            } catch (java.io.IOException e) {
                System.out.println("no answer: " + e.getMessage());
            }
        }
    }
}
JAVA
node server.js >ports &
pids+=($!)
for _ in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
read -r plain ws io <ports

java Get.java "http://127.0.0.1:$plain/" "http://127.0.0.1:$ws/" "http://127.0.0.1:$io/" >java.out
for port in "$plain" "$ws" "$io"; do
    curl --silent --http2 --max-time 5 --data x --write-out '%{http_code} ' --output body "http://127.0.0.1:$port/" || true
    cat body 2>/dev/null || true
    rm -f body
    echo
done >curl.out
paste -d'|' <(printf 'no listener\nws\nsocket.io\n') java.out curl.out |
    while IFS='|' read -r name get post; do printf '%-12s GET by Java: %s\n%-12s POST by curl --http2: %s\n' "$name" "$get" '' "$post"; done

grep -qx '200 page' <(sed -n 1p java.out)
grep -q '^400 ' <(sed -n 2p java.out)
grep -q '^no answer' <(sed -n 3p java.out)
grep -q '^200 ' <(sed -n 1p curl.out)
grep -q '^405 ' <(sed -n 2p curl.out)
grep -q '^000 ' <(sed -n 3p curl.out)
