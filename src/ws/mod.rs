//! WebSocket (RFC 6455). A section number alone is one of that RFC.

mod assemble;
mod close;
mod connection;
mod control;
mod decode;
mod encode;
mod error;
pub mod handshake;
mod header;
mod keepalive;
mod limits;
mod mask;
mod message;
mod role;
mod text;

pub use assemble::{AssembleError, Assembler};
pub use close::{CloseCode, CloseFrame};
pub use connection::{Closer, Connection, Ending, Event};
pub use decode::{Decoder, Part};
pub use encode::Encoder;
pub use error::{Error, SendError};
pub use header::{FrameHeader, HeaderBytes, Opcode};
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub use mask::Mask;
pub use message::{Kind, Message};
pub use role::{Masking, NoMask, Role};
pub use text::TextChunk;
