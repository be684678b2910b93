//! The head of a request, which looks the same in both versions of HTTP.

use framewright::{http, http1, http2};

/// The head of a request.
pub struct Request<'a> {
    pub version: Version,
    pub method: &'a str,
    /// The path of the target, without the query.
    pub path: &'a str,
    /// The query, without the question mark. It is empty if there is none.
    pub query: &'a str,
    /// The host that it is for, and its port, if that was sent. It is empty if no host was.
    pub host: &'a str,
    pub headers: Headers<'a>,
    /// Whether the client offers to speak WebSocket.
    pub offers_websocket: bool,
}

/// A version of HTTP.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Version {
    Http1,
    Http2,
}

impl<'a> From<&http1::Request<'a>> for Request<'a> {
    fn from(request: &http1::Request<'a>) -> Self {
        Self {
            version: Version::Http1,
            method: request.method(),
            path: request.path(),
            query: request.query().unwrap_or_default(),
            host: request.host().unwrap_or_default(),
            headers: Headers::Http1(request.headers()),
            offers_websocket: request.headers().get("sec-websocket-key").is_some(),
        }
    }
}

impl<'a> From<&http2::Head<'a>> for Request<'a> {
    fn from(head: &http2::Head<'a>) -> Self {
        let request = head.request();
        Self {
            version: Version::Http2,
            method: request.method(),
            path: request.path(),
            query: request.query().unwrap_or_default(),
            host: request.authority(),
            headers: Headers::Http2(head.headers()),
            offers_websocket: request.protocol().is_some(),
        }
    }
}

impl Request<'_> {
    /// The number that the query gives for `name`.
    pub fn number(&self, name: &str) -> Option<u64> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name)?.1.parse().ok()
    }
}

/// The headers of a request.
#[derive(Clone, Copy)]
pub enum Headers<'a> {
    Http1(http::Headers<'a>),
    Http2(http2::Headers<'a>),
}

impl<'a> Headers<'a> {
    /// The value of the first header called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        match self {
            Self::Http1(headers) => headers.get(name),
            Self::Http2(headers) => headers.get(name),
        }
    }
}

/// Names and values. Names are in any case in HTTP/1.1, and in lower case in HTTP/2.
impl<'a> IntoIterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::Http1(headers) => Box::new(headers.into_iter()),
            Self::Http2(headers) => {
                Box::new(headers.into_iter().map(|field| (field.name, field.value)))
            }
        }
    }
}
