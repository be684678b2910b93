//! CORS: the headers that let a page of another origin call a service (Fetch, *CORS protocol*). This
//! service answers every page.

use framewright::grpc::web::EXPOSED_HEADERS;
use framewright::http::NO_FIELDS;

use crate::request::Request;
use crate::response::{Head, Response};

/// Whether a request is a preflight: a browser asks whether a page may send another request.
pub fn is_preflight(request: &Request<'_>) -> bool {
    let asked = |name| request.headers.get(name).is_some();
    request.method == "OPTIONS" && asked("origin") && asked("access-control-request-method")
}

/// Answers a preflight: the page may send a call with any headers that it asked for.
pub fn answer_preflight(request: &Request<'_>, response: &mut Response) {
    let head = response.whole(204, NO_FIELDS, b"");
    allow_origin(head);
    head.fields.put("access-control-allow-methods", "POST");
    if let Some(names) = request.headers.get("access-control-request-headers") {
        head.fields.put("access-control-allow-headers", names);
    }
    head.fields.put("access-control-max-age", "600"); // seconds
}

/// Lets every page read a response to a call, with its status and these headers.
pub fn allow_reading(head: &mut Head, names: &[&str]) {
    allow_origin(head);
    let exposed = [&[EXPOSED_HEADERS], names].concat().join(", ");
    head.fields.put("access-control-expose-headers", &*exposed);
}

fn allow_origin(head: &mut Head) {
    head.fields.put("access-control-allow-origin", "*");
}
