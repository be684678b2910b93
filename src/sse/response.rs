//! What the head of a response says about its stream.

use crate::http::syntax::{is_token, list, trim};
use crate::http::{Field, Name, parse_date};

/// What a [`Client`](super::Client) needs to know of a response, after redirects.
///
/// ```
/// use framewright::sse::{Assembler, Client, Limits, Policy, Response, Storage, Verdict};
///
/// let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
/// let policy = Policy::new().retry_statuses(Policy::TRANSIENT).jitter(0);
/// let mut client = Client::new(policy, assembler, 7);
/// client.poll(0); // the request is sent
/// let headers = [("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")];
/// let unix_time = Some(1_445_412_450); // by the clock of the system: 30 s before that
/// let response = Response { unix_time, ..Response::new(503, &headers) };
/// assert_eq!(client.receive_response(response, 0), Verdict::NoStream);
/// assert_eq!(client.deadline(), Some(30_000)); // when to connect again
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// The value of `Content-Type`. If several are joined in it, the last valid one counts, as in
    /// browsers.
    pub content_type: Option<&'a [u8]>,
    /// The value of `Retry-After`: a number of seconds, or a date. If several numbers are joined in it,
    /// the largest counts.
    pub retry_after: Option<&'a [u8]>,
    /// The time of day by the caller's clock, in seconds since 1970 in UTC. Without it, a
    /// `Retry-After` with a date counts as none.
    pub unix_time: Option<u64>,
}

impl<'a> Response<'a> {
    /// What a client needs to know of a response with these headers, which may be any collection of
    /// [`Field`]s, such as a reference to an `http::HeaderMap`. There is no time of day.
    pub fn new(status: u16, headers: impl IntoIterator<Item: Field<'a>>) -> Self {
        let mut response = Self { status, ..Self::default() };
        for field in headers {
            let (name, value) = field.parts();
            match Name::of(name) {
                Some(Name::ContentType)
                    if response.content_type.is_none() || is_media_type(value) =>
                {
                    response.content_type = Some(value);
                }
                Some(Name::RetryAfter) if response.retry_after.is_none() || !value.is_empty() => {
                    response.retry_after = Some(value);
                }
                _ => {}
            }
        }
        response
    }

    /// Whether its body is an event stream, as its content type says.
    pub(super) fn is_event_stream(&self) -> bool {
        self.content_type.is_some_and(is_event_stream)
    }

    /// How long it asks to wait, in ms (RFC 9110 §10.2.3); 0 if it does not ask.
    pub(super) fn wait(&self) -> u64 {
        let value = self.retry_after.unwrap_or_default().trim_ascii();
        let of_date = || {
            let now = self.unix_time?;
            Some(parse_date(value, now)?.saturating_sub(now))
        };
        longest(value).or_else(of_date).unwrap_or_default().saturating_mul(1000)
    }
}

/// Whether a content type is `text/event-stream`, whatever its parameters. If several are joined by
/// commas, the last that is valid counts (Fetch, "extract a MIME type").
fn is_event_stream(content_type: &[u8]) -> bool {
    let last = media_types(content_type).last();
    last.is_some_and(|essence| essence.eq_ignore_ascii_case(super::CONTENT_TYPE.as_bytes()))
}

/// Whether there is a valid type in a content type.
fn is_media_type(content_type: &[u8]) -> bool {
    media_types(content_type).next().is_some()
}

/// Yields the types in a content type, without their parameters. Those that are invalid, or `*/*`, are
/// skipped.
fn media_types(content_type: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let is_separator = move |byte: &u8| {
        escaped = match byte {
            b'\\' => quoted && !escaped,
            b'"' if !escaped => {
                quoted = !quoted;
                false
            }
            _ => false,
        };
        *byte == b',' && !quoted
    };
    content_type.split(is_separator).filter_map(|element| {
        let essence = trim(element.split(|&byte| byte == b';').next()?);
        let slash = essence.iter().position(|&byte| byte == b'/')?;
        let (media_type, subtype) = (essence.get(..slash)?, essence.get(slash + 1..)?);
        (is_token(media_type) && is_token(subtype) && essence != b"*/*").then_some(essence)
    })
}

/// The largest number of seconds in a list of them, which is made of a field that came twice.
fn longest(value: &[u8]) -> Option<u64> {
    list(value).try_fold(None, |longest, one| Some(longest.max(Some(seconds(one)?)))).flatten()
}

/// A number of seconds in decimal digits.
fn seconds(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |seconds: u64, digit: &u8| {
        seconds.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
    };
    Some(digits.iter().fold(0, add))
}
