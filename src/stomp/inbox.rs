//! Heads and whole frames, in storage that the caller picks.

use core::fmt;

use super::Headers;
use super::headers::{NAME_END, VALUE_END};
use crate::debug::Payload;
use crate::{Buffer, BufferFull};

/// Where a decoder or a connection puts the frames that it receives.
///
/// It has the headers of the current frame, with escapes resolved, and if whole frames are received, the body
/// after them: all in one storage that the caller picks, an [`ArrayBuf`](crate::ArrayBuf), a slice
/// ([`SliceBuf`](crate::SliceBuf)), a `Vec<u8>` or a `BytesMut`. A connection needs one of its own.
///
/// A `Vec` grows as bytes come, never by what a peer has only announced, up to
/// [`Limits::max_head_len`](super::Limits::max_head_len) and, for whole frames,
/// [`Limits::max_body_len`](super::Limits::max_body_len) in addition. It keeps its memory for the next frame:
/// [`release`](Self::release) gives it back.
///
/// ```
/// use framewright::ArrayBuf;
/// use framewright::stomp::{Command, Connection, FrameEvent, Inbox, Limits};
///
/// let mut server = Connection::server(Limits::new(), 0);
/// let mut inbox = Inbox::new(ArrayBuf::<512>::new()); // for programs that do not allocate
/// let mut input = &b"CONNECT\naccept-version:1.2\nhost:a\n\n\0"[..];
/// let event = server.receive_frame(&mut input, &mut inbox, 0);
/// assert_eq!(event, Some(FrameEvent::Frame(Command::Connect)));
/// assert_eq!((inbox.headers().get("host"), inbox.body()), (Some("a"), &b""[..]));
/// ```
#[derive(Clone)]
pub struct Inbox<B> {
    storage: B,
    /// Length of the headers that are complete.
    headers_len: usize,
    state: InboxState,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum InboxState {
    /// Nothing that can be asked for.
    Empty,
    /// Some lines of a head.
    Head,
    /// All lines of a head, and what has come of a body that is joined.
    Body,
    /// A whole frame, or all of its head.
    Whole,
}

impl<B: Buffer> Inbox<B> {
    /// An inbox that keeps its frames in `storage`. What `storage` holds is overwritten.
    pub const fn new(storage: B) -> Self {
        Self { storage, headers_len: 0, state: InboxState::Empty }
    }

    /// The headers of the frame whose head has come last.
    ///
    /// They are there until the next frame begins. While a head is incomplete, there are none.
    #[inline]
    pub fn headers(&self) -> Headers<'_> {
        match self.state {
            InboxState::Empty | InboxState::Head => Headers::default(),
            InboxState::Body | InboxState::Whole => self.headers_so_far(),
        }
    }

    /// The body of the frame that was received whole. Otherwise it is empty.
    #[inline]
    pub fn body(&self) -> &[u8] {
        match self.state {
            InboxState::Whole => {
                self.storage.as_slice().get(self.headers_len..).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// [Frees](Buffer::free) the storage, unless a frame has begun to arrive. Returns whether it did.
    ///
    /// Call it when a connection is idle after a long frame.
    pub fn release(&mut self) -> bool {
        let idle = matches!(self.state, InboxState::Empty | InboxState::Whole);
        if idle {
            self.abandon();
        }
        idle
    }

    /// Gives up the frame that has begun to arrive, and [frees](Buffer::free) the storage.
    ///
    /// The rest of its head, or of its body if it is received whole, cannot be received: that fails with
    /// [`Error::BeginningMissing`](super::Error::BeginningMissing).
    pub fn abandon(&mut self) {
        self.storage.free();
        self.headers_len = 0;
        self.state = InboxState::Empty;
    }

    /// Begins a frame.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.storage.clear();
        self.headers_len = 0;
        self.state = InboxState::Head;
    }

    /// The headers that are complete, though the head may not be.
    pub(super) fn headers_so_far(&self) -> Headers<'_> {
        Headers::new(self.storage.as_slice().get(..self.headers_len).unwrap_or_default())
    }

    /// Whether a head is arriving, of which `len` bytes are here.
    #[inline]
    pub(super) fn has_head(&self, len: usize) -> bool {
        self.state == InboxState::Head && self.storage.as_slice().len() == len
    }

    /// How many bytes are here.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.storage.as_slice().len()
    }

    /// Appends a part of a line.
    #[inline]
    pub(super) fn put_piece(&mut self, piece: &[u8]) -> Result<(), BufferFull> {
        self.storage.try_append(piece)
    }

    /// What has come of the current line.
    #[inline]
    pub(super) fn line(&mut self) -> &mut [u8] {
        self.storage.as_mut_slice().get_mut(self.headers_len..).unwrap_or_default()
    }

    /// Ends the current line, whose name and value have these lengths, with one byte between them. Both are
    /// free of escapes.
    #[inline]
    pub(super) fn end_line(&mut self, name_len: usize, value_len: usize) -> Result<(), BufferFull> {
        let len = name_len + 1 + value_len;
        self.storage.truncate(self.headers_len + len);
        self.storage.try_append(&[VALUE_END])?;
        if let Some(colon) = self.line().get_mut(name_len) {
            *colon = NAME_END;
        }
        self.headers_len += len + 1;
        Ok(())
    }

    /// Notes that all lines of a head are here.
    #[inline]
    pub(super) fn end_lines(&mut self) {
        self.headers_len = self.len();
    }

    /// Notes that the head is complete. Of its empty line, a CR may be here.
    #[inline]
    pub(super) fn end_head(&mut self) {
        self.storage.truncate(self.headers_len);
        self.state = InboxState::Whole;
    }

    /// Notes that the body will be joined here.
    #[inline]
    pub(super) fn begin_body(&mut self) {
        self.state = InboxState::Body;
    }

    /// Appends a part of the body. `None` if its beginning is not here: `before` bytes.
    #[inline]
    pub(super) fn put_body(&mut self, before: u64, bytes: &[u8]) -> Option<Result<(), BufferFull>> {
        let here = (self.len() - self.headers_len.min(self.len())) as u64;
        (self.state == InboxState::Body && here == before).then(|| self.storage.try_append(bytes))
    }

    /// Notes that the frame is complete.
    #[inline]
    pub(super) fn end_body(&mut self) {
        self.state = InboxState::Whole;
    }
}

/// With the headers and the body, and without the storage.
impl<B: Buffer> fmt::Debug for Inbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("headers", &self.headers())
            .field("body", &Payload(self.body()))
            .finish()
    }
}
