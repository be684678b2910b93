use crate::http::syntax::is_visible;

/// Which method is called: the path of the request, `/service/method` (PROTOCOL-HTTP2, *Path*).
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
    /// Parses a path, if that is one. Case matters, and nothing is unescaped.
    ///
    /// The method comes behind the last slash: what a service is called is for its IDL to say.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (service, method) = path.strip_prefix('/')?.rsplit_once('/')?;
        let valid = |name: &str| is_visible(name.as_bytes()) && !name.contains(['?', '#']);
        (valid(service) && valid(method)).then_some(Self { path, service, method })
    }

    /// The whole path.
    pub const fn as_str(self) -> &'a str {
        self.path
    }

    /// The service, in Protobuf with its package (PROTOCOL-HTTP2, *Appendix A*).
    pub const fn service(self) -> &'a str {
        self.service
    }

    /// The method.
    pub const fn method(self) -> &'a str {
        self.method
    }
}
