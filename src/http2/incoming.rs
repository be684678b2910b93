//! Where in the stream of frames a decoder is, and how far the current frame has come.

use core::mem;

use super::part::{BlockFrame, DataPart, FieldBlockPart};
use super::{Error, Flags, FrameHeader, StreamId};
use crate::inline::Inline;

/// Where in the stream of frames a decoder is.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// In the client's preface.
    Preface {
        matched: u8,
    },
    /// Before the end of the first header.
    First,
    /// Between frames, and outside of field blocks.
    Between,
    /// In a header.
    Header,
    /// Before the end of the header of a CONTINUATION.
    Block {
        stream: StreamId,
        end_stream: bool,
    },
    /// Before the length of the padding of a DATA.
    DataPrefix {
        stream: StreamId,
        flags: Flags,
        len: u32,
    },
    /// Before the length of the padding, or in the priority, of a HEADERS.
    FieldsPrefix {
        stream: StreamId,
        flags: Flags,
        len: u32,
    },
    /// In a DATA.
    Data(DataFrame),
    /// In a HEADERS or a CONTINUATION.
    Fields(FieldsFrame),
    /// In a SETTINGS that has some settings left.
    Settings {
        left: u32,
    },
    /// In a RST_STREAM.
    Reset {
        stream: StreamId,
    },
    /// In a PRIORITY.
    Priority {
        stream: StreamId,
    },
    /// In a WINDOW_UPDATE.
    WindowUpdate {
        stream: Option<StreamId>,
    },
    /// In a PING.
    Ping {
        ack: bool,
    },
    /// In the values of a GOAWAY.
    GoAway {
        debug_len: u32,
    },
    /// In the debug data of a GOAWAY.
    DebugData {
        rest: Rest,
        start: bool,
    },
    /// In a payload that nobody reads.
    Skip(Rest),
    Failed(Error),
}

/// What a payload still has: bytes, and then padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    len: u32,
    padding: u8,
}

impl Rest {
    #[inline]
    pub(super) const fn new(len: u32, padding: u8) -> Self {
        Self { len, padding }
    }

    /// Takes as many bytes off `input` as there are, and the padding after them. Returns them, and
    /// whether the payload ends with them.
    ///
    /// `None` means that there is nothing to return, and more is to come.
    pub(super) fn take<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<(&'a mut [u8], bool)> {
        let len = to_usize(self.len).min(input.len());
        let bytes = input.split_off_mut(..len).unwrap_or_default();
        self.len -= to_u32(len);
        if self.len == 0 {
            let padding = usize::from(self.padding).min(input.len());
            let _ = input.split_off_mut(..padding);
            self.padding -= u8::try_from(padding).unwrap_or(self.padding);
        }
        let end = self.len == 0 && self.padding == 0;
        (end || !bytes.is_empty()).then_some((bytes, end))
    }
}

/// A DATA frame, and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataFrame {
    stream: StreamId,
    flow_len: u32,
    data_len: u32,
    end_stream: bool,
    /// Whether no part of it was returned.
    start: bool,
    pub(super) rest: Rest,
}

impl DataFrame {
    #[inline]
    pub(super) const fn new(
        stream: StreamId,
        flags: Flags,
        flow_len: u32,
        padding: u8,
        len: u32,
    ) -> Self {
        let end_stream = flags.contains(Flags::END_STREAM);
        let rest = Rest::new(len, padding);
        Self { stream, flow_len, data_len: len, end_stream, start: true, rest }
    }

    /// The next part.
    #[inline]
    pub(super) fn part<'a>(&mut self, bytes: &'a mut [u8], end: bool) -> DataPart<'a> {
        let Self { stream, flow_len, data_len, end_stream, .. } = *self;
        let start = mem::take(&mut self.start);
        DataPart { stream, bytes, start, end, end_stream, flow_len, data_len }
    }
}

/// A HEADERS or CONTINUATION frame, and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldsFrame {
    stream: StreamId,
    /// What it is, until a part of it is returned.
    begins: Option<BlockFrame>,
    end_headers: bool,
    end_stream: bool,
    pub(super) rest: Rest,
}

impl FieldsFrame {
    #[inline]
    pub(super) const fn new(stream: StreamId, flags: Flags, frame: BlockFrame, rest: Rest) -> Self {
        Self {
            stream,
            begins: Some(frame),
            end_headers: flags.contains(Flags::END_HEADERS),
            end_stream: flags.contains(Flags::END_STREAM),
            rest,
        }
    }

    /// Sets whether the block ends the stream: in a CONTINUATION, the flag means nothing.
    pub(super) const fn with_end_stream(mut self, end_stream: bool) -> Self {
        self.end_stream = end_stream;
        self
    }

    /// The next part.
    #[inline]
    pub(super) fn part<'a>(&mut self, bytes: &'a [u8], frame_end: bool) -> FieldBlockPart<'a> {
        let Self { stream, end_stream, .. } = *self;
        let (begins, end) = (self.begins.take(), frame_end && self.end_headers);
        FieldBlockPart { stream, bytes, begins, end, end_stream }
    }

    /// The state after the frame.
    pub(super) const fn after(&self) -> State {
        if self.end_headers {
            State::Between
        } else {
            State::Block { stream: self.stream, end_stream: self.end_stream }
        }
    }
}

/// What comes before the field block in a HEADERS.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FieldsPrefix {
    pub(super) padding: u8,
    /// The stream that this one depends on, and a bit that means nothing here.
    pub(super) dependency: [u8; 4],
}

impl FieldsPrefix {
    pub(super) const fn len(flags: Flags) -> u32 {
        flags.contains(Flags::PADDED) as u32 + 5 * flags.contains(Flags::PRIORITY) as u32
    }

    pub(super) fn take(
        flags: Flags,
        cut: &mut Inline<{ FrameHeader::LEN }>,
        input: &mut &mut [u8],
    ) -> Option<Self> {
        let mut prefix = Self::default();
        match (flags.contains(Flags::PADDED), flags.contains(Flags::PRIORITY)) {
            (false, false) => {}
            (true, false) => [prefix.padding] = take(cut, input)?,
            (false, true) => {
                let [a, b, c, d, _weight] = take(cut, input)?;
                prefix.dependency = [a, b, c, d];
            }
            (true, true) => {
                let [padding, a, b, c, d, _weight] = take(cut, input)?;
                prefix = Self { padding, dependency: [a, b, c, d] };
            }
        }
        Some(prefix)
    }
}

/// Takes `N` bytes, those included that earlier inputs ended with.
///
/// `None` means that they are not all there, and that all of `input` was taken.
#[inline]
pub(super) fn take<const N: usize>(
    cut: &mut Inline<{ FrameHeader::LEN }>,
    input: &mut &mut [u8],
) -> Option<[u8; N]> {
    let len = N.saturating_sub(cut.len()).min(input.len());
    let taken = input.split_off_mut(..len).unwrap_or_default();
    if let (true, Some(bytes)) = (cut.is_empty(), taken.first_chunk()) {
        return Some(*bytes);
    }
    cut.try_append(taken);
    let bytes = *cut.first_chunk()?;
    cut.clear();
    Some(bytes)
}

/// A length of 24 bits at most.
#[inline]
pub(super) fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// A length of 24 bits at most.
#[inline]
pub(super) fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
