//! The search for the empty line that ends a head.

use memchr::{memchr_iter, memchr2};

use crate::http1::{Error, Limits};

/// The kinds of head, as far as the search has to tell them apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum HeadKind {
    Request,
    Response,
}

/// The length of a head that lies whole in `input`, in lines ended by CRLF of which none is folded, and
/// without control bytes.
///
/// `None` says nothing: [`Scan`] then finds the end, or what is wrong.
pub(super) fn find_end_quickly(input: &[u8], max_head_len: usize) -> Option<usize> {
    let len = find_empty_line(input, max_head_len)?;
    has_no_control(input.get(..len)?).then_some(len)
}

/// Whether the only controls in `head` are HTAB and CRLF. No LF in it is bare.
fn has_no_control(head: &[u8]) -> bool {
    const STEP: usize = 64;
    // One more byte, so that each is seen together with the one after it.
    const SEEN: usize = STEP + 1;
    let (mut found, mut start) = (0, 0);
    while let Some(block) = head.get(start..).and_then(<[u8]>::first_chunk::<SEEN>) {
        found |= controls(block);
        start += STEP;
    }
    // The last block overlaps the one before it, which costs less than to go byte by byte.
    found |= match head.last_chunk::<SEEN>() {
        Some(block) => controls(block),
        None => controls(head),
    };
    found == 0
}

/// 1 if a byte of `block` that another follows is a control other than HTAB and CRLF.
#[inline]
fn controls(block: &[u8]) -> u8 {
    let next = block.get(1..).unwrap_or_default();
    block.iter().zip(next).fold(0, |found, (&a, &b)| found | control(a, b))
}

const fn control(a: u8, b: u8) -> u8 {
    let no_line_end = (a != b'\n') as u8 & ((a != b'\r') as u8 | (b != b'\n') as u8);
    a.is_ascii_control() as u8 & (a != b'\t') as u8 & no_line_end
}

/// The length of a head up to the end of its empty line, if all of its lines end in CRLF, and none begins
/// with a blank.
fn find_empty_line(input: &[u8], max_head_len: usize) -> Option<usize> {
    let input = input.get(..max_head_len).unwrap_or(input);
    // An empty line.
    if matches!(input.first(), Some(b'\r' | b'\n')) {
        return None;
    }
    let start = skip_blocks(input);
    let last = input.get(start..)?;
    for lf in memchr_iter(b'\n', last) {
        let (before, after) = last.split_at_checked(lf)?;
        let ([] | [.., b'\r']) = before else { return None };
        match after {
            [_, b'\r', b'\n', ..] => return Some(start + lf + 3),
            [_, b'\r' | b' ' | b'\t', ..] => return None,
            _ => {}
        }
    }
    None
}

/// The length of the blocks at the front of `input` that neither end a head, nor have a bare LF, nor a
/// line that begins with a blank.
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

/// 1 if an empty or a folded line may begin at `b`, or if `b` is a bare LF.
const fn stops_blocks(a: u8, b: u8) -> u8 {
    no_name(a, b) | bare_lf(a, b)
}

/// 1 if a line begins at `b` and cannot begin with a name: one comparison covers CR, SP and HTAB.
const fn no_name(a: u8, b: u8) -> u8 {
    (a == b'\n') as u8 & (b <= b' ') as u8
}

const fn bare_lf(a: u8, b: u8) -> u8 {
    (a != b'\r') as u8 & (b == b'\n') as u8
}

/// What a search has found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Nothing: every byte was seen, and the head goes on.
    Nothing,
    /// The end of the head, after this many bytes.
    End(usize),
    /// A line that continues the one before it. It begins after this many bytes.
    Fold(usize),
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
///
/// In a response, a line may also end in LF alone, and be folded: the next one begins with a blank.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
pub(super) struct Scan {
    /// Bytes seen.
    len: usize,
    /// Lines ended, without the empty one that may precede a request. A line counts once, however often
    /// it is folded.
    lines: usize,
    kind: HeadKind,
    /// Whether an empty line was before the first.
    skipped: bool,
    /// Whether the line has no byte so far, except perhaps its CR.
    line_is_empty: bool,
    /// Whether the first byte was one that a record of TLS begins with.
    may_be_tls: bool,
    /// Whether the last byte was a CR.
    after_cr: bool,
    /// The end of the last line.
    line_end: &'static [u8],
}

impl Scan {
    pub(super) const fn new(kind: HeadKind) -> Self {
        Self {
            len: 0,
            lines: 0,
            kind,
            skipped: false,
            line_is_empty: true,
            may_be_tls: false,
            after_cr: false,
            line_end: b"\r\n",
        }
    }

    /// Whether no byte was seen.
    pub(super) const fn is_at_start(&self) -> bool {
        self.len == 0
    }

    /// Whether a byte of the head itself was seen, and not only the empty line before it.
    pub(super) const fn has_text(&self) -> bool {
        self.lines > 0 || !self.line_is_empty
    }

    /// The end of the last line.
    pub(super) const fn line_end(&self) -> &'static [u8] {
        self.line_end
    }

    /// The last bytes seen, as far as the byte after them says what they mean: the line end of a
    /// response, which becomes blanks if the line is folded.
    pub(super) const fn undecided(&self) -> &'static [u8] {
        match self.kind {
            HeadKind::Response if self.after_cr => b"\r",
            HeadKind::Response if self.line_is_empty && self.lines > 0 => self.line_end(),
            HeadKind::Response | HeadKind::Request => b"",
        }
    }

    /// The error if more bytes than were seen are too many.
    const fn too_long(&self, limits: &Limits) -> Error {
        let limit = limits.max_head_len;
        match self.kind {
            HeadKind::Request if self.lines == 0 => Error::RequestLineTooLong { limit },
            HeadKind::Request | HeadKind::Response => Error::HeadTooLong { limit },
        }
    }

    /// Goes on through `bytes`. After a fold, the search goes on with the line that it found.
    pub(super) fn find(&mut self, bytes: &[u8], limits: &Limits) -> Result<Found, Error> {
        let room = limits.max_head_len.saturating_sub(self.len);
        let within = bytes.get(..room).unwrap_or(bytes);
        let found = self.find_within(within, limits.max_headers)?;
        self.len += match found {
            Found::Nothing if within.len() < bytes.len() => return Err(self.too_long(limits)),
            Found::Nothing => within.len(),
            Found::End(len) | Found::Fold(len) => len,
        };
        Ok(found)
    }

    fn find_within(&mut self, bytes: &[u8], max_headers: usize) -> Result<Found, Error> {
        let mut rest = bytes;
        if self.len < 2 {
            self.take_first_of_tls(&mut rest)?;
        }
        while let Some(&next) = rest.first() {
            if self.after_cr {
                if next != b'\n' {
                    return Err(Error::BareCr);
                }
                rest.split_off_first();
                self.after_cr = false;
                self.line_end = b"\r\n";
                if self.end_line(max_headers)? {
                    return Ok(Found::End(bytes.len() - rest.len()));
                }
            } else if self.begins_fold(next) {
                self.lines -= 1;
                self.line_is_empty = false;
                return Ok(Found::Fold(bytes.len() - rest.len()));
            } else if self.take_text(&mut rest)? && self.end_line(max_headers)? {
                return Ok(Found::End(bytes.len() - rest.len()));
            }
        }
        Ok(Found::Nothing)
    }

    /// Takes the type of a record of TLS off the front of a head, an alert or a handshake, and looks at
    /// the version after it (RFC 8446 §5.1). No head begins with that type.
    fn take_first_of_tls(&mut self, rest: &mut &[u8]) -> Result<(), Error> {
        if self.len == 0 && matches!(rest.first(), Some(21 | 22)) {
            rest.split_off_first();
            (self.may_be_tls, self.line_is_empty) = (true, false);
        }
        match rest.first() {
            Some(3) if self.may_be_tls => Err(Error::Tls),
            Some(_) if self.may_be_tls => Err(Error::ControlByte),
            _ => Ok(()),
        }
    }

    /// Whether a line that begins with `next` continues the one before it. The first line after the
    /// start line has none to continue.
    fn begins_fold(&self, next: u8) -> bool {
        matches!((self.kind, next), (HeadKind::Response, b' ' | b'\t'))
            && self.line_is_empty
            && self.lines > 1
    }

    /// Takes the text of a line off `rest`, with the CR or the LF after it. Returns whether it was an LF
    /// that ends the line.
    fn take_text(&mut self, rest: &mut &[u8]) -> Result<bool, Error> {
        let len = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let text = rest.split_off(..len).unwrap_or_default();
        // No early end, so that many are compared at a time.
        let is_control = |b: u8| u8::from(b != b'\t' && b.is_ascii_control());
        if text.iter().fold(0, |found, &b| found | is_control(b)) != 0 {
            return Err(Error::ControlByte);
        }
        self.line_is_empty &= text.is_empty();
        match (rest.split_off_first(), self.kind) {
            (None, _) => Ok(false),
            (Some(b'\r'), _) => {
                self.after_cr = true;
                Ok(false)
            }
            (Some(_), HeadKind::Response) => {
                self.line_end = b"\n";
                Ok(true)
            }
            (Some(_), HeadKind::Request) => Err(Error::BareLf),
        }
    }

    /// Ends a line after its LF. Returns whether it ends the head.
    fn end_line(&mut self, max_headers: usize) -> Result<bool, Error> {
        if !self.line_is_empty {
            self.line_is_empty = true;
            self.lines += 1;
            // The start line is not a header.
            let too_many = self.lines > max_headers.saturating_add(1);
            return if too_many {
                Err(Error::TooManyHeaders { limit: max_headers })
            } else {
                Ok(false)
            };
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
