#!/usr/bin/env bash
# curl 7.88, as in Debian 12, cannot send a second request on a connection of HTTP/2 by prior knowledge.
#
# Software: curl 7.88.1 with nghttp2 1.52.0, against nghttpd 1.52.0, all of Debian 12.
#
# One curl gets two URLs of one server: without TLS, with --http2-prior-knowledge, and with TLS.
#
# Expected: both ways, curl keeps the connection, and gets both.
# Seen:     with TLS       200, 200
#           without TLS    200, then exit status 16, "Error in the HTTP2 framing layer". Each URL alone works
#
# The standard: RFC 9113, 3.3: a client that knows that a server speaks HTTP/2 may begin at once. 9.1: connections are
# persistent.
#
# Who meets it: tests and health checks of h2c servers (gRPC's, or those behind a proxy that ends TLS) that give curl more than
# one URL, follow a redirect, or use libcurl's connection cache. The server looks broken, and is not.
# What to do: one URL for each call, or TLS, or a newer curl.
#
# Needs Debian 12 with python3 and openssl, after apt-get update. The packages are only unpacked. It took 3 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 nghttp2-server=1.52.0-1+deb12u3 \
    libnghttp2-14=1.52.0-1+deb12u3 libev4=1:4.33-1 libc-ares2=1.18.1-3 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
export LD_LIBRARY_PATH=$dir/unpacked/usr/lib/x86_64-linux-gnu
curl=$dir/unpacked/usr/bin/curl
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
mkdir www
echo hello >www/index.html
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout key.pem -out cert.pem 2>/dev/null
nghttpd=$dir/unpacked/usr/sbin/nghttpd
plain=$(free_port)
"$nghttpd" --no-tls --address=127.0.0.1 "$plain" -d www >/dev/null 2>&1 &
pids+=($!)
secure=$(free_port)
"$nghttpd" --address=127.0.0.1 "$secure" key.pem cert.pem -d www >/dev/null 2>&1 &
pids+=($!)
# The status and curl's exit status, for each of the URLs.
get() { # arguments of curl
  local outputs=() url
  for url in "$@"; do [[ $url = http* ]] && outputs+=(-o /dev/null); done
  "$curl" -s -k -m 10 -w '%{http_version} %{http_code} %{exitcode}, ' "${outputs[@]}" "$@" || true
}
for _ in $(seq 100); do
  [ "$(get --http2-prior-knowledge "http://127.0.0.1:$plain/")$(get "https://127.0.0.1:$secure/")" = "2 200 0, 2 200 0, " ] && break
  sleep 0.1
done

status=0
check() { # name, seen, expected
  printf '%-28s %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { echo "  this was $3"; status=1; }
}
"$curl" --version | head -n 1 | cut -d ' ' -f 1-2
url=http://127.0.0.1:$plain/
check "TLS, two URLs" "$(get "https://127.0.0.1:$secure/" "https://127.0.0.1:$secure/")" "2 200 0, 2 200 0, "
check "prior knowledge, one URL" "$(get --http2-prior-knowledge "$url")" "2 200 0, "
check "prior knowledge, two URLs" "$(get --http2-prior-knowledge "$url" "$url")" "2 200 0, 0 000 16, "
exit $status
