use core::mem;

use memchr::{memchr_iter, memchr2};

use crate::http::Name;
use crate::http1::{Error, Limits, Request, Response};
use crate::{Buffer, Truncated};

/// Reads the heads of messages out of a stream, however it is split.
///
/// A head that lies whole in the input is borrowed from it; the pieces of one that does not are
/// gathered in `storage`. Each byte is looked at a fixed number of times, however few come at a
/// time. A byte that no head can have where it is, and a head that is too long, are refused as
/// soon as they are seen; errors are final.
///
/// What follows a head is left in the input, and the next call reads the next head: that is for
/// heads without a body, or after the caller took the body.
#[derive(Debug)]
pub struct HeadReader<B> {
    storage: B,
    limits: Limits,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Between,
    Within(Scan),
    Failed(Error),
}

/// The kinds of head, as far as the search for their end can tell them apart.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Request,
    Response,
}

impl<B: Buffer> HeadReader<B> {
    /// A reader that gathers in `storage` what does not arrive in one piece.
    ///
    /// Give it storage for as many bytes as the limits allow for a head: in less, a head that
    /// is split may not find room where a whole one passes.
    pub const fn new(storage: B, limits: Limits) -> Self {
        Self { storage, limits, state: State::Between }
    }

    /// Reads the head of a request, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    pub fn read_request<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Request<'a>>, Error> {
        self.read_request_with(input, |_, _| {})
    }

    /// Reads the head of a response, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    pub fn read_response<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Response<'a>>, Error> {
        self.read_response_with(input, |_, _| {})
    }

    /// Tells whether the stream may end here: not inside a head (§8).
    pub const fn finish(&self) -> Result<(), Truncated> {
        match self.state {
            State::Between | State::Failed(_) => Ok(()),
            State::Within(_) => Err(Truncated),
        }
    }

    /// Gives the storage back, with anything in it.
    pub fn into_storage(self) -> B {
        self.storage
    }

    /// Like [`read_request`](Self::read_request), and shows each header to `visit` while it is
    /// parsed, which is cheaper than going through the lines once more.
    pub(crate) fn read_request_with<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Option<Request<'a>>, Error> {
        self.read(input, Kind::Request, |head, max_headers| {
            Request::parse(head, max_headers, visit)
        })
    }

    /// Like [`read_response`](Self::read_response), with a visitor.
    pub(crate) fn read_response_with<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Option<Response<'a>>, Error> {
        self.read(input, Kind::Response, |head, max_headers| {
            Response::parse(head, max_headers, visit)
        })
    }

    fn read<'a, 'i: 'a, T>(
        &'a mut self,
        input: &mut &'i mut [u8],
        kind: Kind,
        parse: impl FnOnce(&'a [u8], usize) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let Self { storage, limits, state } = self;
        let scan = match *state {
            State::Failed(e) => return Err(e),
            State::Between if input.is_empty() => return Ok(None),
            State::Between => Scan::new(kind),
            State::Within(scan) => scan,
        };
        let result = match take_head(storage, scan, limits, input) {
            Ok(Taken::Head(head)) => parse(head, limits.max_headers).map(Some),
            Ok(Taken::Unchecked(head)) => parse(head, limits.max_headers)
                .map(Some)
                // The error that the bytes would have met, had they come one by one.
                .map_err(|e| Scan::new(kind).find_end(head, limits).err().unwrap_or(e)),
            Ok(Taken::All(scan)) => {
                *state = State::Within(scan);
                return Ok(None);
            }
            Err(e) => Err(e),
        };
        *state = result.as_ref().err().map_or(State::Between, |e| State::Failed(*e));
        result
    }
}

enum Taken<'a> {
    /// All of the input, and the head goes on.
    All(Scan),
    /// The rest of the head, which is this.
    Head(&'a [u8]),
    /// All of the head, with lines ended by CRLF, and nothing else known.
    Unchecked(&'a [u8]),
}

fn take_head<'a, 'i: 'a, B: Buffer>(
    storage: &'a mut B,
    mut scan: Scan,
    limits: &Limits,
    input: &mut &'i mut [u8],
) -> Result<Taken<'a>, Error> {
    let first = scan.len == 0;
    if first {
        if let Some(len) = find_end_quickly(input, limits.max_head_len) {
            return Ok(Taken::Unchecked(split_off(input, len)));
        }
        storage.clear();
    }
    let Some(len) = scan.find_end(input, limits)? else {
        let piece: &mut [u8] = mem::take(input);
        storage.try_append(piece).map_err(|_| Error::HeadTooLong)?;
        return Ok(Taken::All(scan));
    };
    let piece = split_off(input, len);
    if first {
        return Ok(Taken::Head(trim_head(piece)));
    }
    storage.try_append(piece).map_err(|_| Error::HeadTooLong)?;
    // Not `storage.as_slice()`, which would be that of `&mut B`.
    Ok(Taken::Head(trim_head(B::as_slice(storage))))
}

fn split_off<'i>(input: &mut &'i mut [u8], len: usize) -> &'i [u8] {
    let (head, rest) = mem::take(input).split_at_mut_checked(len).unwrap_or_default();
    *input = rest;
    head
}

/// A head without the empty line that may precede a request.
fn trim_head(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\r\n").unwrap_or(head)
}

/// The length of a head that lies whole in `input`, in lines ended by CRLF.
///
/// `None` says nothing. Whatever else can be wrong with a head is left to the parser, so that the
/// bytes are looked at once less; [`Scan`] is what knows how to say it.
fn find_end_quickly(input: &[u8], max_head_len: usize) -> Option<usize> {
    let input = input.get(..max_head_len).unwrap_or(input);
    // The parser would skip any number of empty lines, before a response too.
    if matches!(input.first(), Some(b'\r' | b'\n')) {
        return None;
    }
    let start = skip_blocks(input);
    let last = input.get(start..)?;
    for lf in memchr_iter(b'\n', last) {
        let (before, behind) = last.split_at_checked(lf)?;
        let ([] | [.., b'\r']) = before else { return None };
        if behind.starts_with(b"\n\r") {
            return behind.starts_with(b"\n\r\n").then_some(start + lf + 3);
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
        // All of them, without stopping, so that they are compared many at a time.
        let found = these.iter().zip(next).fold(0, |found, (&a, &b)| {
            let empty_line = u8::from(a == b'\n') & u8::from(b == b'\r');
            let bare_lf = u8::from(a != b'\r') & u8::from(b == b'\n');
            found | empty_line | bare_lf
        });
        if found != 0 {
            break;
        }
        start += STEP;
    }
    start
}

/// The search for the empty line that ends a head, which stops at the first byte that cannot be
/// part of one.
#[derive(Clone, Copy, Debug)]
struct Scan {
    /// Bytes seen.
    len: usize,
    /// Lines ended, without the empty one that may precede a request.
    lines: usize,
    kind: Kind,
    /// Whether an empty line was before the first.
    skipped: bool,
    /// Whether the line has no byte so far but perhaps its CR.
    line_is_empty: bool,
    /// Whether the last byte was a CR.
    cr: bool,
}

impl Scan {
    fn new(kind: Kind) -> Self {
        Self { len: 0, lines: 0, kind, skipped: false, line_is_empty: true, cr: false }
    }

    /// The length of the part of `bytes` that belongs to the head, if it ends there.
    fn find_end(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Error> {
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
        loop {
            if self.cr {
                match rest.split_off_first() {
                    None => return Ok(None),
                    Some(b'\n') => self.cr = false,
                    Some(_) => return Err(Error::BareCr),
                }
                if !self.line_is_empty {
                    self.lines += 1;
                    if self.lines > max_headers.saturating_add(1) {
                        return Err(Error::TooManyHeaders);
                    }
                } else if self.lines > 0 {
                    return Ok(Some(bytes.len() - rest.len()));
                } else {
                    match self.kind {
                        Kind::Request if !self.skipped => self.skipped = true,
                        Kind::Request => return Err(Error::RequestLine),
                        Kind::Response => return Err(Error::StatusLine),
                    }
                }
                self.line_is_empty = true;
            }
            let end = memchr2(b'\r', b'\n', rest);
            let Some((text, after)) = rest.split_at_checked(end.unwrap_or(rest.len())) else {
                return Ok(None);
            };
            // All of them, without stopping, so that they are compared many at a time.
            if text.iter().fold(0, |found, &b| found | u8::from(b != b'\t' && b.is_ascii_control()))
                != 0
            {
                return Err(Error::ControlByte);
            }
            self.line_is_empty &= text.is_empty();
            rest = after;
            match rest.split_off_first() {
                None => return Ok(None),
                Some(b'\r') => self.cr = true,
                Some(_) => return Err(Error::BareLf),
            }
        }
    }
}
