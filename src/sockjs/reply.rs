//! Heads of responses, and the bodies that are always the same.

use super::{CallbackError, Error, Framing, RouteError};
use crate::http::Field;
use crate::inline::Inline;

/// The head of a response, and its body if that is always the same.
///
/// [`status`](Self::status), [`fields`](Self::fields) and [`body`](Self::body) are for any HTTP stack. With
/// [`http1`](crate::http1):
///
/// ```
/// use framewright::http1::ResponseWriter;
/// use framewright::sockjs::{Cors, Reply};
///
/// let cors = Cors::from_fields([("Origin", "https://example.com")].iter());
/// let reply = Reply::sent().cors(cors);
/// let mut out = Vec::new();
/// ResponseWriter::new(reply.status()).headers(reply.fields()).body(reply.body()).write(&mut out)?;
/// assert!(out.starts_with(b"HTTP/1.1 204 No Content\r\nContent-Type: text/plain; charset=UTF-8\r\n"));
/// # Ok::<(), framewright::http1::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is sent by itself"]
pub struct Reply<'a> {
    status: u16,
    content_type: Option<&'static str>,
    body: &'static str,
    caching: ReplyCaching,
    /// `Allow`, or `Access-Control-Allow-Methods`.
    methods: Option<&'static str>,
    cors: Option<Cors<'a>>,
    cookie: Option<&'a Cookie>,
    is_jsonp: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ReplyCaching {
    Unsaid,
    Never,
    Year,
    /// For a year, and the client may ask whether it is still the same.
    YearTagged,
}

const TEXT: &str = "text/plain; charset=UTF-8";

/// What every transport's response says to caches.
const NOT_CACHED: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

impl<'a> Reply<'a> {
    const fn new(status: u16, content_type: Option<&'static str>, body: &'static str) -> Self {
        let caching = ReplyCaching::Unsaid;
        let (methods, cors, cookie) = (None, None, None);
        Self { status, content_type, body, caching, methods, cors, cookie, is_jsonp: false }
    }

    const fn caching(mut self, caching: ReplyCaching) -> Self {
        self.caching = caching;
        self
    }

    /// The greeting.
    pub const fn greeting() -> Self {
        Self::new(200, Some(TEXT), "Welcome to SockJS!\n")
    }

    /// The head before an [`Info`](super::Info).
    pub const fn info() -> Self {
        Self::new(200, Some("application/json; charset=UTF-8"), "").caching(ReplyCaching::Never)
    }

    /// The head before an [`IframePage`](super::IframePage), or the whole answer if `if_none_match`, the header
    /// of that name, is its tag.
    pub fn iframe(if_none_match: Option<&[u8]>) -> Self {
        if if_none_match.is_some_and(|tags| tags.trim_ascii() == IFRAME_TAG.as_bytes()) {
            return Self::new(304, None, "").caching(ReplyCaching::YearTagged);
        }
        Self::new(200, Some("text/html; charset=UTF-8"), "").caching(ReplyCaching::YearTagged)
    }

    /// The answer to a preflight.
    pub const fn preflight(methods: &'static str) -> Self {
        let mut reply = Self::new(204, None, "").caching(ReplyCaching::Year);
        reply.methods = Some(methods);
        reply
    }

    /// The head of a response that has frames as its body.
    pub const fn receiver(framing: Framing) -> Self {
        let mut reply = Self::new(200, framing.content_type(), "").caching(ReplyCaching::Never);
        reply.is_jsonp = matches!(framing, Framing::Jsonp(_));
        reply
    }

    /// The answer to an `xhr_send` whose messages were taken.
    pub const fn sent() -> Self {
        Self::new(204, Some(TEXT), "").caching(ReplyCaching::Never)
    }

    /// The answer to a `jsonp_send` whose messages were taken.
    pub const fn sent_by_jsonp() -> Self {
        Self::new(200, Some(TEXT), "ok").caching(ReplyCaching::Never)
    }

    /// The answer to a request to send whose body is no list of messages.
    pub const fn refused(error: Error) -> Self {
        Self::new(error.status(), Some(TEXT), error.body()).caching(ReplyCaching::Never)
    }

    /// The answer to a receiver without a callback.
    pub const fn callback_refused(error: CallbackError) -> Self {
        Self::new(500, Some(TEXT), error.body()).caching(ReplyCaching::Never)
    }

    /// The answer to messages for a session that is not there.
    pub const fn session_unknown() -> Self {
        Self::new(404, None, "").caching(ReplyCaching::Never)
    }

    /// The answer to a request that no route takes.
    pub const fn not_routed(error: RouteError) -> Self {
        let mut reply = Self::new(error.status(), None, "");
        if let RouteError::MethodNotAllowed { allow } = error {
            reply.methods = Some(allow);
        }
        reply
    }

    /// The answer to a request for a WebSocket that is not one.
    pub const fn not_websocket() -> Self {
        Self::new(400, Some(TEXT), "Can \"Upgrade\" only to \"WebSocket\".")
    }

    /// Sets whether a page of another origin may read the response. Call it for every route that has a preflight.
    pub const fn cors(mut self, cors: Cors<'a>) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Sets the cookie, for services that need one. Call it for every answer to a request of a session.
    pub const fn cookie(mut self, cookie: &'a Cookie) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body, if it is always the same.
    pub const fn body(&self) -> &'static [u8] {
        self.body.as_bytes()
    }

    /// The names and values of the head.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone + use<'a> {
        let text = |name: &'a str, value: Option<&'a str>| Some((name, value?.as_bytes()));
        let (cache_control, expires, tag) = match self.caching {
            ReplyCaching::Unsaid => (None, None, None),
            ReplyCaching::Never => (Some(NOT_CACHED), None, None),
            ReplyCaching::Year => (Some(YEAR), Some(FAR_FUTURE), None),
            ReplyCaching::YearTagged => (Some(YEAR), Some(FAR_FUTURE), Some(IFRAME_TAG)),
        };
        let is_preflight = self.status == 204 && self.methods.is_some();
        let methods = if is_preflight { "Access-Control-Allow-Methods" } else { "Allow" };
        let cors = self.cors;
        let origin = cors.map(|cors| cors.origin.unwrap_or(b"*"));
        let with_credentials = cors.is_some_and(|cors| cors.origin.is_some());
        let headers = cors.and_then(|cors| cors.request_headers).filter(|_| is_preflight);
        [
            text("Content-Type", self.content_type),
            text("X-Content-Type-Options", self.is_jsonp.then_some("nosniff")),
            text("Cache-Control", cache_control),
            text("Expires", expires),
            text("ETag", tag),
            text(methods, self.methods),
            text("Access-Control-Max-Age", is_preflight.then_some("31536000")),
            headers.map(|headers| ("Access-Control-Allow-Headers", headers)),
            origin.map(|origin| ("Access-Control-Allow-Origin", origin)),
            text("Access-Control-Allow-Credentials", with_credentials.then_some("true")),
            text("Vary", cors.map(|_| "Origin")),
            self.cookie.map(|cookie| ("Set-Cookie", cookie.as_bytes())),
        ]
        .into_iter()
        .flatten()
    }
}

const YEAR: &str = "public, max-age=31536000";

/// For caches that know no `max-age`. Every other one ignores it (RFC 9111 §5.3).
const FAR_FUTURE: &str = "Thu, 31 Dec 2099 23:59:59 GMT";

const IFRAME_TAG: &str = "\"sockjs-iframe-1\"";

/// What a request says about the page that it comes from: the headers of CORS.
///
/// SockJS lets pages of every origin in. A server that wants only some checks the `Origin` before it answers.
///
/// [`Reply`] has an example.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cors<'a> {
    origin: Option<&'a [u8]>,
    request_headers: Option<&'a [u8]>,
}

impl<'a> Cors<'a> {
    /// Takes `Origin` and `Access-Control-Request-Headers` out of the head of a request.
    pub fn from_fields(fields: impl IntoIterator<Item: Field<'a>>) -> Self {
        let mut cors = Self::default();
        for field in fields {
            let (name, value) = field.parts();
            if name.eq_ignore_ascii_case("Origin") {
                cors.origin = Some(value);
            } else if name.eq_ignore_ascii_case("Access-Control-Request-Headers") {
                cors.request_headers = Some(value);
            }
        }
        cors
    }
}

/// The cookie by which load balancers know which server a session is at (*JSESSIONID cookie*).
///
/// ```
/// use framewright::sockjs::{Cookie, Framing, Reply};
///
/// let cookie = Cookie::from_fields([("Cookie", "a=b; JSESSIONID=node1")].iter());
/// let reply = Reply::receiver(Framing::Xhr).cookie(&cookie);
/// let set = reply.fields().find(|(name, _)| *name == "Set-Cookie").expect("it is there");
/// assert_eq!(set.1, b"JSESSIONID=node1; path=/");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookie(Inline<160>);

impl Cookie {
    const NAME: &'static [u8] = b"JSESSIONID=";
    const PATH: &'static [u8] = b"; path=/";

    /// The cookie that the client has, or else a dummy, which a load balancer completes.
    ///
    /// A value of more than 140 bytes counts as none.
    pub fn from_fields<'a>(fields: impl IntoIterator<Item: Field<'a>>) -> Self {
        for field in fields {
            let (name, value) = field.parts();
            if !name.eq_ignore_ascii_case("Cookie") {
                continue;
            }
            for pair in value.split(|&byte| byte == b';') {
                if let Some(value) = pair.trim_ascii().strip_prefix(Self::NAME)
                    && let Some(cookie) = Self::new(value)
                {
                    return cookie;
                }
            }
        }
        Self::new(b"dummy").unwrap_or(Self(Inline::EMPTY))
    }

    fn new(value: &[u8]) -> Option<Self> {
        let mut cookie = Inline::EMPTY;
        let fits = cookie.try_append(Self::NAME)
            && cookie.try_append(value)
            && cookie.try_append(Self::PATH);
        fits.then_some(Self(cookie))
    }

    const fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}
