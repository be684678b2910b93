//! The header of a frame: how it is laid out, parsed and printed (§4.1).

use core::num::NonZeroU32;
use core::{fmt, ops};

use super::Role;

/// The nine bytes before the payload of every frame (§4.1).
///
/// ```text
///  0      3    4     5           9
/// +------+----+-----+-----------+
/// | len  |type|flags|R|stream id|
/// +------+----+-----+-----------+
/// ```
///
/// ```
/// use framewright::http2::{Flags, FrameHeader, FrameType, StreamId};
///
/// let header = FrameHeader::new(FrameType::DATA, Flags::END_STREAM, StreamId::new(5), 300);
/// let header = header.expect("300 fits in 24 bits");
/// assert_eq!(header.to_bytes(), [0, 1, 44, 0, 1, 0, 0, 0, 5]);
/// assert_eq!(FrameHeader::parse(header.to_bytes()), header);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FrameHeader {
    pub(super) len: u32,
    pub(super) frame_type: FrameType,
    pub(super) flags: Flags,
    pub(super) stream: Option<StreamId>,
}

impl FrameHeader {
    /// Length of every header, in bytes.
    pub const LEN: usize = 9;
    /// The longest payload that a header can announce, in bytes: 2²⁴ − 1.
    pub const MAX_PAYLOAD_LEN: u32 = 0xFF_FFFF;

    /// The header of a frame with `len` bytes of payload. Without a stream, the frame is about the
    /// whole connection.
    ///
    /// `None` means that `len` is over [`MAX_PAYLOAD_LEN`](Self::MAX_PAYLOAD_LEN).
    #[inline]
    pub const fn new(
        frame_type: FrameType,
        flags: Flags,
        stream: Option<StreamId>,
        len: u32,
    ) -> Option<Self> {
        if len > Self::MAX_PAYLOAD_LEN {
            return None;
        }
        Some(Self { len, frame_type, flags, stream })
    }

    /// Parses a header. The reserved bit is ignored, as it has no meaning.
    ///
    /// Every nine bytes are a header: whether its type may have such a length, such flags or such a
    /// stream is for the [`Decoder`](super::Decoder) to check.
    #[inline]
    #[expect(clippy::many_single_char_names, reason = "they are bytes")]
    pub const fn parse(bytes: [u8; Self::LEN]) -> Self {
        let [a, b, c, frame_type, flags, d, e, f, g] = bytes;
        Self {
            len: u32::from_be_bytes([0, a, b, c]),
            frame_type: FrameType(frame_type),
            flags: Flags(flags),
            stream: StreamId::parse([d, e, f, g]),
        }
    }

    /// Prints the header.
    #[inline]
    #[expect(clippy::many_single_char_names, reason = "they are bytes")]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [_, a, b, c] = self.len.to_be_bytes();
        let [d, e, f, g] = match self.stream {
            Some(stream) => stream.to_bytes(),
            None => [0; 4],
        };
        [a, b, c, self.frame_type.0, self.flags.0, d, e, f, g]
    }

    /// What the frame is.
    pub const fn frame_type(self) -> FrameType {
        self.frame_type
    }

    /// The flags. Their meaning depends on the type.
    pub const fn flags(self) -> Flags {
        self.flags
    }

    /// The stream that the frame belongs to; `None` if it is about the whole connection.
    pub const fn stream(self) -> Option<StreamId> {
        self.stream
    }

    /// Length of the payload in bytes, at most 2²⁴ − 1.
    #[expect(clippy::len_without_is_empty, reason = "it is the payload's length, not the header's")]
    pub const fn len(self) -> u32 {
        self.len
    }
}

/// What a frame is (§6). Types that are not listed here are ignored (§5.5).
///
/// [`FrameHeader`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct FrameType(
    /// The number on the wire.
    pub u8,
);

impl FrameType {
    /// Bytes of a body (§6.1).
    pub const DATA: Self = Self(0x0);
    /// The beginning of a field block: of a head or of trailers (§6.2).
    pub const HEADERS: Self = Self(0x1);
    /// A priority, which nobody uses any more (§6.3).
    pub const PRIORITY: Self = Self(0x2);
    /// The end of a stream, at once (§6.4).
    pub const RST_STREAM: Self = Self(0x3);
    /// How the sender wants the connection to be, or an acknowledgement (§6.5).
    pub const SETTINGS: Self = Self(0x4);
    /// The announcement of a response to a request that was not made (§6.6).
    pub const PUSH_PROMISE: Self = Self(0x5);
    /// A question whether the peer is alive, or the answer (§6.7).
    pub const PING: Self = Self(0x6);
    /// The end of the connection (§6.8).
    pub const GOAWAY: Self = Self(0x7);
    /// Leave to send more bytes (§6.9).
    pub const WINDOW_UPDATE: Self = Self(0x8);
    /// The next piece of a field block (§6.10).
    pub const CONTINUATION: Self = Self(0x9);
}

/// The flags of a frame (§4.1). Those that its type does not define are ignored.
///
/// ```
/// use framewright::http2::{Flags, FrameHeader};
///
/// let header = FrameHeader::parse(*b"\0\0\x05\x01\x04\0\0\0\x01");
/// assert!(header.flags().contains(Flags::END_HEADERS));
/// assert!(!header.flags().contains(Flags::END_STREAM));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Flags(
    /// The byte on the wire.
    pub u8,
);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0x0);
    /// The settings or the ping are acknowledged (SETTINGS, PING).
    pub const ACK: Self = Self(0x1);
    /// The sender's side of the stream ends with this frame (DATA, HEADERS).
    pub const END_STREAM: Self = Self(0x1);
    /// The field block ends with this frame (HEADERS, CONTINUATION).
    pub const END_HEADERS: Self = Self(0x4);
    /// The payload begins with the length of its padding and ends with that padding (DATA, HEADERS).
    pub const PADDED: Self = Self(0x8);
    /// Five bytes of priority come before the field block (HEADERS).
    pub const PRIORITY: Self = Self(0x20);

    /// Whether every flag of `flags` is set.
    #[inline]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These flags if `condition` holds, and otherwise none.
    #[inline]
    pub(super) const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl ops::BitOr for Flags {
    type Output = Self;

    #[inline]
    fn bitor(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

/// The number of a stream: 1 to 2³¹ − 1 (§5.1.1).
///
/// A client opens streams with odd identifiers, a server would open those with even ones, and each
/// identifier is higher than the one before. 0 stands for the connection, and is no stream.
///
/// ```
/// use framewright::http2::StreamId;
///
/// assert_eq!(StreamId::new(5).map(StreamId::get), Some(5));
/// assert_eq!(StreamId::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId(NonZeroU32);

impl StreamId {
    /// The highest identifier: 2³¹ − 1.
    pub const MAX: Self = Self(NonZeroU32::new(0x7FFF_FFFF).expect("not 0"));

    /// The stream with the identifier `id`. `None` means that `id` is 0 or over [`MAX`](Self::MAX).
    #[inline]
    pub const fn new(id: u32) -> Option<Self> {
        match NonZeroU32::new(id) {
            Some(id) if id.get() <= Self::MAX.get() => Some(Self(id)),
            _ => None,
        }
    }

    /// The identifier in four bytes of the wire. The reserved bit is ignored. `None` is the
    /// connection.
    #[inline]
    pub(super) const fn parse(bytes: [u8; 4]) -> Option<Self> {
        match NonZeroU32::new(u32::from_be_bytes(bytes) & Self::MAX.get()) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    #[inline]
    pub(super) const fn to_bytes(self) -> [u8; 4] {
        self.0.get().to_be_bytes()
    }

    /// The identifier as a number.
    #[inline]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Which side opens the stream: the client if the identifier is odd.
    #[inline]
    pub(super) const fn opener(self) -> Role {
        if self.0.get() % 2 == 1 { Role::Client } else { Role::Server }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
