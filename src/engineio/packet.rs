//! One packet: a digit that says what it is, and its data (*Packet encoding*).

use core::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Error;
use crate::debug::Payload;
use crate::ws::Message;
use crate::{Buffer, BufferFull};

/// The type of a packet (*Packet encoding*).
///
/// [`Packet`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Kind {
    /// The server's handshake.
    Open,
    /// The session ends.
    Close,
    /// The server asks for a sign of life.
    Ping,
    /// The client answers a ping.
    Pong,
    /// A message of the application.
    Message,
    /// The client moves to another transport.
    Upgrade,
    /// Nothing: it ends a poll.
    Noop,
}

impl Kind {
    /// The kind that a packet's first byte stands for.
    pub(super) const fn from_digit(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Open,
            b'1' => Self::Close,
            b'2' => Self::Ping,
            b'3' => Self::Pong,
            b'4' => Self::Message,
            b'5' => Self::Upgrade,
            b'6' => Self::Noop,
            _ => return None,
        })
    }

    /// The digit that stands for this kind.
    pub(super) const fn digit(self) -> u8 {
        match self {
            Self::Open => b'0',
            Self::Close => b'1',
            Self::Ping => b'2',
            Self::Pong => b'3',
            Self::Message => b'4',
            Self::Upgrade => b'5',
            Self::Noop => b'6',
        }
    }
}

/// A whole packet, as a WebSocket message carries it.
///
/// ```
/// use framewright::engineio::{Base64, Kind, Packet};
/// use framewright::ws::Message;
///
/// assert_eq!(Packet::parse(Message::Text("4hi")), Ok(Packet::Text(Kind::Message, "hi")));
/// assert_eq!(Packet::parse(Message::Text("2probe")), Ok(Packet::Text(Kind::Ping, "probe")));
/// let base64 = Base64::parse("AQL/").expect("it is valid");
/// assert_eq!(Packet::parse(Message::Text("bAQL/")), Ok(Packet::Base64(base64)));
/// let mut out = Vec::new();
/// base64.decode(&mut out)?;
/// assert_eq!(out, [1, 2, 255]);
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Packet<'a> {
    /// A packet with text, which is the whole message if it is one.
    Text(Kind, &'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A binary message in base64, from a client that asked for it.
    Base64(Base64<'a>),
}

impl<'a> Packet<'a> {
    /// Parses a WebSocket message.
    ///
    /// A binary message has no digit: all of it is data. Data on a packet that has none is returned, for
    /// the caller to ignore.
    pub fn parse(message: Message<'a>) -> Result<Self, Error> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => return Ok(Self::Binary(bytes)),
        };
        let digit = *text.as_bytes().first().ok_or(Error::PacketEmpty)?;
        // A first byte that is no digit may be the first of a character.
        let data = text.get(1..).ok_or(Error::PacketType(digit))?;
        if digit == b'b' {
            return Base64::parse(data).map(Self::Base64).ok_or(Error::Base64);
        }
        let kind = Kind::from_digit(digit).ok_or(Error::PacketType(digit))?;
        Ok(Self::Text(kind, data))
    }

    /// Appends the packet as a WebSocket message carries it: text, but for [`Packet::Binary`].
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        match self {
            Self::Text(kind, data) => out.try_append_both(&[kind.digit()], data.as_bytes()),
            Self::Binary(bytes) => out.try_append(bytes),
            Self::Base64(Base64(text)) => out.try_append_both(b"b", text.as_bytes()),
        }
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(kind, data) => {
                f.debug_tuple("Text").field(kind).field(&Payload(data.as_bytes())).finish()
            }
            Self::Binary(bytes) => f.debug_tuple("Binary").field(&Payload(bytes)).finish(),
            Self::Base64(text) => text.fmt(f),
        }
    }
}

/// Bytes in base64: the standard alphabet, padded.
///
/// Stricter than Node, which also takes the URL-safe alphabet, missing padding and other characters.
///
/// [`Packet`] has an example.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Base64<'a>(&'a str);

impl<'a> Base64<'a> {
    /// Checks that `text` is base64.
    pub fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let symbols = bytes.strip_suffix(b"=").unwrap_or(bytes);
        let symbols = symbols.strip_suffix(b"=").unwrap_or(symbols);
        let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        (bytes.len().is_multiple_of(4) && symbols.iter().all(is_symbol)).then_some(Self(text))
    }

    /// The text, in base64.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// How many bytes it stands for.
    #[allow(clippy::len_without_is_empty)] // It is asked for to make room.
    pub fn len(&self) -> usize {
        let padding = self.0.bytes().rev().take_while(|byte| *byte == b'=').count();
        self.0.len() / 4 * 3 - padding
    }

    /// Appends the bytes that it stands for.
    pub fn decode(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let to = out.try_grow(self.len())?;
        // It was checked: the room is what it takes.
        let decoded = LAX_BITS.decode_slice(self.0, to);
        debug_assert_eq!(decoded, Ok(self.len()), "it was checked");
        Ok(())
    }
}

impl fmt::Debug for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Base64").field(&Payload(self.0.as_bytes())).finish()
    }
}

/// Bits after the last byte have no meaning, and every peer ignores them.
const LAX_BITS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);
