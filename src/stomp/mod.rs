//! STOMP 1.0, 1.1 and 1.2, over TCP or WebSocket.
//!
//! A name in quotes, as in ("Heart-beating"), is a section of the STOMP 1.2 specification, or of that of the
//! version that is named.

mod ack_mode;
mod command;
mod decode;
mod encode;
mod error;
mod escape;
mod frame;
mod headers;
mod heart_beat;
mod inbox;
mod limits;
mod shared;
mod version;

pub use ack_mode::AckMode;
pub use command::Command;
pub use decode::{Decoder, Part};
pub use encode::Encoder;
pub use error::{Error, RequiredHeader, SendError};
pub use frame::{FrameBuilder, Header};
pub use headers::{HeaderIter, Headers};
pub use heart_beat::HeartBeat;
pub use inbox::Inbox;
pub use limits::Limits;
pub use shared::{Delivery, SharedMessage};
pub use version::{Version, Versions};
