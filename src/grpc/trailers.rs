//! The trailers of a response, as a server sends them.

use super::{Code, Metadata, SendError, Status};
use crate::Buffer;
use crate::http::{self, FieldValue, Fields};

/// The trailers of a response (PROTOCOL-HTTP2, *Trailers*): a status and custom metadata.
///
/// A [`ServerCall`](super::ServerCall) writes them by itself.
///
/// ```
/// use framewright::grpc::{Encoder, Status, Trailers};
///
/// let mut block = Vec::new();
/// Trailers::new(Status::OK).metadata(&[("x-cost", "3".into())]).write(&mut block)?;
/// assert_eq!(block, b"grpc-status: 0\r\nx-cost: 3\r\n");
///
/// let mut body = Vec::new();
/// Encoder::new().encode_trailers(&block, &mut body)?;
/// assert_eq!(body, b"\x80\0\0\0\x1Bgrpc-status: 0\r\nx-cost: 3\r\n");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write` or `to_fields`"]
pub struct Trailers<'a> {
    status: Status<'a>,
    metadata: Metadata<'a>,
}

impl<'a> Trailers<'a> {
    /// Trailers with a status alone.
    pub const fn new(status: Status<'a>) -> Self {
        Self { status, metadata: Metadata::NONE }
    }

    /// Sets the metadata to write after the status, in this order: pairs, or a [`MetadataList`](crate::grpc::MetadataList).
    pub fn metadata(mut self, metadata: impl Into<Metadata<'a>>) -> Self {
        self.metadata = metadata.into();
        self
    }

    /// The fields as a list, for any HTTP stack. All of it is checked.
    pub fn to_fields(&self) -> Result<impl Fields + Copy + use<'_, 'a>, SendError> {
        self.check()?;
        Ok(http::from_fn(|put| self.each(put)))
    }

    /// Appends the trailers to `out` as lines.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        Ok(http::write_lines(out, |put| self.each(put))?)
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        self.status.check()?;
        self.metadata.check()
    }

    pub(super) const fn code(&self) -> Code {
        self.status.code
    }

    /// Yields every field of trailers that were checked.
    pub(super) fn each(&self, put: &mut dyn FnMut(&str, FieldValue<'_>)) {
        self.status.each(put);
        self.metadata.each(put);
    }
}

impl<'a> From<Status<'a>> for Trailers<'a> {
    fn from(status: Status<'a>) -> Self {
        Self::new(status)
    }
}
