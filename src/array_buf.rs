//! A buffer of a fixed capacity that owns its bytes.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::buffer::sealed::Ours;
use crate::debug::Payload;
use crate::{Buffer, BufferFull};

/// A [`Buffer`] of `N` bytes that owns them, for programs that do not allocate.
///
/// A struct that holds it needs no lifetime, and a `static` may hold it. It dereferences to the bytes
/// that were appended. The methods that append are those of the trait, which has to be in scope.
///
/// ```
/// use framewright::ws::{Connection, Limits, Server};
/// use framewright::{ArrayBuf, Buffer};
///
/// struct Session {
///     connection: Connection<Server>,
///     out: ArrayBuf<256>,
/// }
///
/// impl Session {
///     /// Writes as much as the socket takes, which is often not all.
///     fn flush(&mut self, write: impl FnOnce(&[u8]) -> usize) {
///         let written = write(&self.out);
///         self.out.consume(written);
///     }
/// }
///
/// let mut session =
///     Session { connection: Connection::server(Limits::new()), out: ArrayBuf::new() };
/// session.connection.send("hi", &mut session.out)?;
/// session.flush(|bytes| bytes.len().min(3));
/// assert_eq!(session.out[..], *b"i");
/// # Ok::<(), framewright::ws::SendError>(())
/// ```
#[derive(Clone)]
pub struct ArrayBuf<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> ArrayBuf<N> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// Takes the first `len` bytes off the front, or all if there are fewer. The others move there.
    ///
    /// Call it after a short write. Where all is written at once, [`clear`](Buffer::clear) costs
    /// nothing.
    pub fn consume(&mut self, len: usize) {
        self.len = consume(&mut self.bytes, self.len, len);
    }
}

/// Moves what follows the first `taken` of the first `len` bytes to their front. Returns how many
/// those are.
pub(crate) fn consume(bytes: &mut [u8], len: usize, taken: usize) -> usize {
    let bytes = bytes.get_mut(..len).unwrap_or_default();
    let taken = taken.min(bytes.len());
    bytes.copy_within(taken.., 0);
    bytes.len() - taken
}

impl<const N: usize> Buffer for ArrayBuf<N> {
    #[inline]
    fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
        let fresh = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..len));
        let fresh = fresh.ok_or(BufferFull { needed: self.len.saturating_add(len) })?;
        self.len += len;
        Ok(fresh)
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[inline]
    fn is_faithful(&self, _: Ours) -> bool {
        true
    }
}

impl<const N: usize> Default for ArrayBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for ArrayBuf<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<const N: usize> DerefMut for ArrayBuf<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl<const N: usize> fmt::Debug for ArrayBuf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayBuf").field("bytes", &Payload(self)).field("capacity", &N).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceBuf;

    /// Whatever is appended, dropped and taken off: what a `Vec` would hold is there, and what does not
    /// fit changes nothing.
    #[test]
    fn both_buffers_hold_what_a_vec_would() {
        let mut bytes = [0; 8];
        let (mut slice, mut array) = (SliceBuf::new(&mut bytes), ArrayBuf::<8>::new());
        let mut model = std::vec::Vec::new();
        for step in 0..1000_usize {
            let n = step * 7 % 11;
            match step % 5 {
                0 => {
                    slice.truncate(n);
                    array.truncate(n);
                    model.truncate(n);
                }
                1 | 2 => {
                    slice.consume(n);
                    array.consume(n);
                    model.drain(..n.min(model.len()));
                }
                _ => {
                    let more = &[u8::try_from(step % 256).unwrap(); 11][..n];
                    let full = BufferFull { needed: model.len() + n };
                    let expected = if full.needed > 8 { Err(full) } else { Ok(()) };
                    assert_eq!(slice.try_append(more), expected);
                    assert_eq!(array.try_append(more), expected);
                    if expected.is_ok() {
                        model.extend(more);
                    }
                }
            }
            assert_eq!((&slice[..], &array[..]), (&model[..], &model[..]), "step {step}");
        }
    }

    #[test]
    fn it_shows_how_much_it_holds_and_can_be_made_at_compile_time() {
        const EMPTY: ArrayBuf<3> = ArrayBuf::new();
        let mut buf = EMPTY.clone();
        buf.try_append(b"ab").unwrap();
        buf[0] = b'c';
        assert_eq!(std::format!("{buf:?}"), "ArrayBuf { bytes: \"cb\" (2 bytes), capacity: 3 }");
    }
}
