//! A list of custom metadata that owns what is in it.

use core::fmt;

use super::metadata;
use super::{SendError, Value};
use crate::Buffer;
use crate::append::Append;
use crate::http::Headers;

/// A list of custom metadata that owns what is in it (PROTOCOL-HTTP2, *Custom-Metadata*).
///
/// Methods called `metadata` take it. Names and values are copied to its storage, so that the list may outlive the
/// headers that they came from.
///
/// ```
/// use framewright::grpc::{MetadataList, Status, Trailers, metadata};
///
/// let mut list = MetadataList::new(Vec::new());
/// {
///     let received = [("X-Request-Id".to_owned(), "7".to_owned())];
///     list.extend(metadata(&received))?;
/// }
/// list.push("x-trace-bin", &b"\x01\x02"[..])?;
/// let mut out = Vec::new();
/// Trailers::new(Status::OK).metadata(&list).write(&mut out)?;
/// assert_eq!(out, b"grpc-status: 0\r\nx-request-id: 7\r\nx-trace-bin: AQI\r\n");
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Default)]
pub struct MetadataList<B> {
    /// Lines that were checked.
    lines: B,
}

impl<B: Buffer> MetadataList<B> {
    /// An empty list in `storage`.
    pub fn new(mut storage: B) -> Self {
        storage.clear();
        Self { lines: storage }
    }

    /// Appends one.
    ///
    /// # Errors
    ///
    /// It cannot be sent, or storage has no room for it. An index is the length of the list.
    pub fn push<'v>(&mut self, name: &str, value: impl Into<Value<'v>>) -> Result<(), SendError> {
        self.extend([(name, value.into())])
    }

    /// Appends all, or none. [`metadata`](super::metadata()) yields those among the headers of a request, or the
    /// trailers of a response.
    ///
    /// # Errors
    ///
    /// One cannot be sent, or storage has no room for all of them. An index counts from the beginning of
    /// the list.
    pub fn extend<'v>(
        &mut self,
        all: impl IntoIterator<Item = (&'v str, Value<'v>)>,
    ) -> Result<(), SendError> {
        let mut append = Append::new(&mut self.lines);
        for (index, one) in all.into_iter().enumerate() {
            if metadata::check_one(index, &one).is_err() {
                append.abandon();
                // Counted only for an error, so that many calls take linear time.
                let len = self.fields().iter().count();
                return metadata::check_one(len + index, &one);
            }
            metadata::each(&[one], &mut |name, value| append.put_field(name, value));
        }
        Ok(append.finish()?)
    }

    /// Yields every name, in lower case, and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.fields().into_iter().map(|(name, value)| (name, metadata::value_of(name, value)))
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.lines.as_slice().is_empty()
    }

    /// Drops everything, but keeps the storage.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    pub(super) fn fields(&self) -> Headers<'_> {
        Headers::from_checked(self.lines.as_slice())
    }
}

/// Only the names are shown: a value may be a password or a token.
impl<B: Buffer> fmt::Debug for MetadataList<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields().iter().map(|(name, _)| name)).finish()
    }
}
