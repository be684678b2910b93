#![no_main]
use framewright_fuzz::{checks, peers};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::ws_decoder::check(data);
    peers::ws_decoder::check(data);
});
