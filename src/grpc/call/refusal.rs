use core::fmt;

use super::body::{BodyEncoder, Messages, Wrap};
use crate::Buffer;
use crate::append::Append;
use crate::grpc::field::Sink;
use crate::grpc::{ContentType, Error, SendError, Status, Trailers};

/// The answer to a request that does not become a call: trailers and nothing else
/// (PROTOCOL-HTTP2, *Trailers-Only*), or no gRPC at all.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    pub(super) status: Status<'a>,
    pub(super) http: u16,
    pub(super) content_type: Option<ContentType>,
    pub(super) encodings: &'static [&'static str],
}

impl Refusal<'static> {
    pub(super) const fn of(error: Error, content_type: Option<ContentType>) -> Self {
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
        let mut writer = Append::new(out);
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
        BodyEncoder::new(Messages::new(true), Wrap::Nothing, false)
            .block(|sink| trailers.put(sink), out)
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)
    }
}

impl core::error::Error for Refusal<'_> {}
