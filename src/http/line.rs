//! Fields as the lines of an HTTP/1.1 head.

use super::FieldValue;
use crate::append::Append;
use crate::{Buffer, BufferFull};

/// Calls `put` with the pieces of a line, its CRLF included.
#[inline]
pub(crate) fn put_line(name: &str, value: FieldValue<'_>, mut put: impl FnMut(&[u8])) {
    put(name.as_bytes());
    put(b": ");
    value.for_each_piece(&mut put);
    put(b"\r\n");
}

/// Length in bytes of a line, its CRLF included.
pub(crate) fn line_len(name: &str, value: FieldValue<'_>) -> usize {
    name.len().saturating_add(value.len()).saturating_add(b": \r\n".len())
}

/// Appends to `out` a line for every field that `fields` yields, or changes nothing.
///
/// The fields were checked before: this does not look at them.
pub(crate) fn write_lines(
    out: &mut impl Buffer,
    fields: impl FnOnce(&mut dyn FnMut(&str, FieldValue<'_>)),
) -> Result<(), BufferFull> {
    let mut append = Append::new(out);
    fields(&mut |name, value| append.put_field(name, value));
    append.finish()
}

impl<B: Buffer> Append<'_, B> {
    /// Appends a field as a line, whose value is written as it is.
    #[inline]
    pub(crate) fn put_plain_field(&mut self, name: &str, value: &[u8]) {
        // A buffer that grows does so once.
        let Some(line) = self.grow(name.len() + value.len() + b": \r\n".len()) else { return };
        if let Some((to_name, [colon, space, to_value @ .., cr, lf])) =
            line.split_at_mut_checked(name.len())
            && to_value.len() == value.len()
        {
            to_name.copy_from_slice(name.as_bytes());
            to_value.copy_from_slice(value);
            (*colon, *space, *cr, *lf) = (b':', b' ', b'\r', b'\n');
        }
    }

    /// Appends a field as a line.
    #[inline]
    pub(crate) fn put_field(&mut self, name: &str, value: FieldValue<'_>) {
        match value.as_plain() {
            Some(value) => self.put_plain_field(name, value),
            None => put_line(name, value, |piece| self.put(piece)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceBuf;

    #[test]
    fn lines_are_written_all_or_none() {
        let fields = |put: &mut dyn FnMut(&str, FieldValue<'_>)| {
            put("a", "b".into());
            put("list", FieldValue::joined(&["x", "y"], ","));
        };
        let mut bytes = [0; 17];
        let mut out = SliceBuf::new(&mut bytes);
        write_lines(&mut out, fields).unwrap();
        assert_eq!(out.as_slice(), b"a: b\r\nlist: x,y\r\n");
        out.truncate(1);
        assert_eq!(write_lines(&mut out, fields), Err(BufferFull { needed: 18 }));
        assert_eq!(out.as_slice(), b"a");
        assert_eq!(line_len("list", FieldValue::joined(&["x", "y"], ",")), 11);
    }
}
