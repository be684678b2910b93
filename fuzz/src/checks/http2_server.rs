//! A server of HTTP/2 in front of any peer: see `super::http2_any`.

use super::common::http2_session::server_with;
use super::http2_any;

/// What follows is as for [`http2_any::check`].
pub fn check(data: &[u8]) {
    http2_any::check(data, server_with);
}
