//! The versions of HTTP that are read and written here.

/// A version of HTTP that shares the syntax of 1.1 (RFC 9112 §2.3).
///
/// ```
/// use framewright::http1::Version;
///
/// assert!(Version::Http10 < Version::Http11);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}
