use super::{Refusal, ServerCall};
use crate::grpc::{CallKind, Code, ContentType, Error, Framing, Limits, Path, Status, Timeout};
use crate::http::syntax::{ascii, list, trim};

/// The head of a request as a server gets it from any HTTP stack (PROTOCOL-HTTP2, *Requests*).
///
/// ```
/// use framewright::grpc::{CallKind, Limits, Request};
///
/// let headers = [("te", &b"trailers"[..]), ("content-type", b"application/grpc+proto")];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// let call = match (request.path().service(), request.path().method()) {
///     ("helloworld.Greeter", "SayHello") => request.accept(CallKind::Unary, Limits::new(), &[])?,
///     _ => Err(request.unimplemented())?,
/// };
/// # drop(call);
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    path: Path<'a>,
    content_type: ContentType,
    response_type: ContentType,
    timeout: Option<Timeout>,
    encoding: Option<&'a str>,
    te: bool,
}

impl<'a> Request<'a> {
    /// Checks a request that an HTTP stack has parsed: names and values of its headers, in which
    /// [`metadata`](crate::grpc::metadata()) and [`accept_encodings`] find the rest.
    ///
    /// Over WebSocket, the headers are those of the first message, and the method is `POST`
    /// although HTTP's was not.
    ///
    /// # Errors
    ///
    /// What to answer.
    pub fn parse<H>(method: &str, path: &'a str, headers: H) -> Result<Self, Refusal<'static>>
    where
        H: IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        let (mut content_type, mut timeout, mut encoding) = (None, None, None);
        let (mut accept, mut te) = (None, false);
        for (name, value) in headers {
            match name.len() {
                2 if name.eq_ignore_ascii_case("te") => {
                    te |= list(value).any(|coding| coding.eq_ignore_ascii_case(b"trailers"));
                }
                6 if name.eq_ignore_ascii_case("accept") => {
                    accept = accept.or_else(|| list(value).find_map(ContentType::parse));
                }
                12 if name.eq_ignore_ascii_case("content-type") => {
                    content_type.get_or_insert(value);
                }
                12 if name.eq_ignore_ascii_case("grpc-timeout") => {
                    timeout.get_or_insert(value);
                }
                13 if name.eq_ignore_ascii_case("grpc-encoding") => {
                    encoding.get_or_insert(ascii(trim(value)));
                }
                _ => {}
            }
        }
        if method != "POST" {
            return Err(Refusal::of(Error::Method, None));
        }
        let Some(content_type) = content_type.and_then(ContentType::parse) else {
            return Err(Refusal::of(Error::ContentType, None));
        };
        let response_type = content_type.answered_by(accept);
        let refuse = |e| Refusal::of(e, Some(response_type));
        Ok(Self {
            path: Path::parse(path).ok_or_else(|| refuse(Error::Path))?,
            content_type,
            response_type,
            timeout: match timeout.map(|value| Timeout::parse(trim(value))) {
                Some(None) => return Err(refuse(Error::Timeout)),
                timeout => timeout.flatten(),
            },
            encoding: encoding.filter(|name| !name.eq_ignore_ascii_case(IDENTITY)),
            te,
        })
    }

    /// Which method is called.
    pub const fn path(&self) -> Path<'a> {
        self.path
    }

    /// What the request's body is, and what its messages are.
    pub const fn content_type(&self) -> ContentType {
        self.content_type
    }

    /// How long the client waits, if it said so: see [`Timeout::deadline`].
    pub const fn timeout(&self) -> Option<Timeout> {
        self.timeout
    }

    /// The encoding of the messages that are compressed, unless it is `identity`.
    pub const fn encoding(&self) -> Option<&'a str> {
        self.encoding
    }

    /// Whether the client said that it takes trailers, as it has to in gRPC; a proxy may have
    /// swallowed that, and the trailers too.
    pub const fn te_trailers(&self) -> bool {
        self.te
    }

    /// Accepts the request, by a server that can decompress these `encodings`.
    ///
    /// # Errors
    ///
    /// The request is in another encoding (compression.md).
    pub fn accept(
        &self,
        kind: CallKind,
        limits: Limits,
        encodings: &'static [&'static str],
    ) -> Result<ServerCall, Refusal<'static>> {
        self.check_encoding(encodings)?;
        let types = (self.content_type, self.response_type);
        Ok(ServerCall::new(types, kind, limits, encodings, self.encoding.is_some()))
    }

    /// Accepts the request, like [`accept`](Self::accept), over WebSocket.
    pub fn accept_socket(
        &self,
        kind: CallKind,
        limits: Limits,
        encodings: &'static [&'static str],
    ) -> Result<ServerCall, Refusal<'static>> {
        self.check_encoding(encodings)?;
        let types = (
            ContentType { framing: Framing::Web, ..self.content_type },
            ContentType { framing: Framing::Web, ..self.content_type },
        );
        let compressed = self.encoding.is_some();
        Ok(ServerCall::new(types, kind, limits, encodings, compressed).over_socket())
    }

    /// Refuses the request with a status.
    pub const fn refuse<'s>(&self, status: Status<'s>) -> Refusal<'s> {
        Refusal { status, http: 200, content_type: Some(self.response_type), encodings: &[] }
    }

    /// Refuses the request because there is no such method (statuscodes.md).
    pub const fn unimplemented(&self) -> Refusal<'static> {
        self.refuse(Status::new(Code::Unimplemented, "unknown service or method"))
    }

    fn check_encoding(&self, encodings: &'static [&'static str]) -> Result<(), Refusal<'static>> {
        match self.encoding {
            Some(name) if !encodings.contains(&name) => {
                let refusal = Refusal::of(Error::EncodingUnsupported, Some(self.response_type));
                Err(Refusal { encodings, ..refusal })
            }
            _ => Ok(()),
        }
    }
}

/// Goes through the encodings that the other side takes, among the headers of any HTTP stack
/// (PROTOCOL-HTTP2, *Message-Accept-Encoding*).
///
/// ```
/// use framewright::grpc::accept_encodings;
///
/// let headers = [("grpc-accept-encoding", &b"identity, deflate,gzip"[..])];
/// assert!(accept_encodings(headers).any(|name| name == "gzip"));
/// ```
pub fn accept_encodings<'a, H>(headers: H) -> impl Iterator<Item = &'a str>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])>,
{
    let headers = headers.into_iter();
    headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("grpc-accept-encoding"))
        .flat_map(|(_, value)| list(value).map(ascii))
}

pub(super) const IDENTITY: &str = "identity";

impl ContentType {
    /// The type of the response to a request of this type, if the client accepts as much.
    fn answered_by(self, accept: Option<Self>) -> Self {
        match (self.framing, accept) {
            (Framing::Web | Framing::WebText, Some(accept)) if accept.framing != Framing::Grpc => {
                Self { framing: accept.framing, ..self }
            }
            _ => self,
        }
    }
}
