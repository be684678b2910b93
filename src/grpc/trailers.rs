use super::field::Sink;
use super::{Code, SendError, Status, Value, metadata};
use crate::Buffer;
use crate::append::Append;

/// The trailers of a response (PROTOCOL-HTTP2, *Trailers*): a status and custom metadata.
///
/// A [`ServerCall`](super::ServerCall) writes them by itself.
///
/// ```
/// use framewright::grpc::{Encoder, Fields, Status, Trailers};
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
#[must_use = "nothing is written before `write`"]
pub struct Trailers<'a> {
    status: Status<'a>,
    metadata: &'a [(&'a str, Value<'a>)],
}

impl<'a> Trailers<'a> {
    /// Trailers with a status alone.
    pub const fn new(status: Status<'a>) -> Self {
        Self { status, metadata: &[] }
    }

    /// Sets the metadata to write after the status, in this order.
    pub const fn metadata(mut self, metadata: &'a [(&'a str, Value<'a>)]) -> Self {
        self.metadata = metadata;
        self
    }

    /// Appends the trailers to `out` as lines, to be read with [`Fields`](super::Fields).
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut writer = Append::new(out);
        self.put(&mut writer);
        Ok(writer.finish()?)
    }

    pub(super) fn check(&self) -> Result<(), SendError> {
        self.status.check()?;
        metadata::check(self.metadata)
    }

    pub(super) const fn code(&self) -> Code {
        self.status.code
    }

    pub(super) fn put(&self, sink: &mut dyn Sink) {
        self.status.write(sink);
        metadata::write(self.metadata, sink);
    }
}

impl<'a> From<Status<'a>> for Trailers<'a> {
    fn from(status: Status<'a>) -> Self {
        Self::new(status)
    }
}
