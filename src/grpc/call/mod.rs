//! Calls: what may come when, what may be sent when, and how a call ends, at either side.
//!
//! `server_request` and `client_request` are about the head that begins a call, [`ServerCall`] and
//! [`ClientCall`] about all that follows it. Each of those opens with a picture of its states.

mod client;
mod client_request;
mod decode;
mod encode;
mod lists;
mod messages;
mod refusal;
mod response_head;
mod server;
mod server_request;

use super::{Code, ContentType, Error, Framing, Part, Status, StatusMessage};
use crate::Chunk;
use crate::http::syntax::{ascii, list, trim};

pub use client::ClientCall;
pub use client_request::ClientRequest;
pub use encode::BodyEncoder;
pub use refusal::Refusal;
pub use response_head::ResponseHead;
pub use server::{ServerCall, Trailing};
pub use server_request::Request;

/// How many messages go each way (PROTOCOL-HTTP2, *Outline*).
///
/// If it is not known, take [`BidiStreaming`](Self::BidiStreaming), which allows everything.
///
/// [`Request`] and [`ClientRequest::call`] take it.
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
    pub(in crate::grpc) const fn streams_requests(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    /// Whether any number of messages may come from the server.
    pub(in crate::grpc) const fn streams_responses(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

/// What has come from the peer.
///
/// [`ServerCall`] and [`ClientCall`] show the loop that receives them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The head of the response. Only a client's call has this event.
    Head,
    /// Bytes of a message, for an [`Assembler`](crate::Assembler) or wherever they belong.
    Message {
        /// Whether the message is compressed, with the encoding that was negotiated.
        compressed: bool,
        /// The bytes, and where in the message they fall.
        chunk: Chunk<'a>,
    },
    /// Bytes of trailers that are compressed, with the encoding that was negotiated. Only a client's
    /// call in gRPC-Web has this event (PROTOCOL-WEB, *Message framing*).
    ///
    /// Once the last of them is there, decompress them and give them to
    /// [`ClientCall::receive_decompressed_trailers`].
    CompressedTrailers(Chunk<'a>),
    /// No more messages will come. Only a server's call has this event.
    HalfClose,
    /// The call has ended with this code, and nothing more will come. The peer ended it or broke a rule,
    /// this side gave up, or the deadline passed.
    End(Code),
}

impl<'a> Event<'a> {
    #[inline]
    const fn message(part: Part<'a>) -> Self {
        Self::Message { compressed: part.compressed, chunk: part.chunk }
    }
}

/// How to reset the HTTP/2 stream of a call that has ended (PROTOCOL-HTTP2, *Early Server Closure*,
/// *Client Cancellation*).
///
/// ```
/// use framewright::grpc::{CallKind, ClientRequest, Code, Limits, Path, Reset};
///
/// let request = ClientRequest::new(Path::parse("/helloworld.Greeter/SayHello").unwrap());
/// let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
/// call.cancel(Code::Cancelled);
/// assert_eq!(call.reset_code(), Some(Reset::Now(8))); // CANCEL
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reset {
    /// At once, with this error code.
    Now(u32),
    /// With this error code, but only after the rest of the request was read and dropped, or after a
    /// while: some proxies drop a response whose stream is reset too early.
    AfterDraining(u32),
}

impl Reset {
    /// The error code.
    pub const fn code(self) -> u32 {
        match self {
            Self::Now(code) | Self::AfterDraining(code) => code,
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// A status was sent or received.
    Status(Code),
    /// The peer broke a rule or a limit, or was lost.
    Failed(Error),
    /// This side gave up.
    Cancelled(Code),
    DeadlineExceeded,
}

impl Outcome {
    const fn code(&self) -> Code {
        match self {
            Self::Status(code) | Self::Cancelled(code) => *code,
            Self::Failed(e) => e.code(),
            Self::DeadlineExceeded => Code::DeadlineExceeded,
        }
    }

    /// The status, as far as it needs no storage.
    const fn status(&self) -> Status<'static> {
        let message = match self {
            Self::Status(_) | Self::Cancelled(_) => StatusMessage::Text(""),
            Self::Failed(e) => StatusMessage::Error(*e),
            Self::DeadlineExceeded => StatusMessage::Text("deadline exceeded"),
        };
        Status { code: self.code(), message, details: None }
    }
}

/// What carries a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::grpc) enum Carrier {
    /// An HTTP stack, which carries heads and trailers by itself.
    Http,
    /// WebSocket, where heads and trailers are in the body.
    Socket,
}

/// The messages that go one way, counted as far as it matters (statuscodes.md, *cardinality
/// violation*).
#[derive(Clone, Copy, Debug)]
pub(super) struct Cardinality {
    /// Whether there has to be exactly one.
    single: bool,
    /// Whether there was one.
    any: bool,
}

impl Cardinality {
    const fn new(streams: bool) -> Self {
        Self { single: !streams, any: false }
    }

    /// The same messages, of which there may be any number if `streams`, or else have to be exactly one.
    const fn with_streams(self, streams: bool) -> Self {
        Self { single: !streams, ..self }
    }

    #[inline]
    const fn may_have_another(self) -> bool {
        !(self.single && self.any)
    }

    const fn is_missing_one(self) -> bool {
        self.single && !self.any
    }
}

const fn is_web(content_type: ContentType) -> bool {
    !matches!(content_type.framing, Framing::Grpc)
}

/// The value of a field that has at most one, although proxies repeat it. It is `None` if the field
/// is empty. Equal repetitions, joined by commas, count as one. If they differ, the value is all of
/// them, which no field allows.
fn single(value: &[u8]) -> Option<&[u8]> {
    let first = list(value).next()?;
    Some(if list(value).all(|one| one == first) { first } else { trim(value) })
}

/// The encoding that `grpc-encoding` names, in however many lines: they count as one list
/// (RFC 9110 §5.3).
#[derive(Clone, Copy, Default)]
struct NamedEncoding<'a>(Option<&'a str>);

impl<'a> NamedEncoding<'a> {
    /// Adds a line.
    fn note(&mut self, value: &'a [u8]) {
        let Some(name) = single(value).map(ascii) else { return };
        let first = *self.0.get_or_insert(name);
        if first != name {
            // No encoding has this name: a comma is not in tokens.
            self.0 = Some(",");
        }
    }

    /// `None` if there is no name, or `identity`.
    fn name(self) -> Option<&'a str> {
        self.0.filter(|name| !name.eq_ignore_ascii_case(IDENTITY))
    }
}

/// The name that stands for no encoding.
const IDENTITY: &str = "identity";

/// Error codes of HTTP/2 (RFC 9113 §7).
const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;
