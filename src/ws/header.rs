use super::{Error, Mask, SendError};

/// What a frame is for (§5.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Opcode {
    /// More of the message that the frames before began.
    Continuation = 0x0,
    /// A text message, or the beginning of one.
    Text = 0x1,
    /// A binary message, or the beginning of one.
    Binary = 0x2,
    /// The last frame that its sender sends (§5.5.1).
    Close = 0x8,
    /// Asks for a pong (§5.5.2).
    Ping = 0x9,
    /// Answers a ping, or is a heartbeat of its own accord (§5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// The opcode of a number from 0 to 15, unless it is reserved.
    pub const fn from_u8(opcode: u8) -> Option<Self> {
        Some(match opcode {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Whether frames of this kind may come between the fragments of a message (§5.5).
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// The 2 to 14 bytes before a frame's payload (§5.2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-------+-+-------------+-------------------------------+
/// |F|R|R|R| opcode|M|     len     |  16-bit length if len is 126  |
/// |I|S|S|S|       |A|             |  64-bit length if len is 127  |
/// |N|V|V|V|       |S|             |                               |
/// | |1|2|3|       |K|             |                               |
/// +-+-+-+-+-------+-+-------------+-------------------------------+
/// |                  4 bytes of masking key, if M                 |
/// +---------------------------------------------------------------+
/// ```
///
/// ```
/// use framewright::ws::{FrameHeader, Opcode};
///
/// let header = FrameHeader::new(Opcode::Text, true, 300).unwrap();
/// assert_eq!(*header.to_bytes(), [0x81, 126, 1, 44]);
/// assert_eq!(FrameHeader::parse(&header.to_bytes()), Ok(Some((header, 4))));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameHeader {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    pub(super) rsv: [bool; 3],
    pub(super) key: Option<[u8; 4]>,
    pub(super) len: u64,
}

impl FrameHeader {
    /// Length of the longest header, in bytes.
    pub const MAX_LEN: usize = 14;

    /// The header of an unmasked frame with `len` bytes of payload, the last of its message if `fin`.
    ///
    /// # Errors
    ///
    /// A control frame that is fragmented or longer than 125 bytes, or a length over 2⁶³ − 1.
    pub const fn new(opcode: Opcode, fin: bool, len: u64) -> Result<Self, SendError> {
        if opcode.is_control() && !fin {
            return Err(SendError::ControlFragmented);
        }
        if opcode.is_control() && len > 125 {
            return Err(SendError::ControlTooLong);
        }
        if len >> 63 != 0 {
            return Err(SendError::FrameTooLong);
        }
        Ok(Self { opcode, fin, rsv: [false; 3], key: None, len })
    }

    /// Sets the masking key.
    #[must_use]
    pub const fn with_key(mut self, key: Option<[u8; 4]>) -> Self {
        self.key = key;
        self
    }

    /// Sets the reserved bits RSV1, RSV2 and RSV3.
    #[must_use]
    pub const fn with_rsv(mut self, rsv: [bool; 3]) -> Self {
        self.rsv = rsv;
        self
    }

    /// Parses the header at the beginning of `bytes`, and tells its length.
    ///
    /// `None` means that the header goes on behind `bytes`.
    ///
    /// # Errors
    ///
    /// A reserved opcode, a control frame that is fragmented or longer than 125 bytes, or a length
    /// that is not in its shortest form or has its top bit set. The reserved bits, and whether there
    /// has to be a key, are for the caller to judge.
    pub const fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let first = match First::parse(first) {
            Ok(first) => first,
            Err(e) => return Err(e),
        };
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        let second = match Second::parse(first.opcode, second) {
            Ok(second) => second,
            Err(e) => return Err(e),
        };
        let (len, rest) = match second.parse_len(rest) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Ok(None),
            Err(e) => return Err(e),
        };
        let Some((key, rest)) = second.parse_key(rest) else { return Ok(None) };
        let header = Self { opcode: first.opcode, fin: first.fin, rsv: first.rsv, key, len };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Prints the header, with its length in the shortest form.
    #[inline]
    pub const fn to_bytes(&self) -> HeaderBytes {
        // Built in a register and stored at once: byte by byte, the load that copies the header
        // would have to wait for all the stores.
        let [rsv1, rsv2, rsv3] = self.rsv;
        let first = (self.fin as u128) << 7
            | (rsv1 as u128) << 6
            | (rsv2 as u128) << 5
            | (rsv3 as u128) << 4
            | self.opcode as u128;
        let masked = (self.key.is_some() as u128) << 7;
        let (second, extended, at) = match self.len {
            0..=125 => (self.len as u128, 0, 2),
            126..=0xFFFF => (126, (self.len.swap_bytes() >> 48) as u128, 4),
            _ => (127, self.len.swap_bytes() as u128, 10),
        };
        let mut word = first | (masked | second) << 8 | extended << 16;
        let mut len = at;
        if let Some(key) = self.key {
            word |= (u32::from_le_bytes(key) as u128) << (8 * at);
            len += 4;
        }
        HeaderBytes { bytes: word.to_le_bytes(), len }
    }

    /// What the frame is for.
    pub const fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// Whether this is the last frame of its message.
    pub const fn fin(&self) -> bool {
        self.fin
    }

    /// The reserved bits RSV1, RSV2 and RSV3, to which extensions give a meaning.
    pub const fn rsv(&self) -> [bool; 3] {
        self.rsv
    }

    /// The masking key.
    pub const fn key(&self) -> Option<[u8; 4]> {
        self.key
    }

    /// The mask for the payload's first byte.
    pub const fn mask(&self) -> Option<Mask> {
        match self.key {
            Some(key) => Some(Mask::new(key)),
            None => None,
        }
    }

    /// Length of the payload in bytes, at most 2⁶³ − 1. It need not fit in memory.
    #[expect(clippy::len_without_is_empty, reason = "it is the payload's length, not the header's")]
    pub const fn len(&self) -> u64 {
        self.len
    }
}

/// A printed [`FrameHeader`]; dereferences to its bytes.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; 16],
    len: u8,
}

impl core::ops::Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What the first byte of a header says.
pub(super) struct First {
    pub(super) fin: bool,
    pub(super) rsv: [bool; 3],
    pub(super) opcode: Opcode,
}

impl First {
    #[inline]
    pub(super) const fn parse(byte: u8) -> Result<Self, Error> {
        let Some(opcode) = Opcode::from_u8(byte & 0xF) else {
            return Err(Error::ReservedOpcode(byte & 0xF));
        };
        let fin = byte & 0x80 != 0;
        if opcode.is_control() && !fin {
            return Err(Error::ControlFragmented);
        }
        Ok(Self { fin, rsv: [byte & 0x40 != 0, byte & 0x20 != 0, byte & 0x10 != 0], opcode })
    }
}

/// What the second byte of a header says, and how the rest of it is to be read.
pub(super) struct Second {
    pub(super) masked: bool,
    len: u8,
}

impl Second {
    #[inline]
    pub(super) const fn parse(opcode: Opcode, byte: u8) -> Result<Self, Error> {
        let len = byte & 0x7F;
        if opcode.is_control() && len > 125 {
            return Err(Error::ControlTooLong);
        }
        Ok(Self { masked: byte & 0x80 != 0, len })
    }

    /// Parses the length out of what follows the second byte; gives back what follows the length.
    #[inline]
    pub(super) const fn parse_len<'a>(
        &self,
        bytes: &'a [u8],
    ) -> Result<Option<(u64, &'a [u8])>, Error> {
        let (len, min, rest) = match self.len {
            126 => match bytes.split_first_chunk::<2>() {
                Some((len, rest)) => (u16::from_be_bytes(*len) as u64, 126, rest),
                None => return Ok(None),
            },
            127 => match bytes.split_first_chunk::<8>() {
                Some((len, rest)) => (u64::from_be_bytes(*len), 0x1_0000, rest),
                None => return Ok(None),
            },
            len => (len as u64, 0, bytes),
        };
        if len >> 63 != 0 {
            return Err(Error::LengthTopBit);
        }
        if len < min {
            return Err(Error::LengthNotMinimal);
        }
        Ok(Some((len, rest)))
    }

    /// Parses the key out of what follows the length; gives back what follows the key.
    #[inline]
    pub(super) const fn parse_key<'a>(
        &self,
        bytes: &'a [u8],
    ) -> Option<(Option<[u8; 4]>, &'a [u8])> {
        if !self.masked {
            return Some((None, bytes));
        }
        match bytes.split_first_chunk::<4>() {
            Some((key, rest)) => Some((Some(*key), rest)),
            None => None,
        }
    }
}
