//! Heads of messages (RFC 9112 §2 to §5): read, parsed and written.

mod framing;
mod lines;
mod message;
mod reader;
mod scan;
mod write;

pub use message::{Request, Response};
pub use reader::HeadReader;
pub(crate) use write::check_request;
pub use write::{RequestWriter, ResponseWriter};
