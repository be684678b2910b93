#![no_main]
use framewright_fuzz::{checks, peers};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::handshake_server::check(data);
    peers::handshake_server::check(data);
});
