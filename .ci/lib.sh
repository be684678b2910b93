# What .ci/run and tests/long share. To be sourced from the root of the repository.
# shellcheck shell=bash

MSRV=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# Packages of their own, besides the library.
PACKAGES=(adapters/tokio benches benches/{http2,instructions,loopback,peers,peers/size} examples/{axum,grpc_h2} fuzz tests/{embedded,hpack_stories,http2_twins,interop/{far/crates,grpc_tonic},no_panic,wasm})
export PATH="$PWD/target/tools/bin:$PATH"
# Every build is the first and the last one here, and no debugger will see it.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0

took=() failed=()

# Runs a step and prints its time. Returns its exit status.
step() { # name, command
  local start=$SECONDS status=0
  printf '\n== %s\n' "$1"
  "${@:2}" || status=$?
  took+=("$(printf '%5d s  %s%s' $((SECONDS - start)) "$1" "$([ $status = 0 ] || echo ': FAILED')")")
  [ $status = 0 ] || failed+=("$1")
  echo "${took[-1]}"
  return $status
}

# Prints the time of every step, and fails if one of them did.
summary() {
  printf '\n'
  printf '%s\n' "${took[@]}" "$(printf '%5d s  in all' "$SECONDS")"
  echo "$((${#took[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
  [ ${#failed[@]} = 0 ]
}

# Installs a tool of cargo's under target/, unless it is there.
tool() { # name, version
  cargo "${1#cargo-}" --version >/dev/null 2>&1 ||
    cargo install "$1" --version "$2" --locked --quiet --root target/tools --target-dir target/tools/build
}

# Installs Debian packages, unless they are there.
packages() {
  dpkg --status "$@" >/dev/null 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
}

toolchains() {
  rustup component add rustfmt clippy &&
    rustup toolchain install "$MSRV" --profile minimal --no-self-update &&
    rustup target add i686-unknown-linux-gnu thumbv6m-none-eabi thumbv7em-none-eabi thumbv7m-none-eabi \
      wasm32-unknown-unknown || return
  # Any nightly will do: Miri, rustdoc's JSON and the sanitizer need one.
  rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal || return
  rustup component add --toolchain nightly miri rust-src &&
    # A linker for 32 bits, a C++ compiler, an emulator, and what counts instructions.
    packages gcc-multilib g++ qemu-system-arm valgrind
}

lint() { # features, in words of cargo's; targets to lint
  # shellcheck disable=SC2086 # one word each
  cargo clippy --locked $2 $1 -- -D warnings &&
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps $1
}

tests() { # features, in words of cargo's
  # shellcheck disable=SC2086
  cargo test --locked --lib --tests $1
}

# Builds what the tests over sockets talk to.
programs() {
  cargo build --locked --release --examples --all-features &&
    cargo build --locked --release --manifest-path examples/grpc_h2/Cargo.toml --target-dir target/grpc_h2
}
