#![no_main]
use framewright_fuzz::checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::engineio_pair::check(data));
