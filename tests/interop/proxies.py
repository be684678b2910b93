"""Debian's proxies in front of the gateway: installed if they are missing, started on free ports, ended by their ids."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from programs import Failure, Program

CONFIGS = pathlib.Path(__file__).resolve().parent / "proxies"
APACHE_MODULES = "/usr/lib/apache2/modules"
# Where Debian has programs that only root should start.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# The package, the configuration, and the command; `{config}` and `{home}` are paths, `{port}` is where to listen.
PROXIES = {
    "nginx": ("nginx", "nginx.conf", "nginx -p {home} -e stderr -c {config}"),
    "HAProxy": ("haproxy", "haproxy.cfg", "haproxy -db -f {config}"),
    "Apache": ("apache2", "apache2.conf", "apache2 -X -f {config}"),
    "Caddy": ("caddy", "Caddyfile", "caddy run --config {config} --adapter caddyfile"),
    "Varnish": (
        "varnish",
        "varnish.vcl",
        "varnishd -F -j none -n {home}/varnish -a 127.0.0.1:{port} -f {config} -s malloc,32m",
    ),
    "Squid": ("squid", "squid.conf", "squid -N -n gateway{port} -f {config}"),
}


@contextlib.contextmanager
def no_services():
    """Keeps packages from starting their services when they are installed."""
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def find(name):
    """Finds a proxy's program, or installs its package if we may."""
    package, _, command = PROXIES[name]
    program = command.split()[0]
    if not shutil.which(program, path=PATH) and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with no_services():
            for action in ["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", package]:
                install = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *action]
                done = subprocess.run(install, env=environment, capture_output=True, text=True, timeout=600)
                if done.returncode != 0:
                    raise Failure(f"{name} cannot be installed: {done.stdout[-500:]}{done.stderr[-500:]}")
    path = shutil.which(program, path=PATH)
    if not path:
        raise Failure(f"no {program} on the PATH, and no way to install it")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_it_listens(program, port):
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            return
        if program.has_ended():
            raise Failure(f"{program.name} has ended; {program.last_words()}")
        if time.monotonic() > deadline:
            raise Failure(f"{program.name} does not listen; {program.last_words()}")
        time.sleep(0.05)


@contextlib.contextmanager
def running(name, gateway):
    """Runs a proxy in front of the gateway at `gateway`, and yields its `127.0.0.1:PORT`."""
    path = find(name)
    _, config, command = PROXIES[name]
    with tempfile.TemporaryDirectory(prefix=f"{name.lower()}-") as home:
        os.chmod(home, 0o777)  # some of them give up being root
        port = free_port()
        host, gateway_port = gateway.rsplit(":", 1)
        words = {"PORT": port, "HOME": home, "GATEWAY": gateway, "GATEWAY_HOST": host, "GATEWAY_PORT": gateway_port}
        words["MODULES"] = APACHE_MODULES
        text = (CONFIGS / config).read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        file = pathlib.Path(home) / config
        file.write_text(text)
        arguments = command.format(config=file, home=home, port=port).split()[1:]
        environment = {**os.environ, "PATH": PATH, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        with Program(path, *arguments, name=name, env=environment) as program:
            wait_until_it_listens(program, port)
            program.address = f"127.0.0.1:{port}"
            yield program
