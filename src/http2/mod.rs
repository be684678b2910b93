//! HTTP/2 (RFC 9113).
//!
//! `§` without a document means a section of that RFC.

mod code;
mod error;
mod frame;
mod limits;
mod setting;
mod side;

pub use code::ErrorCode;
pub use error::{Error, SendError};
pub use frame::{Flags, FrameHeader, FrameType, StreamId};
pub use limits::Limits;
pub use setting::{Setting, SettingId};
pub use side::{Client, Role, Server, Side};
