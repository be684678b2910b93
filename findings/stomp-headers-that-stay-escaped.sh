#!/usr/bin/env bash
# Three STOMP clients ask for 1.2, get it, and never unescape a header: 10:30 arrives as 10\c30.
#
# Software: webstomp-client 1.2.6 (npm) with ws 8.23.0 on Node 20.20, Debian 12's libnet-stomp-perl 0.61 and php8.2-stomp 2.0.3; for
# comparison stompit 1.0.0 (npm).
#
# A server of a few lines answers each CONNECT with version 1.2, and the first SUBSCRIBE with a message whose headers are
# `time:10\c30`, `path:C\c\\temp` and `message-id:ID\cbox-1`.
#
# Expected: all show 10:30, C:\temp and ID:box-1. The escapes have been in STOMP since 1.1, of 2011.
# Seen:     stompit              10:30    C:\temp        ID:box-1
#           webstomp-client      10\c30   C\c\\temp      ID\cbox-1
#           Net::Stomp           10\c30   C\c\\temp      ID\cbox-1
#           PHP's stomp          10\c30   C\c\\temp      ID\cbox-1
# None of the three escapes what it sends, either. So their ACKs repeat the ID as it came, and are right by luck.
#
# The standard: STOMP 1.2, Value Encoding: \r, \n, \c and \\ in headers of all frames but CONNECT and CONNECTED stand for a carriage
# return, a line feed, a colon and a backslash. 1.0 has no escapes; a server that was asked for 1.0 writes none.
#
# Who meets it: headers with times, URLs or paths. ActiveMQ's message IDs begin with "ID:", so that these clients log and compare
# other IDs than everybody else.
# What to do: ask for 1.0 only (accept-version), if the client lets you; or unescape what it shows, from left to right.
#
# Needs Debian 12 after apt-get update (packages are only unpacked), perl, node and npm. It took 10 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libnet-stomp-perl=0.61-2 liblog-any-perl=1.713-1 \
    libclass-accessor-perl=0.51-2 php8.2-cli=8.2.36-1~deb12u1 php8.2-stomp=2.0.3-2 \
    libargon2-1=0~20171227-0.3+deb12u1 libsodium23=1.0.18-1+deb12u1 libxml2 libicu72
for package in *.deb; do dpkg -x "$package" deb; done
export PERL5LIB=$dir/deb/usr/share/perl5 LD_LIBRARY_PATH=$dir/deb/usr/lib/x86_64-linux-gnu
php=("$dir/deb/usr/bin/php8.2" -n -d extension="$(echo "$dir"/deb/usr/lib/php/*/stomp.so)")
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts webstomp-client@1.2.6 stompit@1.0.0 ws@8.23.0

cat >server.js <<'JS'
const net = require('net');
const { WebSocketServer } = require('ws');
const HEADERS = 'time:10\\c30\npath:C\\c\\\\temp\nmessage-id:ID\\cbox-1';

// Whole frames in one read are enough here.
const answer = (frame) => {
  const command = frame.trimStart();
  if (command.startsWith('CONNECT')) return 'CONNECTED\nversion:1.2\n\n\0';
  const id = /^id:(.*)$/m.exec(command)?.[1];
  if (command.startsWith('SUBSCRIBE')) return `MESSAGE\nsubscription:${id}\ndestination:/a\n${HEADERS}\n\nbody\0`;
};
const tcp = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => { for (const frame of data.toString().split('\0')) socket.write(answer(frame) ?? ''); });
});
const web = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'v12.stomp' });
web.on('connection', (socket) => socket.on('message', (data) => { const frame = answer(`${data}`); if (frame) socket.send(frame); }));
tcp.listen(0, '127.0.0.1', () => console.log(tcp.address().port, web.address().port));
JS
cat >clients.js <<'JS'
const stompit = require('stompit');
const webstomp = require('webstomp-client');
const WebSocket = require('ws');
const [tcp, web] = process.argv.slice(2);
const show = (name, headers) => console.log(`${name}: ${headers.time} ${headers.path} ${headers['message-id']}`);

stompit.connect({ host: '127.0.0.1', port: tcp, connectHeaders: { host: '/' } }, (error, client) => {
  if (error) throw error;
  client.subscribe({ destination: '/a' }, (failure, message) => {
    if (failure) throw failure;
    show('stompit', message.headers);
    const other = webstomp.over(new WebSocket(`ws://127.0.0.1:${web}`, ['v12.stomp']), { debug: false });
    other.connect({}, () => other.subscribe('/a', ({ headers }) => { show('webstomp-client', headers); process.exit(0); }));
  });
});
JS
cat >client.pl <<'PL'
use Net::Stomp;
my $client = Net::Stomp->new({hostname => '127.0.0.1', port => $ARGV[0]});
$client->connect({'accept-version' => '1.2', host => '/'});
$client->subscribe({destination => '/a', id => 1});
my $headers = $client->receive_frame->headers;
print "Net::Stomp: @$headers{qw(time path message-id)}\n";
PL
cat >client.php <<'PHP'
<?php
$client = new Stomp("tcp://127.0.0.1:$argv[1]", '', '', ['accept-version' => '1.2', 'host' => '/']);
$client->subscribe('/a', ['id' => '1']);
$headers = $client->readFrame()->headers;
echo "PHP: $headers[time] $headers[path] {$headers['message-id']}\n";
PHP
node server.js >ports & pids+=($!)
until [ -s ports ]; do sleep 0.1; done
read -r tcp web <ports
(timeout 20 node clients.js "$tcp" "$web"; timeout 20 perl client.pl "$tcp"; timeout 20 "${php[@]}" client.php "$tcp") | tee seen
diff seen - <<'TXT' && echo "still there"
stompit: 10:30 C:\temp ID:box-1
webstomp-client: 10\c30 C\c\\temp ID\cbox-1
Net::Stomp: 10\c30 C\c\\temp ID\cbox-1
PHP: 10\c30 C\c\\temp ID\cbox-1
TXT
