//! One field of a header list, as any HTTP stack has it.

/// One field of a header list: a name and a value.
///
/// Types that read a head take any iterator of fields, so a reference to the collection of any HTTP
/// stack will do: `&http::HeaderMap`, a slice or a `Vec` of pairs, [`Headers`](super::Headers).
/// Fields with the same name have to be in the order in which they were sent.
///
/// A collection that owns its strings is passed by reference. The reference has to live as long as the
/// type that takes it: if that is kept in a variable, the collection needs one, too.
///
/// The HTTP stack must have refused everything that a parser of heads refuses. Above all, no name or
/// value may have a line end in it.
///
/// ```
/// use framewright::http::{Field, Fields};
///
/// struct Header {
///     name: String,
///     value: Vec<u8>,
/// }
///
/// impl<'a> Field<'a> for &'a Header {
///     fn parts(self) -> (&'a str, &'a [u8]) {
///         (&self.name, &self.value)
///     }
/// }
///
/// let list = [Header { name: "accept".to_owned(), value: b"*/*".to_vec() }];
/// let mut count = 0;
/// list.iter().for_each_field(|name, value| {
///     assert_eq!((name, value.len()), ("accept", 3));
///     count += 1;
/// });
/// assert_eq!(count, 1);
/// ```
pub trait Field<'a> {
    /// The name and the value.
    fn parts(self) -> (&'a str, &'a [u8]);

    /// Whether the value must stay out of every compression context, as
    /// [`FieldValue::sensitive`](super::FieldValue::sensitive) has it. Pairs have no such mark.
    #[inline]
    fn is_sensitive(&self) -> bool {
        false
    }
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
