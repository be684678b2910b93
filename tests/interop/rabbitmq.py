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


class RabbitMq:
    """A broker that can be stopped and started again. Its `tcp` and `web` addresses stay, and so do durable queues."""

    def __init__(self, home):
        self._server = find()
        self._ports = {name: free_port() for name in ("amqp", "tcp", "web", "epmd", "nodes")}
        self._program = None
        self._pid = home / "pid"
        self.tcp = f"127.0.0.1:{self._ports['tcp']}"
        self.web = f"ws://127.0.0.1:{self._ports['web']}/ws"
        (home / "rabbitmq.conf").write_text(CONFIG.format(**self._ports))
        (home / "plugins").write_text("[rabbitmq_stomp,rabbitmq_web_stomp].\n")
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"interop{self._ports['tcp']}@localhost",
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(self._pid),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._ports["epmd"]),
            "RABBITMQ_DIST_PORT": str(self._ports["nodes"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def start(self):
        self._program = Program(self._server, name="rabbitmq", env=self._environment)
        for port in "tcp", "web":
            wait_until_it_listens(self._program, self._ports[port])

    def stop(self):
        # The virtual machine is a child of this script, which stops it when it is told to end.
        program, self._program = self._program, None
        with program:
            os.kill(program.pid, signal.SIGTERM)
            program.wait(60)

    def kill(self):
        """Ends it in the middle of whatever it does."""
        program, self._program = self._program, None
        with program:
            os.kill(int(self._pid.read_text()), signal.SIGKILL)
            program.wait(60)

    def subscriptions(self):
        """The names of the queues that are subscriptions to topics."""
        control = pathlib.Path(self._server).with_name("rabbitmqctl")
        command = [control, "--silent", "--node", self._environment["RABBITMQ_NODENAME"], "list_queues", "name"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=50)
        if done.returncode != 0:
            raise Failure(f"no list of queues: {done.stdout}{done.stderr}")
        return [name for name in done.stdout.split() if name.startswith("stomp-subscription-")]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._program:
            self.stop()
        stop_epmd = ["epmd", "-port", str(self._ports["epmd"]), "-kill"]
        subprocess.run(stop_epmd, env=self._environment, capture_output=True, timeout=20)


@contextlib.contextmanager
def running():
    """Runs a broker, and yields it."""
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as home, RabbitMq(pathlib.Path(home)) as broker:
        yield broker
