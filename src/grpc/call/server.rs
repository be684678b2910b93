//! The server's side of a call.
//!
//! A call is over when it has an outcome. An outcome that the client has to know waits for
//! [`transmit`](ServerCall::transmit). In each state, the call also knows whether the
//! request has ended (`half_closed`) and whether the head of the response was sent (`head_sent`).
//!
//! ```text
//!                      finish()
//!          ┌──────────────────────────────────────┐
//!          │                                      ▼
//!         Open ── violation, deadline ──▶ Failed ── transmit() ──▶ Ended
//!          │                               │                        ▲
//!          └───────────────────────────────┴── reset, disconnect ───┘
//!
//!   in Open:   half_closed  no ── receive_eof() ──▶ yes
//!              head_sent    no ── send_head() ────▶ yes
//! ```

mod body;
mod ending;
mod fields;
mod head;

use super::decode::BodyDecoder;
use super::encode::{BodyEncoder, Wrap};
use super::{Cardinality, Carrier, Outcome};
use crate::grpc::{CallKind, ContentType, Decoder, Encodings, Framing, ServerConfig};
use crate::http::FieldValue;

/// The server's side of one call, made by [`Request::accept`](crate::grpc::Request::accept).
///
/// It takes the body of the request in any split, and writes the response: the head, the body, the
/// trailers. In every case, the call has exactly one status. Either the caller sets it with
/// [`finish`](Self::finish), or the call ends by itself: then [`Event::End`](crate::grpc::Event::End) says so once, and
/// [`transmit`](Self::transmit) tells the client.
///
/// Heads and trailers are fields. [`send_head`](Self::send_head), [`finish`](Self::finish) and
/// [`transmit`](Self::transmit) write them as lines; `send_head_fields`, `finish_fields` and
/// `transmit_fields` hand them to a closure, for an HTTP stack.
///
/// ```
/// use framewright::grpc::{
///     CallKind, Event, Request, ResponseHead, ServerConfig, Status, Trailing,
/// };
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// // An error is the refusal to answer with.
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// const CONFIG: ServerConfig = ServerConfig::new();
/// let now = 0; // on the caller's clock, in milliseconds
/// let mut call = request.accept(CallKind::Unary, &CONFIG, now)?;
///
/// let mut input = &b"\0\0\0\0\x05\x0A\x03you"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { continue };
///     assert_eq!(chunk.bytes, b"\x0A\x03you");
/// }
/// assert_eq!(call.receive_eof(), Some(Event::HalfClose));
///
/// let (mut head, mut body, mut trailers) = (Vec::new(), Vec::new(), Vec::new());
/// call.send_head(ResponseHead::new(), &mut head)?;
/// call.send(b"\x0A\x05Hello", &mut body)?;
/// assert_eq!(call.trailing(), Trailing::Trailers);
/// call.finish(Status::OK, &mut trailers)?;
/// assert_eq!(trailers, b"grpc-status: 0\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServerCall {
    carrier: Carrier,
    /// Of the response.
    content_type: ContentType,
    /// The encodings that can be decompressed.
    encodings: Encodings,
    /// Which of them the messages of the request are in, if they are compressed.
    encoding: Option<u8>,
    request: BodyDecoder,
    response: BodyEncoder,
    deadline: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open {
        half_closed: bool,
        head_sent: bool,
    },
    /// The call is over, and the client has to know.
    Failed {
        outcome: Outcome,
        half_closed: bool,
        head_sent: bool,
    },
    /// The call is over, and nothing is left to be written.
    Ended {
        outcome: Outcome,
        half_closed: bool,
        head_sent: bool,
    },
}

impl State {
    const fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Open { .. } => None,
            Self::Failed { outcome, .. } | Self::Ended { outcome, .. } => Some(outcome),
        }
    }

    const fn head_sent(self) -> bool {
        match self {
            Self::Open { head_sent, .. }
            | Self::Failed { head_sent, .. }
            | Self::Ended { head_sent, .. } => head_sent,
        }
    }

    const fn half_closed(&mut self) -> &mut bool {
        match self {
            Self::Open { half_closed, .. }
            | Self::Failed { half_closed, .. }
            | Self::Ended { half_closed, .. } => half_closed,
        }
    }
}

/// Where trailers belong.
///
/// ```
/// use framewright::grpc::{ResponseHead, Trailing};
///
/// # use framewright::grpc::{CallKind, Request, ServerConfig};
/// # let headers = [("content-type", &b"application/grpc"[..])];
/// # let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// # const CONFIG: ServerConfig = ServerConfig::new();
/// # let mut call = request.accept(CallKind::Unary, &CONFIG, 0)?;
/// assert_eq!(call.trailing(), Trailing::TrailersOnly); // no head was sent
/// call.send_head(ResponseHead::new(), &mut Vec::new())?;
/// assert_eq!(call.trailing(), Trailing::Trailers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trailing {
    /// They are the headers of the response, with status 200, and there is no body
    /// (PROTOCOL-HTTP2, *Trailers-Only*).
    TrailersOnly,
    /// They are the trailers of HTTP, after the body.
    Trailers,
    /// They are the last bytes of the body.
    Body,
}

impl ServerCall {
    /// The most that [`transmit`](Self::transmit) writes, in bytes.
    pub const MAX_TRANSMIT_LEN: usize = 256;

    pub(super) const fn new(
        carrier: Carrier,
        (request, response): (ContentType, ContentType),
        kind: CallKind,
        config: &ServerConfig<'_>,
        encoding: Option<u8>,
        deadline: Option<u64>,
    ) -> Self {
        let wrap = match response.framing {
            Framing::Grpc | Framing::Web => Wrap::Nothing,
            Framing::WebText => Wrap::Text,
        };
        let decoder = Decoder::new(config.limits).accept_compressed(encoding.is_some());
        let mut body = BodyDecoder::new(decoder, Cardinality::new(kind.streams_requests()));
        if matches!(request.framing, Framing::WebText) {
            body.expect_text();
        }
        let responses = Cardinality::new(kind.streams_responses());
        Self {
            carrier,
            content_type: response,
            encodings: config.encodings,
            encoding,
            request: body,
            response: BodyEncoder::new(responses, wrap, false),
            deadline,
            state: State::Open { half_closed: false, head_sent: false },
        }
    }
}

/// What takes the fields of a head or of trailers that are not in the body.
enum FieldSink<'p> {
    /// The output itself, as lines.
    Lines,
    Closure(&'p mut dyn FnMut(&str, FieldValue<'_>)),
}
