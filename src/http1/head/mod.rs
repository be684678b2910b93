//! Heads of messages (RFC 9112 §2 to §5): read, parsed and written.

mod message;
mod reader;
mod write;

pub use message::{Body, Request, Response, Version};
pub use reader::HeadReader;
pub(crate) use write::check_request;
pub use write::{RequestWriter, ResponseWriter, SendError};
