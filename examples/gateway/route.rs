//! What answers a request: the table of paths.

use framewright::Buffer;
use framewright::http1::{Body, Request};

use crate::output::Output;
use crate::peer::{State, give_up};
use crate::unused::Unused;
use crate::{Shared, answer, events, grpc, service, websocket};

/// Answers a request, and returns the connection's next state.
pub fn answer_request(request: &Request<'_>, out: &mut Output, shared: &Shared) -> State {
    let path = path_of(request.target());
    let is_call = service::is_method(path) && request.method() == "POST";
    // A client that waits before it sends its body is spared that.
    if is_call || request.body() == Body::Len(0) || request.expects_continue() {
        return route(request, path, out, shared);
    }
    let mut answer = Output::default();
    match route(request, path, &mut answer, shared) {
        // Nothing is read after this answer, so it does not wait.
        State::Closing { .. } => {
            out.try_append(answer.as_slice()).expect("a Vec has room");
            State::CLOSING
        }
        next => {
            let mut unused = Unused::new(request, answer, next);
            // A length that is too long is known before the first byte.
            if let Err(e) = unused.receive(&mut &mut [][..]) {
                return give_up(e.status(), &e.to_string(), out);
            }
            State::Unused(Box::new(unused))
        }
    }
}

/// Answers a request as if it had no body, unless it is a call.
fn route(request: &Request<'_>, path: &str, out: &mut Output, shared: &Shared) -> State {
    let method = request.method();
    if let Some(place) = websocket::Place::at(path, request)
        && matches!(method, "GET" | "HEAD")
    {
        return match place.enter(request, path, out, shared) {
            Some(session) => State::WebSocket(Box::new(session)),
            None => State::CLOSING,
        };
    }
    if service::is_method(path) {
        return match grpc::Call::open(request, path, out, shared) {
            grpc::Opened::Call(call) => State::Grpc(call),
            grpc::Opened::Answered => State::after(request),
            grpc::Opened::Closing => State::CLOSING,
        };
    }
    match method {
        "GET" | "HEAD" => {}
        "OPTIONS" => {
            answer::options(request, out);
            return State::after(request);
        }
        _ => {
            answer::refuse(request, 405, "this can be read, but nothing else", out);
            return State::after(request);
        }
    }
    match events::Stream::open(request, path, out, shared) {
        Some(events::Opened::Stream(stream)) => return State::Events(stream),
        Some(events::Opened::Answered) => {}
        None if path == "/" => {
            let headers =
                [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
            answer::write(request, 200, &headers, include_bytes!("page.html"), out);
        }
        None => answer::refuse(request, 404, "there is nothing here", out),
    }
    State::after(request)
}

/// The path of a request target, which may be a whole URI (RFC 9112 §3.2.2).
fn path_of(target: &str) -> &str {
    let path = target.split('?').next().unwrap_or_default();
    match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => path,
    }
}
