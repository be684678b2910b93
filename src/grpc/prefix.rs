//! The five bytes before every message.

/// The five bytes before every message (PROTOCOL-HTTP2, *Length-Prefixed-Message*).
///
/// ```text
///  0       1                               5
/// +-------+-------------------------------+
/// | flags |              len              |
/// +-------+-------------------------------+
/// ```
///
/// ```
/// use framewright::grpc::Prefix;
///
/// let prefix = Prefix { flags: Prefix::COMPRESSED, len: 300 };
/// assert_eq!(prefix.to_bytes(), [1, 0, 0, 1, 44]);
/// assert_eq!(Prefix::parse([1, 0, 0, 1, 44]), prefix);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Prefix {
    /// What follows the prefix. The decoder decides which bits may be set.
    pub flags: u8,
    /// Length of what follows the prefix, in bytes.
    pub len: u32,
}

impl Prefix {
    /// Length of a prefix, in bytes.
    pub const LEN: usize = 5;
    /// The flag of a compressed message (PROTOCOL-HTTP2, *Compressed-Flag*).
    pub const COMPRESSED: u8 = 0x01;
    /// The flag of trailers in place of a message (PROTOCOL-WEB, *Message framing*).
    pub const TRAILERS: u8 = 0x80;

    /// Parses a prefix.
    #[inline]
    pub const fn parse([flags, a, b, c, d]: [u8; Self::LEN]) -> Self {
        Self { flags, len: u32::from_be_bytes([a, b, c, d]) }
    }

    /// Prints the prefix.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [a, b, c, d] = self.len.to_be_bytes();
        [self.flags, a, b, c, d]
    }
}
