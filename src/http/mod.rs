//! What every version of HTTP shares (RFC 9110): header lists, the grammar of their fields, and status codes.

mod field;
mod headers;
mod status;
pub(crate) mod syntax;

pub(crate) use field::{FieldError, check_fields, is_framing};
pub use headers::{HeaderIter, Headers};
pub use status::reason_phrase;
