//! What a request asks for, and the fixed answers (*HTTP long-polling*, *Handshake*).

use core::fmt;

/// How packets travel.
///
/// [`Request`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Transport {
    /// A held GET for what comes down, a POST for what goes up.
    Polling,
    /// A WebSocket connection.
    WebSocket,
}

/// What a request under the path of Engine.IO asks for.
///
/// ```
/// use framewright::engineio::{Refusal, Request, Transport};
///
/// let open = Request::parse("GET", "/engine.io/?EIO=4&transport=polling", false);
/// assert_eq!(open, Ok(Request::Open { transport: Transport::Polling, base64: false }));
/// let refusal = Request::parse("PUT", "/engine.io/?EIO=4&transport=polling", false).unwrap_err();
/// assert_eq!(refusal, Refusal::BadHandshakeMethod);
/// let answer = refusal.answer(); // of any HTTP stack
/// assert_eq!((answer.status, answer.body), (400, r#"{"code":2,"message":"Bad handshake method"}"#));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request<'a> {
    /// A new session.
    Open {
        /// How it begins.
        transport: Transport,
        /// Whether the client wants binary messages in base64 over WebSocket, too.
        base64: bool,
    },
    /// A poll for what a session has to send: [`Session::get`](super::Session::get).
    Get {
        /// The session.
        sid: &'a str,
    },
    /// Packets for a session: [`Session::post`](super::Session::post).
    Post {
        /// The session.
        sid: &'a str,
    },
    /// A WebSocket for a session that polls: [`Session::upgrade`](super::Session::upgrade).
    Upgrade {
        /// The session.
        sid: &'a str,
    },
}

impl<'a> Request<'a> {
    /// Parses the query of a request's `target` (*Query parameters*). `upgrade` is whether the request asks for a WebSocket.
    ///
    /// The path is the caller's to check: `/engine.io/`, or `/socket.io/` under Socket.IO. Names in the query
    /// may come in any order, and those that are unknown are ignored.
    ///
    /// Stricter than Node, which lets a parameter come twice, and takes an empty `sid` for none.
    ///
    /// ```
    /// use framewright::engineio::{Refusal, Request};
    ///
    /// let target = "/engine.io/?EIO=4&transport=polling&sid=lv_VI97H";
    /// assert_eq!(Request::parse("POST", target, false), Ok(Request::Post { sid: "lv_VI97H" }));
    /// let target = "/engine.io/?EIO=3&transport=polling";
    /// assert_eq!(Request::parse("GET", target, false), Err(Refusal::UnsupportedVersion));
    /// ```
    pub fn parse(method: &str, target: &'a str, upgrade: bool) -> Result<Self, Refusal> {
        let query = Query::parse(target)?;
        let transport = match query.transport {
            Some("polling") => Transport::Polling,
            Some("websocket") => Transport::WebSocket,
            _ => return Err(Refusal::UnknownTransport),
        };
        if query.version != Some("4") {
            return Err(Refusal::UnsupportedVersion);
        }
        let get = method == "GET";
        let socket = transport == Transport::WebSocket;
        match query.sid {
            Some("") => Err(Refusal::UnknownSid),
            None if !get => Err(Refusal::BadHandshakeMethod),
            _ if get && socket != upgrade => Err(Refusal::BadRequest),
            None => Ok(Self::Open { transport, base64: query.base64 == Some("1") }),
            Some(sid) if get && socket => Ok(Self::Upgrade { sid }),
            Some(sid) if get => Ok(Self::Get { sid }),
            Some(_) if method != "POST" => Err(Refusal::MethodNotAllowed),
            Some(_) if socket => Err(Refusal::BadRequest),
            Some(sid) => Ok(Self::Post { sid }),
        }
    }
}

/// The parameters that have a meaning.
#[derive(Default)]
struct Query<'a> {
    version: Option<&'a str>,
    transport: Option<&'a str>,
    sid: Option<&'a str>,
    base64: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn parse(target: &'a str) -> Result<Self, Refusal> {
        let (_, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query.split('#').next().unwrap_or_default();
        let mut found = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "EIO" => &mut found.version,
                "transport" => &mut found.transport,
                "sid" => &mut found.sid,
                "b64" => &mut found.base64,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(Refusal::BadRequest);
            }
        }
        Ok(found)
    }
}

/// Why a request is refused.
///
/// [`Request`] has an example.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Refusal {
    /// The transport is not known.
    UnknownTransport,
    /// There is no such session, or it is over.
    UnknownSid,
    /// A request for a new session is not a GET.
    BadHandshakeMethod,
    /// The request breaks a rule that no other variant names.
    BadRequest,
    /// The application does not want this client.
    Forbidden,
    /// The client speaks another version of the protocol.
    UnsupportedVersion,
    /// The body is longer than [`Limits::max_payload`](super::Limits::max_payload).
    PayloadTooLarge,
    /// A method that the protocol does not use.
    MethodNotAllowed,
}

impl Refusal {
    /// The answer that says so.
    pub const fn answer(self) -> Answer {
        let (status, body) = match self {
            Self::UnknownTransport => (400, r#"{"code":0,"message":"Transport unknown"}"#),
            Self::UnknownSid => (400, r#"{"code":1,"message":"Session ID unknown"}"#),
            Self::BadHandshakeMethod => (400, r#"{"code":2,"message":"Bad handshake method"}"#),
            Self::BadRequest => (400, r#"{"code":3,"message":"Bad request"}"#),
            Self::Forbidden => (403, r#"{"code":4,"message":"Forbidden"}"#),
            Self::UnsupportedVersion => {
                (400, r#"{"code":5,"message":"Unsupported protocol version"}"#)
            }
            Self::PayloadTooLarge => (413, r#"{"code":3,"message":"Payload too large"}"#),
            Self::MethodNotAllowed => (405, r#"{"code":3,"message":"Method not allowed"}"#),
        };
        Answer { status, content_type: "application/json", body }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownTransport => "transport is unknown",
            Self::UnknownSid => "session is unknown",
            Self::BadHandshakeMethod => "handshake is not a GET",
            Self::BadRequest => "request does not fit the session",
            Self::Forbidden => "application refused the client",
            Self::UnsupportedVersion => "version of the protocol is not 4",
            Self::PayloadTooLarge => "body is too long",
            Self::MethodNotAllowed => "method is neither GET nor POST",
        })
    }
}

impl core::error::Error for Refusal {}

/// An answer with a fixed body. It must not be cached: send it with `Cache-Control: no-store`.
///
/// Each browser's client treats any status but 200 as an error.
///
/// [`Request`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Answer {
    /// A POST was taken.
    pub const OK: Self = Self { status: 200, content_type: "text/plain", body: "ok" };

    /// The `Content-Type` of an answer to a GET, whose body
    /// [`Session::transmit_get`](super::Session::transmit_get) writes. Its status is 200.
    pub const GET_CONTENT_TYPE: &'static str = "text/plain; charset=UTF-8";
}
