//! The head of a response, as a server sends it.

use crate::grpc::{ContentType, Metadata, SendError};
use crate::http::FieldValue;
use crate::http::syntax::is_token;

/// The head of a response (PROTOCOL-HTTP2, *Response-Headers*), for
/// [`ServerCall::send_head`](crate::grpc::ServerCall::send_head).
///
/// ```
/// use framewright::grpc::ResponseHead;
///
/// # use framewright::grpc::{CallKind, Request, ServerConfig};
/// # let headers = [("content-type", &b"application/grpc"[..])];
/// # let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// # const CONFIG: ServerConfig = ServerConfig::new();
/// # let mut call = request.accept(CallKind::Unary, &CONFIG, 0)?;
/// let mut lines = Vec::new();
/// call.send_head(ResponseHead::new().metadata(&[("x-served-by", "a1".into())]), &mut lines)?;
/// assert_eq!(lines, b"content-type: application/grpc\r\nx-served-by: a1\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "nothing is written before `send_head`"]
pub struct ResponseHead<'a> {
    pub(super) encoding: Option<&'a str>,
    metadata: Metadata<'a>,
}

impl<'a> ResponseHead<'a> {
    /// A head without metadata, before messages that are not compressed.
    pub const fn new() -> Self {
        Self { encoding: None, metadata: Metadata::NONE }
    }

    /// Sets the encoding of the messages that will be sent compressed: one that the client accepts, which
    /// [`Encodings::choose`](crate::grpc::Encodings::choose) finds.
    pub const fn encoding(mut self, name: &'a str) -> Self {
        self.encoding = Some(name);
        self
    }

    /// Sets the metadata to write after gRPC's own headers, in this order: pairs, or a [`MetadataList`](crate::grpc::MetadataList).
    pub fn metadata(mut self, metadata: impl Into<Metadata<'a>>) -> Self {
        self.metadata = metadata.into();
        self
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        if !self.encoding.is_none_or(|name| is_token(name.as_bytes())) {
            return Err(SendError::Encoding);
        }
        self.metadata.check()
    }

    /// Yields every field of a head that was checked.
    pub(super) fn each(
        &self,
        content_type: ContentType,
        encodings: &str,
        put: &mut dyn FnMut(&str, FieldValue<'_>),
    ) {
        content_type.put("content-type", put);
        if let Some(encoding) = self.encoding {
            put("grpc-encoding", encoding.into());
        }
        if !encodings.is_empty() {
            put("grpc-accept-encoding", encodings.into());
        }
        self.metadata.each(put);
    }
}
