//! Writes heads, with a body or its beginning after them.

use crate::Buffer;
use crate::append::Append;
use crate::http::syntax::{authority, is_token, is_visible, split_once};
use crate::http::{Field, Name, check_fields, is_framing, reason_phrase};
use crate::http1::{Body, BodyEncoder, SendError};

/// Writes a request, whole or not at all.
///
/// It writes `Host` and, with a body, `Content-Length` or `Transfer-Encoding`. These and
/// `Connection` are refused among the headers. No string may have controls, and all but values must be
/// ASCII.
///
/// ```
/// use framewright::http1::RequestWriter;
///
/// let mut out = Vec::new();
/// let request = RequestWriter::new("POST", "/log", "example.com").headers(&[("Accept", "*/*")]);
/// request.body(b"hello").write(&mut out)?;
/// assert_eq!(
///     out,
///     b"POST /log HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nContent-Length: 5\r\n\r\nhello"
/// );
/// # Ok::<(), framewright::http1::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct RequestWriter<'a, H = &'a [(&'a str, &'a str)]> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    headers: H,
    body: Option<&'a [u8]>,
}

impl<'a> RequestWriter<'a> {
    /// A request for `target`, usually a path and a query, of `host`, with a port unless it is
    /// the scheme's own.
    ///
    /// Through a proxy, `target` is a URL (§3.2.2). That of `OPTIONS` may be `*`, and that of `CONNECT` is
    /// a host and a port.
    pub const fn new(method: &'a str, target: &'a str, host: &'a str) -> Self {
        Self { method, target, host, headers: &[], body: None }
    }
}

impl<'a, H> RequestWriter<'a, H> {
    /// Sets the headers to write after `Host`, in this order: any collection of [`Field`]s.
    pub fn headers<T>(self, headers: T) -> RequestWriter<'a, T> {
        let Self { method, target, host, headers: _, body } = self;
        RequestWriter { method, target, host, headers, body }
    }

    /// Sets the body.
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }
}

impl<'h, H: Clone + IntoIterator<Item: Field<'h>>> RequestWriter<'_, H> {
    /// Appends the request to `out`.
    ///
    /// `POST`, `PUT` and `PATCH` announce a body even if none was set: one of 0 bytes. Servers expect it
    /// (RFC 9110 §8.6).
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        let body = match (self.body, self.method) {
            (Some(body), _) => Some(Body::Len(body.len() as u64)),
            (None, "POST" | "PUT" | "PATCH") => Some(Body::Len(0)),
            (None, _) => None,
        };
        self.write_head(body, out).map(drop)
    }

    /// Appends the head of a request to `out`, and returns the encoder of the body that it announces.
    ///
    /// Bytes that were set as the body are its beginning. Chunks are only for a server that is known to
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
        let is_reserved = |name: &str| is_framing(name) || Name::of(name) == Some(Name::Host);
        check_fields(self.headers.clone(), is_reserved)?;
        let data = self.body.unwrap_or_default();
        let mut encoder = BodyEncoder::new(body.unwrap_or(Body::Len(0)));
        let header = encoder.encode_header(data.len() as u64)?;
        let mut head = Append::new(out);
        head.request(self.method, self.target, self.host);
        head.headers(self.headers.clone());
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
/// refused among the headers. No string may have controls, and all but values must be ASCII.
///
/// ```
/// use framewright::http1::ResponseWriter;
///
/// let mut out = Vec::new();
/// ResponseWriter::new(404).body(b"no such page").close().write(&mut out)?;
/// assert_eq!(
///     out,
///     b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: close\r\n\r\nno such page"
/// );
/// # Ok::<(), framewright::http1::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct ResponseWriter<'a, H = &'a [(&'a str, &'a str)]> {
    status: u16,
    headers: H,
    body: &'a [u8],
    connection: &'static str,
}

impl ResponseWriter<'_> {
    /// A response with this status, of 100 to 599 (RFC 9110 §15), no headers of its own and an empty body.
    pub const fn new(status: u16) -> Self {
        Self { status, headers: &[], body: &[], connection: "" }
    }
}

impl<'a, H> ResponseWriter<'a, H> {
    /// Sets the headers to write, in this order: any collection of [`Field`]s.
    pub fn headers<T>(self, headers: T) -> ResponseWriter<'a, T> {
        let Self { status, headers: _, body, connection } = self;
        ResponseWriter { status, headers, body, connection }
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

    pub(crate) const fn connection(mut self, options: &'static str) -> Self {
        self.connection = options;
        self
    }
}

impl<'h, H: Clone + IntoIterator<Item: Field<'h>>> ResponseWriter<'_, H> {
    /// Appends the response to `out`.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.begin(Body::Len(self.body.len() as u64), out).map(drop)
    }

    /// Appends the head of a response to `out`, and returns the encoder of the body that it announces.
    ///
    /// Bytes that were set as the body are its beginning. If its length is not known,
    /// [`Body::of_unknown_len`] says how to announce it. A body until close ends when the caller
    /// closes the connection (§6.3), which the head announces. An answer to `HEAD` ends with the head.
    ///
    /// ```
    /// use framewright::http::NO_FIELDS;
    /// use framewright::http1::{Body, ResponseWriter, Version};
    ///
    /// let mut out = Vec::new();
    /// let body = Body::of_unknown_len(Version::Http11); // the request's
    /// let mut encoder = ResponseWriter::new(200).begin(body, &mut out)?;
    /// encoder.encode(b"data: hello\n\n", &mut out)?;
    /// encoder.finish(NO_FIELDS, &mut out)?;
    /// assert_eq!(
    ///     out,
    ///     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nD\r\ndata: hello\n\n\r\n0\r\n\r\n",
    /// );
    /// # Ok::<(), framewright::http1::SendError>(())
    /// ```
    pub fn begin(&self, body: Body, out: &mut impl Buffer) -> Result<BodyEncoder, SendError> {
        if !matches!(self.status, 100..=599) {
            return Err(SendError::Status);
        }
        let without_body = matches!(self.status, 100..=199 | 204 | 304);
        if (without_body || self.status == 205) && body != Body::Len(0) {
            return Err(SendError::Body);
        }
        check_fields(self.headers.clone(), is_framing)?;
        let mut encoder = BodyEncoder::new(body);
        let header = encoder.encode_header(self.body.len() as u64)?;
        let mut head = Append::new(out);
        head.put(b"HTTP/1.1 ");
        head.put_number(self.status.into());
        head.put(b" ");
        head.put(reason_phrase(self.status).as_bytes());
        head.put(b"\r\n");
        head.headers(self.headers.clone());
        if !without_body {
            head.framing(body);
        }
        let connection = if body == Body::UntilClose { "close" } else { self.connection };
        if !connection.is_empty() {
            head.put_plain_field("Connection", connection.as_bytes());
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
    if !is_target(method, target) {
        return Err(SendError::Target);
    }
    match authority(host) {
        Some((host, _)) if !host.is_empty() => Ok(()),
        _ => Err(SendError::Host),
    }
}

/// Whether `target` has one of the four forms of a target, and that of `CONNECT` if it is one (§3.2).
fn is_target(method: &str, target: &str) -> bool {
    if !is_visible(target.as_bytes()) || target.contains('#') {
        return false;
    }
    if method == "CONNECT" {
        return authority(target).is_some_and(|(host, port)| !host.is_empty() && !port.is_empty());
    }
    match target {
        "*" => method == "OPTIONS",
        _ if target.starts_with('/') => true,
        _ => split_once(target, ':').is_some_and(|(scheme, rest)| {
            let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(valid)
                && !rest.is_empty()
        }),
    }
}

/// What only heads have.
impl<B: Buffer> Append<'_, B> {
    /// Appends a request line, and the host.
    pub(crate) fn request(&mut self, method: &str, target: &str, host: &str) {
        self.put(method.as_bytes());
        self.put(b" ");
        self.put(target.as_bytes());
        self.put(b" HTTP/1.1\r\n");
        self.put_plain_field("Host", host.as_bytes());
    }

    /// Appends headers that were checked.
    pub(crate) fn headers<'h>(&mut self, headers: impl IntoIterator<Item: Field<'h>>) {
        for field in headers {
            let (name, value) = field.parts();
            self.put_plain_field(name, value);
        }
    }

    /// Appends the header that announces `body`.
    fn framing(&mut self, body: Body) {
        match body {
            Body::Len(len) => {
                self.put(b"Content-Length: ");
                self.put_number(len);
                self.put(b"\r\n");
            }
            Body::Chunked => self.put_plain_field("Transfer-Encoding", b"chunked"),
            Body::UntilClose => {}
        }
    }
}
