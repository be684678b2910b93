//! The search for the empty line that ends a head.

use memchr::{memchr_iter, memchr2};

use crate::http1::{Error, Limits};

/// The kinds of head, as far as the search has to tell them apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum HeadKind {
    Request,
    Response,
}

/// The length of a head that lies whole in `input`, in lines ended by CRLF.
///
/// `None` says nothing. Whatever else can be wrong with a head is left to the parser, so that it costs
/// one pass less over the bytes. [`Scan`] then finds the error that counts.
pub(super) fn find_end_quickly(input: &[u8], max_head_len: usize) -> Option<usize> {
    let input = input.get(..max_head_len).unwrap_or(input);
    // The parser would skip any number of empty lines, before a response too.
    if matches!(input.first(), Some(b'\r' | b'\n')) {
        return None;
    }
    let start = skip_blocks(input);
    let last = input.get(start..)?;
    for lf in memchr_iter(b'\n', last) {
        let (before, after) = last.split_at_checked(lf)?;
        let ([] | [.., b'\r']) = before else { return None };
        if after.starts_with(b"\n\r") {
            return after.starts_with(b"\n\r\n").then_some(start + lf + 3);
        }
    }
    None
}

/// The length of the blocks at the front of `input` that neither end a head nor have a bare LF.
#[inline]
fn skip_blocks(input: &[u8]) -> usize {
    const STEP: usize = 64;
    let mut start = 0;
    // One more byte, so that each is seen together with the one after it.
    while let Some(block) = input.get(start..).and_then(<[u8]>::first_chunk::<{ STEP + 1 }>)
        && let (Some(these), Some(next)) = (block.first_chunk::<STEP>(), block.last_chunk::<STEP>())
    {
        // No early end, so that many are compared at a time.
        let pairs = these.iter().zip(next);
        if pairs.fold(0, |found, (&a, &b)| found | stops_blocks(a, b)) != 0 {
            break;
        }
        start += STEP;
    }
    start
}

/// 1 if an empty line may begin at `b`, or if `b` is a bare LF.
const fn stops_blocks(a: u8, b: u8) -> u8 {
    before_empty_line(a, b) | bare_lf(a, b)
}

const fn before_empty_line(a: u8, b: u8) -> u8 {
    (a == b'\n') as u8 & (b == b'\r') as u8
}

const fn bare_lf(a: u8, b: u8) -> u8 {
    (a != b'\r') as u8 & (b == b'\n') as u8
}

/// The search for the empty line that ends a head. It stops at the first byte that no head can have
/// there.
///
/// ```text
///     text
///    ┌────┐
///    ▼    │     CR
///   in a line ──────▶ after a CR ── LF of an empty line ──▶ the end
///    ▲                    │
///    └─── any other LF ───┘
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// Bytes seen.
    len: usize,
    /// Lines ended, without the empty one that may precede a request.
    lines: usize,
    kind: HeadKind,
    /// Whether an empty line was before the first.
    skipped: bool,
    /// Whether the line has no byte so far, except perhaps its CR.
    line_is_empty: bool,
    /// Whether the last byte was a CR.
    after_cr: bool,
}

impl Scan {
    pub(super) const fn new(kind: HeadKind) -> Self {
        Self { len: 0, lines: 0, kind, skipped: false, line_is_empty: true, after_cr: false }
    }

    /// Whether no byte was seen.
    pub(super) const fn is_at_start(&self) -> bool {
        self.len == 0
    }

    /// The length of the part of `bytes` that belongs to the head, if the head ends there.
    pub(super) fn find_end(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, Error> {
        let room = limits.max_head_len.saturating_sub(self.len);
        let within = bytes.get(..room).unwrap_or(bytes);
        let end = self.find_end_within(within, limits.max_headers)?;
        if end.is_none() && within.len() < bytes.len() {
            return Err(Error::HeadTooLong);
        }
        self.len += end.unwrap_or(within.len());
        Ok(end)
    }

    fn find_end_within(
        &mut self,
        bytes: &[u8],
        max_headers: usize,
    ) -> Result<Option<usize>, Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if !self.after_cr {
                self.take_text(&mut rest)?;
            } else if rest.split_off_first() != Some(&b'\n') {
                return Err(Error::BareCr);
            } else if self.end_line(max_headers)? {
                return Ok(Some(bytes.len() - rest.len()));
            }
        }
        Ok(None)
    }

    /// Takes the text of a line off `rest`, with the CR after it.
    fn take_text(&mut self, rest: &mut &[u8]) -> Result<(), Error> {
        let len = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let text = rest.split_off(..len).unwrap_or_default();
        // No early end, so that many are compared at a time.
        let is_control = |b: u8| u8::from(b != b'\t' && b.is_ascii_control());
        if text.iter().fold(0, |found, &b| found | is_control(b)) != 0 {
            return Err(Error::ControlByte);
        }
        self.line_is_empty &= text.is_empty();
        match rest.split_off_first() {
            None => Ok(()),
            Some(b'\r') => {
                self.after_cr = true;
                Ok(())
            }
            Some(_) => Err(Error::BareLf),
        }
    }

    /// Ends a line after its LF. Returns whether it ends the head.
    fn end_line(&mut self, max_headers: usize) -> Result<bool, Error> {
        self.after_cr = false;
        if !self.line_is_empty {
            self.line_is_empty = true;
            self.lines += 1;
            // The start line is not a header.
            let too_many = self.lines > max_headers.saturating_add(1);
            return if too_many { Err(Error::TooManyHeaders) } else { Ok(false) };
        }
        if self.lines > 0 {
            return Ok(true);
        }
        match self.kind {
            HeadKind::Request if !self.skipped => {
                self.skipped = true;
                Ok(false)
            }
            HeadKind::Request => Err(Error::RequestLine),
            HeadKind::Response => Err(Error::StatusLine),
        }
    }
}
