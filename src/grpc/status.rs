//! Status: how a call ended.

use core::convert::Infallible;
use core::fmt::{self, Write};

use super::metadata::is_base64;
use super::{Code, Error, SendError, Value};
use crate::append::Append;
use crate::debug::Payload;
use crate::http::syntax::{list, trim};
use crate::http::{Field, FieldValue, Name};
use crate::inline::Inline;
use crate::lossy::LossyDecoder;
use crate::{Buffer, BufferFull};

/// How a call ended, in full (PROTOCOL-HTTP2, *Status*, *Status-Message*).
///
/// ```
/// use framewright::grpc::{Code, Status};
///
/// let trailers = [("grpc-status", &b"5"[..]), ("grpc-message", b"no caf%C3%A9 there")];
/// let status = Status::parse(trailers).unwrap();
/// assert_eq!(status.code, Code::NotFound);
/// assert_eq!(status.message.to_string(), "no café there");
///
/// assert_eq!(Status::new(Code::NotFound, "no café there").to_string(), status.to_string());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Status<'a> {
    /// The code.
    pub code: Code,
    /// What happened, for people to read; often empty.
    pub message: StatusMessage<'a>,
    /// What happened, for a program to read: usually a `google.rpc.Status` in Protobuf
    /// (`grpc-status-details-bin`). What came and is not base64 is not sent on.
    pub details: Option<Value<'a>>,
}

impl<'a> Status<'a> {
    /// The call succeeded.
    pub const OK: Self = Self::new(Code::Ok, "");

    /// A status without details.
    pub const fn new(code: Code, message: &'a str) -> Self {
        Self { code, message: StatusMessage::Text(message), details: None }
    }

    /// Sets the details.
    #[must_use]
    pub const fn with_details(mut self, bytes: &'a [u8]) -> Self {
        self.details = Some(Value::Bytes(bytes));
        self
    }

    /// Finds the status among the trailers of any HTTP stack.
    ///
    /// `None` if there is no `grpc-status`. One that is not a number from 0 to 16 is
    /// [`Code::Unknown`] (statuscodes.md); if it has no message, the message says what came.
    ///
    /// Laxer than the grammar, there may be several, in lines of their own or joined by commas: the
    /// first that is an error counts, with the message that goes with it. So a call does not succeed if
    /// its peer contradicts itself.
    pub fn parse<H>(trailers: H) -> Option<Self>
    where
        H: IntoIterator<Item: Field<'a>>,
    {
        let mut found = StatusFields::default();
        for field in trailers {
            let (name, value) = field.parts();
            if let Some(name) = Name::of(name) {
                found.note(name, value);
            }
        }
        found.status()
    }

    pub(super) const fn check(&self) -> Result<(), SendError> {
        match self.details {
            Some(Value::Text(_)) => Err(SendError::MetadataValue(0)),
            None | Some(Value::Bytes(_) | Value::Base64(_)) => Ok(()),
        }
    }

    /// Yields every field of a status that was checked.
    pub(super) fn each(&self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        put("grpc-status", self.code.as_str().into());
        self.message.put_field(put);
        let sendable = |details: &Value<'_>| match details {
            Value::Base64(symbols) => is_base64(symbols),
            _ => true,
        };
        if let Some(details) = self.details.filter(sendable) {
            put("grpc-status-details-bin", details.to_field());
        }
    }
}

/// The fields of a status, noted as they come.
#[derive(Clone, Copy, Default)]
pub(super) struct StatusFields<'a> {
    /// The code that counts, and what it was parsed from.
    code: Option<(Code, &'a [u8])>,
    /// Whether another code came before it.
    is_later: bool,
    message: FirstAndLast<'a>,
    details: FirstAndLast<'a>,
}

/// The first value of a field, and the last.
#[derive(Clone, Copy, Default)]
struct FirstAndLast<'a>(Option<(&'a [u8], &'a [u8])>);

impl<'a> FirstAndLast<'a> {
    fn note(&mut self, value: &'a [u8]) {
        let first = self.0.map_or(value, |(first, _)| first);
        self.0 = Some((first, value));
    }

    fn get(self, last: bool) -> Option<&'a [u8]> {
        self.0.map(|(first, latest)| if last { latest } else { first })
    }
}

impl<'a> StatusFields<'a> {
    /// Notes a field, if it is one of a status. This is the one place where whitespace is dropped.
    pub(super) fn note(&mut self, name: Name, value: &'a [u8]) {
        let value = trim(value);
        match name {
            Name::GrpcStatus if list(value).next().is_none() => self.note_code(value),
            Name::GrpcStatus => list(value).for_each(|one| self.note_code(one)),
            Name::GrpcMessage => self.message.note(value),
            Name::GrpcStatusDetailsBin => self.details.note(value),
            _ => {}
        }
    }

    fn note_code(&mut self, value: &'a [u8]) {
        let code = Code::parse(value).unwrap_or(Code::Unknown);
        match self.code {
            None => self.code = Some((code, value)),
            Some((Code::Ok, _)) if code != Code::Ok => {
                self.code = Some((code, value));
                self.is_later = true;
            }
            Some(_) => {}
        }
    }

    pub(super) fn code(&self) -> Option<Code> {
        self.code.map(|(code, _)| code)
    }

    /// Yields the fields that count, as they came, the most important first; none if that is the code alone.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &'a [u8])> {
        let message = self.message.get(self.is_later).map(|value| ("grpc-message", value));
        let details = self.details.get(self.is_later);
        let details = details.map(|value| ("grpc-status-details-bin", value));
        let code = self.code.filter(|_| message.is_some() || details.is_some());
        let code = code.map(|(_, value)| ("grpc-status", value));
        [code, message, details].into_iter().flatten()
    }

    fn status(&self) -> Option<Status<'a>> {
        let (code, value) = self.code?;
        let message = match self.message.get(self.is_later) {
            Some(message) if !message.is_empty() => StatusMessage::Encoded(message),
            _ if Code::parse(value).is_none() => StatusMessage::MalformedCode(value),
            _ => StatusMessage::Encoded(b""),
        };
        let details = self.details.get(self.is_later).map(Value::Base64);
        Some(Status { code, message, details })
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// A status message, which is written percent-encoded (PROTOCOL-HTTP2, *Status-Message*).
///
/// [`Display`](fmt::Display) decodes it. That never fails: a broken escape stays as it is, and U+FFFD
/// replaces what is not UTF-8.
///
/// ```
/// use framewright::grpc::StatusMessage;
///
/// assert_eq!(StatusMessage::Encoded(b"no caf%C3%A9").to_string(), "no café");
/// assert_eq!(StatusMessage::from("no café").to_string(), "no café");
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum StatusMessage<'a> {
    /// The text itself.
    Text(&'a str),
    /// Percent-encoded, as it came.
    Encoded(&'a [u8]),
    /// No message came, but a `grpc-status` that is not a number from 0 to 16. Decoded, it is a text
    /// that says so.
    MalformedCode(&'a [u8]),
    /// An encoding is not supported. Decoded, it is a text that says so, and names those that are.
    UnsupportedEncoding {
        /// The supported encodings, joined by commas.
        supported: &'a str,
    },
    /// No status came. Decoded, it is the text of what went wrong.
    Error(Error),
}

impl StatusMessage<'_> {
    /// Whether there is no message.
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Encoded(bytes) => bytes.is_empty(),
            Self::MalformedCode(_) | Self::UnsupportedEncoding { .. } | Self::Error(_) => false,
        }
    }

    /// Appends the message to `out`, decoded, or changes nothing.
    pub fn decode(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let mut append = Append::new(out);
        let Ok(()) = self.decode_pieces(|text| -> Result<(), Infallible> {
            append.put(text.as_bytes());
            Ok(())
        });
        append.finish()
    }

    /// Yields the field of the message, unless it is empty: percent-encoded. One that came so keeps its
    /// escapes.
    fn put_field(self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        // The longest text of an error has 55 bytes.
        let mut error_text = Inline::<64>::EMPTY;
        let value = match self {
            Self::Text("") | Self::Encoded([]) => return,
            Self::Text(text) => FieldValue::percent_encoded(text),
            Self::Encoded(bytes) => FieldValue::percent_repaired(bytes),
            Self::MalformedCode([]) => FieldValue::plain(EMPTY.as_bytes()),
            Self::MalformedCode(value) => FieldValue::percent_repaired_after(MALFORMED, value),
            Self::UnsupportedEncoding { supported } => {
                let text = if supported.is_empty() { UNSUPPORTED } else { UNSUPPORTED_BUT };
                FieldValue::percent_encoded_after(text, supported)
            }
            Self::Error(error) => {
                let _fits = write!(error_text, "{}", error.message());
                FieldValue::plain(&error_text)
            }
        };
        put("grpc-message", value);
    }

    /// Calls `put` with one piece of the decoded message after another.
    fn decode_pieces<E>(&self, mut put: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut encoded = match self {
            Self::Text(text) => return put(text),
            Self::Encoded(bytes) => *bytes,
            Self::MalformedCode([]) => return put(EMPTY),
            Self::MalformedCode(value) => {
                put(MALFORMED)?;
                *value
            }
            Self::UnsupportedEncoding { supported: "" } => return put(UNSUPPORTED),
            Self::UnsupportedEncoding { supported } => {
                put(UNSUPPORTED_BUT)?;
                return put(supported);
            }
            Self::Error(error) => {
                let mut pieces = Pieces { put, result: Ok(()) };
                let _failed = write!(pieces, "{}", error.message());
                return pieces.result;
            }
        };
        let mut decoder = LossyDecoder::new();
        while !encoded.is_empty() {
            let mut bytes = Inline::<64>::EMPTY;
            while !bytes.is_full()
                && let Some(byte) = unescape_byte(&mut encoded)
            {
                bytes.push(byte);
            }
            decoder.decode(&bytes, &mut put)?;
        }
        decoder.finish(put)
    }
}

/// What is before a `grpc-status` that is not a number from 0 to 16.
const MALFORMED: &str = "malformed grpc-status: ";
const EMPTY: &str = "empty grpc-status";
const UNSUPPORTED: &str = "unsupported grpc-encoding";
const UNSUPPORTED_BUT: &str = "unsupported grpc-encoding; supported: ";

/// Passes on formatted text, and keeps the error of a piece.
struct Pieces<P, E> {
    put: P,
    result: Result<(), E>,
}

impl<E, P: FnMut(&str) -> Result<(), E>> fmt::Write for Pieces<P, E> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.result = (self.put)(text);
        if self.result.is_ok() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Takes a byte off a percent-encoded text. A broken escape stands for itself.
fn unescape_byte(encoded: &mut &[u8]) -> Option<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if let [b'%', high, low, rest @ ..] = *encoded
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        *encoded = rest;
        return Some(high << 4 | low);
    }
    encoded.split_off_first().copied()
}

impl fmt::Debug for StatusMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, bytes) = match self {
            Self::Text(text) => ("Text", text.as_bytes()),
            Self::Encoded(bytes) => ("Encoded", *bytes),
            Self::MalformedCode(bytes) => ("MalformedCode", *bytes),
            Self::UnsupportedEncoding { supported } => {
                ("UnsupportedEncoding", supported.as_bytes())
            }
            Self::Error(error) => return f.debug_tuple("Error").field(error).finish(),
        };
        f.debug_tuple(form).field(&Payload(bytes)).finish()
    }
}

impl fmt::Display for StatusMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decode_pieces(|text| f.write_str(text))
    }
}

impl<'a> From<&'a str> for StatusMessage<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}
