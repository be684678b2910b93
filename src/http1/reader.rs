use core::mem;

use memchr::memchr2;

use super::{Error, Request, Response};
use crate::Buffer;

/// What a head may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    max_head_len: usize,
    max_headers: usize,
}

impl Limits {
    /// The most headers that can be allowed: 128. Their places take 4 KiB of stack on a 64-bit
    /// target while a head is parsed.
    pub const MOST_HEADERS: usize = 128;

    /// The defaults.
    pub const fn new() -> Self {
        Self { max_head_len: 16 * 1024, max_headers: 64 }
    }

    /// Sets the longest head to accept, in bytes, with its empty line. Default: 16 KiB.
    ///
    /// A reader whose storage can grow holds up to this many bytes while a head is incomplete.
    #[must_use]
    pub const fn max_head_len(mut self, bytes: usize) -> Self {
        self.max_head_len = bytes;
        self
    }

    /// Sets the most header lines to accept. Default: 64; values over
    /// [`MOST_HEADERS`](Self::MOST_HEADERS) count as that.
    #[must_use]
    pub const fn max_headers(mut self, lines: usize) -> Self {
        self.max_headers = if lines < Self::MOST_HEADERS { lines } else { Self::MOST_HEADERS };
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

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
#[derive(Clone, Copy, Eq, PartialEq)]
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

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] if it ended within a head, and whatever error came before.
    pub const fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::Between => Ok(()),
            State::Within(_) => Err(Error::Truncated),
            State::Failed(e) => Err(e),
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
        visit: impl FnMut(&'a str, &'a [u8]),
    ) -> Result<Option<Request<'a>>, Error> {
        self.read(input, Kind::Request, |head| Request::parse(head, visit))
    }

    /// Like [`read_response`](Self::read_response), with a visitor.
    pub(crate) fn read_response_with<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        visit: impl FnMut(&'a str, &'a [u8]),
    ) -> Result<Option<Response<'a>>, Error> {
        self.read(input, Kind::Response, |head| Response::parse(head, visit))
    }

    fn read<'a, 'i: 'a, T>(
        &'a mut self,
        input: &mut &'i mut [u8],
        kind: Kind,
        parse: impl FnOnce(&'a [u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let Self { storage, limits, state } = self;
        let result = match *state {
            State::Failed(e) => return Err(e),
            State::Between if input.is_empty() => return Ok(None),
            State::Between => {
                storage.clear();
                take_head(storage, Scan::new(kind), limits, input)
            }
            State::Within(scan) => take_head(storage, scan, limits, input),
        };
        let result = match result {
            Ok(Taken::Head(head)) => parse(head).map(Some),
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
    /// The rest of the head.
    Head(&'a [u8]),
}

fn take_head<'a, 'i: 'a, B: Buffer>(
    storage: &'a mut B,
    mut scan: Scan,
    limits: &Limits,
    input: &mut &'i mut [u8],
) -> Result<Taken<'a>, Error> {
    let in_one_piece = scan.len == 0;
    let Some(len) = scan.find_end(input, limits)? else {
        let piece: &mut [u8] = mem::take(input);
        storage.try_append(piece).map_err(|_| Error::HeadTooLong)?;
        return Ok(Taken::All(scan));
    };
    let (piece, rest) = mem::take(input).split_at_mut_checked(len).unwrap_or_default();
    *input = rest;
    let head = if in_one_piece {
        piece
    } else {
        storage.try_append(piece).map_err(|_| Error::HeadTooLong)?;
        // Not `storage.as_slice()`, which would be that of `&mut B`.
        B::as_slice(storage)
    };
    Ok(Taken::Head(head.strip_prefix(b"\r\n").unwrap_or(head)))
}

/// The search for the empty line that ends a head, which stops at the first byte that cannot be
/// part of one.
#[derive(Clone, Copy, Debug)]
struct Scan {
    /// Bytes seen.
    len: usize,
    /// Lines ended, without the empty one that may precede a request.
    lines: usize,
    /// Whether an empty line may precede the first.
    may_be_empty: bool,
    /// Whether the line has no byte so far but perhaps its CR.
    line_is_empty: bool,
    /// Whether the last byte was a CR.
    cr: bool,
}

impl Scan {
    fn new(kind: Kind) -> Self {
        let may_be_empty = kind == Kind::Request;
        Self { len: 0, lines: 0, may_be_empty, line_is_empty: true, cr: false }
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
                } else if !mem::take(&mut self.may_be_empty) {
                    return Err(Error::RequestLine);
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
