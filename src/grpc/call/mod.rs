//! What both sides of a call have in common.

mod body;
mod client;
mod client_request;
mod refusal;
mod response_head;
mod server;
mod server_request;

use super::web::TextDecoder;
use super::{Code, Error, Status};
use crate::Chunk;

pub use client::ClientCall;
pub use client_request::ClientRequest;
pub use refusal::Refusal;
pub use response_head::ResponseHead;
pub use server::{ServerCall, Trailing};
pub use server_request::{Request, accept_encodings};

/// How many messages go each way (PROTOCOL-HTTP2, *Outline*).
///
/// Whoever does not know takes [`BidiStreaming`](Self::BidiStreaming), which allows everything.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum CallKind {
    /// One message each way.
    Unary,
    /// Any number from the client, one from the server.
    ClientStreaming,
    /// One from the client, any number from the server.
    ServerStreaming,
    /// Any number each way.
    BidiStreaming,
}

impl CallKind {
    /// Whether any number of messages may come from the client.
    pub const fn streams_requests(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    /// Whether any number of messages may come from the server.
    pub const fn streams_responses(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

/// What has come from the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The head of the response: a client's call only.
    Head,
    /// Bytes of a message, for an [`Assembler`](crate::Assembler) or wherever they belong.
    Message {
        /// Whether the message is compressed, with the encoding that was negotiated.
        compressed: bool,
        /// The bytes, and where in the message they fall.
        chunk: Chunk<'a>,
    },
    /// No more messages will come: a server's call only.
    HalfClose,
    /// The call is over, whoever ended it: nothing more will come.
    End(Code),
}

/// Why a call is over.
#[derive(Clone, Copy, Debug)]
enum End {
    /// A status was sent, or came.
    Status(Code),
    /// The peer did something.
    Failed(Error),
    /// This side gave up.
    Cancelled(Code),
    DeadlineExceeded,
}

impl End {
    const fn code(&self) -> Code {
        match self {
            Self::Status(code) | Self::Cancelled(code) => *code,
            Self::Failed(e) => e.code(),
            Self::DeadlineExceeded => Code::DeadlineExceeded,
        }
    }

    /// The status, as far as it needs no storage.
    const fn status(&self) -> Status<'static> {
        let text = match self {
            Self::Status(_) | Self::Cancelled(_) => "",
            Self::Failed(e) => e.text(),
            Self::DeadlineExceeded => "deadline exceeded",
        };
        Status::new(self.code(), text)
    }
}

/// Error codes of HTTP/2 (RFC 9113 §7).
const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;

/// Bytes of a body that was in base64, and are so no longer; or of any other body, as they are.
fn decode_text_in_place<'a>(text: Option<&mut TextDecoder>, bytes: &'a mut [u8]) -> &'a [u8] {
    let len = match text {
        Some(text) => text.decode_in_place(bytes),
        None => bytes.len(),
    };
    bytes.get(..len).unwrap_or_default()
}
