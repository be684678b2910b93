//! Fields to be sent, wherever they come from.

use core::fmt;

use super::{Field, FieldValue};

/// A list of fields to be sent, which can be gone through more than once.
///
/// Any collection of [`Field`]s is such a list: an array or a slice of pairs, a reference to a `Vec` of
/// them, `&http::HeaderMap`, and the headers of a message that is forwarded. [`from_fn`] makes one of a
/// closure, for values that exist only while they are written.
///
/// ```
/// use framewright::http::{FieldValue, Fields, from_fn};
///
/// fn names(fields: impl Fields) -> Vec<String> {
///     let mut names = Vec::new();
///     fields.for_each_field(|name, _| names.push(name.into()));
///     names
/// }
///
/// let mut map = http::HeaderMap::new();
/// map.insert("accept", "*/*".parse()?);
/// assert_eq!(names(&map), ["accept"]);
/// assert_eq!(names([("accept", "*/*"), ("te", "trailers")].iter()), ["accept", "te"]);
/// assert_eq!(names(from_fn(|put| put("x-token", FieldValue::from("secret").sensitive()))), ["x-token"]);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub trait Fields {
    /// Calls `put` with every name and value, in order. It does the same each time.
    fn for_each_field(&self, put: impl FnMut(&str, FieldValue<'_>));
}

impl<'a, I: Clone + IntoIterator<Item: Field<'a>>> Fields for I {
    #[inline]
    fn for_each_field(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        for field in self.clone() {
            let is_sensitive = field.is_sensitive();
            let (name, value) = field.parts();
            let value = FieldValue::from(value);
            put(name, if is_sensitive { value.sensitive() } else { value });
        }
    }
}

/// No fields. The type of `[]` alone would be open.
pub const NO_FIELDS: [(&str, &[u8]); 0] = [];

/// Makes [`Fields`] of a closure that calls another with each field, and does the same each time.
pub const fn from_fn<F>(each: F) -> FieldFn<F>
where
    F: Fn(&mut dyn FnMut(&str, FieldValue<'_>)),
{
    FieldFn(each)
}

/// [`Fields`] that a closure yields: see [`from_fn`].
///
/// ```
/// use framewright::http::{FieldFn, FieldValue, Fields, from_fn};
///
/// fn count(len: u64) -> FieldFn<impl Fn(&mut dyn FnMut(&str, FieldValue<'_>))> {
///     from_fn(move |put| put("x-count", len.to_string().as_str().into()))
/// }
///
/// count(7).for_each_field(|name, value| assert_eq!((name, value.to_vec()), ("x-count", b"7".to_vec())));
/// ```
#[derive(Clone, Copy)]
pub struct FieldFn<F>(F);

impl<F: Fn(&mut dyn FnMut(&str, FieldValue<'_>))> Fields for FieldFn<F> {
    #[inline]
    fn for_each_field(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        (self.0)(&mut put);
    }
}

impl<F> fmt::Debug for FieldFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldFn(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    /// Names and values, with a mark where a value is sensitive.
    fn listed(fields: &impl Fields) -> Vec<String> {
        let mut list = Vec::new();
        for _ in 0..2 {
            list.clear();
            fields.for_each_field(|name, value| {
                let mark = if value.is_sensitive() { "!" } else { "" };
                list.push(std::format!("{name}{mark}: {value:?}"));
            });
        }
        list
    }

    struct Secret;

    impl<'a> Field<'a> for &'a Secret {
        fn parts(self) -> (&'a str, &'a [u8]) {
            ("secret", b"1")
        }

        fn is_sensitive(&self) -> bool {
            true
        }
    }

    #[test]
    fn every_collection_is_a_list() {
        assert_eq!(listed(&NO_FIELDS), [""; 0]);
        assert_eq!(listed(&[("a", "b"), ("A", "c")].iter()), [r#"a: "b""#, r#"A: "c""#]);
        assert_eq!(listed(&Vec::from([(String::from("a"), b"b")]).iter()), [r#"a: "b""#]);
        assert_eq!(listed(&[Secret].iter()), [r#"secret!: "1""#]);
        let mut map = http::HeaderMap::new();
        map.insert("a", http::HeaderValue::from_static("b"));
        assert_eq!(listed(&&map), [r#"a: "b""#]);
    }

    #[test]
    fn a_closure_is_a_list() {
        let fields = from_fn(|put| {
            put("list", FieldValue::joined(&["x", "y"], ","));
            put("secret", FieldValue::from("1").sensitive());
        });
        assert_eq!(listed(&fields), [r#"list: "x,y""#, r#"secret!: "1""#]);
        assert_eq!(std::format!("{fields:?}"), "FieldFn(..)");
    }
}
