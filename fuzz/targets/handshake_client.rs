#![no_main]
use framewright_fuzz::{checks, peers};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::handshake_client::check(data);
    peers::handshake_client::check(data);
});
