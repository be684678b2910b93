//! The head of a request, as a client sends it.

use core::fmt;

use super::{Carrier, ClientCall, IDENTITY, is_web};
use crate::Buffer;
use crate::grpc::{
    CallKind, ContentType, Encodings, Framing, Limits, Metadata, Path, SendError, Timeout,
};
use crate::http::syntax::{is_field_value, is_http_scheme, is_token};
use crate::http::{self, FieldValue, Fields};
use crate::http2;

/// The head of a request, to be sent through any HTTP stack (PROTOCOL-HTTP2, *Requests*).
///
/// The stack also needs the method, which is `POST`, and the path.
///
/// ```
/// use framewright::grpc::{ClientRequest, Path, Timeout};
///
/// let path = Path::parse("/google.pubsub.v2.PublisherService/CreateTopic").unwrap();
/// let mut lines = Vec::new();
/// ClientRequest::new(path)
///     .timeout(Timeout::parse(b"1S").unwrap())
///     .encoding("gzip")
///     .metadata(&[("authorization", "Bearer y235.wef315yfh138vh31hv93hv8h3v".into())])
///     .write(&mut lines)?;
/// assert_eq!(
///     lines,
///     b"grpc-timeout: 1S\r\n\
///       te: trailers\r\n\
///       content-type: application/grpc+proto\r\n\
///       grpc-encoding: gzip\r\n\
///       grpc-accept-encoding: gzip\r\n\
///       authorization: Bearer y235.wef315yfh138vh31hv93hv8h3v\r\n"
/// );
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is written before `write` or `to_fields`"]
pub struct ClientRequest<'a> {
    path: Path<'a>,
    scheme: &'a str,
    authority: &'a str,
    content_type: ContentType,
    carrier: Carrier,
    timeout: Option<Timeout>,
    encoding: Option<&'a str>,
    /// `None` if only that of the request.
    accept_encodings: Option<Encodings>,
    user_agent: Option<&'a str>,
    metadata: Metadata<'a>,
}

impl<'a> ClientRequest<'a> {
    /// A request for a method, in gRPC and Protobuf.
    pub const fn new(path: Path<'a>) -> Self {
        Self {
            path,
            scheme: "http",
            authority: "",
            content_type: ContentType::GRPC,
            carrier: Carrier::Http,
            timeout: None,
            encoding: None,
            accept_encodings: None,
            user_agent: None,
            metadata: Metadata::NONE,
        }
    }

    /// Sets the scheme: `https` over TLS, or `http`. Default: `http`. Only [`Client`](crate::grpc::Client) sends it.
    pub const fn scheme(mut self, scheme: &'a str) -> Self {
        self.scheme = scheme;
        self
    }

    /// Sets the authority: the host and, if it is not the scheme's own, the port. Only
    /// [`Client`](crate::grpc::Client) sends it, and needs it.
    pub const fn authority(mut self, authority: &'a str) -> Self {
        self.authority = authority;
        self
    }

    /// The head for HTTP/2, without its headers. Its authority is not checked.
    pub(in crate::grpc) fn http2_head(&self) -> Result<http2::Request<'a>, SendError> {
        if !is_http_scheme(self.scheme.as_bytes()) {
            return Err(SendError::Scheme);
        }
        let (scheme, authority) = (self.scheme, self.authority);
        Ok(http2::Request::new("POST", scheme, authority, self.path.as_str()))
    }

    /// Sets the framing of the body and the format of the messages.
    pub const fn content_type(mut self, content_type: ContentType) -> Self {
        self.content_type = content_type;
        self
    }

    /// Makes it a request over WebSocket. Its framing is gRPC-Web's, whatever it was set to: there is no other.
    ///
    /// [`write`](Self::write) writes the first message. Each call of [`ClientCall::send`], of a method of
    /// [`ClientCall::body`] and of [`ClientCall::half_close`] writes another one.
    pub const fn over_socket(mut self) -> Self {
        self.carrier = Carrier::Socket;
        self
    }

    /// Sets how much time the call has: a [`Timeout`], or a [`Duration`](core::time::Duration). It is the deadline
    /// of the [`ClientCall`], too: the server may not answer.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// Sets the encoding of the messages that will be sent compressed. The client is taken to be able to
    /// decompress it, unless [`accept_encodings`](Self::accept_encodings) says otherwise: servers answer
    /// in the encoding of the request.
    pub const fn encoding(mut self, name: &'a str) -> Self {
        self.encoding = Some(name);
        self
    }

    /// Sets the encodings that the client can decompress.
    pub const fn accept_encodings(mut self, encodings: Encodings) -> Self {
        self.accept_encodings = Some(encodings);
        self
    }

    /// Sets the user agent, such as `grpc-rust-framewright/0.1.0` (PROTOCOL-HTTP2, *User Agents*).
    ///
    /// In gRPC-Web it is written as `x-user-agent`, because `user-agent` belongs to the browser. An empty
    /// one is not written.
    pub const fn user_agent(mut self, user_agent: &'a str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// Sets the metadata to write after gRPC's own headers, in this order: pairs, or a [`MetadataList`](crate::grpc::MetadataList).
    ///
    /// If the request is kept in a variable, as for [`call`](Self::call), the metadata need one, too.
    pub fn metadata(mut self, metadata: impl Into<Metadata<'a>>) -> Self {
        self.metadata = metadata.into();
        self
    }

    /// The headers as a list, for any HTTP stack. All of it is checked.
    pub fn to_fields(&self) -> Result<impl Fields + Copy + use<'_, 'a>, SendError> {
        self.check()?;
        Ok(http::from_fn(|put| self.each(put)))
    }

    /// Appends the headers to `out` as lines.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        Ok(http::write_lines(out, |put| self.each(put))?)
    }

    /// Begins the call whose head this is.
    ///
    /// The trailers go to `storage`. If that cannot grow, it needs [`Limits::max_trailers_len`]
    /// bytes. The call does not borrow from the request.
    ///
    /// The call begins at the time `now`, in milliseconds on the scale of [`ClientCall::poll`], and ends at
    /// the latest when its [`timeout`](Self::timeout) has passed.
    pub fn call<B: Buffer>(
        &self,
        kind: CallKind,
        limits: Limits,
        storage: B,
        now: u64,
    ) -> ClientCall<B> {
        self.call_on(self.carrier, kind, limits, storage, now)
    }

    /// Begins the call, on a connection that may not be the one the request was made for.
    pub(in crate::grpc) fn call_on<B: Buffer>(
        &self,
        carrier: Carrier,
        kind: CallKind,
        limits: Limits,
        storage: B,
        now: u64,
    ) -> ClientCall<B> {
        let encodings = self.accepted().unwrap_or_default();
        let compresses = self.encoding.is_some_and(|name| name != IDENTITY);
        let call = ClientCall::new(
            carrier,
            self.framed_type(),
            kind,
            limits,
            encodings,
            compresses,
            storage,
        );
        match self.timeout {
            Some(timeout) => call.with_deadline(timeout.deadline(now)),
            None => call,
        }
    }

    /// The encodings that are accepted: those that were set, or else that of the request. `None` if that
    /// is not the name of one.
    fn accepted(&self) -> Option<Encodings> {
        match (self.accept_encodings, self.encoding) {
            (Some(encodings), _) => Some(encodings),
            (None, Some(name)) if name != IDENTITY => Encodings::new(&[name]),
            _ => Some(Encodings::NONE),
        }
    }

    const fn framed_type(&self) -> ContentType {
        match self.carrier {
            Carrier::Http => self.content_type,
            Carrier::Socket => ContentType { framing: Framing::Web, ..self.content_type },
        }
    }

    fn check(&self) -> Result<(), SendError> {
        let is_encoding = self.encoding.is_none_or(|name| is_token(name.as_bytes()));
        if !is_encoding || self.accepted().is_none() {
            return Err(SendError::Encoding);
        }
        if !self.user_agent.is_none_or(|agent| is_field_value(agent.as_bytes())) {
            return Err(SendError::UserAgent);
        }
        self.metadata.check()
    }

    fn each(&self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        let content_type = self.framed_type();
        let web = is_web(content_type);
        if let Some(timeout) = self.timeout {
            put("grpc-timeout", timeout.to_value().as_slice().into());
        }
        if !web {
            put("te", "trailers".into());
        }
        content_type.put("content-type", put);
        if web {
            content_type.put("accept", put);
            put("x-grpc-web", "1".into());
        }
        if let Some(encoding) = self.encoding {
            put("grpc-encoding", encoding.into());
        }
        let accepted = self.accepted().unwrap_or_default();
        if !accepted.is_empty() {
            put("grpc-accept-encoding", accepted.as_str().into());
        }
        if let Some(agent) = self.user_agent.filter(|agent| !agent.is_empty()) {
            put(if web { "x-user-agent" } else { "user-agent" }, agent.into());
        }
        self.metadata.each(put);
    }
}

/// Of the metadata, only the names are shown: a value may be a password or a token.
impl fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("path", &self.path)
            .field("content_type", &self.content_type)
            .field("timeout", &self.timeout)
            .field("encoding", &self.encoding)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
