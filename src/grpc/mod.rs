//! gRPC and gRPC-Web, but for HTTP itself. A name in capitals is that of a document in gRPC's
//! repository, such as PROTOCOL-HTTP2, and one in italics that of a rule or a section in it.

mod code;
mod decode;
mod encode;
mod error;
mod field;
mod limits;
mod media;
mod metadata;
mod path;
mod prefix;
mod status;
mod timeout;
pub mod web;

pub use code::Code;
pub use decode::{Decoder, Frame, Part};
pub use encode::{Encoder, Message};
pub use error::{Error, SendError};
pub use field::{FieldIter, Fields};
pub use limits::Limits;
pub use media::{Codec, ContentType, Dialect};
pub use metadata::{DecodeError, Value, metadata};
pub use path::Path;
pub use prefix::Prefix;
pub use status::{Status, StatusMessage, Trailers};
pub use timeout::Timeout;
