//! The path of a request: which method is called.

use crate::http::words::{from_to, is_every_byte};

/// The path of a request, `/service/method`, which says what method is called (PROTOCOL-HTTP2, *Path*).
///
/// ```
/// use framewright::grpc::Path;
///
/// let path = Path::parse("/helloworld.Greeter/SayHello").unwrap();
/// assert_eq!((path.service(), path.method()), ("helloworld.Greeter", "SayHello"));
/// assert_eq!(path.as_str(), "/helloworld.Greeter/SayHello");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Path<'a> {
    path: &'a str,
    service: &'a str,
    method: &'a str,
}

impl<'a> Path<'a> {
    /// Parses a path; `None` if it is not one. Case matters, and nothing is unescaped.
    ///
    /// The method follows the last slash, because the name of a service may have slashes of its own.
    pub fn parse(path: &'a str) -> Option<Self> {
        let slash = path.as_bytes().iter().rposition(|&b| b == b'/')?;
        let (service, method) = (path.get(1..slash)?, path.get(slash + 1..)?);
        let valid = |word| {
            from_to::<b'!', b'~'>(word)
                & !from_to::<b'?', b'?'>(word)
                & !from_to::<b'#', b'#'>(word)
        };
        let is_whole = path.starts_with('/') && !service.is_empty() && !method.is_empty();
        (is_whole && is_every_byte(path.as_bytes(), valid)).then_some(Self {
            path,
            service,
            method,
        })
    }

    /// The whole path.
    pub const fn as_str(self) -> &'a str {
        self.path
    }

    /// The service; in Protobuf, with its package (PROTOCOL-HTTP2, *Appendix A*).
    pub const fn service(self) -> &'a str {
        self.service
    }

    /// The method.
    pub const fn method(self) -> &'a str {
        self.method
    }
}
