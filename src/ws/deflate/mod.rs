//! Compressed messages: permessage-deflate (RFC 7692). A section number alone is one of that RFC.
//!
//! A [`Config`] negotiates in the opening handshake. An [`InflatingAssembler`] takes the place of an
//! [`Assembler`](super::Assembler), or an [`Inflater`] inflates part by part without joining. A
//! [`Deflater`] encodes messages in place of the connection's [`Encoder`](super::Encoder).
mod assemble;
mod compress;
mod config;
mod inflate;
mod negotiate;

pub use assemble::InflatingAssembler;
pub use compress::Deflater;
pub use config::Config;
pub use inflate::Inflater;
pub use negotiate::{Agreed, Answer, ExtensionText};
