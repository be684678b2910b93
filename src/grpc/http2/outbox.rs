//! What is left to be sent on a stream: the rest of a message, and how the stream ends.

use crate::http::Headers;
use crate::http2::{self, Connection, Side, Slots, Stream};
use crate::{Buffer, BufferFull};

/// The rest of what was to be sent on a stream.
///
/// ```text
///     bytes:  │ sent │ rest of the body │ lines of the ending │
///             0    sent              body_len               len
/// ```
#[derive(Clone, Debug)]
pub(super) struct Outbox<B> {
    bytes: B,
    sent: usize,
    body_len: usize,
    ending: Ending,
}

/// What follows the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// Nothing yet: the body goes on.
    Open,
    /// The end of the stream.
    Eof,
    /// Trailers, in lines.
    Trailers,
}

/// How far sending got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pumped {
    /// Nothing is left. The ending, if there was any, was sent too.
    Empty,
    /// One frame was sent, and another may follow.
    More,
    /// A window is closed.
    Blocked,
    /// The output has no room.
    Full(BufferFull),
}

impl<B: Buffer> Outbox<B> {
    pub(super) const fn new(storage: B) -> Self {
        Self { bytes: storage, sent: 0, body_len: 0, ending: Ending::Open }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.body_len && self.ending == Ending::Open
    }

    /// How many bytes of the body are left.
    pub(super) const fn body_left(&self) -> usize {
        self.body_len - self.sent
    }

    /// Whether the ending is here, so that nothing can be added.
    pub(super) fn is_ending(&self) -> bool {
        self.ending != Ending::Open
    }

    /// Drops everything. What a long message took is given back.
    pub(super) fn clear(&mut self) {
        free_if_long(&mut self.bytes);
        (self.sent, self.body_len, self.ending) = (0, 0, Ending::Open);
    }

    /// Where the next part of the body is to be appended. Call [`body_appended`](Self::body_appended) then.
    pub(super) fn body(&mut self) -> &mut B {
        if self.sent == self.body_len {
            self.bytes.clear();
            (self.sent, self.body_len) = (0, 0);
        }
        &mut self.bytes
    }

    pub(super) fn body_appended(&mut self) {
        self.body_len = self.bytes.as_slice().len();
    }

    /// Adds the ending, with its lines or the last bytes of the body. If they do not fit, nothing changes.
    pub(super) fn end<E>(
        &mut self,
        ending: Ending,
        write: impl FnOnce(&mut B) -> Result<(), E>,
    ) -> Result<(), E> {
        write(self.body())?;
        if ending == Ending::Eof {
            self.body_appended();
        }
        self.ending = ending;
        Ok(())
    }

    /// Sends one frame, or the ending.
    pub(super) fn pump<R: Side, T: Buffer, S: Slots>(
        &mut self,
        stream: Stream,
        http2: &mut Connection<R, T, S>,
        out: &mut impl Buffer,
    ) -> Pumped {
        if self.is_empty() {
            return Pumped::Empty;
        }
        match self.try_pump(stream, http2, out) {
            Ok(pumped) => pumped,
            Err(http2::SendError::BufferFull(full)) => Pumped::Full(full),
            Err(_) => {
                // The stream is over.
                self.clear();
                Pumped::Empty
            }
        }
    }

    fn try_pump<R: Side, T: Buffer, S: Slots>(
        &mut self,
        stream: Stream,
        http2: &mut Connection<R, T, S>,
        out: &mut impl Buffer,
    ) -> Result<Pumped, http2::SendError> {
        let bytes = self.bytes.as_slice();
        let body = bytes.get(self.sent..self.body_len).unwrap_or_default();
        let lines = Headers::from_checked(bytes.get(self.body_len..).unwrap_or_default());
        if !body.is_empty() || self.ending == Ending::Eof {
            let taken = http2.send(stream, body, self.ending == Ending::Eof, out)?;
            self.sent += taken;
            if self.sent < self.body_len {
                return Ok(if taken == 0 { Pumped::Blocked } else { Pumped::More });
            }
            if self.ending == Ending::Trailers {
                return Ok(Pumped::More);
            }
        } else {
            http2.send_trailers(stream, lines, out)?;
        }
        self.clear();
        Ok(Pumped::Empty)
    }
}

/// Drops every byte. If there were many, the memory is given back.
pub(super) fn free_if_long(buffer: &mut impl Buffer) {
    const LONG: usize = 4096;
    if buffer.as_slice().len() > LONG { buffer.free() } else { buffer.clear() }
}
