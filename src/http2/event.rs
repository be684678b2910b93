//! What a connection tells its caller.

use core::fmt;

use super::streams::MarkedStream;
use super::{Error, ErrorCode, Head, Headers, Stream};
use crate::debug::Payload;

/// What has come from the peer.
///
/// [The module](super) shows the loop that receives them.
#[derive(Debug)]
pub enum Event<'e> {
    /// The head of a request, or of the final response (§8.1).
    Head {
        /// The stream. At a server, it is a new one.
        stream: Stream,
        /// The head, all of it checked.
        head: Head<'e>,
        /// Whether the message ends here: no body and no trailers follow.
        end: bool,
    },
    /// The head of an informational response. The final one follows (RFC 9110 §15.2).
    Informational {
        /// The stream.
        stream: Stream,
        /// The head, with a status from 100 to 199.
        head: Head<'e>,
    },
    /// Bytes of a body (§6.1).
    Data(Data<'e>),
    /// Trailers, which end the peer's side of the stream (§8.1).
    Trailers {
        /// The stream.
        stream: Stream,
        /// The trailers, all of them checked.
        trailers: Headers<'e>,
    },
    /// The stream is over: the peer reset it (§6.4).
    ///
    /// After a GOAWAY, each stream that the peer has not processed ends so, with
    /// [`ErrorCode::REFUSED_STREAM`]. With that code, the request can be sent again (§8.7). A server that has
    /// answered and needs no more of the request resets with [`ErrorCode::NO_ERROR`]: the response stands.
    Reset {
        /// The stream.
        stream: Stream,
        /// Why it was reset.
        code: ErrorCode,
    },
    /// The stream is over: the peer broke a rule on it (§5.4.2). `transmit` tells the peer.
    ///
    /// If the head of a request is wrong, this is the first and last that a server hears of its stream.
    StreamFailed {
        /// The stream.
        stream: Stream,
        /// What the peer did.
        error: Error,
    },
    /// The peer has sent its settings (§6.5): see [`peer`](super::Connection::peer).
    Settings,
    /// The answer to a [`ping`](super::Connection::ping) (§6.7).
    Pong([u8; 8]),
    /// The peer closes (§6.8). Streams that it has not processed are over: a [`Reset`](Self::Reset) for each
    /// follows. The others go on.
    GoAway {
        /// The last stream that the peer may have processed, and 0 if there is none.
        last: u32,
        /// Why it closes.
        code: ErrorCode,
    },
    /// The connection is over: the peer broke a rule or a limit (§5.4.1). `transmit` tells the peer, and nothing
    /// more will be read.
    Failed(Error),
}

/// Bytes of a body, and whether it ends with them.
///
/// ```
/// use framewright::http2::{Connection, Event, Limits, Storage};
///
/// # use framewright::http::NO_FIELDS;
/// # use framewright::http2::Request;
/// # let mut client = Connection::client(Storage::new(), Limits::new());
/// # let mut server = Connection::server(Storage::new(), Limits::new());
/// # let (mut wire, mut head) = (Vec::new(), Vec::new());
/// # let request = Request::new("POST", "http", "example.com", "/echo");
/// # let stream = client.open(request, NO_FIELDS, false, &mut wire)?;
/// # client.send(stream, b"hello", true, &mut wire)?;
/// # let mut input = &mut wire[..];
/// let mut body = Vec::new();
/// while let Some(event) = server.receive(&mut input, &mut head) {
///     let Event::Data(data) = event else { continue };
///     body.extend_from_slice(data.bytes);
///     assert!(data.end());
/// }
/// assert_eq!(body, b"hello");
/// # Ok::<(), framewright::http2::SendError>(())
/// ```
#[derive(Eq, PartialEq)]
pub struct Data<'e> {
    /// The stream, marked at the end of its body.
    stream: MarkedStream,
    /// The next bytes, to be changed in place if need be. They are empty only at the end.
    pub bytes: &'e mut [u8],
}

impl<'e> Data<'e> {
    pub(super) const fn new(stream: Stream, bytes: &'e mut [u8], end: bool) -> Self {
        Self { stream: MarkedStream::new(stream, end), bytes }
    }

    /// The stream.
    #[inline]
    pub const fn stream(&self) -> Stream {
        self.stream.stream()
    }

    /// Whether the message ends here: no bytes and no trailers follow.
    #[inline]
    pub const fn end(&self) -> bool {
        self.stream.mark()
    }
}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("stream", &self.stream())
            .field("bytes", &Payload(self.bytes))
            .field("end", &self.end())
            .finish()
    }
}
