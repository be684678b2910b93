use super::server_request::IDENTITY;
use crate::Buffer;
use crate::append::Append;
use crate::grpc::field::Sink;
use crate::grpc::{
    CallKind, ClientCall, ContentType, Framing, Limits, Path, SendError, Timeout, Value, metadata,
};
use crate::http::syntax::{is_field_value, is_token};

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

    /// Appends the headers to `out` as lines, to be read with [`Fields`](crate::grpc::Fields).
    pub fn write_head(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut writer = Append::new(out);
        self.put(&mut writer);
        Ok(writer.finish()?)
    }

    /// Appends the headers to `out` as lines, and begins the call.
    ///
    /// `storage` is where the trailers go: give it [`Limits::max_trailers_len`] bytes if it is not
    /// to grow.
    pub fn write<B: Buffer>(
        &self,
        kind: CallKind,
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
        kind: CallKind,
        limits: Limits,
        storage: B,
        out: &mut impl Buffer,
    ) -> Result<ClientCall<B>, SendError> {
        let content_type = ContentType { framing: Framing::Web, ..self.content_type };
        let request = self.content_type(content_type);
        request.write_head(out)?;
        Ok(request.call(kind, limits, storage).over_socket())
    }

    fn call<B: Buffer>(&self, kind: CallKind, limits: Limits, storage: B) -> ClientCall<B> {
        let accept = self.accept_encodings;
        let compressed = self.encoding.is_some_and(|name| name != IDENTITY);
        ClientCall::new(self.content_type, kind, limits, accept, compressed, storage)
    }

    fn check(&self) -> Result<(), SendError> {
        let mut encodings = self.encoding.iter().chain(self.accept_encodings);
        if !encodings.all(|name| is_token(name.as_bytes())) {
            return Err(SendError::Encoding);
        }
        if !self.user_agent.is_none_or(|agent| is_field_value(agent.as_bytes())) {
            return Err(SendError::UserAgent);
        }
        metadata::check(self.metadata)
    }

    fn put(&self, sink: &mut dyn Sink) {
        let web = self.content_type.framing != Framing::Grpc;
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
