//! Content types: the framing of a body, and the format of the messages in it.

use core::{fmt, str};

use crate::http::FieldValue;
use crate::http::syntax::{is_token, trim};
use crate::inline::Inline;

/// The value of `content-type`: the framing of a body, and the format of the messages in it
/// (PROTOCOL-HTTP2 and PROTOCOL-WEB, *Content-Type*).
///
/// ```
/// use framewright::grpc::{ContentType, Framing, Subtype};
///
/// let json = ContentType { framing: Framing::Web, subtype: Subtype::JSON };
/// assert_eq!(ContentType::parse(b"application/grpc-web+json; charset=utf-8"), Some(json));
/// assert_eq!(json.to_string(), "application/grpc-web+json");
/// assert_eq!(ContentType::parse(b"application/grpcfoo"), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ContentType {
    /// How messages and trailers are put in HTTP.
    pub framing: Framing,
    /// The format of the messages.
    pub subtype: Subtype,
}

/// The ways to put messages and trailers in HTTP.
///
/// ```
/// use framewright::grpc::{ContentType, Framing};
///
/// let content_type = ContentType::parse(b"application/grpc-web-text").unwrap();
/// assert_eq!(content_type.framing, Framing::WebText);
/// ```
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
    /// Protobuf in gRPC.
    pub const GRPC: Self = Self { framing: Framing::Grpc, subtype: Subtype::PROTO };
    const GRPC_UNNAMED: Self = Self { framing: Framing::Grpc, subtype: Subtype::UNNAMED };
    /// Protobuf in gRPC-Web.
    pub const WEB: Self = Self { framing: Framing::Web, subtype: Subtype::PROTO };
    /// Protobuf in gRPC-Web, in base64.
    pub const WEB_TEXT: Self = Self { framing: Framing::WebText, subtype: Subtype::PROTO };

    /// Parses a content type, in any case, and without its parameters.
    ///
    /// `None` if it is not one of gRPC, or if the name of its message format is longer than 31 bytes.
    pub fn parse(value: &[u8]) -> Option<Self> {
        // Nearly all peers write one of these two.
        match value {
            b"application/grpc" => return Some(Self::GRPC_UNNAMED),
            b"application/grpc+proto" => return Some(Self::GRPC),
            _ => {}
        }
        let media_type = value.split(|&b| b == b';').next().map(trim)?;
        let (name, subtype) = match media_type.iter().position(|&b| b == b'+') {
            Some(at) => (media_type.get(..at)?, media_type.get(at + 1..)?),
            None => (media_type, &[][..]),
        };
        let framing = Framing::of_media_type(name)?;
        Some(Self { framing, subtype: Subtype::new(str::from_utf8(subtype).ok()?)? })
    }

    /// Yields a field whose value is this.
    pub(super) fn put(&self, name: &str, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        let media_type = self.framing.media_type();
        match (self.framing, &*self.subtype.name) {
            (_, b"") => put(name, media_type.into()),
            // Nearly all calls have this one, which is written in one piece.
            (Framing::Grpc, b"proto") => put(name, "application/grpc+proto".into()),
            _ => put(name, FieldValue::joined(&[media_type, self.subtype.name()], "+")),
        }
    }
}

impl Framing {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Grpc => "application/grpc",
            Self::Web => "application/grpc-web",
            Self::WebText => "application/grpc-web-text",
        }
    }

    fn of_media_type(name: &[u8]) -> Option<Self> {
        // PROTOCOL-WEB has this longer name for the same framing.
        const WEB_TEXT_BASE64: &[u8] = b"application/grpc-web-text-base64";
        let all = [Self::Grpc, Self::Web, Self::WebText];
        let known = |framing: &Self| name.eq_ignore_ascii_case(framing.media_type().as_bytes());
        let long = || name.eq_ignore_ascii_case(WEB_TEXT_BASE64).then_some(Self::WebText);
        all.into_iter().find(known).or_else(long)
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

/// The format of messages: what follows the `+` in a content type (PROTOCOL-HTTP2, *Content-Type*).
///
/// ```
/// use framewright::grpc::{CallKind, Request, ServerConfig, Subtype};
///
/// let thrift = Subtype::new("Thrift").unwrap();
/// let formats = [Subtype::PROTO, thrift];
/// let config = ServerConfig::new().subtypes(&formats);
/// let headers = [("content-type", &b"application/grpc+thrift"[..])];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// assert_eq!(request.content_type().subtype, thrift);
/// assert!(request.accept(CallKind::Unary, &config, 0).is_ok());
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone, Copy)]
pub struct Subtype {
    /// In lower case.
    name: Inline<{ Self::MAX_LEN }>,
}

impl Subtype {
    pub(crate) const MAX_LEN: usize = 31;
    const UNNAMED: Self = Self::of(b"");
    /// Protobuf.
    pub const PROTO: Self = Self::of(b"proto");
    /// JSON.
    pub const JSON: Self = Self::of(b"json");

    /// The format of a name: a token of at most 31 bytes, or an empty name, which means Protobuf.
    pub fn new(name: &str) -> Option<Self> {
        let valid = name.is_empty() || is_token(name.as_bytes());
        (valid && name.len() <= Self::MAX_LEN).then(|| Self::of(name.as_bytes()))
    }

    /// The name, in lower case; empty if there is none.
    pub const fn name(&self) -> &str {
        self.name.as_str()
    }

    /// `name` has to fit.
    const fn of(mut name: &[u8]) -> Self {
        let mut lower = Inline::EMPTY;
        while let [byte, rest @ ..] = name {
            lower.push(byte.to_ascii_lowercase());
            name = rest;
        }
        Self { name: lower }
    }
}

/// By name, in any case. No name is Protobuf's.
impl PartialEq for Subtype {
    fn eq(&self, other: &Self) -> bool {
        fn named(subtype: &Subtype) -> &[u8] {
            match &*subtype.name {
                b"" => b"proto",
                name => name,
            }
        }
        named(self) == named(other)
    }
}

impl Eq for Subtype {}

impl fmt::Debug for Subtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subtype").field(&self.name()).finish()
    }
}
