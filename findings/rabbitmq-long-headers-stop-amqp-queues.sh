#!/usr/bin/env bash
# A STOMP header of more than 255 bytes stops an AMQP queue of RabbitMQ: it costs each consumer its connection, again and again.
#
# Software: RabbitMQ 3.10.8 with rabbitmq_stomp, on Erlang 25.2.3, both of Debian 12; pika 1.3.2 (PyPI) for AMQP 0-9-1.
#
# A client of STOMP sends a message with a long header to a queue, then a plain one. AMQP consumers come, one after the other,
# and take what there is.
#
# Expected: the broker refuses the SEND, or cuts or drops the header. AMQP's short strings, such as the content type and the names
# of headers, have at most 255 bytes.
# Seen:     the SEND has its RECEIPT, and subscribers of STOMP get the message whole. For a content-type, type or
#           correlation-id of 300 bytes, or any header whose name has 300, each AMQP consumer's connection is closed with 541
#           INTERNAL_ERROR as soon as the message is to be delivered. It goes back to the front of the queue, so that the plain
#           message after it is never delivered. A value of 70,000 bytes under a name of the client's own does no harm.
#
# The standard: STOMP 1.2 has no limit here and lets a server set one (Size Limits), with an ERROR. AMQP 0-9-1, 4.2.5.3: a short
# string has up to 255 octets.
#
# Who meets it: services that consume by AMQP what browsers or devices send by STOMP. One client can stop a queue by accident (a
# long correlation-id, such as a token) or on purpose. To purge the queue, or to consume by STOMP, gets rid of the message.
# What to do: let clients send only through something that bounds these headers, or prefixes them all with a name of its own; give
# the queue a delivery limit (quorum queues have one), so that such a message is dropped after some attempts.
#
# Needs Debian 12 after apt-get update (packages are only unpacked) and python3 with pip. It took 25 seconds.
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done; wait
    epmd -kill >out 2>&1 || true
    rm -rf "$dir"' EXIT
cd "$dir"
export PYTHONPATH=$dir/lib
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target lib pika==1.3.2
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
import socket
import sys

import pika

LONG = "x" * 300
CASES = [{}, {"own": "v" * 70_000}, {LONG: "1"}, *({name: LONG} for name in ("content-type", "type", "correlation-id"))]


def send(queue, headers, body):
    """Sends by STOMP, and returns the command of the answer."""
    with socket.create_connection(("127.0.0.1", int(os.environ["STOMP"])), 10) as client:
        reader = client.makefile("rb")
        client.sendall(b"CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0")
        while reader.read(1) != b"\0":
            pass
        head = {"destination": f"/queue/{queue}", "persistent": "true", "receipt": "1", **headers}
        client.sendall(("SEND\n" + "".join(f"{name}:{value}\n" for name, value in head.items()) + f"\n{body}\0").encode())
        return reader.readline().strip() or reader.readline().strip()


def take(queue):
    """Takes one message by AMQP, in a connection of its own."""
    try:
        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(os.environ["AMQP"])))
        channel = connection.channel()
        method, _, body = channel.basic_get(queue)
        if method:
            channel.basic_ack(method.delivery_tag)
        connection.close()
        return body and body.decode()
    except pika.exceptions.ConnectionClosedByBroker as closed:
        return closed.reply_code


stopped = 0
for number, headers in enumerate(CASES):
    queue = f"q{number}"
    answers = [send(queue, headers, "odd"), send(queue, {}, "plain")]
    taken = [take(queue) for _ in range(3)]
    names = [f"{name[:15]} ({len(name)}): {len(value)} bytes" for name, value in headers.items()]
    print(f"{names or 'no header'}: {answers}, then by AMQP: {taken}")
    stopped += taken == [541, 541, 541]
    assert answers == [b"RECEIPT"] * 2
    assert stopped or taken == ["odd", "plain", None]
sys.exit(stopped != 4)
PY
python3 check.py
