//! The response that refuses a handshake (RFC 6455 §4.2.2).

use core::fmt;

use super::{Error, SendError};
use crate::Buffer;
use crate::append::Append;
use crate::http::{self, Field, FieldValue, Fields};
use crate::http1;
use crate::inline::Inline;

/// The response that refuses a request: [`Offer::refuse`](super::Offer::refuse) or
/// [`Error::refuse`].
///
/// [`write`](Self::write) it as text of HTTP/1.1, or answer with its [`status`](Self::status),
/// [`fields`](Self::to_fields) and [`content`](Self::content) through another HTTP stack.
///
/// It says `Connection: close`. Close the connection after it, and drop what follows the request.
///
/// ```
/// # use framewright::http1::Version;
/// # use framewright::ws::handshake::{Offer, Origins};
/// # let headers = [
/// #     ("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
/// #     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
/// # ];
/// # let offer = Offer::from_parts("GET", Version::Http11, "/", &headers, Origins::any())?;
/// let mut out = Vec::new();
/// offer.refuse(401).headers(&[("WWW-Authenticate", "Basic")]).body(b"who are you?").write(&mut out)?;
/// assert_eq!(
///     out,
///     b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 12\r\n\
///       Connection: close\r\n\r\nwho are you?"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is written before `write` or `to_fields`"]
pub struct Refusal<'a, H = &'a [(&'a str, &'a str)]> {
    status: u16,
    /// The headers that the error needs besides its text.
    own_headers: &'static [(&'static str, &'static str)],
    /// Whether it goes over HTTP/2, which has no fields that are about the connection (RFC 9113 §8.2.2).
    is_http2: bool,
    headers: H,
    body: &'a [u8],
    content_type: Option<&'static str>,
}

impl Refusal<'static> {
    pub(super) const fn of_status(status: u16, is_http2: bool) -> Self {
        Self { status, own_headers: &[], is_http2, headers: &[], body: &[], content_type: None }
    }

    pub(super) const fn of_error(error: Error) -> Self {
        let refusal = Self::of_status(error.status(), false);
        let refusal =
            Self { body: error.text().as_bytes(), content_type: Some("text/plain"), ..refusal };
        match error {
            // The method may be `HEAD`, whose answer has no body (RFC 9110 §9.3.2).
            Error::Method => {
                Self { own_headers: &[("Allow", "GET")], body: &[], content_type: None, ..refusal }
            }
            Error::HttpVersion | Error::NotAnUpgrade | Error::Version => Self {
                own_headers: &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
                ..refusal
            },
            _ => refusal,
        }
    }
}

impl Refusal<'static> {
    pub(super) const fn of_connect_error(error: Error) -> Self {
        let refusal = Self { is_http2: true, ..Self::of_error(error) };
        match error.status() {
            426 => Self { status: 400, ..refusal },
            _ => refusal,
        }
    }
}

impl<'a, H> Refusal<'a, H> {
    /// Sets headers to write after those of the refusal itself, in this order: any collection of
    /// [`Field`]s.
    ///
    /// `Connection`, `Content-Length` and `Transfer-Encoding` are reserved.
    pub fn headers<T>(self, headers: T) -> Refusal<'a, T> {
        let Self { status, own_headers, is_http2, headers: _, body, content_type } = self;
        Refusal { status, own_headers, is_http2, headers, body, content_type }
    }

    /// Sets the body, in place of an error's text and its content type.
    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self.content_type = None;
        self
    }

    /// The status of the response.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body of the response.
    pub const fn content(&self) -> &'a [u8] {
        self.body
    }
}

impl<'h, H: Clone + IntoIterator<Item: Field<'h>>> Refusal<'_, H> {
    /// The headers of the response, in order, for any HTTP stack: all but `Content-Length`. Over HTTP/2,
    /// `Connection` and `Upgrade` are left out.
    ///
    /// # Errors
    ///
    /// What the caller added cannot be sent.
    pub fn to_fields(&self) -> Result<impl Fields + Copy + use<'_, 'h, H>, SendError> {
        self.check()?;
        Ok(http::from_fn(|put| {
            self.each(&mut *put);
            self.each_of_connection(put);
        }))
    }

    /// Appends the response to `out`, whole or not at all.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut head = Append::new(out);
        head.put(b"HTTP/1.1 ");
        head.put_number(self.status.into());
        head.put(b" ");
        head.put(http::reason_phrase(self.status).as_bytes());
        head.put(b"\r\n");
        self.each(|name, value| head.put_field(name, value));
        if self.status != NOT_MODIFIED {
            let len = Inline::decimal(self.body.len() as u64);
            head.put_field("Content-Length", len.as_slice().into());
        }
        self.each_of_connection(|name, value| head.put_field(name, value));
        head.put(b"\r\n");
        head.put(self.body);
        Ok(head.finish()?)
    }

    fn check(&self) -> Result<(), SendError> {
        if !matches!(self.status, 300..=599) {
            return Err(http1::SendError::Status.into());
        }
        if self.status == NOT_MODIFIED && !self.body.is_empty() {
            return Err(http1::SendError::Body.into());
        }
        Ok(http::check_fields(self.headers.clone(), http::is_framing)?)
    }

    /// All headers but `Content-Length` and `Connection`.
    fn each(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        self.each_for_any_version(|name, value| {
            if !(self.is_http2 && is_upgrade(name)) {
                put(name, value);
            }
        });
    }

    /// `Connection`, which names `Upgrade` wherever that is sent (RFC 9110 §7.8).
    fn each_of_connection(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        if self.is_http2 {
            return;
        }
        let mut connection = "close";
        self.each_for_any_version(|name, _| {
            if is_upgrade(name) {
                connection = "close, Upgrade";
            }
        });
        put("Connection", connection.into());
    }

    fn each_for_any_version(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        let content_type = self.content_type.map(|value| ("Content-Type", value));
        for (name, value) in self.own_headers.iter().copied().chain(content_type) {
            put(name, value.into());
        }
        for field in self.headers.clone() {
            let (name, value) = field.parts();
            put(name, value.into());
        }
    }
}

fn is_upgrade(name: &str) -> bool {
    name.eq_ignore_ascii_case("upgrade")
}

/// The only status here that never has a body (RFC 9110 §15.4.5).
const NOT_MODIFIED: u16 = 304;

/// Does not show the headers that were added, which may be cookies.
impl<H> fmt::Debug for Refusal<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("status", &self.status).finish_non_exhaustive()
    }
}
