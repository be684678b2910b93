use crate::grpc::field::Sink;
use crate::grpc::{ContentType, SendError, Value, metadata};
use crate::http::syntax::is_token;

/// The head of a response (PROTOCOL-HTTP2, *Response-Headers*), for [`ServerCall::send_head`].
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "nothing is written before `send_head`"]
pub struct ResponseHead<'a> {
    pub(super) encoding: Option<&'a str>,
    metadata: &'a [(&'a str, Value<'a>)],
}

impl<'a> ResponseHead<'a> {
    /// A head without metadata, before messages that are not compressed.
    pub const fn new() -> Self {
        Self { encoding: None, metadata: &[] }
    }

    /// Sets the encoding of the messages that will be sent compressed: one of
    /// the client's [`accept_encodings`](crate::grpc::accept_encodings()).
    pub const fn encoding(mut self, name: &'a str) -> Self {
        self.encoding = Some(name);
        self
    }

    /// Sets the metadata to write after the headers of gRPC, in this order.
    pub const fn metadata(mut self, metadata: &'a [(&'a str, Value<'a>)]) -> Self {
        self.metadata = metadata;
        self
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        if !self.encoding.is_none_or(|name| is_token(name.as_bytes())) {
            return Err(SendError::Encoding);
        }
        metadata::check(self.metadata)
    }

    pub(super) fn put(&self, content_type: ContentType, encodings: &[&str], sink: &mut dyn Sink) {
        sink.field_display("content-type", &content_type);
        if let Some(encoding) = self.encoding {
            sink.field("grpc-encoding", encoding.as_bytes());
        }
        if !encodings.is_empty() {
            sink.field_list("grpc-accept-encoding", encodings);
        }
        metadata::write(self.metadata, sink);
    }
}
