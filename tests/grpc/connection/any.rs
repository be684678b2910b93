//! Our client and our server, with any calls and any cuts: see `common::grpc_pair`.

use crate::common::grpc_pair::run;

#[test]
fn everything_gets_through() {
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    for round in 0..200 {
        let len = 20 + round * 20;
        let bytes: Vec<u8> = (0..len).map(|_| random()).collect();
        run(&bytes);
    }
}
