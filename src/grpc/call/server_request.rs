//! The head of a request, as a server receives it.

use super::{Carrier, NamedEncoding, Refusal, ServerCall, is_web, single};
use crate::grpc::{
    CallKind, Code, ContentType, Encodings, Error, Framing, Path, ServerConfig, Status,
    StatusMessage, Timeout,
};
use crate::http::syntax::list;
use crate::http::{Field, Name};

/// The head of a request as a server receives it from any HTTP stack (PROTOCOL-HTTP2, *Requests*).
///
/// ```
/// use framewright::grpc::{CallKind, Request, ServerConfig};
///
/// const CONFIG: ServerConfig = ServerConfig::new();
/// let now = 0; // on the caller's clock, in milliseconds
/// let headers = [("te", &b"trailers"[..]), ("content-type", b"application/grpc+proto")];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// let call = match (request.path().service(), request.path().method()) {
///     ("helloworld.Greeter", "SayHello") => request.accept(CallKind::Unary, &CONFIG, now)?,
///     _ => Err(request.unimplemented())?,
/// };
/// # drop(call);
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    path: Path<'a>,
    content_type: ContentType,
    response_type: ContentType,
    timeout: Option<Timeout>,
    encoding: Option<&'a str>,
    carrier: Carrier,
}

impl<'a> Request<'a> {
    /// Checks a request that an HTTP stack has parsed. [`metadata`](crate::grpc::metadata()) and
    /// [`Encodings::choose`](crate::grpc::Encodings::choose) find the rest in its headers.
    ///
    /// Laxer than the grammar, `content-type`, `grpc-timeout` and `grpc-encoding` may be repeated, in
    /// lines of their own or joined by commas, if every value is the same. A `grpc-timeout` or
    /// `grpc-encoding` that is empty is as if it were absent.
    ///
    /// # Errors
    ///
    /// What to answer.
    pub fn parse<H>(method: &str, path: &'a str, headers: H) -> Result<Self, Refusal<'static>>
    where
        H: IntoIterator<Item: Field<'a>>,
    {
        let facts = RequestFacts::read(headers);
        if method != "POST" {
            return Err(Refusal::of(Error::Method, None));
        }
        let Some(content_type) = facts.content_type else {
            return Err(Refusal::of(Error::ContentType, None));
        };
        let response_type = content_type.answered_by(facts.accept);
        let refuse = |e| Refusal::of(e, Some(response_type));
        let Some(path) = Path::parse(path) else { return Err(refuse(Error::Path)) };
        let timeout = match facts.timeout {
            Some(value) => Some(Timeout::parse(value).ok_or(refuse(Error::Timeout))?),
            None => None,
        };
        let encoding = facts.encoding.name();
        let carrier = Carrier::Http;
        Ok(Self { path, content_type, response_type, timeout, encoding, carrier })
    }

    /// Checks a request that came over WebSocket, like [`parse`](Self::parse): `path` is the target of the handshake,
    /// and `headers` are those in the first message.
    ///
    /// # Errors
    ///
    /// What to answer: [`Refusal::write`] makes a message of it.
    pub fn parse_socket<H>(path: &'a str, headers: H) -> Result<Self, Refusal<'static>>
    where
        H: IntoIterator<Item: Field<'a>>,
    {
        let carrier = Carrier::Socket;
        match Self::parse("POST", path, headers) {
            Ok(request) => {
                // There is only one framing.
                let framing = Framing::Web;
                let content_type = ContentType { framing, ..request.content_type };
                Ok(Self { content_type, response_type: content_type, carrier, ..request })
            }
            Err(refusal) => Err(refusal.over(carrier)),
        }
    }

    /// The method that is called.
    pub const fn path(&self) -> Path<'a> {
        self.path
    }

    /// The framing of the request's body and the format of its messages.
    pub const fn content_type(&self) -> ContentType {
        self.content_type
    }

    /// How long the client waits, if it said so. [`accept`](Self::accept) makes a deadline of it.
    pub const fn timeout(&self) -> Option<Timeout> {
        self.timeout
    }

    /// The encoding of the messages that are compressed, unless it is `identity`. Names that differ, in one
    /// line or in several, are one name that no encoding has.
    pub const fn encoding(&self) -> Option<&'a str> {
        self.encoding
    }

    /// Accepts the request at the time `now`, in milliseconds on the scale of [`ServerCall::poll`]. The
    /// call's deadline is that of the client.
    ///
    /// # Errors
    ///
    /// The request is in a message format (PROTOCOL-HTTP2, *Content-Type*) or in an encoding
    /// (compression.md) that `config` does not have. The refusal borrows from `config`: to return it with
    /// `?` from a function, let the config be a constant, or an argument.
    pub fn accept<'c>(
        &self,
        kind: CallKind,
        config: &'c ServerConfig<'_>,
        now: u64,
    ) -> Result<ServerCall, Refusal<'c>> {
        if !config.serves(self.content_type.subtype) {
            return Err(Refusal::of(Error::ContentType, None).over(self.carrier));
        }
        let encoding = match self.encoding {
            Some(name) => {
                let known = config.encodings.index_of(name);
                Some(known.ok_or_else(|| self.refuse_encoding(&config.encodings))?)
            }
            None => None,
        };
        let types = (self.content_type, self.response_type);
        let deadline = self.timeout.map(|timeout| timeout.deadline(now));
        Ok(ServerCall::new(self.carrier, types, kind, config, encoding, deadline))
    }

    /// Begins a call whose kind is not known yet. One in an encoding that is not supported has failed, and
    /// owes its trailers.
    pub(in crate::grpc) fn begin(
        &self,
        config: &ServerConfig<'_>,
        now: u64,
    ) -> Result<ServerCall, Refusal<'static>> {
        if !config.serves(self.content_type.subtype) {
            return Err(Refusal::of(Error::ContentType, None));
        }
        let types = (self.content_type, self.response_type);
        let encoding = self.encoding.map(|name| config.encodings.index_of(name));
        let deadline = self.timeout.map(|timeout| timeout.deadline(now));
        let kind = CallKind::BidiStreaming;
        let mut call =
            ServerCall::new(Carrier::Http, types, kind, config, encoding.flatten(), deadline);
        if encoding == Some(None) {
            call.fail(Error::EncodingUnsupported);
        }
        Ok(call)
    }

    /// Refuses the request with a status.
    pub const fn refuse<'s>(&self, status: Status<'s>) -> Refusal<'s> {
        Refusal::with_status(status, self.response_type, self.carrier)
    }

    /// Refuses the request because there is no such method (statuscodes.md).
    pub const fn unimplemented(&self) -> Refusal<'static> {
        self.refuse(Status::new(Code::Unimplemented, "unknown service or method"))
    }

    /// Refuses the request because of its encoding. The client learns which ones are supported.
    fn refuse_encoding<'c>(&self, encodings: &'c Encodings) -> Refusal<'c> {
        let message = StatusMessage::UnsupportedEncoding { supported: encodings.as_str() };
        let code = Error::EncodingUnsupported.code();
        let status = Status { code, message, details: None };
        Refusal::with_status(status, self.response_type, self.carrier)
    }
}

/// What the headers of a request say of the call. Of each header, the first that is not empty
/// counts.
#[derive(Default)]
struct RequestFacts<'a> {
    /// `None` if there is none, it is not one of gRPC, or there are others.
    content_type: Option<ContentType>,
    /// Whether any came.
    has_content_type: bool,
    /// The first type of gRPC that the client accepts.
    accept: Option<ContentType>,
    timeout: Option<&'a [u8]>,
    encoding: NamedEncoding<'a>,
}

impl<'a> RequestFacts<'a> {
    fn read<H>(headers: H) -> Self
    where
        H: IntoIterator<Item: Field<'a>>,
    {
        let mut facts = Self::default();
        for field in headers {
            let (name, value) = field.parts();
            facts.note(name, value);
        }
        facts
    }

    fn note(&mut self, name: &str, value: &'a [u8]) {
        match Name::of(name) {
            Some(Name::ContentType) => {
                for one in list(value).filter(|one| one.contains(&b'/')) {
                    let known = ContentType::parse(one);
                    if !core::mem::replace(&mut self.has_content_type, true) {
                        self.content_type = known;
                    } else if self.content_type != known {
                        self.content_type = None;
                    }
                }
            }
            Some(Name::Accept) => {
                self.accept = self.accept.or_else(|| list(value).find_map(ContentType::parse));
            }
            Some(Name::GrpcTimeout) => {
                if let Some(value) = single(value) {
                    let first = *self.timeout.get_or_insert(value);
                    if first != value {
                        // This is no timeout, so the request is refused.
                        self.timeout = Some(b"");
                    }
                }
            }
            Some(Name::GrpcEncoding) => {
                self.encoding.note(value);
            }
            _ => {}
        }
    }
}

impl ContentType {
    /// The type of the response to a request of this type, if the client accepts `accept`.
    fn answered_by(self, accept: Option<Self>) -> Self {
        match accept {
            Some(accept) if is_web(self) && is_web(accept) => {
                Self { framing: accept.framing, ..self }
            }
            _ => self,
        }
    }
}
