//! The header of a frame: how it is laid out, parsed and printed (§5.2).

use super::{Error, Mask, SendError};

/// What a frame is for (§5.2): a field of a [`FrameHeader`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Opcode {
    /// Continues the message that earlier frames began.
    Continuation = 0x0,
    /// Begins a text message.
    Text = 0x1,
    /// Begins a binary message.
    Binary = 0x2,
    /// Closes the connection: its sender sends no frame after it (§5.5.1).
    Close = 0x8,
    /// Asks for a pong (§5.5.2).
    Ping = 0x9,
    /// Answers a ping, or is sent unasked as a heartbeat (§5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// The opcode with a number from 0 to 15, unless that number is reserved.
    const fn from_u8(opcode: u8) -> Option<Self> {
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

    /// Whether this is a control frame, which may come between the fragments of a message (§5.5).
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
    pub(super) first: FirstByte,
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
        Ok(Self { first: FirstByte::new(opcode, fin), key: None, len })
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
        self.first.rsv = rsv;
        self
    }

    /// Parses the header at the beginning of `bytes`; returns it with its length in bytes.
    ///
    /// `None` means that `bytes` end before the header does.
    ///
    /// # Errors
    ///
    /// A reserved opcode, a control frame that is fragmented or longer than 125 bytes, or a length
    /// that is not in its shortest form or has its top bit set. The caller checks the reserved bits,
    /// and whether there has to be a key.
    pub const fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        PartialHeader::parse(bytes).header
    }

    /// Prints the header, with its length in the shortest form.
    #[inline]
    pub const fn to_bytes(&self) -> HeaderBytes {
        // Built in a register and stored at once: byte by byte, the load that copies the header
        // would have to wait for all the stores.
        let (mut word, mut len) = match self.keyless() {
            KeylessHeader::Len7(bytes) => (u16::from_le_bytes(bytes) as u128, 2),
            KeylessHeader::Len16(bytes) => (u32::from_le_bytes(bytes) as u128, 4),
            KeylessHeader::Len64([first, second, len @ ..]) => {
                let start = u16::from_le_bytes([first, second]) as u128;
                (start | (u64::from_le_bytes(len) as u128) << 16, 10)
            }
        };
        if let Some(key) = self.key {
            word |= (u32::from_le_bytes(key) as u128) << (8 * len);
            len += 4;
        }
        HeaderBytes { bytes: word.to_le_bytes(), len }
    }

    /// Prints the header up to its masking key.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each arm has the lengths that fit")]
    #[expect(clippy::many_single_char_names, reason = "they are the bytes of a length")]
    pub(super) const fn keyless(&self) -> KeylessHeader {
        let first = self.first.to_u8();
        let mask = (self.key.is_some() as u8) << 7;
        match self.len {
            0..=125 => KeylessHeader::Len7([first, mask | self.len as u8]),
            126..=0xFFFF => {
                let [a, b] = (self.len as u16).to_be_bytes();
                KeylessHeader::Len16([first, mask | LEN_16, a, b])
            }
            _ => {
                let [a, b, c, d, e, f, g, h] = self.len.to_be_bytes();
                KeylessHeader::Len64([first, mask | LEN_64, a, b, c, d, e, f, g, h])
            }
        }
    }

    /// What the frame is for.
    pub const fn opcode(&self) -> Opcode {
        self.first.opcode
    }

    /// Whether this is the last frame of its message.
    pub const fn fin(&self) -> bool {
        self.first.fin
    }

    /// The reserved bits RSV1, RSV2 and RSV3. Extensions give them a meaning.
    pub const fn rsv(&self) -> [bool; 3] {
        self.first.rsv
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

/// The bytes of a [`FrameHeader`], as a slice by `Deref`.
///
/// ```
/// use framewright::ws::{FrameHeader, HeaderBytes, Opcode};
///
/// let header: HeaderBytes = FrameHeader::new(Opcode::Ping, true, 0).unwrap().to_bytes();
/// assert_eq!(header[..], [0x89, 0]);
/// ```
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

/// What the seven bits for the length are if a length of 16 bits follows them.
const LEN_16: u8 = 126;
/// What they are if a length of 64 bits does.
const LEN_64: u8 = 127;

/// The printed bytes of a header before its masking key, by the form of the length.
///
/// The compiler knows how many bytes each form has. Copying a number of bytes that it does not know
/// takes longer than copying most payloads.
pub(super) enum KeylessHeader {
    Len7([u8; 2]),
    Len16([u8; 4]),
    Len64([u8; 10]),
}

/// The first byte of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct FirstByte {
    pub(super) fin: bool,
    pub(super) rsv: [bool; 3],
    pub(super) opcode: Opcode,
}

impl FirstByte {
    #[inline]
    pub(super) const fn new(opcode: Opcode, fin: bool) -> Self {
        Self { fin, rsv: [false; 3], opcode }
    }

    #[inline]
    const fn parse(byte: u8) -> Result<Self, Error> {
        let Some(opcode) = Opcode::from_u8(byte & 0xF) else {
            return Err(Error::ReservedOpcode(byte & 0xF));
        };
        let fin = byte & 0x80 != 0;
        if opcode.is_control() && !fin {
            return Err(Error::ControlFragmented);
        }
        Ok(Self { fin, rsv: [byte & 0x40 != 0, byte & 0x20 != 0, byte & 0x10 != 0], opcode })
    }

    #[inline]
    const fn to_u8(self) -> u8 {
        let [rsv1, rsv2, rsv3] = self.rsv;
        (self.fin as u8) << 7
            | (rsv1 as u8) << 6
            | (rsv2 as u8) << 5
            | (rsv3 as u8) << 4
            | self.opcode as u8
    }
}

/// The fields of a header whose bytes are there, up to the first that is wrong.
///
/// A decoder checks each field against its own rules as soon as it is there. Which error it finds
/// does not depend on how many bytes follow.
pub(super) struct PartialHeader {
    pub(super) first: Option<FirstByte>,
    /// Whether the frame is masked.
    pub(super) masked: Option<bool>,
    /// Length of the payload.
    pub(super) len: Option<u64>,
    /// The whole header and its length, unless bytes are missing or a field is wrong.
    pub(super) header: Result<Option<(FrameHeader, usize)>, Error>,
}

impl PartialHeader {
    /// Parses the header at the beginning of `bytes`.
    #[inline(always)]
    pub(super) const fn parse(bytes: &[u8]) -> Self {
        let mut partial = Self { first: None, masked: None, len: None, header: Ok(None) };
        partial.header = partial.parse_fields(bytes);
        partial
    }

    #[inline(always)]
    const fn parse_fields(&mut self, bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, Error> {
        let Some((&byte, rest)) = bytes.split_first() else { return Ok(None) };
        let first = match FirstByte::parse(byte) {
            Ok(first) => first,
            Err(e) => return Err(e),
        };
        self.first = Some(first);

        let Some((&byte, rest)) = rest.split_first() else { return Ok(None) };
        let (masked, len) = (byte & 0x80 != 0, byte & 0x7F);
        if first.opcode.is_control() && len > 125 {
            return Err(Error::ControlTooLong);
        }
        self.masked = Some(masked);

        let (len, rest) = match parse_len(len, rest) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Ok(None),
            Err(e) => return Err(e),
        };
        self.len = Some(len);

        let (key, rest) = if masked {
            match rest.split_first_chunk::<4>() {
                Some((key, rest)) => (Some(*key), rest),
                None => return Ok(None),
            }
        } else {
            (None, rest)
        };
        Ok(Some((FrameHeader { first, key, len }, bytes.len() - rest.len())))
    }
}

/// Parses the length of a payload from the seven bits in the second byte of a header and the bytes
/// after them; returns the bytes after the length with it.
#[inline]
const fn parse_len(len: u8, bytes: &[u8]) -> Result<Option<(u64, &[u8])>, Error> {
    let (len, min, rest) = match len {
        LEN_16 => match bytes.split_first_chunk::<2>() {
            Some((len, rest)) => (u16::from_be_bytes(*len) as u64, 126, rest),
            None => return Ok(None),
        },
        LEN_64 => match bytes.split_first_chunk::<8>() {
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
