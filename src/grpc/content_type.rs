use core::{fmt, str};

use crate::http::syntax::{is_token, trim};

/// What the body is, and what its messages are: the value of `content-type` (PROTOCOL-HTTP2 and
/// PROTOCOL-WEB, *Content-Type*).
///
/// ```
/// use framewright::grpc::{Subtype, ContentType, Framing};
///
/// let json = ContentType { framing: Framing::Web, subtype: Subtype::JSON };
/// assert_eq!(ContentType::parse(b"application/grpc-web+json; charset=utf-8"), Some(json));
/// assert_eq!(json.to_string(), "application/grpc-web+json");
/// assert_eq!(ContentType::parse(b"application/grpcfoo"), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ContentType {
    /// What the body is.
    pub framing: Framing,
    /// What the messages are.
    pub subtype: Subtype,
}

/// The ways to put messages and trailers in HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Framing {
    /// gRPC: the trailers are those of HTTP.
    Grpc,
    /// gRPC-Web: the trailers are at the end of the body.
    Web,
    /// gRPC-Web, with its body in base64 (PROTOCOL-WEB, *Text-encoded streams*).
    WebText,
}

impl ContentType {
    /// Messages of Protobuf in gRPC.
    pub const GRPC: Self = Self { framing: Framing::Grpc, subtype: Subtype::PROTO };
    /// Messages of Protobuf in gRPC-Web.
    pub const WEB: Self = Self { framing: Framing::Web, subtype: Subtype::PROTO };
    /// Messages of Protobuf in gRPC-Web, in base64.
    pub const WEB_TEXT: Self = Self { framing: Framing::WebText, subtype: Subtype::PROTO };

    /// Parses a content type, in any case, and without its parameters.
    ///
    /// `None` if it is not one of gRPC, or if its subtype has a name longer than
    /// [`Subtype::MAX_LEN`].
    pub fn parse(value: &[u8]) -> Option<Self> {
        let media_type = value.split(|&b| b == b';').next().map(trim)?;
        let (name, subtype) = match media_type.iter().position(|&b| b == b'+') {
            Some(at) => (media_type.get(..at)?, media_type.get(at + 1..)?),
            None => (media_type, &[][..]),
        };
        let named = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let framing = match () {
            () if named(Framing::Grpc.media_type()) => Framing::Grpc,
            () if named(Framing::Web.media_type()) => Framing::Web,
            () if named(Framing::WebText.media_type()) => Framing::WebText,
            // The document knows a longer name for the same.
            () if named("application/grpc-web-text-base64") => Framing::WebText,
            () => return None,
        };
        Some(Self { framing, subtype: Subtype::new(str::from_utf8(subtype).ok()?)? })
    }
}

impl Framing {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Grpc => "application/grpc",
            Self::Web => "application/grpc-web",
            Self::WebText => "application/grpc-web-text",
        }
    }
}

/// As `content-type` writes it.
impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.framing.media_type())?;
        match self.subtype.name() {
            "" => Ok(()),
            name => write!(f, "+{name}"),
        }
    }
}

/// What messages are encoded in (PROTOCOL-HTTP2, *Content-Type*).
#[derive(Clone, Copy)]
pub struct Subtype {
    name: [u8; Self::MAX_LEN],
    len: u8,
}

impl Subtype {
    /// Length of the longest name that is taken, in bytes.
    pub const MAX_LEN: usize = 31;
    /// No name, which means Protobuf.
    pub const UNNAMED: Self = Self { name: [0; Self::MAX_LEN], len: 0 };
    /// Protobuf.
    pub const PROTO: Self = Self::UNNAMED.with(b"proto");
    /// JSON.
    pub const JSON: Self = Self::UNNAMED.with(b"json");

    /// The subtype of a name, a token of at most [`MAX_LEN`](Self::MAX_LEN) bytes.
    pub fn new(name: &str) -> Option<Self> {
        let valid = name.is_empty() || is_token(name.as_bytes());
        (valid && name.len() <= Self::MAX_LEN).then(|| Self::UNNAMED.with(name.as_bytes()))
    }

    /// The name; empty if there is none.
    pub fn name(&self) -> &str {
        let name = self.name.get(..usize::from(self.len)).unwrap_or_default();
        str::from_utf8(name).unwrap_or_default()
    }

    const fn with(mut self, mut name: &[u8]) -> Self {
        let mut room: &mut [u8] = &mut self.name;
        while let ([byte, bytes @ ..], [to, rest @ ..]) = (name, room) {
            *to = byte.to_ascii_lowercase();
            (name, room) = (bytes, rest);
            self.len += 1;
        }
        self
    }
}

/// By name, in any case; one without a name is Protobuf.
impl PartialEq for Subtype {
    fn eq(&self, other: &Self) -> bool {
        let name = |subtype: &Self| if subtype.len == 0 { Self::PROTO.name } else { subtype.name };
        name(self) == name(other)
    }
}

impl Eq for Subtype {}

impl fmt::Debug for Subtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subtype").field(&self.name()).finish()
    }
}
