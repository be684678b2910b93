//! The head of a message: its pseudo-fields, and its headers.

use core::fmt;

use super::Headers;
use super::entry::Entry;
use super::rules::{parse_status, pseudo};
use crate::http::syntax::{ascii, split_once};

/// The head of a request or of a response, borrowed from the buffer that it was decoded into (§8.3).
///
/// Everything in it was checked: no malformed head is ever returned.
///
/// ```
/// use framewright::http2::{Connection, Event, Limits, Storage};
///
/// # use framewright::http::NO_FIELDS;
/// # use framewright::http2::Request;
/// # let mut client = Connection::client(Storage::new(), Limits::new());
/// # let mut server = Connection::server(Storage::new(), Limits::new());
/// # let (mut wire, mut head) = (Vec::new(), Vec::new());
/// # let request = Request::new("POST", "http", "example.com", "/echo");
/// # let stream = client.open(request, NO_FIELDS, false, &mut wire)?;
/// # client.send(stream, b"hello", true, &mut wire)?;
/// # let mut input = &mut wire[..];
/// while let Some(event) = server.receive(&mut input, &mut head) {
///     let Event::Head { head, .. } = event else { continue };
///     assert_eq!((head.request().method(), head.request().path()), ("POST", "/echo"));
///     assert_eq!(head.headers().get("accept"), None);
/// }
/// # Ok::<(), framewright::http2::SendError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// Fields that were checked, pseudo-fields first.
    entries: &'a [u8],
}

impl<'a> Head<'a> {
    /// The head in `entries`, which were checked.
    pub(crate) const fn from_checked(entries: &'a [u8]) -> Self {
        Self { entries }
    }

    /// What a request asks for. All of it is empty in a response.
    pub fn request(&self) -> Request<'a> {
        let mut request = Request::EMPTY;
        let mut entries = self.entries;
        while let Some(Entry { name, value, .. }) = Entry::take(&mut entries) {
            let part = match name {
                pseudo::METHOD => &mut request.method,
                pseudo::SCHEME => &mut request.scheme,
                pseudo::AUTHORITY => &mut request.authority,
                pseudo::PATH => &mut request.target,
                pseudo::PROTOCOL => request.protocol.insert(""),
                _ => break,
            };
            *part = text(value);
        }
        // A gateway from HTTP/1.1 may send the one for the other (§8.3.1).
        if request.authority.is_empty()
            && let Some(host) = self.headers().get("host")
        {
            request.authority = ascii(host);
        }
        request
    }

    /// The method and the target of a request, without the rest of [`request`](Self::request).
    pub(crate) fn method_and_target(&self) -> (&'a str, &'a str) {
        let (mut method, mut target) = ("", "");
        let mut entries = self.entries;
        while let Some(Entry { name: name @ [b':', ..], value, .. }) = Entry::take(&mut entries) {
            match name {
                pseudo::METHOD => method = text(value),
                pseudo::PATH => target = text(value),
                _ => {}
            }
        }
        (method, target)
    }

    /// The status of a response, from 100 to 999. It is 0 in a request.
    pub fn status(&self) -> u16 {
        match Entry::take(&mut { self.entries }) {
            Some(Entry { name: pseudo::STATUS, value, .. }) => parse_status(value).unwrap_or(0),
            _ => 0,
        }
    }

    /// The headers, without pseudo-fields.
    pub fn headers(&self) -> Headers<'a> {
        let mut rest = self.entries;
        let mut after = rest;
        while let Some(Entry { name: [b':', ..], .. }) = Entry::take(&mut after) {
            rest = after;
        }
        Headers::from_checked(rest)
    }
}

/// The value of a pseudo-field. Most are one of few words.
#[inline]
fn text(value: &[u8]) -> &str {
    match value {
        b"GET" => "GET",
        b"POST" => "POST",
        b"http" => "http",
        b"https" => "https",
        _ => ascii(value),
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = f.debug_struct("Head");
        match self.status() {
            0 => head.field("request", &self.request()),
            status => head.field("status", &status),
        };
        head.field("headers", &self.headers()).finish()
    }
}

/// What a request asks for: its pseudo-fields (§8.3.1).
///
/// ```
/// use framewright::http2::Request;
///
/// let request = Request::new("GET", "https", "example.com", "/a?b");
/// assert_eq!((request.path(), request.query()), ("/a", Some("b")));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request<'a> {
    method: &'a str,
    scheme: &'a str,
    authority: &'a str,
    target: &'a str,
    protocol: Option<&'a str>,
}

impl<'a> Request<'a> {
    const EMPTY: Self = Self { method: "", scheme: "", authority: "", target: "", protocol: None };

    /// A request to be sent. An empty `authority` is not sent.
    ///
    /// `target` is the path and, after a question mark, the query; `*` asks a server about itself, with the
    /// method OPTIONS.
    pub const fn new(
        method: &'a str,
        scheme: &'a str,
        authority: &'a str,
        target: &'a str,
    ) -> Self {
        Self { method, scheme, authority, target, protocol: None }
    }

    /// A request for a tunnel to the host and port in `authority` (§8.5).
    pub const fn connect(authority: &'a str) -> Self {
        Self { method: Self::CONNECT, authority, ..Self::EMPTY }
    }

    /// A request to speak another protocol on the stream, such as `websocket` (RFC 8441 §4).
    pub const fn extended_connect(
        protocol: &'a str,
        scheme: &'a str,
        authority: &'a str,
        target: &'a str,
    ) -> Self {
        Self { method: Self::CONNECT, scheme, authority, target, protocol: Some(protocol) }
    }

    /// The method, a token whose case matters (RFC 9110 §9.1).
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The scheme, in the case in which it was sent. CONNECT without a protocol has none.
    pub const fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// The host and, if sent, the port. It is empty only if the scheme is neither `http` nor `https`.
    ///
    /// If the request has no `:authority`, this is its `host` header.
    pub const fn authority(&self) -> &'a str {
        self.authority
    }

    /// The path and the query, as `:path` has them. CONNECT without a protocol has neither.
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The path, without the query. It begins with a slash if the scheme is `http` or `https`, unless it
    /// is `*`.
    pub fn path(&self) -> &'a str {
        split_once(self.target, '?').map_or(self.target, |(path, _)| path)
    }

    /// The query, without the question mark.
    pub fn query(&self) -> Option<&'a str> {
        split_once(self.target, '?').map(|(_, query)| query)
    }

    /// The protocol that an extended CONNECT asks for (RFC 8441 §4).
    pub const fn protocol(&self) -> Option<&'a str> {
        self.protocol
    }

    /// Calls `put` with the name and value of every pseudo-field that is sent.
    pub(super) fn for_each_pseudo(&self, mut put: impl FnMut(&'static str, &'a str)) {
        let is_tunnel = self.method == Self::CONNECT && self.protocol.is_none();
        put(":method", self.method);
        if !is_tunnel || !self.scheme.is_empty() {
            put(":scheme", self.scheme);
        }
        if !self.authority.is_empty() {
            put(":authority", self.authority);
        }
        if !is_tunnel || !self.target.is_empty() {
            put(":path", self.target);
        }
        if let Some(protocol) = self.protocol {
            put(":protocol", protocol);
        }
    }

    const CONNECT: &'static str = "CONNECT";
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::super::HeaderField;
    use super::super::entry::EntryHeader;
    use super::*;
    use crate::SliceBuf;
    use crate::{Buffer, BufferFull};

    /// What the decoder stores.
    fn entries(fields: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &(name, value) in fields {
            let sensitive = name == "cookie";
            let [name_len, value_len] =
                [name, value].map(|text| text.len().try_into().expect("it is short"));
            bytes.extend(EntryHeader { name_len, value_len, sensitive }.to_bytes());
            bytes.extend(name.bytes().chain(value.bytes()));
        }
        bytes
    }

    #[test]
    fn a_request_has_all_that_was_sent() {
        let bytes = entries(&[
            (":path", "/a?b?c"),
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":authority", "a:1"),
            (":scheme", "https"),
            ("host", "b"),
            ("cookie", "c=1"),
        ]);
        let head = Head::from_checked(&bytes);
        let request = Request::extended_connect("websocket", "https", "a:1", "/a?b?c");
        assert_eq!(head.request(), request);
        assert_eq!(head.method_and_target(), (request.method(), request.target()));
        assert_eq!(head.status(), 0);
        assert_eq!((request.target(), request.path()), ("/a?b?c", "/a"));
        assert_eq!((request.query(), request.protocol()), (Some("b?c"), Some("websocket")));
        assert_eq!((request.method(), request.scheme()), ("CONNECT", "https"));
        assert_eq!(
            format!("{head:?}"),
            format!("Head {{ request: {request:?}, headers: [host: b, cookie: (sensitive)] }}")
        );
        assert_eq!(Request::connect("a:1").target(), "");
    }

    #[test]
    fn host_stands_in_for_the_authority() {
        let bytes = entries(&[(":method", "GET"), ("a", "b"), ("host", "c")]);
        assert_eq!(Head::from_checked(&bytes).request().authority(), "c");
        let bytes = entries(&[(":method", "GET"), ("a", "b")]);
        assert_eq!(Head::from_checked(&bytes).request().authority(), "");
    }

    #[test]
    fn a_response_has_a_status() {
        let bytes = entries(&[(":status", "204"), ("a", "\u{e9}")]);
        let head = Head::from_checked(&bytes);
        assert_eq!(head.status(), 204);
        assert_eq!(head.request(), Request::EMPTY);
        assert_eq!(format!("{head:?}"), r"Head { status: 204, headers: [a: \xc3\xa9] }");
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let bytes = entries(&[
            (":status", "200"),
            ("a", "1"),
            ("cookie", "x=1"),
            ("a", "2"),
            ("cookie", "y=2"),
        ]);
        let headers = Head::from_checked(&bytes).headers();
        assert_eq!(headers.get("A"), Some(&b"1"[..]));
        assert_eq!(headers.get(":status"), None);
        assert_eq!(headers.get_all("a").collect::<Vec<_>>(), [b"1", b"2"]);
        let first = HeaderField { name: "a", value: b"1", sensitive: false };
        assert_eq!(headers.iter().next(), Some(first));
        assert_eq!((headers.into_iter().count(), (&headers).into_iter().count()), (4, 4));
    }

    #[test]
    fn crumbs_make_one_cookie() -> Result<(), BufferFull> {
        let bytes = entries(&[("cookie", "x=1"), ("a", "1"), ("cookie", "y=2")]);
        let headers = Headers::from_checked(&bytes);
        let mut storage = [0; 8];
        let mut out = SliceBuf::new(&mut storage);
        assert!(headers.cookie(&mut out)?);
        assert_eq!(out.as_slice(), b"x=1; y=2");
        assert_eq!(headers.cookie(&mut out), Err(BufferFull { needed: 16 }));
        assert_eq!(out.as_slice(), b"x=1; y=2");
        assert!(!Headers::default().cookie(&mut out)?);
        Ok(())
    }
}
