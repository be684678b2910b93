//! Appends many pieces to a buffer: all of them, or none.

use core::fmt;

use crate::inline::Inline;
use crate::{Buffer, BufferFull};

/// Appends pieces to a buffer. [`finish`](Self::finish) takes them back if one did not fit, and
/// says how much room all of them need.
#[must_use = "`finish` says whether everything fitted"]
pub(crate) struct Append<'b, B: Buffer> {
    out: &'b mut B,
    /// How many bytes `out` held before.
    start: usize,
    /// How many bytes it would hold with every piece.
    needed: usize,
    full: bool,
}

impl<'b, B: Buffer> Append<'b, B> {
    #[inline]
    pub(crate) fn new(out: &'b mut B) -> Self {
        let start = out.as_slice().len();
        Self { out, start, needed: start, full: false }
    }

    /// Appends the next piece.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.needed = self.needed.saturating_add(bytes.len());
        self.full = self.full || self.out.try_append(bytes).is_err();
    }

    /// Appends `len` bytes for the caller to overwrite, if all before had room and these have.
    #[inline]
    pub(crate) fn grow(&mut self, len: usize) -> Option<&mut [u8]> {
        self.needed = self.needed.saturating_add(len);
        if self.full {
            return None;
        }
        let grown = self.out.try_grow(len);
        self.full = grown.is_err();
        grown.ok()
    }

    /// Appends `number` in decimal digits.
    pub(crate) fn put_number(&mut self, number: u64) {
        self.put(&Inline::decimal(number));
    }

    /// Drops every piece, because the whole cannot be written for another reason than room.
    pub(crate) fn abandon(self) {
        self.out.truncate(self.start);
    }

    /// Keeps every piece if all of them fitted, and otherwise none.
    #[inline]
    pub(crate) fn finish(self) -> Result<(), BufferFull> {
        if self.full {
            self.out.truncate(self.start);
            return Err(BufferFull { needed: self.needed });
        }
        Ok(())
    }
}

/// Takes any text. [`Append::finish`] says whether it fitted.
impl<B: Buffer> fmt::Write for Append<'_, B> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::*;
    use crate::SliceBuf;

    #[test]
    fn it_is_all_or_nothing() {
        let mut bytes = [0; 12];
        let mut out = SliceBuf::new(&mut bytes);
        out.try_append(b"<").unwrap();
        let mut append = Append::new(&mut out);
        append.put(b"number ");
        append.put_number(17);
        append.finish().unwrap();
        assert_eq!(out.as_slice(), b"<number 17");

        let mut append = Append::new(&mut out);
        append.put(b",");
        write!(append, "{}", 123).unwrap();
        append.put(b"4");
        assert_eq!(append.finish(), Err(BufferFull { needed: 15 }));
        assert_eq!(out.as_slice(), b"<number 17");

        let mut append = Append::new(&mut out);
        append.put(b",");
        append.abandon();
        assert_eq!(out.as_slice(), b"<number 17");
    }
}
