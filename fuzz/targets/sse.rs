#![no_main]
use framewright_fuzz::{checks, peers};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::sse::check(data);
    peers::sse::check(data);
});
