//! The client's side of the opening handshake: reads the response (RFC 6455 §4.1).

use core::fmt;

use super::fields::HandshakeFields;
use super::{Error, Reply, ReplyCheck};
use crate::http1::{HeadReader, Limits};
use crate::{Buffer, Truncated};

/// The client's side of the opening handshake: reads the response to a
/// [`ClientRequest`](super::ClientRequest) and checks it (§4.1).
///
/// ```text
///   ┌────────┐ receive: Interim
///   ▼        │
///   Reading ─┴─ receive: Accepted, Refused ─▶ Complete
///      │
///      └─────── receive: an error ──────────▶ Failed
/// ```
///
/// It borrows the lists that were offered. With an allocator, `into_owned` copies them, for a struct that
/// owns its strings:
///
/// ```
/// # #[cfg(feature = "alloc")]
/// # fn main() -> Result<(), framewright::ws::handshake::SendError> {
/// use framewright::http1::Limits;
/// use framewright::ws::handshake::{Client, ClientRequest, SendError};
///
/// struct Opening {
///     protocol: String,
///     client: Client<'static, Vec<u8>>,
/// }
///
/// fn open(protocol: String, nonce: [u8; 16], out: &mut Vec<u8>) -> Result<Opening, SendError> {
///     let protocols = [&*protocol];
///     let request = ClientRequest::new("server.example.com", "/").protocols(&protocols);
///     let client = request.write(nonce, Vec::new(), Limits::new(), out)?.into_owned();
///     Ok(Opening { protocol, client })
/// }
/// # open("chat".to_owned(), [0; 16], &mut Vec::new()).map(drop)
/// # }
/// # #[cfg(not(feature = "alloc"))]
/// # fn main() {}
/// ```
pub struct Client<'o, B> {
    reader: HeadReader<B>,
    check: ReplyCheck<'o>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Complete,
    Failed(Error),
}

impl<'o, B: Buffer> Client<'o, B> {
    pub(super) const fn new(check: ReplyCheck<'o>, storage: B, limits: Limits) -> Self {
        Self { reader: HeadReader::new(storage, limits), check, state: State::Reading }
    }

    /// The same client with a copy of the lists that were offered, so that it borrows nothing.
    #[cfg(feature = "alloc")]
    pub fn into_owned(self) -> Client<'static, B> {
        Client { reader: self.reader, check: self.check.into_owned(), state: self.state }
    }

    /// Reads the response, advancing `input` past it, and checks it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. Once the final reply
    /// [is complete](Self::is_complete), what is left in `input` follows it, and `receive` takes
    /// nothing more and returns `None`.
    ///
    /// # Errors
    ///
    /// Errors are final, and the connection must be closed (§4.1).
    pub fn receive<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Reply<'a>>, Error> {
        let Self { reader, check, state } = self;
        match *state {
            State::Reading => {}
            State::Complete => return Ok(None),
            State::Failed(e) => return Err(e),
        }
        let mut fields = HandshakeFields::default();
        let response = reader.read_response_with(input, |name, value| fields.add(name, value));
        let reply = match response {
            Ok(None) => return Ok(None),
            Ok(Some(response)) => match response.status() {
                101 => check
                    .check_fields(response.version(), &fields, response.headers())
                    .map(Reply::Accepted),
                100..=199 => return Ok(Some(Reply::Interim(response))),
                _ => Ok(Reply::Refused(response)),
            },
            Err(e) => Err(e.into()),
        };
        *state = reply.as_ref().err().map_or(State::Complete, |e| State::Failed(*e));
        reply.map(Some)
    }

    /// Whether the final reply was returned.
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Checks that the stream may end here: it must not end before the final reply.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Complete | State::Failed(_) => Ok(()),
            State::Reading => Err(Truncated),
        }
    }
}

/// Without the head in the storage, which may have cookies.
impl<B> fmt::Debug for Client<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("check", &self.check)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
