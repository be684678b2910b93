//! What CORS has to allow for gRPC-Web (Fetch, *CORS protocol*).

/// The request headers that clients of gRPC-Web send, for `access-control-allow-headers`. Custom
/// metadata come on top.
pub const REQUEST_HEADERS: &str =
    "accept, content-type, grpc-timeout, user-agent, x-grpc-web, x-user-agent";

/// The response headers that a script has to see, for `access-control-expose-headers`: a call that
/// fails at once has trailers in its head, and no body. Custom metadata come on top.
pub const EXPOSED_HEADERS: &str = "grpc-status, grpc-message, grpc-status-details-bin";
