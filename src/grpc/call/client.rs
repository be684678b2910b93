//! The client's side of a call.
//!
//! A response is a head, a body and trailers. In gRPC, the trailers are those of HTTP. In gRPC-Web,
//! they are the end of the body, and over WebSocket, the head is in the body too. In every state,
//! the call can also end by a violation of the peer, a lost stream, [`cancel`](ClientCall::cancel)
//! or its deadline.
//!
//! The status that ends the call may come in several places. If it comes in more than one, the last
//! one counts: the status in the trailers, not the one in the head. A status in the head is final
//! only if none follows it. Trailers in the body that have no status are not the end: trailers of HTTP
//! may follow.
//!
//! ```text
//!   over HTTP:
//!                receive_head()             receive_trailers(), receive_eof(),
//!   AwaitingHead ───────────────▶ Body ──── or receive() meets trailers ───────▶ Ended
//!        │                                                                        ▲
//!        └───────── receive_head() with the end of the stream ────────────────────┘
//!
//!   over WebSocket:
//!                       receive()
//!   AwaitingSocketHead ───────────▶ Body ── receive() meets trailers ──▶ Ended
//!        │                                                                ▲
//!        └─────────── receive() meets a head with a status ───────────────┘
//! ```

mod body;
mod ending;
mod head;

use core::fmt;

use super::decode::BodyDecoder;
use super::encode::{BodyEncoder, Wrap};
use super::lists::ReceivedLists;
use super::{Cardinality, Carrier, Outcome};
use crate::Buffer;
use crate::grpc::{
    CallKind, Code, ContentType, Decoder, Encodings, Framing, Limits, Message, SendError,
};

/// The client's side of one call, made by [`ClientRequest::call`](crate::grpc::ClientRequest::call).
///
/// It writes the body of the request, and takes the response as an HTTP stack returns it: the head,
/// the body in any split, the trailers. In every case, there is exactly one [`Event::End`](crate::grpc::Event::End), and a
/// [`status`](Self::status) from then on.
///
/// ```
/// use framewright::grpc::{CallKind, ClientRequest, Code, Event, Limits, Path};
///
/// let (mut head, mut body) = (Vec::new(), Vec::new());
/// let request = ClientRequest::new(Path::parse("/helloworld.Greeter/SayHello").unwrap());
/// request.write(&mut head)?;
/// let now = 0; // on the caller's clock, in milliseconds
/// let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), now);
/// call.send(b"\x0A\x03you", &mut body)?;
/// call.half_close(&mut body)?; // the end of the request's body
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// assert_eq!(call.receive_head(200, headers, false), Some(Event::Head));
/// let mut input = &b"\0\0\0\0\x07\x0A\x05Hello"[..];
/// while let Some(event) = call.receive(&mut input) {
///     let Event::Message { chunk, .. } = event else { continue };
///     assert_eq!(chunk.bytes, b"\x0A\x05Hello");
/// }
/// assert_eq!(call.receive_trailers([("grpc-status", &b"0"[..])]), Some(Event::End(Code::Ok)));
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone)]
pub struct ClientCall<B> {
    content_type: ContentType,
    /// The encodings that can be decompressed.
    encodings: Encodings,
    /// Which of them the messages of the response are in, if they are compressed.
    encoding: Option<u8>,
    request: BodyEncoder,
    /// Whether nothing more of the request will be sent, or can be.
    half_closed: bool,
    response: BodyDecoder,
    deadline: Option<u64>,
    /// Header lists that came: a head with a status, or over WebSocket any head; then the trailers.
    lists: ReceivedLists<B>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    AwaitingHead,
    AwaitingSocketHead,
    Body {
        http_status: u16,
        /// Whether any of the body has come.
        begun: bool,
        /// Whether the messages have an encoding that was not accepted.
        encoding_unknown: bool,
        /// The code of a status in the head. It counts if none follows.
        code_in_head: Option<Code>,
        /// The trailers that have come without a status, so that nothing else may come in the body.
        statusless: Option<Statusless>,
    },
    Ended {
        outcome: Outcome,
        /// Whether the peer has nothing more to say.
        by_peer: bool,
    },
}

/// Trailers in the body that do not say how the call ended.
#[derive(Clone, Copy, Debug)]
enum Statusless {
    /// They are compressed, and the caller has not given them back.
    Compressed,
    /// They have no status. It may be in trailers of HTTP, after the body.
    Plain,
}

impl<B: Buffer> ClientCall<B> {
    pub(super) const fn new(
        carrier: Carrier,
        content_type: ContentType,
        kind: CallKind,
        limits: Limits,
        encodings: Encodings,
        compresses: bool,
        storage: B,
    ) -> Self {
        let (wrap, state, decoder) = match (carrier, content_type.framing) {
            (Carrier::Socket, _) => {
                let decoder = Decoder::new(limits).with_head_and_trailers();
                (Wrap::Socket, State::AwaitingSocketHead, decoder)
            }
            (_, Framing::Grpc) => (Wrap::Nothing, State::AwaitingHead, Decoder::new(limits)),
            (_, Framing::Web) => {
                (Wrap::Nothing, State::AwaitingHead, Decoder::new(limits).with_trailers())
            }
            (_, Framing::WebText) => {
                (Wrap::Text, State::AwaitingHead, Decoder::new(limits).with_trailers())
            }
        };
        let requests = Cardinality::new(kind.streams_requests());
        let responses = Cardinality::new(kind.streams_responses());
        Self {
            content_type,
            encodings,
            encoding: None,
            request: BodyEncoder::new(requests, wrap, compresses),
            half_closed: false,
            response: BodyDecoder::new(decoder, responses),
            deadline: None,
            lists: ReceivedLists::new(storage, limits.max_trailers_len),
            state,
        }
    }

    pub(super) fn with_deadline(mut self, at: u64) -> Self {
        self.deadline = Some(at);
        self
    }

    /// Writes a whole message of the request.
    ///
    /// # Errors
    ///
    /// [`SendError::HalfClosed`], [`SendError::Ended`]: the request or the whole call has ended. Others are as at a
    /// [server](super::ServerCall::send).
    #[inline]
    pub fn send<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.body()?.encode(message, out)
    }

    /// The encoder of the request's body, for messages in pieces and prefixes alone.
    ///
    /// # Errors
    ///
    /// The request or the whole call has ended.
    #[inline]
    pub fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        match self.state {
            State::Ended { .. } => Err(SendError::Ended),
            _ if self.half_closed => Err(SendError::HalfClosed),
            _ => Ok(&mut self.request),
        }
    }

    /// Ends the request: the caller has to end its body after what is in `out`.
    ///
    /// Only over WebSocket does this write anything.
    pub fn half_close(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.body()?.finish(out)?;
        self.half_closed = true;
        Ok(())
    }

    const fn code_in_head(&self) -> Option<Code> {
        match self.state {
            State::Body { code_in_head, .. } => code_in_head,
            _ => None,
        }
    }

    const fn http_status(&self) -> u16 {
        match self.state {
            State::Body { http_status, .. } => http_status,
            _ => 200,
        }
    }
}

impl<B> fmt::Debug for ClientCall<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall")
            .field("content_type", &self.content_type)
            .field("request", &self.request)
            .field("response", &self.response)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
