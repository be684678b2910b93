//! Shared by the tests of all protocols.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test has its own copy, and none uses all of it"
)]

#[cfg(feature = "deflate")]
pub mod deflate;
pub mod engineio;
pub mod grpc;
#[cfg(feature = "alloc")]
pub mod grpc_pair;
pub mod hpack;
pub mod http1;
pub mod http2;
#[cfg(feature = "alloc")]
pub mod http2_calls;
#[cfg(feature = "alloc")]
pub mod http2_judge;
#[cfg(feature = "alloc")]
pub mod http2_pair;
#[cfg(feature = "alloc")]
pub mod http2_peer;
#[cfg(feature = "alloc")]
pub mod http2_session;
#[cfg(feature = "alloc")]
pub mod inbox;
#[cfg(feature = "alloc")]
pub mod sockjs;
#[cfg(feature = "alloc")]
pub mod sse;
#[cfg(feature = "alloc")]
pub mod stomp;
pub mod ws;

use std::fmt::Debug;

/// T-SPLIT: runs `run` on `bytes` whole, byte by byte, and cut once at every place. The result must
/// be the same.
pub fn same_however_split<T: PartialEq + Debug>(bytes: &[u8], run: impl Fn(&[&[u8]]) -> T) -> T {
    let whole = run(&[bytes]);
    assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    for at in 0..=bytes.len() {
        assert_eq!(run(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
    }
    whole
}

/// T-SPLIT: runs `run` on `bytes` cut at every one and every two places. The result must be the same.
pub fn same_however_cut_twice<T: PartialEq + Debug>(
    bytes: &[u8],
    run: impl Fn(&[&[u8]]) -> T,
) -> T {
    let whole = same_however_split(bytes, &run);
    for b in 0..=bytes.len() {
        for a in 0..=b {
            let pieces = [&bytes[..a], &bytes[a..b], &bytes[b..]];
            assert_eq!(run(&pieces), whole, "cut at {a} and {b}");
        }
    }
    whole
}
