//! gRPC-Web over WebSocket, as the client of `@improbable-eng/grpc-web` sends it. There is no standard.
//!
//! ```text
//!          end of the first message         0                end of the message
//!   Head ───────────────────────────▶ Between ──▶ Data ─────────────────────────▶ Between
//!                                        │ 1
//!                                        └──▶ HalfClosing ── end of the message ──▶ HalfClosed
//!
//!   any other byte in Between, any in HalfClosing or HalfClosed ──▶ Failed
//! ```

use core::fmt;

use crate::Chunk;
use crate::debug::Payload;
use crate::grpc::Error;

/// The subprotocol of WebSocket that a client of `@improbable-eng/grpc-web` offers.
pub const PROTOCOL: &str = "grpc-websockets";

/// The message over WebSocket with which a client says that no more will follow.
pub(in crate::grpc) const HALF_CLOSE: &[u8] = &[FINISHED];

/// The byte before a client's data.
pub(in crate::grpc) const DATA: u8 = 0;
const FINISHED: u8 = 1;

/// Decodes the messages that a client of gRPC-Web sends over WebSocket.
///
/// The first message is the head of the request. Each of the others begins with a control byte. A
/// server's messages need no decoding: they are one stream, wherever it is cut.
///
/// ```
/// use framewright::Chunk;
/// use framewright::grpc::Error;
/// use framewright::grpc::web::{SocketDecoder, SocketPart};
///
/// let mut socket = SocketDecoder::new();
/// let head = Chunk::whole(b"content-type: application/grpc-web+proto\r\n");
/// assert_eq!(socket.decode(head)?, Some(SocketPart::Head(head)));
/// let data = Chunk::whole(b"\0\0\0\0\0\x02\x08\x01");
/// assert_eq!(socket.decode(data)?, Some(SocketPart::Data(b"\0\0\0\0\x02\x08\x01")));
/// assert_eq!(socket.decode(Chunk::whole(b"\x01"))?, Some(SocketPart::HalfClose));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SocketDecoder {
    state: State,
}

/// What has come from the client.
///
/// [`SocketDecoder`] has an example.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum SocketPart<'a> {
    /// Bytes of the request's head. The whole head is for
    /// [`Headers::parse_lax`](crate::http::Headers::parse_lax).
    Head(Chunk<'a>),
    /// Bytes of the body, for [`ServerCall::receive`](crate::grpc::ServerCall::receive).
    Data(&'a [u8]),
    /// The body has ended: call [`ServerCall::receive_eof`](crate::grpc::ServerCall::receive_eof).
    HalfClose,
}

impl fmt::Debug for SocketPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(chunk) => f.debug_tuple("Head").field(chunk).finish(),
            Self::Data(bytes) => f.debug_tuple("Data").field(&Payload(bytes)).finish(),
            Self::HalfClose => f.write_str("HalfClose"),
        }
    }
}

impl SocketDecoder {
    /// A decoder at the beginning of a connection.
    pub const fn new() -> Self {
        Self { state: State::Head }
    }

    /// Decodes the next chunk of a binary message. The caller has to refuse text messages.
    ///
    /// `None` means that the chunk has nothing to pass on.
    ///
    /// # Errors
    ///
    /// The client broke a rule. The error is final.
    pub fn decode<'a>(&mut self, chunk: Chunk<'a>) -> Result<Option<SocketPart<'a>>, Error> {
        let (state, part) = match (self.state, chunk.bytes) {
            (State::Failed(e), _) => return Err(e),
            (State::Head, _) => {
                let next = if chunk.end { State::Between } else { State::Head };
                (next, Some(SocketPart::Head(chunk)))
            }
            (state, []) => (state, None),
            (State::Between, [DATA, data @ ..]) => {
                (State::Data, (!data.is_empty()).then_some(SocketPart::Data(data)))
            }
            (State::Data, data) => (State::Data, Some(SocketPart::Data(data))),
            (State::Between, [FINISHED]) => (State::HalfClosing, None),
            (State::Between, [byte, ..]) => (State::Failed(Error::SocketControl(*byte)), None),
            (State::HalfClosing, _) => (State::Failed(Error::SocketControl(FINISHED)), None),
            (State::HalfClosed, _) => (State::Failed(Error::SocketHalfClosed), None),
        };
        self.state = match state {
            State::Failed(e) => {
                self.state = state;
                return Err(e);
            }
            State::HalfClosing if chunk.end => {
                self.state = State::HalfClosed;
                return Ok(Some(SocketPart::HalfClose));
            }
            State::Data if chunk.end => State::Between,
            state => state,
        };
        Ok(part)
    }
}

impl Default for SocketDecoder {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In the first message.
    Head,
    /// Between messages, or before the first byte of one.
    Between,
    /// In a message of data.
    Data,
    /// After the byte that says that no more will follow, in its message.
    HalfClosing,
    HalfClosed,
    Failed(Error),
}
