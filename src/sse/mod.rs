//! Server-Sent Events (HTML standard §9.2). A section number alone is one of that standard.

mod assemble;
mod decode;
mod error;
mod limits;
mod lossy;
mod storage;

pub use assemble::{Assembler, Event, Item};
pub use decode::{Decoder, Part};
pub use error::Error;
pub use limits::Limits;
pub use storage::Storage;
