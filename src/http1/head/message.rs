//! Heads of requests and responses, parsed.

use core::mem::MaybeUninit;

use memchr::memchr;

use super::framing::Framing;
use crate::http::syntax::{is_in_any_case, list};
use crate::http::{Headers, Name};
use crate::http1::{Body, Error, Limits, Version};

/// A request's head, borrowed from where it was read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    method: &'a str,
    target: &'a str,
    version: Version,
    host: Option<&'a str>,
    body: Body,
    headers: Headers<'a>,
}

impl<'a> Request<'a> {
    /// The method, a token whose case matters (RFC 9110 §9.1).
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The request target as it was sent: visible ASCII, usually a path and a query (§3.2).
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The version, of which the first digit is always 1.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The host and, if sent, the port; `None` only in HTTP/1.0.
    pub const fn host(&self) -> Option<&'a str> {
        self.host
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
        mut visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Self, Error> {
        let mut slots = [MaybeUninit::uninit(); Limits::MOST_HEADERS];
        let slots = slots.get_mut(..max_headers).unwrap_or_default();
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(head, slots);
        whole(parsed, Error::RequestLine)?;
        let (Some(method), Some(target), Some(minor)) =
            (request.method, request.path, request.version)
        else {
            return Err(Error::RequestLine);
        };
        if !target.is_ascii() {
            return Err(Error::RequestLine);
        }
        let mut framing = Framing::default();
        for header in &*request.headers {
            let name = Name::of(header.name);
            framing.see(name, header.value)?;
            visit(name, header.value);
        }
        let version = version(minor);
        Ok(Self {
            method,
            target,
            version,
            host: framing.host(version)?,
            body: framing.body(version)?.unwrap_or(Body::Len(0)),
            headers: headers(head),
        })
    }
}

/// A response's head, borrowed from where it was read.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    version: Version,
    status: u16,
    reason: &'a [u8],
    body: Body,
    headers: Headers<'a>,
}

impl<'a> Response<'a> {
    /// The version, of which the first digit is always 1.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The status code: three digits, usually of 100 to 599 (RFC 9110 §15).
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase, which means nothing (§4).
    pub const fn reason(&self) -> &'a [u8] {
        self.reason
    }

    /// How the end of the body is known.
    ///
    /// This holds for the response to any request but `HEAD` and `CONNECT`.
    /// [`body_for`](Self::body_for) holds for all of them.
    pub const fn body(&self) -> Body {
        self.body
    }

    /// How the end of the body is known, if this answers a request with `method` (§6.3).
    ///
    /// A response to `HEAD` has no body, whatever length it announces. Nor has one of 2xx to
    /// `CONNECT`, after which another protocol begins.
    pub fn body_for(&self, method: &str) -> Body {
        match (method, self.status) {
            ("HEAD", _) | ("CONNECT", 200..=299) => Body::Len(0),
            _ => self.body,
        }
    }

    /// Whether the client may send another request on this connection, after the body (§9.3).
    ///
    /// In HTTP/1.0, it may not. Whatever this says, a body that is [`Body::UntilClose`] ends with the
    /// connection, and after a 101 or a `CONNECT` the connection does not speak HTTP.
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
        mut visit: impl FnMut(Option<Name>, &'a [u8]),
    ) -> Result<Self, Error> {
        // `HTTP/1.1 200 `
        const BEFORE_REASON: usize = 13;
        let mut slots = [MaybeUninit::uninit(); Limits::MOST_HEADERS];
        let slots = slots.get_mut(..max_headers).unwrap_or_default();
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
            &mut response,
            head,
            slots,
        );
        whole(parsed, Error::StatusLine)?;
        let (Some(status), Some(minor)) = (response.code, response.version) else {
            return Err(Error::StatusLine);
        };
        let mut framing = Framing::default();
        for header in &*response.headers {
            let name = Name::of(header.name);
            framing.see(name, header.value)?;
            visit(name, header.value);
        }
        let version = version(minor);
        let body = framing.body(version)?.unwrap_or(Body::UntilClose);
        let line_len = memchr(b'\r', head).unwrap_or_default();
        Ok(Self {
            version,
            status,
            // Not httparse's, which is empty as soon as one byte of it is not ASCII.
            reason: head.get(BEFORE_REASON..line_len).unwrap_or_default(),
            body: if matches!(status, 100..=199 | 204 | 304) { Body::Len(0) } else { body },
            headers: headers(head),
        })
    }
}

fn is_persistent(version: Version, headers: &Headers<'_>) -> bool {
    let mut options = headers.get_all("connection").flat_map(list);
    version >= Version::Http11 && !options.any(|option| is_in_any_case(option, b"close"))
}

const fn version(minor: u8) -> Version {
    if minor == 0 { Version::Http10 } else { Version::Http11 }
}

fn whole(
    parsed: Result<httparse::Status<usize>, httparse::Error>,
    start_line: Error,
) -> Result<(), Error> {
    match parsed {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Err(httparse::Error::HeaderName | httparse::Error::HeaderValue) => Err(Error::Header),
        Err(httparse::Error::TooManyHeaders) => Err(Error::TooManyHeaders),
        Err(httparse::Error::Version) => Err(Error::Version),
        Ok(httparse::Status::Partial)
        | Err(httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token) => {
            Err(start_line)
        }
    }
}

/// The header lines of a head.
fn headers(head: &[u8]) -> Headers<'_> {
    let start = memchr(b'\n', head).map_or(head.len(), |lf| lf + 1);
    // The empty line at the end is not a header.
    Headers::from_checked(head.get(start..head.len().saturating_sub(2)).unwrap_or_default())
}
