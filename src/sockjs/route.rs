//! What a request below the prefix of a service asks for.

use core::fmt;

/// What a request asks for.
///
/// ```
/// use framewright::sockjs::{Reply, Route, RouteError, Routes, Sender};
///
/// let routes = Routes::new();
/// assert_eq!(routes.parse("GET", "/info"), Ok(Route::Info));
/// let send = Route::Send { session: "abc", transport: Sender::Xhr };
/// assert_eq!(routes.parse("POST", "/0/abc/xhr_send"), Ok(send));
/// let error = routes.parse("DELETE", "/info").unwrap_err();
/// assert!(matches!(error, RouteError::MethodNotAllowed { .. }));
/// assert_eq!(Reply::not_routed(error).status(), 405);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route<'a> {
    /// The greeting (*Greeting url*): [`Reply::greeting`](super::Reply::greeting).
    Greeting,
    /// What the service offers (*Info test*): [`Reply::info`](super::Reply::info), and an [`Info`](super::Info) as its body.
    Info,
    /// The page for iframes (*IFrame page*): [`Reply::iframe`](super::Reply::iframe), and an [`IframePage`](super::IframePage).
    Iframe,
    /// A WebSocket whose messages are those of the application, without frames of SockJS
    /// (*Raw WebSocket url*).
    RawWebSocket,
    /// A WebSocket with a session of its own, whatever other requests say (*WebSocket protocols*).
    WebSocket,
    /// A receiver for a session: its first one, which opens it, or the next.
    Receive {
        /// Which session.
        session: &'a str,
        /// How to send it frames.
        transport: Receiver,
    },
    /// Messages for a session, which another request opened.
    Send {
        /// Which session.
        session: &'a str,
        /// How they are sent.
        transport: Sender,
    },
    /// A browser asks whether it may send a request with these methods (*XhrPolling*).
    Preflight {
        /// The methods, for [`Reply::preflight`](super::Reply::preflight).
        methods: &'static str,
    },
}

/// A request that receives frames.
///
/// [`Routes`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Receiver {
    /// [`Framing::Xhr`](super::Framing::Xhr).
    Xhr,
    /// [`Framing::XhrStreaming`](super::Framing::XhrStreaming).
    XhrStreaming,
    /// [`Framing::EventSource`](super::Framing::EventSource).
    EventSource,
    /// [`Framing::HtmlFile`](super::Framing::HtmlFile).
    HtmlFile,
    /// [`Framing::Jsonp`](super::Framing::Jsonp).
    Jsonp,
}

/// A request that sends messages.
///
/// [`Route`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Sender {
    /// `xhr_send`: the body is JSON.
    Xhr,
    /// `jsonp_send`: the body is JSON, or a form with it. [`FormDecoder`](super::FormDecoder) reads the form.
    Jsonp,
}

/// Which requests are answered.
///
/// ```
/// use framewright::sockjs::{Receiver, Route, Routes};
///
/// const ROUTES: Routes = Routes::new();
/// let target = "/chat/000/aGUkl6/xhr?t=1"; // of a service at `/chat`
/// let route = ROUTES.parse("POST", target.strip_prefix("/chat").unwrap())?;
/// assert_eq!(route, Route::Receive { session: "aGUkl6", transport: Receiver::Xhr });
/// # Ok::<(), framewright::sockjs::RouteError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Routes {
    /// Whether there are WebSockets.
    pub websocket: bool,
    /// Whether there are `htmlfile`, `jsonp`, and the page for iframes.
    pub legacy: bool,
}

impl Routes {
    /// WebSockets, `xhr`, `xhr_streaming` and `eventsource`.
    pub const fn new() -> Self {
        Self { websocket: true, legacy: false }
    }

    /// Sets whether there are WebSockets.
    #[must_use]
    pub const fn websocket(mut self, enabled: bool) -> Self {
        self.websocket = enabled;
        self
    }

    /// Adds what only browsers need that know neither CORS nor WebSocket: `htmlfile`, `jsonp`, and the page for
    /// iframes.
    ///
    /// Any page in the world can use them with its visitor's cookies, because they do not say where they come
    /// from.
    #[must_use]
    pub const fn legacy(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// Returns what a request asks for. `path` is its target without the prefix of the service: empty, or from
    /// the next slash on. The query is ignored.
    pub fn parse<'a>(&self, method: &str, path: &'a str) -> Result<Route<'a>, RouteError> {
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        if matches!(path, "" | "/") {
            return allow(method, "GET", Route::Greeting);
        }
        let path = path.strip_prefix('/').ok_or(RouteError::NotFound)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = path.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("info"), None, ..) => allow_cors(method, "GET", Route::Info),
            (Some("websocket"), None, ..) if self.websocket => {
                allow(method, "GET", Route::RawWebSocket)
            }
            (Some(page), None, ..) if self.legacy && is_iframe(page) => {
                allow(method, "GET", Route::Iframe)
            }
            (Some(server), Some(session), Some(transport), None)
                if is_id(server) && is_id(session) =>
            {
                self.in_session(method, session, transport)
            }
            _ => Err(RouteError::NotFound),
        }
    }

    fn in_session<'a>(
        self,
        method: &str,
        session: &'a str,
        transport: &str,
    ) -> Result<Route<'a>, RouteError> {
        let receive = |transport| Route::Receive { session, transport };
        match transport {
            "websocket" if self.websocket => allow(method, "GET", Route::WebSocket),
            "xhr" => allow_cors(method, "POST", receive(Receiver::Xhr)),
            "xhr_streaming" => allow_cors(method, "POST", receive(Receiver::XhrStreaming)),
            "xhr_send" => {
                allow_cors(method, "POST", Route::Send { session, transport: Sender::Xhr })
            }
            "eventsource" => allow(method, "GET", receive(Receiver::EventSource)),
            "htmlfile" if self.legacy => allow(method, "GET", receive(Receiver::HtmlFile)),
            "jsonp" if self.legacy => allow(method, "GET", receive(Receiver::Jsonp)),
            "jsonp_send" if self.legacy => {
                allow(method, "POST", Route::Send { session, transport: Sender::Jsonp })
            }
            _ => Err(RouteError::NotFound),
        }
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

fn allow<'a>(
    method: &str,
    allowed: &'static str,
    route: Route<'a>,
) -> Result<Route<'a>, RouteError> {
    if method == allowed { Ok(route) } else { Err(RouteError::MethodNotAllowed { allow: allowed }) }
}

/// The same for what a page of another origin may ask for, after a preflight.
fn allow_cors<'a>(
    method: &str,
    allowed: &'static str,
    route: Route<'a>,
) -> Result<Route<'a>, RouteError> {
    let methods = if allowed == "GET" { "OPTIONS, GET" } else { "OPTIONS, POST" };
    match method {
        "OPTIONS" => Ok(Route::Preflight { methods }),
        _ if method == allowed => Ok(route),
        _ => Err(RouteError::MethodNotAllowed { allow: methods }),
    }
}

/// The name of a server or session. Clients pick both (*Session URLs*).
fn is_id(part: &str) -> bool {
    !part.is_empty() && !part.contains('.')
}

/// `iframe`, a version, and `.html` (*IFrame page*).
fn is_iframe(page: &str) -> bool {
    let version = page.strip_prefix("iframe").and_then(|rest| rest.strip_suffix(".html"));
    version.is_some_and(|version| {
        version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'a'..=b'z' | b'_'))
    })
}

/// Why no route takes a request.
///
/// [`Route`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RouteError {
    /// Nothing is there.
    NotFound,
    /// Something is there, for other methods.
    MethodNotAllowed {
        /// The methods.
        allow: &'static str,
    },
}

impl RouteError {
    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::MethodNotAllowed { .. } => 405,
        }
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("nothing is there"),
            Self::MethodNotAllowed { allow } => write!(f, "method is not one of {allow}"),
        }
    }
}

impl core::error::Error for RouteError {}
