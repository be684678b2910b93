//! Server-Sent Events (HTML standard §9.2). A section number alone is one of that standard.

mod decode;
mod error;
mod limits;

pub use decode::{Decoder, Part};
pub use error::Error;
pub use limits::Limits;
