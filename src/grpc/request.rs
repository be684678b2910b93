use core::fmt;

use super::body::Wrap;
use super::field::Sink;
use super::{
    ClientCall, Code, ContentType, Dialect, Error, Kind, Limits, Path, SendError, ServerCall,
    Status, Timeout, Trailers, Value, metadata,
};
use crate::Buffer;
use crate::http1::HeadWriter;
use crate::http1::syntax::{ascii, is_token, is_value, list, trim};

/// The head of a request as a server gets it from any HTTP stack (PROTOCOL-HTTP2, *Requests*).
///
/// ```
/// use framewright::grpc::{Kind, Limits, Request};
///
/// let headers = [("te", &b"trailers"[..]), ("content-type", b"application/grpc+proto")];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// let call = match (request.path().service(), request.path().method()) {
///     ("helloworld.Greeter", "SayHello") => request.accept(Kind::Unary, Limits::new(), &[])?,
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
    te: bool,
}

impl<'a> Request<'a> {
    /// Checks a request that an HTTP stack has parsed: names and values of its headers, in which
    /// [`metadata`](super::metadata()) and [`accept_encodings`] find the rest.
    ///
    /// Over WebSocket, the headers are those of the first message, and the method is `POST`
    /// although HTTP's was not.
    ///
    /// # Errors
    ///
    /// What to answer.
    pub fn parse<H>(method: &str, path: &'a str, headers: H) -> Result<Self, Refusal<'static>>
    where
        H: IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        let (mut content_type, mut timeout, mut encoding) = (None, None, None);
        let (mut accept, mut te) = (None, false);
        for (name, value) in headers {
            match name.len() {
                2 if name.eq_ignore_ascii_case("te") => {
                    te |= list(value).any(|coding| coding.eq_ignore_ascii_case(b"trailers"));
                }
                6 if name.eq_ignore_ascii_case("accept") => {
                    accept = accept.or_else(|| list(value).find_map(ContentType::parse));
                }
                12 if name.eq_ignore_ascii_case("content-type") => {
                    content_type.get_or_insert(value);
                }
                12 if name.eq_ignore_ascii_case("grpc-timeout") => {
                    timeout.get_or_insert(value);
                }
                13 if name.eq_ignore_ascii_case("grpc-encoding") => {
                    encoding.get_or_insert(ascii(trim(value)));
                }
                _ => {}
            }
        }
        if method != "POST" {
            return Err(Refusal::of(Error::Method, None));
        }
        let Some(content_type) = content_type.and_then(ContentType::parse) else {
            return Err(Refusal::of(Error::ContentType, None));
        };
        let response_type = content_type.answered_by(accept);
        let refuse = |e| Refusal::of(e, Some(response_type));
        Ok(Self {
            path: Path::parse(path).ok_or_else(|| refuse(Error::Path))?,
            content_type,
            response_type,
            timeout: match timeout.map(|value| Timeout::parse(trim(value))) {
                Some(None) => return Err(refuse(Error::Timeout)),
                timeout => timeout.flatten(),
            },
            encoding: encoding.filter(|name| !name.eq_ignore_ascii_case(IDENTITY)),
            te,
        })
    }

    /// Which method is called.
    pub const fn path(&self) -> Path<'a> {
        self.path
    }

    /// What the request's body is, and what its messages are.
    pub const fn content_type(&self) -> ContentType {
        self.content_type
    }

    /// How long the client waits, if it said so: see [`Timeout::deadline`].
    pub const fn timeout(&self) -> Option<Timeout> {
        self.timeout
    }

    /// The encoding of the messages that are compressed, unless it is `identity`.
    pub const fn encoding(&self) -> Option<&'a str> {
        self.encoding
    }

    /// Whether the client said that it takes trailers, as it has to in gRPC; a proxy may have
    /// swallowed that, and the trailers too.
    pub const fn te_trailers(&self) -> bool {
        self.te
    }

    /// Accepts the request, by a server that can decompress these `encodings`.
    ///
    /// # Errors
    ///
    /// The request is in another encoding (compression.md).
    pub fn accept(
        &self,
        kind: Kind,
        limits: Limits,
        encodings: &'static [&'static str],
    ) -> Result<ServerCall, Refusal<'static>> {
        self.check_encoding(encodings)?;
        let types = (self.content_type, self.response_type);
        Ok(ServerCall::new(types, kind, limits, encodings, self.encoding.is_some()))
    }

    /// Accepts the request, like [`accept`](Self::accept), over WebSocket.
    pub fn accept_socket(
        &self,
        kind: Kind,
        limits: Limits,
        encodings: &'static [&'static str],
    ) -> Result<ServerCall, Refusal<'static>> {
        self.check_encoding(encodings)?;
        let types = (
            ContentType { dialect: Dialect::Web, ..self.content_type },
            ContentType { dialect: Dialect::Web, ..self.content_type },
        );
        let compressed = self.encoding.is_some();
        Ok(ServerCall::new(types, kind, limits, encodings, compressed).over_socket())
    }

    /// Refuses the request with a status.
    pub const fn refuse<'s>(&self, status: Status<'s>) -> Refusal<'s> {
        Refusal { status, http: 200, content_type: Some(self.response_type), encodings: &[] }
    }

    /// Refuses the request because there is no such method (statuscodes.md).
    pub const fn unimplemented(&self) -> Refusal<'static> {
        self.refuse(Status::new(Code::Unimplemented, "unknown service or method"))
    }

    fn check_encoding(&self, encodings: &'static [&'static str]) -> Result<(), Refusal<'static>> {
        match self.encoding {
            Some(name) if !encodings.contains(&name) => {
                let refusal = Refusal::of(Error::EncodingUnsupported, Some(self.response_type));
                Err(Refusal { encodings, ..refusal })
            }
            _ => Ok(()),
        }
    }
}

/// Goes through the encodings that the other side takes, among the headers of any HTTP stack
/// (PROTOCOL-HTTP2, *Message-Accept-Encoding*).
///
/// ```
/// use framewright::grpc::accept_encodings;
///
/// let headers = [("grpc-accept-encoding", &b"identity, deflate,gzip"[..])];
/// assert!(accept_encodings(headers).any(|name| name == "gzip"));
/// ```
pub fn accept_encodings<'a, H>(headers: H) -> impl Iterator<Item = &'a str>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])>,
{
    let headers = headers.into_iter();
    headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("grpc-accept-encoding"))
        .flat_map(|(_, value)| list(value).map(ascii))
}

pub(super) const IDENTITY: &str = "identity";

impl ContentType {
    /// The type of the response to a request of this type, if the client accepts as much.
    fn answered_by(self, accept: Option<Self>) -> Self {
        match (self.dialect, accept) {
            (Dialect::Web | Dialect::WebText, Some(accept)) if accept.dialect != Dialect::Grpc => {
                Self { dialect: accept.dialect, ..self }
            }
            _ => self,
        }
    }
}

/// The answer to a request that does not become a call: trailers and nothing else
/// (PROTOCOL-HTTP2, *Trailers-Only*), or no gRPC at all.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    status: Status<'a>,
    http: u16,
    content_type: Option<ContentType>,
    encodings: &'static [&'static str],
}

impl Refusal<'static> {
    const fn of(error: Error, content_type: Option<ContentType>) -> Self {
        let status = Status::new(error.code(), error.text());
        Self { status, http: error.http_status(), content_type, encodings: &[] }
    }
}

impl<'a> Refusal<'a> {
    /// The status of HTTP to answer with: 415 or 405 if the request does not look like one of gRPC,
    /// and 200 otherwise.
    pub const fn http_status(&self) -> u16 {
        self.http
    }

    /// The status of gRPC to answer with.
    pub const fn status(&self) -> Status<'a> {
        self.status
    }

    /// Appends the headers of the response to `out` as lines. It has no body.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        let trailers = Trailers::new(self.status);
        trailers.check()?;
        let mut writer = HeadWriter::new(out);
        let sink: &mut dyn Sink = &mut writer;
        match self.content_type {
            Some(content_type) => {
                sink.field_display("content-type", &content_type);
                if !self.encodings.is_empty() {
                    sink.field_list("grpc-accept-encoding", self.encodings);
                }
                trailers.put(sink);
            }
            None if self.http == 405 => sink.field("allow", b"POST"),
            None => {}
        }
        Ok(writer.finish()?)
    }

    /// Appends the only message to `out` that answers over WebSocket, before it is closed.
    pub fn write_socket(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        let trailers = Trailers::new(self.status);
        trailers.check()?;
        super::body::BodyEncoder::new(super::body::Messages::new(true), Wrap::Nothing, false)
            .block(|sink| trailers.put(sink), out)
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)
    }
}

impl core::error::Error for Refusal<'_> {}

/// The head of a request to be sent through any HTTP stack (PROTOCOL-HTTP2, *Requests*).
///
/// The stack has to be told [`METHOD`](Self::METHOD) and the path besides.
///
/// ```
/// use framewright::grpc::{ClientRequest, ContentType, Path, Timeout};
/// use core::time::Duration;
///
/// let path = Path::parse("/google.pubsub.v2.PublisherService/CreateTopic").unwrap();
/// let mut block = Vec::new();
/// ClientRequest::new(path)
///     .timeout(Timeout::parse(b"1S").unwrap())
///     .encoding("gzip")
///     .metadata(&[("authorization", "Bearer y235.wef315yfh138vh31hv93hv8h3v".into())])
///     .write_head(&mut block)?;
/// assert_eq!(
///     block,
///     b"grpc-timeout: 1S\r\n\
///       te: trailers\r\n\
///       content-type: application/grpc+proto\r\n\
///       grpc-encoding: gzip\r\n\
///       authorization: Bearer y235.wef315yfh138vh31hv93hv8h3v\r\n"
/// );
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct ClientRequest<'a> {
    path: Path<'a>,
    content_type: ContentType,
    timeout: Option<Timeout>,
    encoding: Option<&'a str>,
    accept_encodings: &'static [&'static str],
    user_agent: Option<&'a str>,
    metadata: &'a [(&'a str, Value<'a>)],
}

impl<'a> ClientRequest<'a> {
    /// The method of every request.
    pub const METHOD: &'static str = "POST";

    /// A request for a method, in gRPC and Protobuf.
    pub const fn new(path: Path<'a>) -> Self {
        Self {
            path,
            content_type: ContentType::GRPC,
            timeout: None,
            encoding: None,
            accept_encodings: &[],
            user_agent: None,
            metadata: &[],
        }
    }

    /// The path of the request.
    pub const fn path(&self) -> Path<'a> {
        self.path
    }

    /// Sets what the body is, and what the messages are.
    pub const fn content_type(mut self, content_type: ContentType) -> Self {
        self.content_type = content_type;
        self
    }

    /// Sets how long the server has. Whoever sets it should also call
    /// [`ClientCall::set_deadline`].
    pub const fn timeout(mut self, timeout: Timeout) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the encoding of the messages that will be sent compressed.
    pub const fn encoding(mut self, name: &'a str) -> Self {
        self.encoding = Some(name);
        self
    }

    /// Sets the encodings that the client can decompress.
    pub const fn accept_encodings(mut self, names: &'static [&'static str]) -> Self {
        self.accept_encodings = names;
        self
    }

    /// Sets the user agent, such as `grpc-rust-framewright/0.1.0` (PROTOCOL-HTTP2, *User Agents*).
    ///
    /// In gRPC-Web it is called `x-user-agent`, because the other belongs to the browser.
    pub const fn user_agent(mut self, user_agent: &'a str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// Sets the metadata to write after the headers of gRPC, in this order.
    pub const fn metadata(mut self, metadata: &'a [(&'a str, Value<'a>)]) -> Self {
        self.metadata = metadata;
        self
    }

    /// Appends the headers to `out` as lines, to be read with [`Fields`](super::Fields).
    pub fn write_head(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut writer = HeadWriter::new(out);
        self.put(&mut writer);
        Ok(writer.finish()?)
    }

    /// Appends the headers to `out` as lines, and begins the call.
    ///
    /// `storage` is where the trailers go: give it [`Limits::max_trailers_len`] bytes if it is not
    /// to grow.
    pub fn write<B: Buffer>(
        &self,
        kind: Kind,
        limits: Limits,
        storage: B,
        out: &mut impl Buffer,
    ) -> Result<ClientCall<B>, SendError> {
        self.write_head(out)?;
        Ok(self.call(kind, limits, storage))
    }

    /// Appends the first message to `out` that goes over WebSocket, and begins the call.
    ///
    /// Each call of [`ClientCall::send`] and its like appends one message of WebSocket.
    pub fn write_socket<B: Buffer>(
        &self,
        kind: Kind,
        limits: Limits,
        storage: B,
        out: &mut impl Buffer,
    ) -> Result<ClientCall<B>, SendError> {
        let content_type = ContentType { dialect: Dialect::Web, ..self.content_type };
        let request = self.content_type(content_type);
        request.write_head(out)?;
        Ok(request.call(kind, limits, storage).over_socket())
    }

    fn call<B: Buffer>(&self, kind: Kind, limits: Limits, storage: B) -> ClientCall<B> {
        let accept = self.accept_encodings;
        let compressed = self.encoding.is_some_and(|name| name != IDENTITY);
        ClientCall::new(self.content_type, kind, limits, accept, compressed, storage)
    }

    fn check(&self) -> Result<(), SendError> {
        let mut encodings = self.encoding.iter().chain(self.accept_encodings);
        if !encodings.all(|name| is_token(name.as_bytes())) {
            return Err(SendError::Encoding);
        }
        if !self.user_agent.is_none_or(|agent| is_value(agent.as_bytes())) {
            return Err(SendError::UserAgent);
        }
        metadata::check(self.metadata)
    }

    fn put(&self, sink: &mut dyn Sink) {
        let web = self.content_type.dialect != Dialect::Grpc;
        if let Some(timeout) = self.timeout {
            sink.field_display("grpc-timeout", &timeout);
        }
        if !web {
            sink.field("te", b"trailers");
        }
        sink.field_display("content-type", &self.content_type);
        if web {
            sink.field_display("accept", &self.content_type);
            sink.field("x-grpc-web", b"1");
        }
        if let Some(encoding) = self.encoding {
            sink.field("grpc-encoding", encoding.as_bytes());
        }
        if !self.accept_encodings.is_empty() {
            sink.field_list("grpc-accept-encoding", self.accept_encodings);
        }
        if let Some(agent) = self.user_agent {
            sink.field(if web { "x-user-agent" } else { "user-agent" }, agent.as_bytes());
        }
        metadata::write(self.metadata, sink);
    }
}
