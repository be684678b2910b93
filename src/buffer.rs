//! Where bytes are appended: storage of assemblers, and output of encoders.

#[cfg(feature = "alloc")]
mod spare;

use core::fmt;
use core::ops::{Deref, DerefMut};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::array_buf::consume;
use crate::ws::Mask;

/// Bytes that grow at the end: the storage of an assembler, and the output of every encoder.
///
/// Implemented for a fixed slice ([`SliceBuf`]), for a fixed array ([`ArrayBuf`](crate::ArrayBuf)), for
/// `Vec<u8>` (feature `alloc`) and for `BytesMut` (feature `bytes`). Your own implementation, for a heapless vector or an arena,
/// needs four methods:
///
/// ```
/// use framewright::{Buffer, BufferFull};
///
/// struct Fixed { bytes: [u8; 64], len: usize }
///
/// impl Buffer for Fixed {
///     fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
///         let end = self.len.saturating_add(len);
///         let fresh = self.bytes.get_mut(self.len..end).ok_or(BufferFull { needed: end })?;
///         self.len = end;
///         Ok(fresh)
///     }
///     fn as_slice(&self) -> &[u8] {
///         &self.bytes[..self.len]
///     }
///     fn as_mut_slice(&mut self) -> &mut [u8] {
///         &mut self.bytes[..self.len]
///     }
///     fn truncate(&mut self, len: usize) {
///         self.len = self.len.min(len);
///     }
/// }
///
/// let mut fixed = Fixed { bytes: [0; 64], len: 0 };
/// fixed.try_append(b"ok").unwrap();
/// assert_eq!(fixed.as_slice(), b"ok");
/// assert_eq!(fixed.try_append(&[0; 63]), Err(BufferFull { needed: 65 }));
/// assert_eq!(fixed.as_slice(), b"ok");
/// ```
pub trait Buffer {
    /// Appends `len` bytes for the caller to overwrite, or changes nothing.
    ///
    /// Their first content is not specified.
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull>;

    /// The bytes appended so far.
    fn as_slice(&self) -> &[u8];

    /// The bytes appended so far, to change them in place.
    fn as_mut_slice(&mut self) -> &mut [u8];

    /// Drops all but the first `len` bytes. It does nothing if there are fewer.
    fn truncate(&mut self, len: usize);

    /// Appends all of `bytes`, or changes nothing.
    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        self.try_grow(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Appends all of `head`, then all of `body`, or changes nothing.
    fn try_append_both(&mut self, head: &[u8], body: &[u8]) -> Result<(), BufferFull> {
        // No two slices are longer than `usize::MAX` together.
        let fresh = self.try_grow(head.len() + body.len())?;
        let (to_head, to_body) = fresh.split_at_mut(head.len());
        to_head.copy_from_slice(head);
        to_body.copy_from_slice(body);
        Ok(())
    }

    /// Whether the buffer has room that holds nothing yet, to which
    /// [`try_append_masked`](Self::try_append_masked) writes. In other buffers, it is as fast to grow first.
    #[doc(hidden)]
    fn has_spare(&self, _: sealed::Ours) -> bool {
        false
    }

    /// Appends all of `head`, then all of `payload`, masked, or changes nothing.
    #[doc(hidden)]
    #[inline(always)]
    fn try_append_masked(
        &mut self,
        head: &[u8],
        mut mask: Mask,
        payload: &[u8],
        _: sealed::Ours,
    ) -> Result<(), BufferFull> {
        let fresh = self.try_grow(head.len() + payload.len())?;
        let (to_head, to_payload) = fresh.split_at_mut(head.len());
        to_head.copy_from_slice(head);
        mask.copy(payload, to_payload);
        Ok(())
    }

    /// Drops every byte. A buffer that allocates keeps its memory for what comes next.
    fn clear(&mut self) {
        self.truncate(0);
    }

    /// Drops every byte, and gives memory back if the buffer allocates. Assemblers call it when they
    /// give up a message, which may have been long.
    ///
    /// The default does what [`clear`](Self::clear) does.
    fn free(&mut self) {
        self.clear();
    }

    /// Whether [`as_slice`](Self::as_slice) certainly returns what was appended. Then text that was
    /// checked before is not checked again. Only this crate can say so: the argument has no name
    /// outside of it.
    #[doc(hidden)]
    fn is_faithful(&self, _: sealed::Ours) -> bool {
        false
    }
}

pub(crate) mod sealed {
    /// Keeps a method from being implemented by others.
    #[derive(Clone, Copy, Debug)]
    pub struct Ours;
}

/// Nothing was appended, because the buffer has no room for it or memory ran out.
///
/// ```
/// use framewright::{Buffer, BufferFull, SliceBuf};
///
/// let mut bytes = [0; 4];
/// let mut buffer = SliceBuf::new(&mut bytes);
/// assert_eq!(buffer.try_append(b"hello"), Err(BufferFull { needed: 5 }));
/// assert!(buffer.as_slice().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct BufferFull {
    /// The capacity in bytes that would have been enough, with what the buffer holds already.
    pub needed: usize,
}

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer is too small: {} bytes would be enough", self.needed)
    }
}

impl core::error::Error for BufferFull {}

impl<B: Buffer + ?Sized> Buffer for &mut B {
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        (**self).try_grow(len)
    }

    fn as_slice(&self) -> &[u8] {
        (**self).as_slice()
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        (**self).as_mut_slice()
    }

    fn truncate(&mut self, len: usize) {
        (**self).truncate(len);
    }

    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        (**self).try_append(bytes)
    }

    fn try_append_both(&mut self, head: &[u8], body: &[u8]) -> Result<(), BufferFull> {
        (**self).try_append_both(head, body)
    }

    fn has_spare(&self, ours: sealed::Ours) -> bool {
        (**self).has_spare(ours)
    }

    #[inline(always)]
    fn try_append_masked(
        &mut self,
        head: &[u8],
        mask: Mask,
        payload: &[u8],
        ours: sealed::Ours,
    ) -> Result<(), BufferFull> {
        (**self).try_append_masked(head, mask, payload, ours)
    }

    fn clear(&mut self) {
        (**self).clear();
    }

    fn free(&mut self) {
        (**self).free();
    }

    fn is_faithful(&self, ours: sealed::Ours) -> bool {
        (**self).is_faithful(ours)
    }
}

/// A [`Buffer`] in a slice that the caller owns, for programs that do not allocate.
///
/// It dereferences to the bytes that were appended. The methods that append are those of the trait, which
/// has to be in scope. [`ArrayBuf`](crate::ArrayBuf) owns its bytes, and so needs no lifetime.
///
/// ```
/// use framewright::ws::{Connection, Limits};
/// use framewright::{Buffer, SliceBuf};
///
/// let mut server = Connection::server(Limits::new());
/// let mut bytes = [0; 64];
/// let mut out = SliceBuf::new(&mut bytes);
/// server.send("hi", &mut out)?;
/// assert_eq!(out[..], *b"\x81\x02hi"); // for the caller to write to the socket
/// out.clear();
/// # Ok::<(), framewright::ws::SendError>(())
/// ```
#[derive(Debug)]
pub struct SliceBuf<'a> {
    slice: &'a mut [u8],
    len: usize,
}

impl<'a> SliceBuf<'a> {
    /// An empty buffer whose capacity is all of `slice`.
    pub const fn new(slice: &'a mut [u8]) -> Self {
        Self { slice, len: 0 }
    }

    /// Takes the first `len` bytes off the front, or all if there are fewer. The others move there.
    ///
    /// Call it after a short write. Where all is written at once, [`clear`](Buffer::clear) costs
    /// nothing.
    pub fn consume(&mut self, len: usize) {
        self.len = consume(self.slice, self.len, len);
    }
}

impl Deref for SliceBuf<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl DerefMut for SliceBuf<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl Buffer for SliceBuf<'_> {
    #[inline]
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        // Not `self.len..self.len + len`, whose length is not obviously `len`.
        let fresh = self.slice.get_mut(self.len..).and_then(|free| free.get_mut(..len));
        let fresh = fresh.ok_or(BufferFull { needed: self.len.saturating_add(len) })?;
        self.len += len;
        Ok(fresh)
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self.slice.get(..self.len).unwrap_or_default()
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.slice.get_mut(..self.len).unwrap_or_default()
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[inline]
    fn is_faithful(&self, _: sealed::Ours) -> bool {
        true
    }
}

#[cfg(feature = "alloc")]
impl Buffer for Vec<u8> {
    #[inline]
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        let start = self.len();
        reserve(self, len)?;
        self.resize(start + len, 0);
        Ok(self.get_mut(start..).unwrap_or_default())
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    #[inline]
    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        reserve(self, bytes.len())?;
        self.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn try_append_both(&mut self, head: &[u8], body: &[u8]) -> Result<(), BufferFull> {
        reserve(self, head.len() + body.len())?;
        self.extend_from_slice(head);
        self.extend_from_slice(body);
        Ok(())
    }

    #[inline]
    fn has_spare(&self, _: sealed::Ours) -> bool {
        true
    }

    #[inline(always)]
    fn try_append_masked(
        &mut self,
        head: &[u8],
        mask: Mask,
        payload: &[u8],
        _: sealed::Ours,
    ) -> Result<(), BufferFull> {
        reserve(self, head.len() + payload.len())?;
        spare::append_masked(self, head, mask, payload)
    }

    fn free(&mut self) {
        *self = Self::new();
    }

    #[inline]
    fn is_faithful(&self, _: sealed::Ours) -> bool {
        true
    }
}

/// If memory runs out, the caller gets an error instead of an abort.
#[cfg(feature = "alloc")]
#[inline]
fn reserve(buf: &mut Vec<u8>, additional: usize) -> Result<(), BufferFull> {
    buf.try_reserve(additional)
        .map_err(|_| BufferFull { needed: buf.len().saturating_add(additional) })
}

/// If memory runs out, `BytesMut` aborts, as it always does.
#[cfg(feature = "bytes")]
impl Buffer for bytes::BytesMut {
    #[inline]
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        let start = self.len();
        let end = addressable(start, len)?;
        self.resize(end, 0);
        Ok(self.get_mut(start..).unwrap_or_default())
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    #[inline]
    fn try_append(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        addressable(self.len(), bytes.len())?;
        self.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn try_append_both(&mut self, head: &[u8], body: &[u8]) -> Result<(), BufferFull> {
        let len = head.len() + body.len();
        addressable(self.len(), len)?;
        self.reserve(len);
        self.extend_from_slice(head);
        self.extend_from_slice(body);
        Ok(())
    }

    #[inline]
    fn has_spare(&self, _: sealed::Ours) -> bool {
        true
    }

    #[inline(always)]
    fn try_append_masked(
        &mut self,
        head: &[u8],
        mask: Mask,
        payload: &[u8],
        _: sealed::Ours,
    ) -> Result<(), BufferFull> {
        let len = head.len() + payload.len();
        addressable(self.len(), len)?;
        self.reserve(len);
        spare::append_masked(self, head, mask, payload)
    }

    fn free(&mut self) {
        *self = Self::new();
    }

    #[inline]
    fn is_faithful(&self, _: sealed::Ours) -> bool {
        true
    }
}

/// No allocation is longer than `isize::MAX`.
#[cfg(feature = "bytes")]
#[inline]
fn addressable(len: usize, additional: usize) -> Result<usize, BufferFull> {
    let needed = len.saturating_add(additional);
    if isize::try_from(needed).is_ok() { Ok(needed) } else { Err(BufferFull { needed }) }
}

#[cfg(test)]
mod tests;
