//! Bodies of messages (RFC 9112 §6 and §7): decoded and encoded.

mod chunked;
mod decode;
mod encode;

pub use decode::{BodyDecoder, Part};
pub use encode::{BodyEncoder, ChunkHeader};
