//! HTTP/2 (RFC 9113).
//!
//! `§` without a document means a section of that RFC.

mod blocks;
mod closed;
mod code;
mod decode;
mod encode;
mod entry;
mod error;
mod frame;
mod head;
mod headers;
pub mod hpack;
mod incoming;
mod keepalive;
mod limits;
mod outgoing;
mod part;
mod preface;
mod rules;
mod setting;
mod side;
mod slot;
mod storage;
mod streams;
mod window;

pub use code::ErrorCode;
pub use decode::Decoder;
pub use encode::Encoder;
pub use error::{Error, SendError};
pub use frame::{Flags, FrameHeader, FrameType, StreamId};
pub use head::{Head, Request};
pub use headers::{HeaderField, HeaderIter, Headers};
pub use keepalive::{Action, Keepalive};
pub use limits::Limits;
pub use part::{BlockFrame, DataPart, FieldBlockPart, Part};
pub use preface::{PREFACE, is_preface};
pub use setting::{Setting, SettingId};
pub use side::{Client, Role, Server, Side};
pub use slot::Slot;
pub use storage::Slots;
pub use streams::Stream;
