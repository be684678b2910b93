"""Debian's RabbitMQ with its two plugins for STOMP: installed if it is missing, started on free ports of the loopback
interface, and stopped."""

import contextlib
import glob
import os
import pathlib
import signal
import subprocess
import tempfile

from programs import Failure, Program
from proxies import free_port, no_services, wait_until_it_listens

PACKAGE = "rabbitmq-server"
# Not the scripts on the PATH, which give up being root.
SERVER = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"

# Bodies that are not text need binary messages: otherwise RabbitMQ sends them as text, which no client has to accept.
CONFIG = """
listeners.tcp.1 = 127.0.0.1:{amqp}
stomp.listeners.tcp.1 = 127.0.0.1:{tcp}
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = {web}
web_stomp.ws_frame = binary
"""


def find():
    """Finds the server's program, or installs its package if we may."""
    if not glob.glob(SERVER) and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with no_services():
            for action in ["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", PACKAGE]:
                install = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *action]
                done = subprocess.run(install, env=environment, capture_output=True, text=True, timeout=600)
                if done.returncode != 0:
                    raise Failure(f"RabbitMQ cannot be installed: {done.stdout[-500:]}{done.stderr[-500:]}")
    paths = glob.glob(SERVER)
    if not paths:
        raise Failure(f"no {SERVER}, and no way to install it")
    return paths[0]


@contextlib.contextmanager
def running():
    """Runs a broker, and yields the program with its `tcp` and `web` addresses."""
    server = find()
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as home:
        home = pathlib.Path(home)
        ports = {name: free_port() for name in ("amqp", "tcp", "web", "epmd", "nodes")}
        (home / "rabbitmq.conf").write_text(CONFIG.format(**ports))
        (home / "plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
        environment = {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"interop{ports['tcp']}@localhost",
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(ports["epmd"]),
            "RABBITMQ_DIST_PORT": str(ports["nodes"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        with Program(server, name="rabbitmq", env=environment) as program:
            try:
                for port in "tcp", "web":
                    wait_until_it_listens(program, ports[port])
                program.tcp = f"127.0.0.1:{ports['tcp']}"
                program.web = f"ws://127.0.0.1:{ports['web']}/ws"
                yield program
            finally:
                # The virtual machine is a child of this script, which stops it when it is told to end.
                os.kill(program.pid, signal.SIGTERM)
                program.wait(60)
                stop_epmd = ["epmd", "-port", str(ports["epmd"]), "-kill"]
                subprocess.run(stop_epmd, env=environment, capture_output=True, timeout=20)
