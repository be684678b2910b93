//! Heads of requests and responses, parsed.

use super::framing::Framing;
use super::lines::{field, next_line, request_line, skip_first_blank_lines, status_line};
use crate::http::syntax::{authority, is_in_any_case, list, split_absolute, split_once};
use crate::http::{Headers, Name};
use crate::http1::{Body, Error, Version};

/// A request's head, borrowed from where it was read.
///
/// ```
/// use framewright::http1::{Body, HeadReader, Limits, Request};
///
/// let mut reader = HeadReader::new(Vec::new(), Limits::new());
/// let mut bytes = *b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
/// let request: Request<'_> = reader.read_request(&mut &mut bytes[..])?.expect("it is all there");
/// assert_eq!((request.path(), request.query()), ("/a", Some("b=c")));
/// assert_eq!((request.body(), request.is_persistent()), (Body::Len(3), true));
/// # Ok::<(), framewright::http1::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    method: &'a str,
    target: &'a str,
    version: Version,
    host: Option<&'a str>,
    body: Body,
    expects_continue: bool,
    headers: Headers<'a>,
}

impl<'a> Request<'a> {
    /// The method, a token whose case matters (RFC 9110 §9.1).
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The request target as it was sent: visible ASCII, usually a path and a query (§3.2).
    ///
    /// Clients of a proxy send a whole URL, which a server has to accept (§3.2.2). [`path`](Self::path)
    /// and [`query`](Self::query) are the same in both.
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The path of the target, without the query; `/` if the target is a URL without a path.
    ///
    /// The targets `*` and that of `CONNECT` have no path, and are returned as they are.
    pub fn path(&self) -> &'a str {
        match self.path_and_query().0 {
            "" => "/",
            path => path,
        }
    }

    /// The query of the target, without the question mark.
    pub fn query(&self) -> Option<&'a str> {
        self.path_and_query().1
    }

    fn path_and_query(&self) -> (&'a str, Option<&'a str>) {
        let rest = split_absolute(self.target).map_or(self.target, |(_, rest)| rest);
        split_once(rest, '?').map_or((rest, None), |(path, query)| (path, Some(query)))
    }

    /// The version. Later versions than 1.1 that begin with 1 count as 1.1 (RFC 9110 §2.5).
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The host and, if sent, the port; `None` only in HTTP/1.0.
    ///
    /// If the target names a host, it is this one, and `Host` does not count (§3.2.2, §3.3).
    pub const fn host(&self) -> Option<&'a str> {
        self.host
    }

    /// Whether the client waits for the status 100 before it sends the body (RFC 9110 §10.1.1).
    ///
    /// Answer with the status 100, which takes 25 bytes, or with the final status. Neither a client of
    /// HTTP/1.0 nor a request without a body waits. An answer is not needed if bytes of the body came with
    /// the head.
    ///
    /// ```
    /// use framewright::http1::{HeadReader, Limits, ResponseWriter};
    ///
    /// let mut reader = HeadReader::new(Vec::new(), Limits::new());
    /// let mut buf = *b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    /// let mut input = &mut buf[..];
    /// let mut out = Vec::new();
    /// if let Some(request) = reader.read_request(&mut input)?
    ///     && request.expects_continue()
    ///     && input.is_empty()
    /// {
    ///     ResponseWriter::new(100).write(&mut out)?; // or a final status that refuses the body
    /// }
    /// assert_eq!(out, b"HTTP/1.1 100 Continue\r\n\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// How the end of the body is known.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// Whether the client may send another request on this connection, once this one has been
    /// answered (§9.3).
    ///
    /// In HTTP/1.0, it may not: it would need an answer that says so.
    pub fn is_persistent(&self) -> bool {
        is_persistent(self.version, &self.headers)
    }

    /// The headers, in their order.
    pub const fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// Parses a whole head, in lines ended by CRLF with no empty one before it, and shows each header
    /// to `visit`.
    pub(super) fn parse(
        head: &'a [u8],
        max_headers: usize,
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Self, Error> {
        let mut rest = head;
        let line = next_line(&mut rest).ok_or(Error::RequestLine)?;
        let (method, target, version) = request_line(line)?;
        let (framing, headers) = parse_headers(rest, false, max_headers, visit)?;
        let body = framing.of_request(version)?;
        // `Host` has to be valid in any case (§3.2).
        let host = framing.host(version)?;
        let host = match split_absolute(target) {
            Some((named, _)) => match authority(named) {
                Some((name, _)) if !name.is_empty() => Some(named),
                _ => return Err(Error::BadHost),
            },
            None if method == "CONNECT" && authority(target).is_some() => Some(target),
            None => host,
        };
        let expects_continue = framing.expects_continue(version, body);
        Ok(Self { method, target, version, host, body, expects_continue, headers })
    }
}

/// A response's head, borrowed from where it was read.
///
/// ```
/// use framewright::http1::{Body, HeadReader, Limits, Response};
///
/// let mut reader = HeadReader::new(Vec::new(), Limits::new());
/// let mut bytes = *b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
/// let response: Response<'_> = reader.read_response(&mut &mut bytes[..])?.expect("it is all there");
/// assert_eq!((response.status(), response.reason()), (200, &b"OK"[..]));
/// assert_eq!(response.body_for("GET"), Ok(Body::Len(3)));
/// assert_eq!(response.body_for("HEAD"), Ok(Body::Len(0)));
/// # Ok::<(), framewright::http1::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    version: Version,
    status: u16,
    reason: &'a [u8],
    body: Result<Body, Error>,
    contradicts_itself: bool,
    headers: Headers<'a>,
}

impl<'a> Response<'a> {
    /// The version. Later versions than 1.1 that begin with 1 count as 1.1 (RFC 9110 §2.5).
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The status code: three digits.
    ///
    /// Status codes are 100 to 599. Treat any other as one of the class 5xx (RFC 9110 §15).
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether a final response follows this one, which has a status of 100 to 199 other than 101
    /// (RFC 9110 §15.2).
    ///
    /// A server may send any number of them, also unasked. After 101, the connection speaks another
    /// protocol.
    pub const fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// The reason phrase, which means nothing (§4).
    pub const fn reason(&self) -> &'a [u8] {
        self.reason
    }

    /// How the end of the body is known, if this answers a request with `method` (§6.3).
    ///
    /// A response to `HEAD` has no body, whatever length it announces. Nor has one of 2xx to
    /// `CONNECT`, after which another protocol begins.
    ///
    /// # Errors
    ///
    /// The headers do not say where the body ends, or name an encoding that is not known here. They mean
    /// nothing in a response without a body, so this is not an error of the head.
    pub fn body_for(&self, method: &str) -> Result<Body, Error> {
        match (method, self.status) {
            ("HEAD", _) | ("CONNECT", 200..=299) => Ok(Body::Len(0)),
            _ => self.body,
        }
    }

    /// Whether the client may send another request on this connection, after the body (§9.3).
    ///
    /// In HTTP/1.0, it may not; nor after a response with both `Transfer-Encoding` and `Content-Length`
    /// (§6.1). Whatever this says, a body that is [`Body::UntilClose`] ends with the connection, and after
    /// a 101 or a `CONNECT` the connection does not speak HTTP.
    pub fn is_persistent(&self) -> bool {
        !self.contradicts_itself && is_persistent(self.version, &self.headers)
    }

    /// The headers, in their order.
    pub const fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// Parses a whole head, in lines of which none is folded, and shows each header to `visit`.
    pub(super) fn parse(
        head: &'a [u8],
        max_headers: usize,
        visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Self, Error> {
        let mut rest = head;
        let line = next_line(&mut rest).ok_or(Error::StatusLine)?;
        let (version, status, reason) = status_line(line)?;
        skip_first_blank_lines(&mut rest);
        let (framing, headers) = parse_headers(rest, true, max_headers, visit)?;
        let without_body = matches!(status, 100..=199 | 204 | 304);
        Ok(Self {
            version,
            status,
            reason,
            body: if without_body { Ok(Body::Len(0)) } else { framing.of_response() },
            contradicts_itself: framing.contradicts_itself(),
            headers,
        })
    }
}

/// Parses the header lines in `lines`, and shows each header to `visit`. A lax parser allows blanks
/// between a name and its colon.
#[inline]
fn parse_headers<'a>(
    lines: &'a [u8],
    is_lax: bool,
    max_headers: usize,
    mut visit: impl FnMut(Option<Name>, &'a [u8]),
) -> Result<(Framing<'a>, Headers<'a>), Error> {
    let mut framing = Framing::default();
    let (mut rest, mut len, mut count) = (lines, 0, 0);
    while let Some(line) = next_line(&mut rest)
        && !line.is_empty()
    {
        if count == max_headers {
            return Err(Error::TooManyHeaders { limit: max_headers });
        }
        let (name, value) = field(line, is_lax).ok_or(Error::Header)?;
        framing.see(name, value);
        visit(name, value);
        count += 1;
        // The empty line at the end is not a header.
        len = lines.len() - rest.len();
    }
    Ok((framing, Headers::from_checked(lines.get(..len).unwrap_or_default())))
}

fn is_persistent(version: Version, headers: &Headers<'_>) -> bool {
    let mut options = headers.get_all("connection").flat_map(list);
    version >= Version::Http11 && !options.any(|option| is_in_any_case(option, b"close"))
}
