//! Custom metadata: what a user adds to heads and trailers.

use core::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD_INDIFFERENT};

use super::{MetadataList, SendError};
use crate::append::Append;
use crate::debug::Payload;
use crate::http::syntax::{ascii, trim};
use crate::http::{Field, FieldValue, Headers, Name};
use crate::inline::Inline;
use crate::{Buffer, BufferFull};

/// The value of a piece of custom metadata (PROTOCOL-HTTP2, *Custom-Metadata*).
///
/// A name that ends in `-bin` goes with bytes, any other with text. What [`metadata`] yields can be sent
/// as it is: HTTP/1.1 brings names in any case, and all are written in lower case.
///
/// ```
/// use framewright::grpc::Value;
///
/// let mut bytes = Vec::new();
/// Value::Base64(b"AQI").decode(&mut bytes)?;
/// assert_eq!(bytes, [1, 2]);
/// assert_eq!(Value::from("text"), Value::Text("text"));
/// # Ok::<(), framewright::grpc::DecodeError>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Value<'a> {
    /// Printable ASCII, without spaces around it. Laxer than the grammar, it may be empty.
    Text(&'a str),
    /// Any bytes, to be written in base64.
    Bytes(&'a [u8]),
    /// Any bytes, in base64 as they were received.
    Base64(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Appends the bytes to `out`, with base64 decoded.
    ///
    /// # Errors
    ///
    /// Nothing was appended.
    pub fn decode(&self, out: &mut impl Buffer) -> Result<(), DecodeError> {
        match self {
            Self::Text(text) => Ok(out.try_append(text.as_bytes())?),
            Self::Bytes(bytes) => Ok(out.try_append(bytes)?),
            Self::Base64(symbols) => decode(symbols, out),
        }
    }

    /// The value as it is written.
    pub(super) const fn to_field(self) -> FieldValue<'a> {
        match self {
            Self::Text(text) => FieldValue::plain(text.as_bytes()),
            Self::Bytes(bytes) => FieldValue::base64(bytes),
            Self::Base64(symbols) => FieldValue::plain(symbols),
        }
    }

    /// Whether the value goes with a name, and can be written.
    fn is_valid(&self, name: &str) -> bool {
        match self {
            Self::Text(text) => !is_binary(name) && is_text(text.as_bytes()),
            Self::Bytes(_) => is_binary(name),
            Self::Base64(symbols) => is_binary(name) && is_base64(symbols),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, bytes) = match self {
            Self::Text(text) => ("Text", text.as_bytes()),
            Self::Bytes(bytes) => ("Bytes", *bytes),
            Self::Base64(symbols) => ("Base64", *symbols),
        };
        f.debug_tuple(form).field(&Payload(bytes)).finish()
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Yields the custom metadata among the headers or trailers of any HTTP stack, in their order
/// (PROTOCOL-HTTP2, *Custom-Metadata*).
///
/// If several `-bin` values are joined by commas, each is yielded by itself. Names that gRPC and HTTP
/// reserve are skipped. So is what could not be sent back: names and text outside of the grammar, and
/// values that are not base64. The document forbids to fail for them. Names are yielded as they came,
/// in any case.
///
/// ```
/// use framewright::grpc::{Value, metadata};
///
/// let headers = [("te", &b"trailers"[..]), ("x-id", b"7"), ("x-bin", b"q6ur,AQI=")];
/// let mut metadata = metadata(headers);
/// assert_eq!(metadata.next(), Some(("x-id", Value::Text("7"))));
/// assert_eq!(metadata.next(), Some(("x-bin", Value::Base64(b"q6ur"))));
///
/// let mut bytes = Vec::new();
/// metadata.next().unwrap().1.decode(&mut bytes)?;
/// assert_eq!(bytes, [1, 2]);
/// # Ok::<(), framewright::grpc::DecodeError>(())
/// ```
pub fn metadata<'a, H>(headers: H) -> impl Iterator<Item = (&'a str, Value<'a>)>
where
    H: IntoIterator<Item: Field<'a>>,
{
    let fields = headers.into_iter().map(Field::parts);
    let custom = fields.filter(|(name, _)| is_name(name) && !is_reserved(name));
    custom.flat_map(|(name, value)| {
        let (text, joined) = if is_binary(name) {
            let each = value.split(|&b| b == b',').map(trim).filter(|one| is_base64(one));
            (None, Some(each.map(Value::Base64)))
        } else {
            let value = trim(value);
            (is_text(value).then(|| Value::Text(ascii(value))), None)
        };
        text.into_iter().chain(joined.into_iter().flatten()).map(move |value| (name, value))
    })
}

/// Whether only gRPC or HTTP itself may set a header of this name, in any case (PROTOCOL-HTTP2,
/// *Custom-Metadata*; RFC 9110 §7.6.1).
fn is_reserved(name: &str) -> bool {
    let known = matches!(
        Name::of(name),
        Some(
            Name::Accept
                | Name::AcceptEncoding
                | Name::Connection
                | Name::ContentEncoding
                | Name::ContentLength
                | Name::ContentType
                | Name::Host
                | Name::KeepAlive
                | Name::ProxyConnection
                | Name::Te
                | Name::Trailer
                | Name::TransferEncoding
                | Name::Upgrade
                | Name::UserAgent
                | Name::XGrpcWeb
                | Name::XUserAgent
        )
    );
    known
        || name.starts_with(':')
        || name.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("grpc-"))
}

/// Whether `value` is an *ASCII-Value* without spaces around it, or empty.
fn is_text(value: &[u8]) -> bool {
    value.iter().all(|&b| matches!(b, b' '..=b'~')) && trim(value).len() == value.len()
}

/// Whether `value` is base64 with or without padding, whatever its last bits.
pub(super) fn is_base64(value: &[u8]) -> bool {
    let symbols = value.strip_suffix(b"==").or(value.strip_suffix(b"=")).unwrap_or(value);
    symbols.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        && symbols.len() % 4 != 1
        && value.len() <= symbols.len().next_multiple_of(4)
}

/// Whether values of this name are bytes (PROTOCOL-HTTP2, *Binary-Header*).
fn is_binary(name: &str) -> bool {
    let suffix = name.len().checked_sub(4).and_then(|at| name.get(at..));
    suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("-bin"))
}

/// Whether `name` is a *Header-Name* once it is in lower case, and can be put in lower case here.
fn is_name(name: &str) -> bool {
    let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(valid)
        && (name.len() <= MAX_MIXED_LEN || !has_upper_case(name))
}

/// Length of the longest name that is put in lower case.
const MAX_MIXED_LEN: usize = 255;

fn has_upper_case(name: &str) -> bool {
    name.bytes().any(|b| b.is_ascii_uppercase())
}

/// Checks metadata that will be written.
pub(super) fn check(metadata: &[(&str, Value<'_>)]) -> Result<(), SendError> {
    metadata.iter().enumerate().try_for_each(|(index, one)| check_one(index, one))
}

/// Checks one that will be written.
pub(super) fn check_one(index: usize, (name, value): &(&str, Value<'_>)) -> Result<(), SendError> {
    if !is_name(name) {
        return Err(SendError::MetadataName(index));
    }
    if is_reserved(name) && !is_extension(name) {
        return Err(SendError::MetadataReserved(index));
    }
    if !value.is_valid(name) {
        return Err(SendError::MetadataValue(index));
    }
    Ok(())
}

/// Whether a reserved name is one that gRPC's own extensions give to applications and libraries above
/// this one: retries, tracing and statistics.
fn is_extension(name: &str) -> bool {
    [
        "grpc-previous-rpc-attempts",
        "grpc-retry-pushback-ms",
        "grpc-server-stats-bin",
        "grpc-tags-bin",
        "grpc-trace-bin",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

/// The value of a line that was written.
pub(super) fn value_of<'a>(name: &str, value: &'a [u8]) -> Value<'a> {
    if is_binary(name) { Value::Base64(value) } else { Value::Text(ascii(value)) }
}

/// Metadata to be sent: pairs, a [`MetadataList`], or none. Methods called `metadata` take it by [`Into`].
///
/// ```
/// use framewright::grpc::{MetadataList, Status, Trailers};
///
/// let mut list = MetadataList::new(Vec::new());
/// list.push("x-cost", "3")?;
/// let trailers = Trailers::new(Status::OK);
/// let (mut of_pairs, mut of_list) = (Vec::new(), Vec::new());
/// trailers.metadata(&[("x-cost", "3".into())]).write(&mut of_pairs)?;
/// trailers.metadata(&list).write(&mut of_list)?;
/// assert_eq!(of_pairs, of_list);
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Metadata<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Pairs(&'a [(&'a str, Value<'a>)]),
    /// They were checked.
    List(Headers<'a>),
}

impl Metadata<'_> {
    pub(super) const NONE: Self = Self(Source::Pairs(&[]));

    pub(super) fn check(&self) -> Result<(), SendError> {
        match self.0 {
            Source::Pairs(pairs) => check(pairs),
            Source::List(_) => Ok(()),
        }
    }

    /// Yields metadata that were checked, one field for each value: some peers cannot split.
    pub(super) fn each(&self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        match self.0 {
            Source::Pairs(pairs) => each(pairs, put),
            Source::List(list) => {
                for (name, value) in list {
                    put(name, value.into());
                }
            }
        }
    }
}

impl Default for Metadata<'_> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<'a> From<&'a [(&'a str, Value<'a>)]> for Metadata<'a> {
    fn from(pairs: &'a [(&'a str, Value<'a>)]) -> Self {
        Self(Source::Pairs(pairs))
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, Value<'a>); N]> for Metadata<'a> {
    fn from(pairs: &'a [(&'a str, Value<'a>); N]) -> Self {
        Self(Source::Pairs(pairs))
    }
}

#[cfg(feature = "alloc")]
impl<'a> From<&'a alloc::vec::Vec<(&'a str, Value<'a>)>> for Metadata<'a> {
    fn from(pairs: &'a alloc::vec::Vec<(&'a str, Value<'a>)>) -> Self {
        Self(Source::Pairs(pairs))
    }
}

impl<'a, B: Buffer> From<&'a MetadataList<B>> for Metadata<'a> {
    fn from(list: &'a MetadataList<B>) -> Self {
        Self(Source::List(list.fields()))
    }
}

/// Only the names are shown: a value may be a password or a token.
impl fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = f.debug_list();
        match self.0 {
            Source::Pairs(pairs) => names.entries(pairs.iter().map(|(name, _)| name)),
            Source::List(list) => names.entries(list.iter().map(|(name, _)| name)),
        };
        names.finish()
    }
}

/// Yields pairs that were checked.
pub(super) fn each(metadata: &[(&str, Value<'_>)], put: &mut dyn FnMut(&str, FieldValue<'_>)) {
    for (name, value) in metadata {
        if has_upper_case(name) {
            let mut lower = Inline::<MAX_MIXED_LEN>::EMPTY;
            for byte in name.bytes() {
                lower.push(byte.to_ascii_lowercase());
            }
            put(lower.as_str(), value.to_field());
        } else {
            put(name, value.to_field());
        }
    }
}

/// Decodes base64 with or without padding, whatever its last bits (PROTOCOL-HTTP2,
/// *Custom-Metadata*).
fn decode(symbols: &[u8], out: &mut impl Buffer) -> Result<(), DecodeError> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&STANDARD, PAD_INDIFFERENT.with_decode_allow_trailing_bits(true));
    let mut append = Append::new(out);
    let mut pieces = symbols.chunks(64).peekable();
    while let Some(piece) = pieces.next() {
        let mut bytes = [0; 48];
        match LENIENT.decode_slice(piece, &mut bytes) {
            // Only the last can be padded.
            Ok(len) if len == bytes.len() || pieces.peek().is_none() => {
                append.put(bytes.get(..len).unwrap_or_default());
            }
            _ => {
                append.abandon();
                return Err(DecodeError::Base64);
            }
        }
    }
    Ok(append.finish()?)
}

/// A [`Value`] could not be decoded. What a [`Decoder`](super::Decoder) refuses is an
/// [`Error`](super::Error).
///
/// ```
/// use framewright::grpc::{DecodeError, Value};
///
/// assert_eq!(Value::Base64(b"!").decode(&mut Vec::new()), Err(DecodeError::Base64));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not base64 (RFC 4648 §4).
    Base64,
    /// The output has no room for it.
    BufferFull(BufferFull),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => f.write_str("invalid base64"),
            Self::BufferFull(full) => full.fmt(f),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<BufferFull> for DecodeError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}
