//! What answers a request: the table of paths.

use crate::Shared;
use crate::call;
use crate::cors;
use crate::events;
use crate::grpc;
use crate::hubs;
use crate::request::Request;
use crate::response::Response;
use crate::service::Service;
use crate::websocket::Place;

const PAGE: [(&str, &str); 2] =
    [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
const SCRIPT: [(&str, &str); 2] =
    [("Content-Type", "text/javascript; charset=utf-8"), ("Cache-Control", "no-store")];

/// What answers a request.
pub enum Answer {
    /// The response is complete.
    Whole,
    Service(Box<dyn Service>),
    /// A WebSocket, if the handshake succeeds.
    WebSocket(Place),
}

/// Picks what answers a request. It may say some of the response, or all of it.
pub fn answer(request: &Request<'_>, response: &mut Response, shared: &mut Shared) -> Answer {
    let Request { method, path, .. } = *request;
    if let Some(place) = Place::of(request) {
        return Answer::WebSocket(place);
    }
    if let Some(answer) = hubs::open(request, response, shared) {
        return answer;
    }
    if method == "OPTIONS" {
        if call::is_method(path) && cors::is_preflight(request) {
            cors::answer_preflight(request, response);
        } else {
            response.allow();
        }
        return Answer::Whole;
    }
    if call::is_call(request) {
        return grpc::open(request, response, shared);
    }
    if !matches!(method, "GET" | "HEAD") {
        response.refuse(405, "this can be read, but nothing else");
        return Answer::Whole;
    }
    match path {
        "/" => drop(response.whole(200, PAGE.iter(), include_bytes!("page.html"))),
        "/sessions.js" => {
            response.whole(200, SCRIPT.iter(), include_bytes!("sessions.js"));
        }
        "/sse/clock" => return events::clock(request, shared.now),
        "/sse/llm" => return events::tokens(request, response, shared.now),
        _ => response.refuse(404, "there is nothing here"),
    }
    Answer::Whole
}
