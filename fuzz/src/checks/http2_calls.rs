//! T-CONN: an end of HTTP/2 with any calls and any peer, whose output is judged.

use super::common::http2_calls;

/// See `tests/common/http2_calls.rs`.
pub fn check(data: &[u8]) {
    http2_calls::run(data);
}
