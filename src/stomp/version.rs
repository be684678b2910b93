//! The versions of the protocol, and which of them a peer speaks.

use core::fmt;

/// A version of STOMP.
///
/// ```
/// use framewright::stomp::Version;
///
/// assert_eq!(Version::parse("1.2"), Some(Version::V1_2));
/// assert_eq!(Version::V1_1.subprotocol(), "v11.stomp");
/// assert!(Version::V1_0 < Version::V1_2);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Version {
    /// 1.0: no escapes, no heart-beats, no `NACK`.
    V1_0,
    /// 1.1.
    V1_1,
    /// 1.2: lines may end in CRLF, and the `id` of an `ACK` is the `ack` of the message.
    V1_2,
}

impl Version {
    /// Every version, the oldest first.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    /// The version that `text` names; `None` if it is none of these.
    pub const fn parse(text: &str) -> Option<Self> {
        Some(match text.as_bytes() {
            b"1.0" => Self::V1_0,
            b"1.1" => Self::V1_1,
            b"1.2" => Self::V1_2,
            _ => return None,
        })
    }

    /// The version as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// The WebSocket subprotocol of this version.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::V1_0 => "v10.stomp",
            Self::V1_1 => "v11.stomp",
            Self::V1_2 => "v12.stomp",
        }
    }

    /// The version whose WebSocket subprotocol is called `name`.
    pub const fn from_subprotocol(name: &str) -> Option<Self> {
        Some(match name.as_bytes() {
            b"v10.stomp" => Self::V1_0,
            b"v11.stomp" => Self::V1_1,
            b"v12.stomp" => Self::V1_2,
            _ => return None,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of versions, as `accept-version` lists them.
///
/// ```
/// use framewright::stomp::{Version, Versions};
///
/// let theirs = Versions::parse("1.1,1.2,2.0");
/// assert_eq!(Versions::ALL.in_common(theirs).highest(), Some(Version::V1_2));
/// assert_eq!(theirs.as_str(), "1.1,1.2");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Versions {
    /// One bit for each version, the oldest lowest.
    bits: u8,
}

impl Versions {
    /// 1.0, 1.1 and 1.2.
    pub const ALL: Self = Self { bits: 0b111 };

    /// One version.
    pub const fn only(version: Version) -> Self {
        Self { bits: 1 << version as u8 }
    }

    /// These versions, and one more.
    #[must_use]
    pub const fn and(self, version: Version) -> Self {
        Self { bits: self.bits | Self::only(version).bits }
    }

    /// Parses the value of `accept-version`. Versions that do not exist here are left out.
    pub fn parse(list: &str) -> Self {
        let known = list.split([',']).filter_map(|version| Version::parse(version.trim_ascii()));
        known.fold(Self { bits: 0 }, Self::and)
    }

    /// The versions in both sets.
    #[must_use]
    pub const fn in_common(self, other: Self) -> Self {
        Self { bits: self.bits & other.bits }
    }

    /// Whether `version` is among them.
    pub const fn contains(self, version: Version) -> bool {
        self.bits & Self::only(version).bits != 0
    }

    /// The highest version; `None` if there is none.
    pub const fn highest(self) -> Option<Version> {
        Some(match self.bits {
            0 => return None,
            1 => Version::V1_0,
            2 | 3 => Version::V1_1,
            _ => Version::V1_2,
        })
    }

    /// The list as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self.bits {
            0b001 => "1.0",
            0b010 => "1.1",
            0b011 => "1.0,1.1",
            0b100 => "1.2",
            0b101 => "1.0,1.2",
            0b110 => "1.1,1.2",
            0b111 => "1.0,1.1,1.2",
            _ => "",
        }
    }
}

/// Every version.
impl Default for Versions {
    fn default() -> Self {
        Self::ALL
    }
}
