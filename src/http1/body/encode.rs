//! Encodes the body of a message, piece by piece.

use core::ops::Deref;

use super::{Body, MAX_CHUNK_LEN};
use crate::Buffer;
use crate::append::Append;
use crate::http::{Field, Name, check_fields, is_framing};
use crate::http1::SendError;
use crate::inline::Inline;

/// Writes the body of a message in pieces, framed as its head announced it (§6, §7).
///
/// [`RequestWriter::begin`](crate::http1::RequestWriter::begin) and
/// [`ResponseWriter::begin`](crate::http1::ResponseWriter::begin) write the head and return the encoder
/// for what follows. A piece is written whole or not at all, to any [`Buffer`], and never more than was
/// announced, since the peer would take the rest for another message.
///
/// ```
/// use framewright::http::NO_FIELDS;
/// use framewright::http1::{Body, BodyEncoder};
///
/// let mut encoder = BodyEncoder::new(Body::Chunked);
/// let mut out = Vec::new();
/// encoder.encode(b"hello", &mut out)?;
/// encoder.encode(b"", &mut out)?; // is not written: an empty chunk would be the last
/// encoder.finish(NO_FIELDS, &mut out)?; // without trailers
/// assert_eq!(out, b"5\r\nhello\r\n0\r\n\r\n");
/// # Ok::<(), framewright::http1::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyEncoder {
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In a body that has this many bytes more.
    Len {
        remaining: u64,
    },
    Chunked,
    UntilClose,
    /// After the last chunk.
    Complete,
}

impl BodyEncoder {
    /// An encoder for one body, framed as the head before it announces.
    pub const fn new(body: Body) -> Self {
        let state = match body {
            Body::Len(remaining) => State::Len { remaining },
            Body::Chunked => State::Chunked,
            Body::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// Writes the next piece of the body; as a chunk, if it is [`Body::Chunked`].
    ///
    /// For an empty piece, nothing is written.
    pub fn encode(&mut self, data: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let before = self.state;
        let header = self.encode_header(data.len() as u64)?;
        let mut piece = Append::new(out);
        piece.body_piece(&header, data);
        piece.finish().inspect_err(|_| self.state = before)?;
        Ok(())
    }

    /// Returns what goes before the next `len` bytes of the body, for a vectored write.
    ///
    /// Right after it, the caller has to write these bytes, and then [`ChunkHeader::end`].
    pub fn encode_header(&mut self, len: u64) -> Result<ChunkHeader, SendError> {
        match &mut self.state {
            State::Len { remaining } => {
                *remaining = remaining.checked_sub(len).ok_or(SendError::BodyTooLong)?;
                Ok(ChunkHeader::NONE)
            }
            State::Chunked if len > MAX_CHUNK_LEN => Err(SendError::BodyTooLong),
            State::Chunked => Ok(ChunkHeader::new(len)),
            State::Complete if len > 0 => Err(SendError::BodyTooLong),
            State::UntilClose | State::Complete => Ok(ChunkHeader::NONE),
        }
    }

    /// Ends the body: writes the last chunk and the trailers, if it is [`Body::Chunked`] (§7.1.2).
    ///
    /// Usually there are [no trailers](crate::http::NO_FIELDS): most recipients ignore them. A body until
    /// close ends when the caller closes the connection. A second call writes nothing.
    ///
    /// # Errors
    ///
    /// Less was written than announced, only chunks can have trailers, or the buffer has no room. Trailers
    /// that say how to read the message are refused, because it has been read by then (RFC 9110 §6.5.1).
    pub fn finish<'h, H>(&mut self, trailers: H, out: &mut impl Buffer) -> Result<(), SendError>
    where
        H: Clone + IntoIterator<Item: Field<'h>>,
    {
        match self.state {
            State::Chunked => {}
            _ if trailers.clone().into_iter().next().is_some() => return Err(SendError::Trailers),
            State::Len { remaining: 1.. } => return Err(SendError::BodyTooShort),
            State::Len { .. } | State::UntilClose | State::Complete => return Ok(()),
        }
        check_fields(trailers.clone(), is_header_only)?;
        let mut last = Append::new(out);
        last.put(b"0\r\n");
        last.headers(trailers);
        last.put(b"\r\n");
        last.finish()?;
        self.state = State::Complete;
        Ok(())
    }
}

impl<B: Buffer> Append<'_, B> {
    /// Appends a piece of a body, with what goes around it.
    pub(in crate::http1) fn body_piece(&mut self, header: &ChunkHeader, data: &[u8]) {
        self.put(header);
        self.put(data);
        self.put(header.end());
    }
}

/// What goes before a piece of a body: the size line of a chunk, or nothing. Dereferences to its
/// bytes.
///
/// ```
/// use framewright::http1::{Body, BodyEncoder, ChunkHeader};
///
/// let mut encoder = BodyEncoder::new(Body::Chunked);
/// let header: ChunkHeader = encoder.encode_header(26)?;
/// let pieces = [&header[..], b"abcdefghijklmnopqrstuvwxyz", header.end()]; // for a vectored write
/// assert_eq!(pieces.concat(), b"1A\r\nabcdefghijklmnopqrstuvwxyz\r\n");
/// # Ok::<(), framewright::http1::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChunkHeader(Inline<18>);

impl ChunkHeader {
    const NONE: Self = Self(Inline::EMPTY);

    /// What goes after the piece: CRLF, or nothing.
    pub const fn end(&self) -> &'static [u8] {
        if self.0.is_empty() { b"" } else { b"\r\n" }
    }

    /// The size line of a chunk of `len` bytes; nothing, if it would be the last.
    fn new(len: u64) -> Self {
        let mut line = Inline::EMPTY;
        if len == 0 {
            return Self::NONE;
        }
        let digits = len.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        for digit in digits.skip_while(|digit| *digit == 0) {
            line.push(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 });
        }
        line.try_append(b"\r\n");
        Self(line)
    }
}

impl Deref for ChunkHeader {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Whether a field cannot be a trailer: it says where the message goes or how to read it.
fn is_header_only(name: &str) -> bool {
    is_framing(name)
        || matches!(
            Name::of(name),
            Some(
                Name::ContentEncoding
                    | Name::ContentRange
                    | Name::ContentType
                    | Name::Host
                    | Name::Te
                    | Name::Trailer
                    | Name::Upgrade
            )
        )
}
