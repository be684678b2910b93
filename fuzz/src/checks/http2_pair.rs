//! T-CONN: our client and our server of HTTP/2, joined through any cuts, with any calls on each.

use super::common::http2_pair;

/// See `tests/common/http2_pair.rs`.
pub fn check(data: &[u8]) {
    http2_pair::run(data);
}
