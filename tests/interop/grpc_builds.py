"""Builds the peers of gRPC that are written in Go, C++, Java and Rust. Debian's packages are installed if they are missing and
we may."""

import os
import pathlib
import subprocess

from programs import TARGET, Failure

HERE = pathlib.Path(__file__).resolve().parent
HOME = TARGET / "interop"

PACKAGES = {
    "Go": ["golang-go", "golang-google-genproto-dev", "golang-google-grpc-dev", "golang-google-protobuf-dev"],
    "C++": ["g++", "pkg-config", "libgrpc++-dev", "libprotobuf-dev", "protobuf-compiler", "protobuf-compiler-grpc"],
    "Java": ["openjdk-17-jdk-headless", "libgrpc-java", "libnetty-java", "libperfmark-java", "libguava-java"],
    "tonic": ["protobuf-compiler"],
}

JARS = [f"grpc-{name}" for name in ("api", "context", "core", "netty", "stub")]
JARS += [f"netty-{name}" for name in ("buffer", "codec", "codec-http", "codec-http2", "common", "handler", "handler-proxy")]
JARS += ["netty-resolver", "netty-transport", "perfmark-api", "perfmark-impl", "guava"]
CLASSES = HOME / "grpc_java"
CLASS_PATH = ":".join(map(str, [CLASSES, *(f"/usr/share/java/{name}.jar" for name in JARS)]))

GO = HOME / "grpc_go"
CPP = HOME / "grpc_cpp"
TONIC = TARGET / "grpc_tonic" / "debug" / "framewright-grpc-tonic"


def call(*command, **options):
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, cwd=HERE, **options
    )
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


def install(packages):
    if subprocess.run(["dpkg", "--status", *packages], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        return
    if os.geteuid() != 0:
        raise Failure(f"not installed, and no way to install it: {', '.join(packages)}")
    print(f"installing {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    call("apt-get", "update", "-q", env=environment)
    call("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages, env=environment)


def build_go():
    # Debian has packages for the old way of building only.
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    call("go", "build", "-o", GO, "./grpc_go", env=environment)


def build_cpp():
    generated = HOME / "grpc_cpp_generated"
    generated.mkdir(exist_ok=True)
    plugin = call("which", "grpc_cpp_plugin").strip()
    outputs = [f"--cpp_out={generated}", f"--grpc_out={generated}"]
    call("protoc", f"--plugin=protoc-gen-grpc={plugin}", *outputs, "grpc_testing.proto")
    libraries = call("pkg-config", "--libs", "grpc++", "protobuf").split()
    sources = ["grpc_cpp/main.cc", *generated.glob("*.cc")]
    call("g++", "-std=c++17", "-O0", f"-I{generated}", "-o", CPP, *sources, *libraries)


def build_java():
    CLASSES.mkdir(exist_ok=True)
    sources = sorted((HERE / "grpc_java").glob("*.java"))
    call("javac", "-encoding", "UTF-8", "-nowarn", "-d", CLASSES, "-cp", CLASS_PATH, *sources)


def build_tonic():
    environment = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}
    manifest = ["--manifest-path", "grpc_tonic/Cargo.toml"]
    call("cargo", "build", "--locked", "--quiet", *manifest, "--target-dir", TARGET / "grpc_tonic", env=environment)


def build():
    print("building peers of gRPC", flush=True)
    install(sorted({package for packages in PACKAGES.values() for package in packages}))
    build_go()
    build_cpp()
    build_java()
    build_tonic()
