#!/usr/bin/env bash
# Whether a message of RabbitMQ can be acknowledged by STOMP depends on the id that the client gave to its subscription.
#
# Software: RabbitMQ 3.10.8 with rabbitmq_stomp, on Erlang 25.2.3, both of Debian 12; stomp.py 9.0.0 (PyPI). STOMP 1.2.
#
# For each id a client subscribes to a queue with it, sends a message there and acknowledges it, with a receipt.
#
# Expected: any id will do. The broker has to give it back, and to make an ack id of its own.
# Seen:     1, "a b" and "a:b" will do, and so will "a\b" for a client that leaves undefined escapes as they are. With
#           "a@@b", or with a line end in it, each ACK is answered by an ERROR: "ACK" must include a valid "id" header. The line
#           end is not even escaped, so that it breaks the head of the MESSAGE in two places.
# The ack id is made of the subscription's id, "@@", the session and a number. It is taken apart at the "@@", and it is written
# without escapes, though it is read with them.
#
# The standard: STOMP 1.2, SUBSCRIBE: the id is the client's choice. Value Encoding: a backslash, a line end and a colon in a header
# are escaped, and an undefined escape is fatal.
#
# Who meets it: clients that make ids of names, such as those of users, files or rooms. The messages stay unacknowledged, so
# that they come again after the next connection.
# What to do: number the subscriptions, as stompjs does.
#
# Needs Debian 12 after apt-get update (packages are only unpacked) and python3 with pip. It took 30 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait
    epmd -kill >out 2>&1 || true
    rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib stomp.py==9.0.0
erlang=1:25.2.3+dfsg-1+deb12u4
apt-get download -qq rabbitmq-server=3.10.8-1.1+deb12u1 erlang-{base,asn1,crypto,eldap,ftp,inets,mnesia,os-mon,parsetools}=$erlang \
    erlang-{public-key,runtime-tools,snmp,ssl,syntax-tools,tftp,tools,xmerl}=$erlang 2>/dev/null ||
    { echo "The packages of these versions are not to be had; this needs Debian 12." >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" unpacked; done
port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export PATH=$dir/unpacked/usr/bin:$PATH ERL_ROOTDIR=$dir/unpacked/usr/lib/erlang HOME=$dir
export AMQP=$(port) STOMP=$(port) WEB=$(port) ERL_EPMD_PORT=$(port) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$(port)
export RABBITMQ_NODENAME=finding$STOMP@localhost RABBITMQ_CONFIG_FILE=$dir/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins
export RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log RABBITMQ_PID_FILE=$dir/pid
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
echo '[rabbitmq_stomp,rabbitmq_web_stomp].' >plugins
cat >rabbitmq.conf <<CONF
listeners.tcp.1 = 127.0.0.1:$AMQP
stomp.listeners.tcp.1 = 127.0.0.1:$STOMP
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = $WEB
CONF
unpacked/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >out 2>&1 &
pids+=($!)
for _ in $(seq 300); do (: <>"/dev/tcp/127.0.0.1/$WEB") 2>/dev/null && break; sleep 0.1; done

cat >check.py <<'PY'
import os
import queue
import sys
import time

import stomp


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.seen = queue.Queue()

    def on_message(self, frame):
        self.seen.put(frame.headers)

    def on_error(self, frame):
        self.seen.put(f"ERROR: {frame.body.strip()}")

    def on_receipt(self, frame):
        self.seen.put(f"RECEIPT: {frame.headers['receipt-id']}")

    def on_disconnected(self):
        self.seen.put("the connection ends")


def check(number, subscription):
    connection = stomp.Connection12([("127.0.0.1", int(os.environ["STOMP"]))], vhost="/", heartbeats=(0, 0))
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect("guest", "guest", wait=True)
    destination = f"/queue/q{number}"
    connection.subscribe(destination, id=subscription, ack="client-individual")
    connection.send(destination, "hello")
    try:
        headers = listener.seen.get(timeout=3)
        if not isinstance(headers, dict):
            return headers
        if "ack" not in headers:
            return f"no ack in {sorted(headers)}"
        connection.ack(headers["ack"], receipt="acknowledged")
        return listener.seen.get(timeout=3)
    except queue.Empty:
        return "nothing comes"


seen = {name: check(number, name) for number, name in enumerate(["1", "a b", "a:b", "a@@b", "a\\b", "a\nb"])}
for name, result in seen.items():
    print(f"{name!r}: {result}")
good = [name for name, result in seen.items() if result == "RECEIPT: acknowledged"]
sys.exit(good != ["1", "a b", "a:b", "a\\b"])
PY
timeout 60 python3 check.py
