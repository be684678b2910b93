use core::fmt;

use crate::append::Append;
use crate::http::syntax::{authority, is_token, is_visible};
use crate::http::{FieldError, check_fields, is_framing, reason_phrase};
use crate::http1::{Body, BodyEncoder, ChunkHeader};
use crate::{Buffer, BufferFull};

/// What the caller asked to write and cannot be written; nothing was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The buffer has no room.
    BufferFull(BufferFull),
    /// A status that is not of three digits, or not one that is allowed here.
    Status,
    /// A method that is not a token (RFC 9110 §9.1).
    Method,
    /// A target that is empty, has a fragment, or anything but visible ASCII (§3.2).
    Target,
    /// A host that is not a host with an optional port (§3.2).
    Host,
    /// A body where the status allows none (RFC 9110 §15), or a request's until close (§6.3).
    Body,
    /// More of a body than was announced, or behind its end.
    BodyTooLong,
    /// Less of a body than was announced.
    BodyTooShort,
    /// Trailers behind a body that is not in chunks, or behind its end (§7.1.2).
    Trailers,
    /// The header of this index has a name that is not a token (RFC 9110 §5.1).
    HeaderName(usize),
    /// The header of this index has a value with a control byte other than HTAB (RFC 9110 §5.5).
    HeaderValue(usize),
    /// The header of this index is one that is written without being asked for.
    ReservedHeader(usize),
}

impl From<BufferFull> for SendError {
    fn from(full: BufferFull) -> Self {
        Self::BufferFull(full)
    }
}

impl From<FieldError> for SendError {
    fn from(error: FieldError) -> Self {
        match error {
            FieldError::Name(index) => Self::HeaderName(index),
            FieldError::Value(index) => Self::HeaderValue(index),
            FieldError::Reserved(index) => Self::ReservedHeader(index),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferFull(full) => full.fmt(f),
            Self::Status => f.write_str("invalid status"),
            Self::Method => f.write_str("invalid method"),
            Self::Target => f.write_str("invalid request target"),
            Self::Host => f.write_str("invalid host"),
            Self::Body => f.write_str("no such body is allowed here"),
            Self::BodyTooLong => f.write_str("more of the body than was announced"),
            Self::BodyTooShort => f.write_str("less of the body than was announced"),
            Self::Trailers => f.write_str("no trailers are possible here"),
            Self::HeaderName(index) => write!(f, "header {index} has an invalid name"),
            Self::HeaderValue(index) => write!(f, "header {index} has an invalid value"),
            Self::ReservedHeader(index) => write!(f, "header {index} has a reserved name"),
        }
    }
}

impl core::error::Error for SendError {}

/// Writes a request, whole or not at all.
///
/// It writes `Host` and, with a body, `Content-Length` or `Transfer-Encoding`. These and
/// `Connection` are refused among the headers; no string may have controls, and all but values must be ASCII.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct RequestWriter<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Option<&'a [u8]>,
}

impl<'a> RequestWriter<'a> {
    /// A request for `target`, usually a path and a query, of `host`, with a port unless it is
    /// the scheme's own.
    pub const fn new(method: &'a str, target: &'a str, host: &'a str) -> Self {
        Self { method, target, host, headers: &[], body: None }
    }

    /// Sets the headers to write after `Host`, in this order.
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body.
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }

    /// Appends the request to `out`.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.write_head(self.body.map(|body| Body::Len(body.len() as u64)), out).map(drop)
    }

    /// Appends the head of a request to `out`, and gives the encoder of the body that it announces.
    ///
    /// What was given as the body is how it begins. Chunks are only for a server that is known to
    /// speak HTTP/1.1 (§6.1), and no request has a body until close.
    pub fn begin(&self, body: Body, out: &mut impl Buffer) -> Result<BodyEncoder, SendError> {
        if body == Body::UntilClose {
            return Err(SendError::Body);
        }
        self.write_head(Some(body), out)
    }

    fn write_head(
        &self,
        body: Option<Body>,
        out: &mut impl Buffer,
    ) -> Result<BodyEncoder, SendError> {
        check_request(self.method, self.target, self.host)?;
        check_fields(self.headers, |name| is_framing(name) || name.eq_ignore_ascii_case("host"))?;
        let data = self.body.unwrap_or_default();
        let mut encoder = BodyEncoder::new(body.unwrap_or(Body::Len(0)));
        let header = encoder.encode_header(data.len() as u64)?;
        let mut head = Append::new(out);
        head.request(self.method, self.target, self.host);
        head.headers(self.headers);
        if let Some(body) = body {
            head.framing(body);
        }
        head.put(b"\r\n");
        head.body_piece(&header, data);
        head.finish()?;
        Ok(encoder)
    }
}

/// Writes a response, whole or not at all.
///
/// It writes `Content-Length`, `Transfer-Encoding` and `Connection` where they are due. These are
/// refused among the headers; no string may have controls, and all but values must be ASCII.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct ResponseWriter<'a> {
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    connection: &'static str,
    until_close: bool,
}

impl<'a> ResponseWriter<'a> {
    /// A response with this status, of 100 to 999, no headers of its own and an empty body.
    pub const fn new(status: u16) -> Self {
        Self { status, headers: &[], body: &[], connection: "", until_close: false }
    }

    /// Sets the headers to write, in this order.
    pub const fn headers(mut self, headers: &'a [(&'a str, &'a str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body. Statuses 1xx, 204 and 304 have none.
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Tells the client that this is the last response on the connection, which the caller
    /// must then close (§9.6).
    pub const fn close(self) -> Self {
        self.connection("close")
    }

    /// Leaves the body open: it ends when the caller closes the connection (§6.3).
    ///
    /// This is how an event stream is sent without chunks. What was given as the body is how
    /// it begins, and what the caller writes after it, how it goes on.
    pub const fn until_close(mut self) -> Self {
        self.until_close = true;
        self.close()
    }

    pub(crate) const fn connection(mut self, options: &'static str) -> Self {
        self.connection = options;
        self
    }

    /// Appends the response to `out`.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        let len = Body::Len(self.body.len() as u64);
        self.begin(if self.until_close { Body::UntilClose } else { len }, out).map(drop)
    }

    /// Appends the head of a response to `out`, and gives the encoder of the body that it announces.
    ///
    /// What was given as the body is how it begins. Where its length is not known,
    /// [`Body::of_unknown_len`] says how to announce it; behind a body until close, the caller
    /// must close the connection. An answer to `HEAD` is over with the head.
    ///
    /// ```
    /// use framewright::http1::{Body, ResponseWriter, Version};
    ///
    /// let mut out = Vec::new();
    /// let body = Body::of_unknown_len(Version::Http11); // the request's
    /// let mut encoder = ResponseWriter::new(200).begin(body, &mut out)?;
    /// encoder.encode(b"data: hello\n\n", &mut out)?;
    /// encoder.finish(&mut out)?;
    /// assert_eq!(
    ///     out,
    ///     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nD\r\ndata: hello\n\n\r\n0\r\n\r\n",
    /// );
    /// # Ok::<(), framewright::http1::SendError>(())
    /// ```
    pub fn begin(&self, body: Body, out: &mut impl Buffer) -> Result<BodyEncoder, SendError> {
        if !matches!(self.status, 100..=999) {
            return Err(SendError::Status);
        }
        let without_body = matches!(self.status, 100..=199 | 204 | 304);
        if (without_body || self.status == 205) && body != Body::Len(0) {
            return Err(SendError::Body);
        }
        check_fields(self.headers, is_framing)?;
        let mut encoder = BodyEncoder::new(body);
        let header = encoder.encode_header(self.body.len() as u64)?;
        let mut head = Append::new(out);
        head.put(b"HTTP/1.1 ");
        head.put_number(self.status.into());
        head.put(b" ");
        head.put(reason_phrase(self.status).as_bytes());
        head.put(b"\r\n");
        head.headers(self.headers);
        if !without_body {
            head.framing(body);
        }
        let connection = if body == Body::UntilClose { "close" } else { self.connection };
        if !connection.is_empty() {
            head.header("Connection", connection);
        }
        head.put(b"\r\n");
        head.body_piece(&header, self.body);
        head.finish()?;
        Ok(encoder)
    }
}

pub(crate) fn check_request(method: &str, target: &str, host: &str) -> Result<(), SendError> {
    if !is_token(method.as_bytes()) {
        return Err(SendError::Method);
    }
    if !is_visible(target.as_bytes()) || target.contains('#') {
        return Err(SendError::Target);
    }
    match authority(host) {
        Some((host, _)) if !host.is_empty() => Ok(()),
        _ => Err(SendError::Host),
    }
}

/// The lines of heads, and what goes around the pieces of a body.
impl<B: Buffer> Append<'_, B> {
    pub(crate) fn request(&mut self, method: &str, target: &str, host: &str) {
        self.put(method.as_bytes());
        self.put(b" ");
        self.put(target.as_bytes());
        self.put(b" HTTP/1.1\r\n");
        self.header("Host", host);
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        self.put(name.as_bytes());
        self.put(b": ");
        self.put(value.as_bytes());
        self.put(b"\r\n");
    }

    pub(crate) fn headers(&mut self, headers: &[(&str, &str)]) {
        for (name, value) in headers {
            self.header(name, value);
        }
    }

    /// Announces `body`.
    fn framing(&mut self, body: Body) {
        match body {
            Body::Len(len) => {
                self.put(b"Content-Length: ");
                self.put_number(len);
                self.put(b"\r\n");
            }
            Body::Chunked => self.header("Transfer-Encoding", "chunked"),
            Body::UntilClose => {}
        }
    }

    /// Appends a piece of a body.
    pub(in crate::http1) fn body_piece(&mut self, header: &ChunkHeader, data: &[u8]) {
        self.put(header);
        self.put(data);
        self.put(header.end());
    }
}
