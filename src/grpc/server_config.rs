//! What a server can take, for every call.

use super::{Encodings, Limits, Subtype};

/// What a server can take: the limits, the encodings and the message formats of its calls.
///
/// ```
/// use framewright::grpc::{CallKind, Encodings, Limits, Request, ServerConfig, Subtype};
///
/// const CONFIG: ServerConfig = ServerConfig::new()
///     .limits(Limits::new().max_message_len(1 << 20))
///     .encodings(Encodings::GZIP)
///     .subtypes(&[Subtype::PROTO, Subtype::JSON]);
///
/// let headers = [("content-type", &b"application/grpc+thrift"[..])];
/// let request = Request::parse("POST", "/helloworld.Greeter/SayHello", headers)?;
/// let refusal = request.accept(CallKind::Unary, &CONFIG, 0).unwrap_err();
/// assert_eq!(refusal.http_status(), 415); // another format
/// # Ok::<(), framewright::grpc::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig<'a> {
    pub(super) limits: Limits,
    pub(super) encodings: Encodings,
    /// `None` allows all.
    subtypes: Option<&'a [Subtype]>,
}

impl<'a> ServerConfig<'a> {
    /// A server of Protobuf that cannot decompress.
    pub const fn new() -> Self {
        Self {
            limits: Limits::new(),
            encodings: Encodings::NONE,
            subtypes: Some(&[Subtype::PROTO]),
        }
    }

    /// Sets what a client may send, at most.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the encodings that the server can decompress. Default: none.
    #[must_use]
    pub const fn encodings(mut self, encodings: Encodings) -> Self {
        self.encodings = encodings;
        self
    }

    /// Sets the message formats that the server knows. Default: Protobuf. A request in another is refused
    /// with HTTP status 415 (PROTOCOL-HTTP2, *Content-Type*).
    #[must_use]
    pub const fn subtypes(mut self, subtypes: &'a [Subtype]) -> Self {
        self.subtypes = Some(subtypes);
        self
    }

    /// Allows every message format: the caller looks at
    /// [`Request::content_type`](super::Request::content_type), or passes messages on unread.
    #[must_use]
    pub const fn any_subtype(mut self) -> Self {
        self.subtypes = None;
        self
    }

    pub(super) fn serves(&self, subtype: Subtype) -> bool {
        self.subtypes.is_none_or(|known| known.contains(&subtype))
    }
}

impl Default for ServerConfig<'_> {
    fn default() -> Self {
        Self::new()
    }
}
