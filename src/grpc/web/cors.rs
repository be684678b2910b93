use crate::Buffer;
use crate::append::Append;
use crate::grpc::SendError;
use crate::grpc::field::Sink;
use crate::http::syntax::{ascii, is_token, is_visible, list, trim};

/// The methods that gRPC-Web needs (PROTOCOL-WEB, *CORS preflight*).
pub const METHODS: &str = "POST, OPTIONS";

/// The request headers that clients of gRPC-Web send, for whoever wants to allow no others.
pub const REQUEST_HEADERS: &[&str] =
    &["accept", "content-type", "grpc-timeout", "user-agent", "x-grpc-web", "x-user-agent"];

/// The response headers that a script has to see if a call fails at once, with trailers and no
/// body.
pub const EXPOSED_HEADERS: &str = "grpc-status, grpc-message, grpc-status-details-bin";

/// A browser's question whether a page may call us (Fetch, *CORS-preflight request*).
///
/// ```
/// use framewright::grpc::web::{CorsWriter, Preflight};
///
/// let headers = [
///     ("origin", &b"https://example.com"[..]),
///     ("access-control-request-method", b"POST"),
///     ("access-control-request-headers", b"content-type,x-grpc-web"),
/// ];
/// let preflight = Preflight::parse("OPTIONS", headers).unwrap();
/// assert!(preflight.origin() == "https://example.com" && preflight.is_for_grpc());
///
/// let mut block = Vec::new(); // of a response with status 204
/// CorsWriter::new(preflight.origin()).write_preflight(&preflight, 7200, &mut block)?;
/// assert!(block.starts_with(b"access-control-allow-origin: https://example.com\r\n"));
/// # Ok::<(), framewright::grpc::SendError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Preflight<'a> {
    origin: &'a str,
    method: &'a str,
    headers: &'a str,
}

impl<'a> Preflight<'a> {
    /// Finds the question in a request, if it is one.
    pub fn parse<H>(method: &str, headers: H) -> Option<Self>
    where
        H: IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        let (mut origin, mut requested, mut names) = (None, None, None);
        for (name, value) in headers {
            let slot = match name.len() {
                6 if name.eq_ignore_ascii_case("origin") => &mut origin,
                29 if name.eq_ignore_ascii_case("access-control-request-method") => &mut requested,
                30 if name.eq_ignore_ascii_case("access-control-request-headers") => &mut names,
                _ => continue,
            };
            slot.get_or_insert(ascii(trim(value)));
        }
        let (origin, requested) = (origin?, requested?);
        let valid = is_visible(origin.as_bytes()) && is_token(requested.as_bytes());
        (method == "OPTIONS" && valid).then(|| {
            let headers = names.unwrap_or_default();
            Self { origin, method: requested, headers }
        })
    }

    /// Where the page comes from.
    pub const fn origin(&self) -> &'a str {
        self.origin
    }

    /// Whether the call would be one of gRPC-Web: a `POST`.
    pub fn is_for_grpc(&self) -> bool {
        self.method == "POST"
    }

    /// The headers that the call would have.
    pub fn headers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        list(self.headers.as_bytes()).map(ascii)
    }
}

/// Writes the headers by which a page from an origin is allowed to call us (PROTOCOL-WEB, *CORS
/// preflight*). Which origins are allowed is for the caller to say.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct CorsWriter<'a> {
    origin: &'a str,
    credentials: bool,
    exposed: &'a [&'a str],
}

impl<'a> CorsWriter<'a> {
    /// Allows an origin; `*` is any, and goes with no credentials.
    pub const fn new(origin: &'a str) -> Self {
        Self { origin, credentials: false, exposed: &[] }
    }

    /// Sets whether cookies and the like may come with the call. Default: not.
    pub const fn credentials(mut self, allowed: bool) -> Self {
        self.credentials = allowed;
        self
    }

    /// Sets response headers that a script may see besides [`EXPOSED_HEADERS`].
    pub const fn exposed(mut self, names: &'a [&'a str]) -> Self {
        self.exposed = names;
        self
    }

    /// Appends the headers that answer a preflight to `out` as lines: `POST` is allowed with
    /// whatever headers were asked for, and the answer holds for as many seconds.
    pub fn write_preflight(
        &self,
        preflight: &Preflight<'_>,
        max_age: u32,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.check()?;
        let mut writer = Append::new(out);
        let sink: &mut dyn Sink = &mut writer;
        self.put_origin(sink);
        sink.field("access-control-allow-methods", METHODS.as_bytes());
        let mut names = preflight.headers().peekable();
        if names.peek().is_some() && names.all(|name| is_token(name.as_bytes())) {
            sink.field("access-control-allow-headers", preflight.headers.as_bytes());
        }
        sink.field_display("access-control-max-age", &max_age);
        Ok(writer.finish()?)
    }

    /// Appends the headers that a response to the call itself needs to `out` as lines.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.check()?;
        let mut writer = Append::new(out);
        let sink: &mut dyn Sink = &mut writer;
        self.put_origin(sink);
        sink.name("access-control-expose-headers");
        sink.put(EXPOSED_HEADERS.as_bytes());
        for name in self.exposed {
            sink.put(b", ");
            sink.put(name.as_bytes());
        }
        sink.put(b"\r\n");
        Ok(writer.finish()?)
    }

    fn check(&self) -> Result<(), SendError> {
        let names = self.exposed.iter().all(|name| is_token(name.as_bytes()));
        let origin = is_visible(self.origin.as_bytes());
        // Browsers refuse the two together.
        let credentials = !(self.credentials && self.origin == "*");
        if names && origin && credentials { Ok(()) } else { Err(SendError::Cors) }
    }

    fn put_origin(&self, sink: &mut dyn Sink) {
        sink.field("access-control-allow-origin", self.origin.as_bytes());
        if self.origin != "*" {
            sink.field("vary", b"origin");
        }
        if self.credentials {
            sink.field("access-control-allow-credentials", b"true");
        }
    }
}
