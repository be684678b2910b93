//! gRPC and gRPC-Web, but for HTTP itself. A name in capitals is that of a document in gRPC's
//! repository, such as PROTOCOL-HTTP2, and one in italics that of a rule or a section in it.

mod code;
mod decode;
mod encode;
mod error;
mod limits;
mod prefix;

pub use code::Code;
pub use decode::{Decoder, Frame, Part};
pub use encode::{Encoder, Message};
pub use error::{Error, SendError};
pub use limits::Limits;
pub use prefix::Prefix;
