//! Answers that are written in one piece.

use framewright::http1::{self, Body, BodyEncoder, Request, ResponseWriter};

use crate::output::Output;

/// Headers of a response.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

const ALLOW: (&str, &str) = ("Allow", "GET, HEAD, OPTIONS");
const TEXT: (&str, &str) = ("Content-Type", "text/plain; charset=utf-8");

/// Whether the connection goes on after the answer to this request.
pub fn is_persistent(request: &Request<'_>) -> bool {
    // A client that asks for another protocol does not go on with this one. And one that waits for the
    // status 100 and gets another may send its body or not (RFC 9110 §10.1.1).
    request.is_persistent()
        && request.headers().get("upgrade").is_none()
        && !request.expects_continue()
}

/// Begins an answer, which says so if it is the last on its connection.
pub fn begin(
    request: &Request<'_>,
    status: u16,
    headers: Headers<'_>,
    body: Body,
    out: &mut Output,
) -> BodyEncoder {
    let response = ResponseWriter::new(status).headers(headers);
    let response = if is_persistent(request) { response } else { response.close() };
    response.begin(body, out).expect("the headers are our own, and a Vec has room")
}

/// Writes a whole answer. To `HEAD`, it is the head alone (RFC 9110 §9.3.2).
pub fn write(
    request: &Request<'_>,
    status: u16,
    headers: Headers<'_>,
    bytes: &[u8],
    out: &mut Output,
) {
    let mut body = begin(request, status, headers, Body::Len(bytes.len() as u64), out);
    if request.method() != "HEAD" {
        body.encode(bytes, out).expect("its length was announced, and a Vec has room");
    }
}

/// Answers a health check, or a client that asks which methods are allowed (RFC 9110 §9.3.7).
pub fn options(request: &Request<'_>, out: &mut Output) {
    write(request, 204, &[ALLOW], b"", out);
}

/// Refuses a request that was understood. The connection goes on.
pub fn refuse(request: &Request<'_>, status: u16, why: &str, out: &mut Output) {
    let headers: &[_] = if status == 405 { &[TEXT, ALLOW] } else { &[TEXT] };
    write(request, status, headers, format!("{why}\n").as_bytes(), out);
}

/// Refuses bytes that are no request, or not a whole one. It is not known where the next request would
/// begin, so the connection ends.
pub fn give_up(status: u16, why: &str, out: &mut Output) {
    let body = format!("{why}\n");
    let response = ResponseWriter::new(status).headers(&[TEXT][..]).body(body.as_bytes()).close();
    response.write(out).expect("the headers are our own, and a Vec has room");
}

/// Asks for the body of a request, if the client waits for that (RFC 9110 §10.1.1).
pub fn go_on(request: &Request<'_>, out: &mut Output) {
    if request.expects_continue() {
        http1::write_continue(out).expect("a Vec has room");
    }
}
