#![no_main]
use framewright_fuzz::{checks, peers};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::grpc_message::check(data);
    peers::grpc_message::check(data);
});
