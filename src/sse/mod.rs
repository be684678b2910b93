//! Server-Sent Events (HTML standard §9.2). A section number alone is one of that standard.

mod assemble;
mod decode;
mod encode;
mod error;
mod limits;
mod lossy;
mod storage;

pub use assemble::{Assembler, Event, Item};
pub use decode::{Decoder, Part};
pub use encode::{Encoder, Fields};
pub use error::{Error, SendError};
pub use limits::Limits;
pub use storage::Storage;
