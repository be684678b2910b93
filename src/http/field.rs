//! One field of a header list, as any HTTP stack has it.

/// One field of a header list: a name and a value.
///
/// What reads a head takes any iterator of fields, so that a reference to the collection of any HTTP
/// stack will do: `&http::HeaderMap`, a slice or a `Vec` of pairs, [`Headers`](super::Headers).
/// Fields of the same name have to be in their order.
///
/// The HTTP stack is responsible for what a parser of heads refuses: above all, nothing in a name or a
/// value ends a line.
pub trait Field<'a> {
    /// The name and the value.
    fn parts(self) -> (&'a str, &'a [u8]);
}

impl<'a, N, V> Field<'a> for (&'a N, &'a V)
where
    N: AsRef<str> + ?Sized,
    V: AsRef<[u8]> + ?Sized,
{
    #[inline]
    fn parts(self) -> (&'a str, &'a [u8]) {
        (self.0.as_ref(), self.1.as_ref())
    }
}

impl<'a, N: AsRef<str>, V: AsRef<[u8]>> Field<'a> for &'a (N, V) {
    #[inline]
    fn parts(self) -> (&'a str, &'a [u8]) {
        (self.0.as_ref(), self.1.as_ref())
    }
}
