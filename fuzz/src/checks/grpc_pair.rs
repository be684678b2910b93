//! T-CONN: our client and our server of gRPC on HTTP/2, joined through any cuts, with any calls on each.

use super::common::grpc_pair;

/// See `tests/common/grpc_pair.rs`.
pub fn check(data: &[u8]) {
    grpc_pair::run(data);
}
