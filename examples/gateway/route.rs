//! What answers a request: the table of paths.

use crate::Shared;
use crate::breakit;
use crate::call;
use crate::cors;
use crate::events;
use crate::grpc;
use crate::hubs;
use crate::request::Request;
use crate::response::Response;
use crate::service::Service;
use crate::websocket::Place;
use crate::wire;

/// What the page consists of, by path, with types.
const PAGE: [(&str, &str, &[u8]); 14] = [
    ("/", HTML, include_bytes!("page/index.html")),
    ("/page/style.css", "text/css; charset=utf-8", include_bytes!("page/style.css")),
    ("/page/main.js", SCRIPT, include_bytes!("page/main.js")),
    ("/page/parts.js", SCRIPT, include_bytes!("page/parts.js")),
    ("/page/wire.js", SCRIPT, include_bytes!("page/wire.js")),
    ("/page/detail.js", SCRIPT, include_bytes!("page/detail.js")),
    ("/page/meter.js", SCRIPT, include_bytes!("page/meter.js")),
    ("/page/plot.js", SCRIPT, include_bytes!("page/plot.js")),
    ("/page/sockets.js", SCRIPT, include_bytes!("page/sockets.js")),
    ("/page/stomp.js", SCRIPT, include_bytes!("page/stomp.js")),
    ("/page/sessions.js", SCRIPT, include_bytes!("page/sessions.js")),
    ("/page/events.js", SCRIPT, include_bytes!("page/events.js")),
    ("/page/grpc.js", SCRIPT, include_bytes!("page/grpc.js")),
    ("/page/breakit.js", SCRIPT, include_bytes!("page/breakit.js")),
];
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The page loads nothing from elsewhere, and nothing can be put into it. One transport of SockJS uses scripts and another an
/// iframe, all of them from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; frame-src 'self'; base-uri 'none'; form-action 'none'";

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
    shared.figures.requests += 1;
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
        shared.figures.calls += 1;
        return grpc::open(request, response, shared);
    }
    if !matches!(method, "GET" | "HEAD") {
        response.refuse(405, "this can be read, but nothing else");
        return Answer::Whole;
    }
    match path {
        "/break" => breakit::answer(request, response),
        "/sse/clock" => return events::clock(request, shared),
        "/sse/llm" => return events::tokens(request, response, shared.now),
        "/sse/wire" => return wire::open(request, response, shared),
        path => match PAGE.iter().find(|(of, ..)| *of == path) {
            Some((_, kind, content)) => {
                let fields = [
                    ("Content-Type", *kind),
                    ("Cache-Control", "no-store"),
                    ("Content-Security-Policy", POLICY),
                    ("X-Content-Type-Options", "nosniff"),
                ];
                response.whole(200, fields.iter(), content);
            }
            None => response.refuse(404, "there is nothing here"),
        },
    }
    Answer::Whole
}
