//! Bodies of messages (RFC 9112 §6 and §7): decoded and encoded.

mod chunked;
mod decode;
mod encode;
mod take;

pub use decode::{BodyDecoder, BodyPart, Decoded};
pub use encode::{BodyEncoder, ChunkHeader};

use crate::http1::Version;

/// How the end of a body is known (§6.3).
///
/// ```
/// use framewright::http1::{Body, Version};
///
/// assert_eq!(Body::of_unknown_len(Version::Http11), Body::Chunked);
/// assert_eq!(Body::of_unknown_len(Version::Http10), Body::UntilClose);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Body {
    /// After this many bytes; 0 where there is no body.
    Len(u64),
    /// With the last chunk (§7.1).
    Chunked,
    /// With the connection. Only a response can end like this.
    UntilClose,
}

impl Body {
    /// How to send a response of unknown length to a client of this version: in chunks, unless the
    /// version does not have them (§6.1).
    pub const fn of_unknown_len(version: Version) -> Self {
        match version {
            Version::Http10 => Self::UntilClose,
            Version::Http11 => Self::Chunked,
        }
    }
}

/// The longest chunk that is read or written: some peers take a longer one for a negative number.
const MAX_CHUNK_LEN: u64 = u64::MAX >> 1;
