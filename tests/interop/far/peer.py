"""A peer, and where it comes from: Python's, Node's and Debian's packages, crates, and programs that are built here."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from programs import TARGET, Failure, Program, example, gateway  # noqa: E402
from proxies import no_services  # noqa: E402

HOME = TARGET / "interop" / "far"
PYTHON = HOME / "venv" / "bin" / "python"
# Debian's, which has Qt and GNOME.
SYSTEM_PYTHON = "/usr/bin/python3"
NODE = HOME / "node" / "node_modules"
BUILDS = HOME / "builds"
ENVIRONMENT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    role: str
    # `websockets==17.4`, `ws@8.23.0`, `debian:ruby-grpc` (one or more packages, the first has the version), `crate:NAME=1.2.3`,
    # or what else tells the version.
    source: str
    # Returns what was exercised, and the differences: what, what was seen, what to say of it or `None` if it is not known.
    run: typing.Callable
    # What to set.
    advice: str = ""

    def version(self):
        if found := re.fullmatch(r"debian:(\S+).*", self.source):
            show = ["dpkg-query", "--show", "--showformat", "${Version}", found[1]]
            shown = subprocess.run(show, capture_output=True, text=True).stdout
            return re.sub(r"^\d+:|[-+~](dfsg|really|ds).*|-[^-]*$|^0\.0~", "", shown)
        return re.split("==|@|=", self.source.split()[0])[-1]


def call(*command, **options):
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, **options
    )
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}:\n{done.stdout[-2000:]}")


def install(peers):
    """Installs what these peers come from, unless it is installed already."""
    sources = [peer.source for peer in peers]
    debian = sorted({name for source in sources if source.startswith("debian:") for name in source[7:].split()})
    install_debian(debian)
    kept("pip", sorted({word for source in sources for word in source.split() if "==" in word}), install_python)
    kept("npm", sorted({word for source in sources for word in source.split() if "@" in word[1:]}), install_node)
    for source in sources:
        if found := re.fullmatch("crate:(.*)=(.*)", source):
            install_crate(*found.groups())


def kept(kind, wanted, act):
    """Does it for what has not been installed yet; a list on disk keeps what has."""
    listed = HOME / f"{kind}.txt"
    have = set(listed.read_text().splitlines()) if listed.is_file() else set()
    if missing := [pin for pin in wanted if pin not in have]:
        print(f"installing {' '.join(missing)}", flush=True)
        HOME.mkdir(parents=True, exist_ok=True)
        act(missing)
        listed.write_text("\n".join(sorted(have | set(missing))))


def install_python(pins):
    if not PYTHON.is_file():
        call(sys.executable, "-m", "venv", PYTHON.parents[1])
    call(PYTHON, "-m", "pip", "install", "--quiet", *pins)


def install_node(pins):
    NODE.parent.mkdir(parents=True, exist_ok=True)
    if not (NODE.parent / "package.json").is_file():
        (NODE.parent / "package.json").write_text("{}")
    call("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *pins, cwd=NODE.parent)
    # These two fetch their program in a script.
    for script in "deno/install.cjs", "bun/install.js":
        if (NODE / script).is_file():
            subprocess.run(["node", NODE / script], capture_output=True, timeout=120, cwd=NODE.parent)


def install_debian(packages):
    show = ["dpkg-query", "--show", "--showformat", "${Status} ${Package}\\n"]
    have = subprocess.run(show, capture_output=True, text=True).stdout
    missing = [name for name in packages if f"install ok installed {name}\n" not in have]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failure(f"not installed, and no way to install it: {', '.join(missing)}")
    print(f"installing {' '.join(missing)}", flush=True)
    with no_services():
        call("apt-get", "update", "-q", env=ENVIRONMENT)
        options = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
        call("apt-get", "install", *options, *missing, env=ENVIRONMENT)


def install_crate(name, version):
    if not (HOME / "cargo" / "bin" / name).is_file():
        print(f"installing {name}", flush=True)
        call("cargo", "install", "--quiet", "--no-default-features", "--root", HOME / "cargo", "--version", version, name)


def built(name, source, *command, **environment):
    """Builds a program from `source`, if it is newer than the program; OUT in the command is the program."""
    program = BUILDS / name
    if not program.is_file() or program.stat().st_mtime < (HERE / source).stat().st_mtime:
        BUILDS.mkdir(parents=True, exist_ok=True)
        words = [str(word).replace("OUT", str(program)).replace("SOURCE", str(HERE / source)) for word in command]
        call(*words, env={**os.environ, **environment})
    return program


def crate_program(name):
    """Builds one of the programs in `crates`."""
    package = ["--manifest-path", HERE / "crates" / "Cargo.toml", "--target-dir", TARGET / "far_crates"]
    call("cargo", "build", "--quiet", "--locked", *package, "--bin", name)
    return TARGET / "far_crates" / "debug" / name


def locked(package, crate):
    """The version of a crate that a package is built with."""
    lock = (HERE.parent / package / "Cargo.lock").read_text()
    return "=" + re.search(rf'name = "{crate}"\nversion = "(.*)"', lock)[1]


def beside_packages(script):
    """A copy of a script where Node.js looks up packages."""
    copy = NODE.parent / script.replace("/", "-")
    shutil.copy(HERE / script, copy)
    return copy


def jars(*names):
    return ":".join(f"/usr/share/java/{name}.jar" for name in names)


def run_checks(name, program, words, expected, exercised, known=None):
    """Lets a client of somebody else's print what each check saw with our server."""
    with (
        gateway(example(program)) if program == "gateway" else Program(example(program), "--listen", "127.0.0.1:0") as server
    ):
        address = getattr(server, "address", None) or server.line_after("listening on ").rpartition("/")[2]
        command = [str(word).replace("ADDRESS", address) for word in words()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise Failure(done.stderr)
    seen, found = dict(map(json.loads, lines)), []
    for check, value in expected.items():
        was = seen.get(check, seen.get("the rest", "nothing"))
        if was not in (value if isinstance(value, set) else [value]):
            differs, why = (known or {}).get((name, check), (None, None))
            found.append((check, json.dumps(was, ensure_ascii=False), why if was == differs else None))
    return exercised, found
