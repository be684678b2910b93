//! One field block: from its pieces to a head that keeps the rules (§4.3).
//!
//! Every block is decoded to its end, whatever becomes of its message, because the decoder's table is the
//! connection's.
//!
//! ```text
//!     Kept ──────────── END_HEADERS ───────────▶ Outcome::Kept
//!      ├─ a field breaks a rule ─▶ Malformed ──▶ Outcome::Malformed
//!      └─ over a limit ──────────▶ TooLong ────▶ Outcome::TooLong
//!     Unwanted ────────────────────────────────▶ Outcome::Unwanted
//! ```
//!
//! In all states but `Kept`, the caller's buffer is emptied after each field.

use super::entry::EntryHeader;
use super::facts::FieldFacts;
use super::hpack;
use super::rules::{Checked, Message, Rules};
use super::{BlockFrame, Error, FieldBlockPart, Limits};
use crate::Buffer;

/// What became of a field block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// The buffer has its fields, all of them checked.
    Kept(Checked),
    /// Its message is malformed: the stream's error (§8.1.1).
    Malformed(Error),
    /// It is over a limit, and under the one that ends the connection: a request can be answered with the
    /// status 431 (RFC 6585 §5).
    TooLong(Error),
    /// Nobody wanted it.
    Unwanted,
}

/// The field block under way.
#[derive(Clone, Debug)]
pub(super) struct Block {
    rules: Rules,
    fate: Fate,
    /// How many bytes the caller's buffer held after the last piece.
    buffer_len: u32,
    /// Where in the buffer the current field begins.
    at: u32,
    /// Length of the head so far, with 32 for each field (§6.5.2).
    head_len: u32,
    fields: u32,
    /// CONTINUATION frames that may still come.
    frames: u32,
}

/// What happens to the fields of a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Kept,
    Malformed(Error),
    TooLong(Error),
    Unwanted,
}

impl Block {
    /// Begins a block. `None` means that its message is not wanted, and an error that it fails its stream,
    /// whatever is in it.
    #[inline]
    pub(super) fn new(
        message: Option<Result<Message, Error>>,
        limits: &Limits,
        buffer: &mut impl Buffer,
    ) -> Self {
        buffer.clear();
        let (message, fate) = match message {
            Some(Ok(message)) => (message, Fate::Kept),
            Some(Err(error)) => (Message::Trailers, Fate::Malformed(error)),
            None => (Message::Trailers, Fate::Unwanted),
        };
        Self {
            rules: Rules::new(message),
            fate,
            buffer_len: 0,
            at: 0,
            head_len: 0,
            fields: 0,
            frames: frames(limits),
        }
    }

    /// Decodes the next piece of the block. With the last one, it says what became of it.
    ///
    /// # Errors
    ///
    /// All end the connection.
    pub(super) fn receive<T: Buffer, B: Buffer>(
        &mut self,
        part: &FieldBlockPart<'_>,
        decoder: &mut hpack::Decoder<T>,
        limits: &Limits,
        buffer: &mut B,
    ) -> Result<Option<Outcome>, Error> {
        if buffer.as_slice().len() != self.buffer_len as usize {
            return Err(Error::HeadBuffer);
        }
        if part.begins == Some(BlockFrame::Continuation) {
            self.frames = self
                .frames
                .checked_sub(1)
                .ok_or(Error::TooManyContinuations { limit: frames(limits) })?;
        }
        let mut input = part.bytes;
        while !input.is_empty() {
            if self.receive_known(&mut input, decoder, limits, buffer).is_none()
                && !self.receive_any(&mut input, decoder, limits, buffer)?
            {
                break;
            }
        }
        self.buffer_len = buffer.as_slice().len() as u32;
        if !part.end {
            return Ok(None);
        }
        decoder.end_block()?;
        Ok(Some(self.outcome(buffer.as_slice(), part.end_stream)))
    }

    /// Receives a field that was checked before, and is kept. `None` means that the case does not apply, and that nothing
    /// has changed.
    #[inline]
    fn receive_known<T: Buffer>(
        &mut self,
        input: &mut &[u8],
        decoder: &mut hpack::Decoder<T>,
        limits: &Limits,
        buffer: &mut impl Buffer,
    ) -> Option<()> {
        let field = decoder.next_known(input)?;
        let len = field.text.len() as u32;
        let head_len = self.head_len.saturating_add(len + LIST_OVERHEAD);
        let is_within = head_len <= limits.max_head_len.min(MAX_LEN)
            && self.fields < limits.max_fields
            && matches!(self.fate, Fate::Kept);
        if !is_within || !self.rules.allows(field.facts) {
            return None;
        }
        buffer.try_append_both(&field.header(), field.text).ok()?;
        self.at += EntryHeader::LEN as u32 + len;
        self.rules.take(field.facts, field.value(), self.at);
        self.head_len = head_len;
        self.fields += 1;
        decoder.take_known(input);
        Some(())
    }

    /// Receives the next field. Returns whether it was complete.
    ///
    /// If the table has the field, what a check has found of it is noted there.
    #[inline(never)]
    fn receive_any<T: Buffer>(
        &mut self,
        input: &mut &[u8],
        decoder: &mut hpack::Decoder<T>,
        limits: &Limits,
        buffer: &mut impl Buffer,
    ) -> Result<bool, Error> {
        let entry = decoder.next_entry(input);
        let field = match decoder.decode(input, buffer, self.room(limits)) {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(false),
            Err(error) => return Err(of_head(error, limits)),
        };
        match (self.take(&field, limits)?, entry) {
            (None, _) => buffer.clear(),
            (Some(facts), Some(entry)) => decoder.note(entry, facts),
            (Some(_), None) => {}
        }
        self.at = buffer.as_slice().len() as u32;
        Ok(true)
    }

    /// How long the next field can be, without ending the connection.
    #[inline]
    fn room(&self, limits: &Limits) -> u32 {
        max_len(limits).saturating_sub(self.head_len)
    }

    /// Notes the field that was decoded last. Returns what is known of it, if it is kept.
    fn take(
        &mut self,
        field: &hpack::Field<'_>,
        limits: &Limits,
    ) -> Result<Option<FieldFacts>, Error> {
        let list_len = u32::try_from(field.list_len()).unwrap_or(u32::MAX);
        self.head_len = self.head_len.saturating_add(list_len);
        self.fields = self.fields.saturating_add(1);
        if self.head_len > max_len(limits) {
            return Err(Error::HeadTooLong { limit: max_len(limits) });
        }
        if !matches!(self.fate, Fate::Kept) {
            return Ok(None);
        }
        Ok(self.judge(field, limits).map_err(|error| self.refuse(error)).ok())
    }

    /// Keeps the block no longer.
    #[cold]
    const fn refuse(&mut self, error: Error) {
        self.fate = match error {
            Error::HeadTooLong { .. } | Error::TooManyFields { .. } | Error::BufferFull { .. } => {
                Fate::TooLong(error)
            }
            _ => Fate::Malformed(error),
        };
    }

    /// Checks the next field of a block that is kept.
    fn judge(&mut self, field: &hpack::Field<'_>, limits: &Limits) -> Result<FieldFacts, Error> {
        if self.head_len > limits.max_head_len {
            return Err(Error::HeadTooLong { limit: limits.max_head_len });
        }
        // A buffer that is shorter than the limit is one itself.
        if field.displaced {
            return Err(buffer_full(limits));
        }
        if self.fields > limits.max_fields {
            return Err(Error::TooManyFields { limit: limits.max_fields });
        }
        let len = EntryHeader::LEN + field.name.len() + field.value.len();
        self.rules.check(field.name, field.value, self.at + len as u32)
    }

    fn outcome(&self, entries: &[u8], end_stream: bool) -> Outcome {
        match self.fate {
            Fate::Kept => match self.rules.check_whole(entries, end_stream) {
                Ok(checked) => Outcome::Kept(checked),
                Err(error) => Outcome::Malformed(error),
            },
            Fate::Malformed(error) => Outcome::Malformed(error),
            Fate::TooLong(error) => Outcome::TooLong(error),
            Fate::Unwanted => Outcome::Unwanted,
        }
    }
}

/// What the error of a field means for the head.
#[cold]
fn of_head(error: Error, limits: &Limits) -> Error {
    match error {
        Error::HeadTooLong { .. } => Error::HeadTooLong { limit: max_len(limits) },
        Error::BufferFull { .. } => buffer_full(limits),
        error => error,
    }
}

/// A buffer as long as the limit always suffices.
#[cold]
const fn buffer_full(limits: &Limits) -> Error {
    Error::BufferFull { needed: limits.max_head_len }
}

/// What a field counts in a head besides its name and value (§6.5.2).
const LIST_OVERHEAD: u32 = 32;

/// How many CONTINUATION frames a block may have: as many as a head at the limit needs, and some for those that cut
/// elsewhere.
const fn frames(limits: &Limits) -> u32 {
    EXTRA_FRAMES + limits.max_head_len / Limits::MIN_FRAME_LEN
}

/// CONTINUATION frames that a block may have beyond those that its length explains.
const EXTRA_FRAMES: u32 = 8;

/// Lengths of entries have 31 bits.
const MAX_LEN: u32 = (1 << 31) - 1;

/// How long a head may be before the connection ends: four times the limit.
const fn max_len(limits: &Limits) -> u32 {
    let len = limits.max_head_len.saturating_mul(4);
    if len < MAX_LEN { len } else { MAX_LEN }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::SliceBuf;
    use crate::http2::rules::Asked;
    use crate::http2::{Head, StreamId};

    const REQUEST: Message = Message::Request { extended_connect: false };
    const GET: &[(&str, &str)] =
        &[(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];

    struct Receiver {
        decoder: hpack::Decoder<Vec<u8>>,
        limits: Limits,
    }

    impl Receiver {
        fn new(limits: Limits) -> Self {
            Self { decoder: hpack::Decoder::new(Vec::new(), 4096), limits }
        }

        /// Receives a block in these pieces, each in a frame of its own.
        fn receive(
            &mut self,
            message: Option<Message>,
            pieces: &[&[u8]],
            buffer: &mut impl Buffer,
        ) -> Result<Outcome, Error> {
            let mut block = Block::new(message.map(Ok), &self.limits, buffer);
            let mut last = None;
            for (index, piece) in pieces.iter().enumerate() {
                let headers = BlockFrame::Headers { self_dependent: false };
                let part = FieldBlockPart {
                    stream: StreamId::MAX,
                    bytes: piece,
                    begins: Some(if index == 0 { headers } else { BlockFrame::Continuation }),
                    end: index + 1 == pieces.len(),
                    end_stream: true,
                };
                last = block.receive(&part, &mut self.decoder, &self.limits, buffer)?;
            }
            Ok(last.expect("the last piece ends the block"))
        }
    }

    fn encoded(fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        hpack::Encoder::new(Vec::new(), 4096).encode(&fields, &mut block).expect("it grows");
        block
    }

    fn and(fields: &[(&'static str, &'static str)]) -> Vec<u8> {
        encoded(&[GET, fields].concat())
    }

    fn receive(limits: Limits, block: &[u8]) -> Result<Outcome, Error> {
        Receiver::new(limits).receive(Some(REQUEST), &[block], &mut Vec::new())
    }

    #[test]
    fn a_head_is_the_same_however_its_block_is_cut() {
        let bytes = and(&[("x", "y"), ("host", "a"), ("content-length", "0")]);
        for a in 0..=bytes.len() {
            for b in a..=bytes.len() {
                let mut buffer = Vec::new();
                let pieces = [&bytes[..a], &bytes[a..b], &bytes[b..]];
                let outcome =
                    Receiver::new(Limits::new()).receive(Some(REQUEST), &pieces, &mut buffer);
                let checked = Checked { asked: Asked::Other, status: 0, body_len: Some(0) };
                assert_eq!(outcome, Ok(Outcome::Kept(checked)), "cut at {a} and {b}");
                let head = Head::from_checked(&buffer);
                assert_eq!(
                    (head.request().path(), head.headers().get("x")),
                    ("/", Some(&b"y"[..]))
                );
            }
        }
    }

    #[test]
    fn a_block_that_nobody_wants_still_fills_the_table() {
        let mut receiver = Receiver::new(Limits::new());
        let mut buffer = Vec::new();
        let mut encoder = hpack::Encoder::new(Vec::new(), 4096);
        let mut encode = |fields: &[(&str, &str)]| {
            let mut block = Vec::new();
            encoder.encode(&fields, &mut block).expect("it grows");
            block
        };
        let blocks = [
            (encode(&[("x-a", "1")]), None, Ok(Outcome::Unwanted)),
            (encode(&[("x-b", "2")]), Some(REQUEST), Ok(Outcome::Malformed(Error::PseudoMissing))),
            (
                encode(&[("te", "x"), ("x-c", "3")]),
                Some(REQUEST),
                Ok(Outcome::Malformed(Error::Te)),
            ),
        ];
        for (block, message, outcome) in blocks {
            assert_eq!(receiver.receive(message, &[&block], &mut buffer), outcome);
        }
        let block = encode(&[GET, &[("x-a", "1"), ("x-b", "2"), ("x-c", "3")]].concat());
        let outcome = receiver.receive(Some(REQUEST), &[&block], &mut buffer);
        assert!(matches!(outcome, Ok(Outcome::Kept(_))), "{outcome:?}");
        let headers = Head::from_checked(&buffer).headers();
        assert_eq!(["x-a", "x-b", "x-c"].map(|name| headers.get(name).expect("sent")[0]), *b"123");
    }

    /// RFC 9113 §6.5.2: each field counts its name, its value, and 32.
    #[test]
    fn a_head_at_the_limit_is_kept_and_one_over_it_is_not() {
        let block = and(&[("x", "yzyzy")]);
        let len = 10 + 11 + 11 + 6 + 6 + 5 * 32;
        for (limit, fits) in [(len, true), (len - 1, false)] {
            let outcome = receive(Limits::new().max_head_len(limit), &block);
            assert_eq!(matches!(outcome, Ok(Outcome::Kept(_))), fits, "{outcome:?}");
        }
        let outcome = receive(Limits::new().max_head_len(len - 1), &block);
        assert_eq!(outcome, Ok(Outcome::TooLong(Error::HeadTooLong { limit: len - 1 })));
        // At more than four times the limit, the connection ends.
        let outcome = receive(Limits::new().max_head_len(len / 4), &block);
        assert_eq!(outcome, Ok(Outcome::TooLong(Error::HeadTooLong { limit: len / 4 })));
        let outcome = receive(Limits::new().max_head_len(len / 4 - 1), &block);
        assert_eq!(outcome, Err(Error::HeadTooLong { limit: len - 4 }));
    }

    #[test]
    fn fields_are_counted_and_crumbs_too() {
        let crumbs = [("cookie", "a=b"); 4];
        for (limit, error) in [(8, None), (7, Some(Error::TooManyFields { limit: 7 }))] {
            let outcome = receive(Limits::new().max_fields(limit), &and(&crumbs));
            match error {
                None => assert!(matches!(outcome, Ok(Outcome::Kept(_))), "{outcome:?}"),
                Some(error) => assert_eq!(outcome, Ok(Outcome::TooLong(error))),
            }
        }
    }

    #[test]
    fn a_head_is_too_long_for_a_shorter_buffer() {
        let long = "y".repeat(90);
        let block = encoded(&[GET, &[("x", &long), ("z", "")]].concat());
        let mut storage = [0; 100];
        let mut buffer = SliceBuf::new(&mut storage);
        let outcome = Receiver::new(Limits::new()).receive(Some(REQUEST), &[&block], &mut buffer);
        let full = Error::BufferFull { needed: 16 << 10 };
        assert_eq!(outcome, Ok(Outcome::TooLong(full)));
        let mut storage = [0; 98];
        let mut buffer = SliceBuf::new(&mut storage);
        let outcome = Receiver::new(Limits::new()).receive(Some(REQUEST), &[&block], &mut buffer);
        assert_eq!(outcome, Err(full));
    }

    #[test]
    fn continuations_are_counted() {
        let block = and(&[("x", "y")]);
        for (count, fits) in [(9, true), (10, false)] {
            let mut pieces = std::vec![&b""[..]; count];
            pieces.push(&block);
            let outcome =
                Receiver::new(Limits::new()).receive(Some(REQUEST), &pieces, &mut Vec::new());
            let kept = matches!(outcome, Ok(Outcome::Kept(_)));
            assert!(
                kept == fits && (fits || outcome == Err(Error::TooManyContinuations { limit: 9 })),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn another_buffer_inside_a_block_is_an_error() {
        let bytes = and(&[]);
        let mut receiver = Receiver::new(Limits::new());
        let mut part = FieldBlockPart {
            stream: StreamId::MAX,
            bytes: &bytes,
            begins: Some(BlockFrame::Headers { self_dependent: false }),
            end: false,
            end_stream: true,
        };
        let Receiver { decoder, limits } = &mut receiver;
        let mut buffer = Vec::new();
        let mut block = Block::new(Some(Ok(REQUEST)), limits, &mut buffer);
        assert_eq!(block.receive(&part, decoder, limits, &mut buffer), Ok(None));
        part.bytes = b"";
        part.begins = Some(BlockFrame::Continuation);
        part.end = true;
        let other = block.receive(&part, decoder, limits, &mut Vec::new());
        assert_eq!(other, Err(Error::HeadBuffer));
    }

    #[test]
    fn a_block_cannot_end_inside_a_field() {
        let block = and(&[("x", "yz")]);
        let outcome = receive(Limits::new(), &block[..block.len() - 1]);
        assert_eq!(outcome, Err(Error::BlockTruncated));
    }
}
