use core::{fmt, str};

use super::field::Sink;
use super::{Code, SendError, Value, metadata};
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
    /// What happened, for an engineer to read; often empty.
    pub message: StatusMessage<'a>,
    /// What happened, for a program to read: as a rule a `google.rpc.Status` in Protobuf
    /// (`grpc-status-details-bin`).
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
    /// `None` if there is no `grpc-status`; one that is not a number from 0 to 16 is
    /// [`Code::Unknown`] (statuscodes.md). Of several, the first counts.
    pub fn parse<H>(trailers: H) -> Option<Self>
    where
        H: IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        let (mut code, mut message, mut details) = (None, None, None);
        for (name, value) in trailers {
            let slot = match name.len() {
                11 if name.eq_ignore_ascii_case("grpc-status") => &mut code,
                12 if name.eq_ignore_ascii_case("grpc-message") => &mut message,
                23 if name.eq_ignore_ascii_case("grpc-status-details-bin") => &mut details,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        Some(Self {
            code: Code::parse(code?).unwrap_or(Code::Unknown),
            message: StatusMessage::Encoded(message.unwrap_or_default()),
            details: details.map(Value::Base64),
        })
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        match self.details {
            None | Some(Value::Bytes(_)) => Ok(()),
            Some(details) => metadata::check(&[("details-bin", details)]),
        }
    }

    pub(super) fn write(&self, sink: &mut dyn Sink) {
        sink.field("grpc-status", self.code.as_str().as_bytes());
        if !self.message.is_empty() {
            sink.name("grpc-message");
            self.message.encode(sink);
            sink.put(b"\r\n");
        }
        if let Some(details) = self.details {
            metadata::write_value("grpc-status-details-bin", details, sink);
        }
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
/// [`Display`](fmt::Display) decodes it. That never fails: a broken escape stays as it is, and what
/// is not UTF-8 is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum StatusMessage<'a> {
    /// As it is meant.
    Text(&'a str),
    /// Percent-encoded, as it came.
    Encoded(&'a [u8]),
}

impl StatusMessage<'_> {
    /// Whether there is no message.
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Encoded(bytes) => bytes.is_empty(),
        }
    }

    /// Appends the message to `out`, decoded, or nothing of it.
    pub fn decode(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let start = out.as_slice().len();
        let mut needed = start;
        let mut full = false;
        let appended: Result<(), BufferFull> = self.each(|text| {
            needed = needed.saturating_add(text.len());
            full = full || out.try_append(text.as_bytes()).is_err();
            Ok(())
        });
        match appended {
            Ok(()) if full => {
                out.truncate(start);
                Err(BufferFull { needed })
            }
            appended => appended,
        }
    }

    /// Writes the message percent-encoded. One that came so is written as it is, but for what
    /// cannot be.
    fn encode(&self, sink: &mut dyn Sink) {
        let (bytes, percent) = match self {
            Self::Text(text) => (text.as_bytes(), false),
            Self::Encoded(bytes) => (*bytes, true),
        };
        let last = bytes.len().saturating_sub(1);
        let mut from = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let plain = match byte {
                b'%' => percent,
                // HTTP does not keep spaces at either end.
                b' ' => at != 0 && at != last,
                b'!'..=b'~' => true,
                _ => false,
            };
            if !plain {
                let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied();
                let digits = [byte >> 4, byte & 0xF].map(|n| digit(n).unwrap_or_default());
                sink.put(bytes.get(from..at).unwrap_or_default());
                sink.put(b"%");
                sink.put(&digits);
                from = at + 1;
            }
        }
        sink.put(bytes.get(from..).unwrap_or_default());
    }

    /// Gives out the decoded message piece by piece.
    fn each<E>(&self, mut put: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut raw = match self {
            Self::Text(text) => return put(text),
            Self::Encoded(raw) => *raw,
        };
        let mut buf = [0; 64];
        let mut len = 0;
        loop {
            while let Some(to) = buf.get_mut(len)
                && let Some(byte) = take_byte(&mut raw)
            {
                *to = byte;
                len += 1;
            }
            let mut rest = buf.get(..len).unwrap_or_default();
            let kept = loop {
                let error = match str::from_utf8(rest) {
                    Ok(text) => {
                        put(text)?;
                        break 0;
                    }
                    Err(error) => error,
                };
                let (valid, invalid) =
                    rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
                put(str::from_utf8(valid).unwrap_or_default())?;
                match error.error_len() {
                    // Cut off by the end of the buffer: it goes on with what comes.
                    None if !raw.is_empty() => break invalid.len(),
                    bad => {
                        put("\u{FFFD}")?;
                        rest = invalid.get(bad.unwrap_or(invalid.len())..).unwrap_or_default();
                    }
                }
            };
            if raw.is_empty() && kept == 0 {
                return Ok(());
            }
            buf.copy_within(len - kept..len, 0);
            len = kept;
        }
    }
}

/// Takes a byte off a percent-encoded text; a broken escape is taken for what it looks like.
fn take_byte(raw: &mut &[u8]) -> Option<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if let [b'%', high, low, rest @ ..] = *raw
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        *raw = rest;
        return Some(high << 4 | low);
    }
    raw.split_off_first().copied()
}

impl fmt::Display for StatusMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.each(|text| f.write_str(text))
    }
}

impl<'a> From<&'a str> for StatusMessage<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}
