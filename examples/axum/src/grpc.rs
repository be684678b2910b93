//! The gRPC method that echoes: `/echo.Echo/Say` answers any message with the same message.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use framewright::grpc::{
    self, CallKind, Inbox, Message, Refusal, ResponseHead, SendError, ServerCall, ServerConfig,
    Status, Trailing,
};
use framewright::http::Fields;
use http_body_util::{BodyExt, Full};

use crate::add_to;

const CONFIG: ServerConfig = ServerConfig::new();

/// Answers a call in gRPC or gRPC-Web.
pub async fn call(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let call = match accept(head.method.as_str(), head.uri.path(), &head.headers) {
        Ok(call) => call,
        Err(refusal) => return refuse(&refusal),
    };
    let (call, inbox) = receive(call, body).await;
    respond(call, inbox.message())
}

fn accept(method: &str, path: &str, headers: &HeaderMap) -> Result<ServerCall, Refusal<'static>> {
    let request = grpc::Request::parse(method, path, headers)?;
    match (request.path().service(), request.path().method()) {
        ("echo.Echo", "Say") => request.accept(CallKind::Unary, &CONFIG, 0),
        _ => Err(request.unimplemented()),
    }
}

/// Receives the whole request: its message is in the inbox, unless the call has ended.
async fn receive(mut call: ServerCall, mut body: Body) -> (ServerCall, Inbox<Vec<u8>>) {
    let mut inbox = Inbox::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            call.receive_disconnect();
            return (call, inbox);
        };
        let Ok(bytes) = frame.into_data() else { continue };
        // Text of gRPC-Web is decoded in place.
        let mut bytes = Vec::from(bytes);
        let mut input = call.decode_text_in_place(&mut bytes);
        while call.receive_message(&mut input, &mut inbox).is_some() {}
    }
    call.receive_eof();
    (call, inbox)
}

/// The response for the HTTP stack.
#[derive(Default)]
struct Reply {
    head: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
}

fn respond(mut call: ServerCall, message: Message<'_>) -> Response {
    let mut reply = Reply::default();
    match call.code() {
        None => {
            echo(&mut call, message, &mut reply).expect("the call is open, and a Vec has room");
        }
        // The request broke a rule, and the call has ended with a status that says so.
        Some(_) => {
            let Reply { head, body, trailers } = &mut reply;
            let end = if call.trailing() == Trailing::Trailers { trailers } else { head };
            call.transmit_fields(body, add_to(end));
        }
    }
    let trailers = (!reply.trailers.is_empty()).then_some(Ok::<_, Infallible>(reply.trailers));
    let body = Full::from(reply.body).with_trailers(std::future::ready(trailers));
    let mut response = Response::new(Body::new(body));
    *response.headers_mut() = reply.head;
    response
}

/// Sends the message back, and the status OK.
fn echo(call: &mut ServerCall, message: Message<'_>, reply: &mut Reply) -> Result<(), SendError> {
    let Reply { head, body, trailers } = reply;
    call.send_head_fields(ResponseHead::new(), body, add_to(head))?;
    call.send(message, body)?;
    // In gRPC-Web, they are in the body.
    call.finish_fields(Status::OK, body, add_to(trailers))
}

fn refuse(refusal: &Refusal<'static>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(refusal.http_status()).expect("it has three digits");
    let fields = refusal.to_fields().expect("the library made it");
    fields.for_each_field(add_to(response.headers_mut()));
    response
}
