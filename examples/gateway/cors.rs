//! CORS: the headers that let a page of another origin call a service (Fetch, *CORS protocol*). This
//! service answers every page.

use framewright::grpc::web::{EXPOSED_HEADERS, METHODS};
use framewright::http1::Request;

/// Headers of a response: names and values.
pub type Headers = Vec<(String, Vec<u8>)>;

/// Whether a request is a preflight: a browser asks whether a page may send another request.
pub fn is_preflight(request: &Request<'_>) -> bool {
    let asked = |name| request.headers().get(name).is_some();
    request.method() == "OPTIONS" && asked("origin") && asked("access-control-request-method")
}

/// The headers of the answer: the page may send a call with any headers that it asked for.
pub fn answer_to_preflight(request: &Request<'_>) -> Headers {
    let mut headers = vec![allowed_origin(), header("access-control-allow-methods", METHODS)];
    if let Some(names) = request.headers().get("access-control-request-headers") {
        headers.push(("access-control-allow-headers".to_owned(), names.to_owned()));
    }
    headers.push(header("access-control-max-age", "600")); // seconds
    headers
}

/// The headers that let every page read a response to a call, with its status and these headers.
pub fn response_headers(names: &[&str]) -> Headers {
    let exposed = [&[EXPOSED_HEADERS], names].concat().join(", ");
    vec![allowed_origin(), header("access-control-expose-headers", &exposed)]
}

fn allowed_origin() -> (String, Vec<u8>) {
    header("access-control-allow-origin", "*")
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.into())
}
