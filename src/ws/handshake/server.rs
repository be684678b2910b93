//! The server's side of the opening handshake: reads one request (RFC 6455 §4.2).

use core::fmt;

use super::fields::HandshakeFields;
use super::{Error, Offer, Origins};
use crate::http1::{HeadReader, Limits};
use crate::{Buffer, Truncated};

/// The server's side of the opening handshake: reads one request and checks it (§4.2).
///
/// [The module](super) has the loop.
///
/// ```text
///             receive: an offer
///   Reading ───────────────────▶ Complete
///      │
///      └──── receive: an error ─▶ Failed
/// ```
pub struct Server<'o, B> {
    origins: Origins<'o>,
    reader: HeadReader<B>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Reading,
    Complete,
    Failed(Error),
}

impl<'o, B: Buffer> Server<'o, B> {
    /// A server that admits requests from these origins.
    ///
    /// A head that does not arrive in one piece is joined in `storage`. Storage that cannot grow should
    /// have room for as many bytes as the limits allow.
    pub const fn new(origins: Origins<'o>, storage: B, limits: Limits) -> Self {
        Self { origins, reader: HeadReader::new(storage, limits), state: State::Reading }
    }

    /// Reads the request, advancing `input` past it, and checks it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. Once the request
    /// [is complete](Self::is_complete), what is left in `input` are frames, and `receive` takes
    /// nothing more and returns `None`.
    ///
    /// # Errors
    ///
    /// Errors are final. Write [`Error::refuse`], close the connection, and drop what is left in
    /// `input`.
    pub fn receive<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Offer<'a>>, Error> {
        let Self { origins, reader, state } = self;
        match *state {
            State::Reading => {}
            State::Complete => return Ok(None),
            State::Failed(e) => return Err(e),
        }
        let mut fields = HandshakeFields::default();
        let request = reader.read_request_with(input, |name, value| fields.add(name, value));
        let offer = match request {
            Ok(None) => return Ok(None),
            Ok(Some(request)) => Offer::from_fields(&request, &fields, *origins),
            Err(e) => Err(e.into()),
        };
        *state = offer.as_ref().err().map_or(State::Complete, |e| State::Failed(*e));
        offer.map(Some)
    }

    /// Whether the offer was returned.
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Checks that the stream may end here: it must not end inside the head.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        self.reader.check_eof()
    }
}

/// Without the head in the storage, which may have cookies.
impl<B> fmt::Debug for Server<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("origins", &self.origins)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
