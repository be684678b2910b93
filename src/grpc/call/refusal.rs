//! The answer to a request that does not become a call.

use core::fmt;

use super::encode::{BodyEncoder, Wrap};
use super::{Cardinality, Carrier, ResponseHead};
use crate::Buffer;
use crate::grpc::{ContentType, Error, Metadata, SendError, Status, StatusMessage, Trailers};
use crate::http::{self, FieldValue, Fields};

/// The answer to a request that does not become a call: trailers and nothing else
/// (PROTOCOL-HTTP2, *Trailers-Only*), or no gRPC at all.
///
/// Before its stream is reset, the rest of the request has to be read and dropped:
/// [`ServerCall::reset_code`](crate::grpc::ServerCall::reset_code) says why.
///
/// ```
/// use framewright::grpc::Request;
///
/// let headers = [("content-type", &b"application/grpc"[..])];
/// let refusal = Request::parse("POST", "/", headers).unwrap_err();
/// assert_eq!(refusal.http_status(), 200);
/// let mut lines = Vec::new();
/// refusal.write(&mut lines)?;
/// assert!(lines.starts_with(b"content-type: application/grpc\r\ngrpc-status: 12\r\n"));
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    pub(super) status: Status<'a>,
    pub(super) http_status: u16,
    /// Of the response; `None` if the client may not know gRPC.
    pub(super) content_type: Option<ContentType>,
    carrier: Carrier,
    metadata: Metadata<'a>,
}

impl Refusal<'static> {
    pub(super) const fn of(error: Error, content_type: Option<ContentType>) -> Self {
        let status = Status::new(error.code(), error.text());
        let (http_status, carrier) = (error.http_status(), Carrier::Http);
        Self { status, http_status, content_type, carrier, metadata: Metadata::NONE }
    }

    pub(super) const fn over(mut self, carrier: Carrier) -> Self {
        self.carrier = carrier;
        self
    }
}

impl<'a> Refusal<'a> {
    /// The HTTP status to answer with: 415 or 405 if the request does not look like one of gRPC,
    /// and 200 otherwise.
    pub const fn http_status(&self) -> u16 {
        self.http_status
    }

    /// The gRPC status to answer with.
    pub const fn status(&self) -> Status<'a> {
        self.status
    }

    pub(super) const fn with_status(
        status: Status<'a>,
        content_type: ContentType,
        carrier: Carrier,
    ) -> Self {
        let content_type = Some(content_type);
        Self { status, http_status: 200, content_type, carrier, metadata: Metadata::NONE }
    }

    /// Sets the metadata to write after the status, in this order. A client that is to retry later is
    /// told when by `grpc-retry-pushback-ms`.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Metadata<'a>>) -> Self {
        self.metadata = metadata.into();
        self
    }

    /// The headers of the response as a list, for any HTTP stack. All of it is checked. The response has no body.
    pub fn to_fields(&self) -> Result<impl Fields + Copy + use<'_, 'a>, SendError> {
        self.trailers().check()?;
        Ok(http::from_fn(|put| self.each(put)))
    }

    /// Appends the headers of the response to `out` as lines. The response has no body.
    ///
    /// If the request came over WebSocket, appends the only message that answers it. Close the WebSocket after it.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        let trailers = self.trailers();
        trailers.check()?;
        match self.carrier {
            Carrier::Http => Ok(http::write_lines(out, |put| self.each(put))?),
            Carrier::Socket => BodyEncoder::new(Cardinality::new(true), Wrap::Nothing, false)
                .encode_fields(|put| trailers.each(put), out),
        }
    }

    fn trailers(&self) -> Trailers<'a> {
        Trailers::new(self.status).metadata(self.metadata)
    }

    fn each(&self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        match self.content_type {
            Some(content_type) => {
                let supported = match self.status.message {
                    StatusMessage::UnsupportedEncoding { supported } => supported,
                    _ => "",
                };
                ResponseHead::new().each(content_type, supported, put);
                self.trailers().each(put);
            }
            None if self.http_status == 405 => put("allow", "POST".into()),
            None => {}
        }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)
    }
}

impl core::error::Error for Refusal<'_> {}
