//! An end of HTTP/2 with any calls and any peer: see `common::http2_calls` (RFC 9113).

use super::common::http2_calls::run;

/// §4.2, §4.3, §5.1, §5.2, §6.5.3, §6.7, §6.8, §6.9.1, §8.1.
#[test]
fn what_is_written_and_told_keeps_all_rules() {
    let mut seed = 7_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    for round in 0..5000 {
        let len = 20 + round % 100 * 10;
        let bytes: Vec<u8> = (0..len).map(|_| random()).collect();
        run(&bytes);
    }
}
