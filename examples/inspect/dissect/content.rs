//! What a body is, by the head before it.

use framewright::grpc::ContentType;
use framewright::http::Field;

use super::engineio::EngineIo;
use super::grpc::Grpc;
use super::layer::Layer;
use super::sockjs::SockJs;
use super::sse::Sse;

/// The layer for a body with these headers, of a request for `target` or of the response to it. `None` if there is
/// nothing in it to be taken apart.
pub fn layer<'a>(
    headers: impl IntoIterator<Item: Field<'a>>,
    target: &str,
) -> Option<Box<dyn Layer>> {
    let (mut content_type, mut encoding, mut grpc_encoding) = (&b""[..], &b""[..], &b""[..]);
    for field in headers {
        let (name, value) = field.parts();
        let is = |expected: &str| name.eq_ignore_ascii_case(expected);
        if is("content-type") {
            content_type = value;
        } else if is("content-encoding") {
            encoding = value;
        } else if is("grpc-encoding") {
            grpc_encoding = value;
        }
    }
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity") {
        return None;
    }
    if let Some(grpc) = ContentType::parse(content_type) {
        return Some(Box::new(Grpc::new(grpc, grpc_encoding)));
    }
    if let Some(sockjs) = SockJs::of(target) {
        return Some(Box::new(sockjs));
    }
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    if essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream") {
        return Some(Box::new(Sse::new()));
    }
    if target.contains("EIO=4") && target.contains("transport=polling") {
        return Some(Box::new(EngineIo::new(target)));
    }
    None
}

/// The target that tells what is in a response. The answer to a POST of packets has none itself.
pub fn of_response<'t>(method: &str, target: &'t str) -> &'t str {
    if method == "GET" || SockJs::of(target).is_some() { target } else { "" }
}
