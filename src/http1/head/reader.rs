//! Reads the heads of messages out of a stream.

use core::mem;

use super::scan::{Found, HeadKind, Scan, find_end_quickly};
use super::{Request, Response};
use crate::http::Name;
use crate::http1::{Error, Limits};
use crate::{Buffer, Truncated};

/// Reads the heads of messages out of a stream, however it is split.
///
/// A head that lies whole in the input is borrowed from it. The pieces of one that does not are
/// gathered in `storage`. Each byte is read a fixed number of times, however few come at a time. A
/// head that is too long is refused as soon as that is known, and so is a byte that no head can have
/// in its place. Errors are final. Folded lines of a response are joined in place, whether they lie in
/// the input or in the storage.
///
/// What follows a head stays in the input, and the next call reads the next head. If the message has a
/// body, the caller takes that first.
///
/// ```text
///   a whole head                a piece
///    ┌───────┐                 ┌───────┐
///    ▼       │     a piece     ▼       │
///   Between ─┴───────────────▶ Within ─┤
///    ▲                                 │
///    └──────── the rest of a head ─────┘
///
///   Between, Within ── a rule or a limit is broken ──▶ Failed
/// ```
///
/// ```
/// use framewright::http1::{HeadReader, Limits};
///
/// let mut reader = HeadReader::new(Vec::new(), Limits::new());
/// let mut bytes = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\nwhat follows";
/// let (first, second) = bytes.split_at_mut(10); // as it happened to be read
/// assert!(reader.read_request(&mut { first })?.is_none()); // all of it was taken
/// let mut input = second;
/// let request = reader.read_request(&mut input)?.expect("the rest is there");
/// assert_eq!((request.method(), request.host()), ("GET", Some("a")));
/// assert_eq!(input, b"what follows");
/// # Ok::<(), framewright::http1::Error>(())
/// ```
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

impl<B: Buffer> HeadReader<B> {
    /// A reader that gathers heads in `storage` if they do not arrive in one piece.
    ///
    /// Give it storage for as many bytes as the limits allow for a head. In less, a head that
    /// is split may not find room where a whole one passes. To keep the storage, lend it: `&mut` of a [`Buffer`]
    /// is one, too.
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

    /// Checks that the stream may end here: not inside a head (§8). The empty line that may precede a
    /// request is not part of it: some clients send one after a body, and no request (§2.2).
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Within(scan) if scan.has_text() => Err(Truncated),
            State::Between | State::Within(_) | State::Failed(_) => Ok(()),
        }
    }

    /// Like [`read_request`](Self::read_request), and shows each header to `visit` while it is
    /// parsed. That is cheaper than a second pass over the lines.
    pub(crate) fn read_request_with<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Option<Request<'a>>, Error> {
        self.read(input, HeadKind::Request, |head, max_headers| {
            Request::parse(head, max_headers, visit)
        })
    }

    /// Like [`read_response`](Self::read_response), with a visitor.
    pub(crate) fn read_response_with<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Option<Response<'a>>, Error> {
        self.read(input, HeadKind::Response, |head, max_headers| {
            Response::parse(head, max_headers, visit)
        })
    }

    fn read<'a, 'i: 'a, T>(
        &'a mut self,
        input: &mut &'i mut [u8],
        kind: HeadKind,
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
            Ok(TakenHead::Whole(head)) => parse(head, limits.max_headers)
                .map(Some)
                // The error is the one that these bytes meet if they come one by one.
                .map_err(|e| Scan::new(kind).find(head, limits).err().unwrap_or(e)),
            Ok(TakenHead::Unfinished(scan)) => {
                *state = State::Within(scan);
                return Ok(None);
            }
            Err(e) => Err(e),
        };
        *state = result.as_ref().err().map_or(State::Between, |e| State::Failed(*e));
        result
    }
}

/// What was taken off the input.
enum TakenHead<'a> {
    /// All of the input, and the head goes on.
    Unfinished(Scan),
    /// The rest of a head, which is this: no line of it is folded, and none has a control byte.
    Whole(&'a [u8]),
}

fn take_head<'a, 'i: 'a, B: Buffer>(
    storage: &'a mut B,
    mut scan: Scan,
    limits: &Limits,
    input: &mut &'i mut [u8],
) -> Result<TakenHead<'a>, Error> {
    let first = scan.is_at_start();
    if first {
        if let Some(len) = find_end_quickly(input, limits.max_head_len) {
            return Ok(TakenHead::Whole(split_off(input, len)));
        }
        storage.clear();
    }
    let mut held = scan.undecided();
    let end = find_end(&mut scan, limits, input, &mut held)?;
    let Some(len) = end else {
        let piece: &mut [u8] = mem::take(input);
        // The bytes to hold for the next call may begin among those held now.
        let next = scan.undecided().len();
        let from_piece = piece.len().saturating_sub(next);
        let from_held = (held.len() + piece.len()).saturating_sub(next).min(held.len());
        let held = held.get(..from_held).unwrap_or_default();
        let piece = piece.get(..from_piece).unwrap_or_default();
        storage.try_append_both(held, piece)?;
        return Ok(TakenHead::Unfinished(scan));
    };
    let piece = split_off(input, len);
    if first {
        return Ok(TakenHead::Whole(trim_head(piece)));
    }
    storage.try_append_both(held, piece)?;
    // Not `storage.as_slice()`, which would be that of `&mut B`.
    Ok(TakenHead::Whole(trim_head(B::as_slice(storage))))
}

/// Looks for the end of the head in `input`. The lines that are folded become one each: blanks take the
/// place of the line ends between them, in `input` and in what is held of the input before it.
fn find_end(
    scan: &mut Scan,
    limits: &Limits,
    input: &mut [u8],
    held: &mut &'static [u8],
) -> Result<Option<usize>, Error> {
    let mut seen = 0;
    loop {
        match scan.find(input.get(seen..).unwrap_or_default(), limits)? {
            Found::Nothing => return Ok(None),
            Found::End(len) => return Ok(Some(seen + len)),
            Found::Fold(len) => {
                seen += len;
                let line_end = scan.line_end().len();
                if seen < line_end {
                    *held = b"  ".get(..held.len()).unwrap_or_default();
                }
                let start = seen.saturating_sub(line_end);
                input.get_mut(start..seen).unwrap_or_default().fill(b' ');
            }
        }
    }
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
