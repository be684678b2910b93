//! hyper's client against the router. On this side too, framewright makes and checks the heads.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use framewright::Assembler;
use framewright::grpc::{CallKind, ClientRequest, Code, ContentType, Event, Limits, Path, Status};
use framewright::http::Fields;
use framewright::http1::Version;
use framewright::ws::{self, CloseCode, Connection, handshake};
use framewright_axum::{add_to, router};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Starts the server on a port that the system picks.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router()).await.unwrap() });
    address
}

/// Sends a request over HTTP/1.1, or over HTTP/2.
async fn send(address: SocketAddr, over_http2: bool, request: Request<Body>) -> Response<Incoming> {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    if over_http2 {
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        return sender.send_request(request).await.unwrap();
    }
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.unwrap()
}

#[tokio::test]
async fn a_websocket_echoes() {
    let address = serve().await;
    let mut request = Request::get("/socket").body(Body::empty()).unwrap();
    let host = address.to_string();
    let offer = handshake::ClientRequest::new(&host, "/socket");
    let (fields, check) = offer.to_fields(*b"the sample nonce").unwrap();
    fields.for_each_field(add_to(request.headers_mut()));
    let mut response = send(address, false, request).await;
    let status = response.status().as_u16();
    check.check(status, Version::Http11, response.headers()).expect("the server has accepted");

    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    let mut client = Connection::client(ws::Limits::new(), || [1, 2, 3, 4]);
    let mut assembler = ws::Assembler::new(Vec::new());
    let mut out = Vec::new();
    client.send("Hello", &mut out).unwrap();
    client.close(CloseCode::NORMAL, "", &mut out).unwrap();
    stream.write_all(&out).await.unwrap();

    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let mut echoes = Vec::new();
    let mut input = &mut bytes[..];
    while let Some(event) = client.receive(&mut input) {
        if let ws::Event::Part(part) = event
            && let Some(ws::Message::Text(text)) = assembler.push(part).unwrap()
        {
            echoes.push(text.to_owned());
        }
    }
    assert_eq!(echoes, ["Hello"]);
    assert_eq!(client.receive_eof().code, CloseCode::NORMAL);
}

#[tokio::test]
async fn what_is_no_offer_is_refused_as_the_standard_says() {
    let address = serve().await;
    let host = address.to_string();
    let plain = |method: &str| {
        let request = Request::builder().method(method).uri("/socket").header("host", &host);
        request.body(Body::empty()).unwrap()
    };
    let response = send(address, false, plain("GET")).await;
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["sec-websocket-version"], "13");

    let response = send(address, false, plain("PUT")).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET");

    let mut request = plain("GET");
    request.headers_mut().clear();
    let offer = handshake::ClientRequest::new(&host, "/socket").origin("https://elsewhere.example");
    let (fields, _) = offer.to_fields(*b"the sample nonce").unwrap();
    fields.for_each_field(add_to(request.headers_mut()));
    assert_eq!(send(address, false, request).await.status(), StatusCode::FORBIDDEN);
}

/// Calls a method with a message, and returns the code and the messages that came back.
async fn call(path: &str, content_type: ContentType, over_http2: bool) -> (Code, Vec<u8>) {
    let address = serve().await;
    let path = Path::parse(path).unwrap();
    let request = ClientRequest::new(path).content_type(content_type);
    let mut call = request.call(CallKind::Unary, Limits::new(), Vec::new(), 0);
    let mut body = Vec::new();
    call.send(&b"a message"[..], &mut body).unwrap();
    call.half_close(&mut body).unwrap();
    let uri = format!("http://{address}{}", path.as_str());
    let mut http = Request::post(uri).body(Body::from(body)).unwrap();
    request.to_fields().unwrap().for_each_field(add_to(http.headers_mut()));

    let response = send(address, over_http2, http).await;
    let (head, mut body) = response.into_parts();
    let mut message = Vec::new();
    let mut assembler = Assembler::new(Vec::new());
    let end_stream = hyper::body::Body::is_end_stream(&body);
    call.receive_head(head.status.as_u16(), &head.headers, end_stream);
    while let Some(frame) = body.frame().await {
        let frame = frame.unwrap();
        if let Some(trailers) = frame.trailers_ref() {
            call.receive_trailers(trailers);
        }
        let mut bytes = frame.into_data().map(Vec::from).unwrap_or_default();
        let mut input = call.decode_text_in_place(&mut bytes);
        while let Some(event) = call.receive(&mut input) {
            if let Event::Message { chunk, .. } = event
                && let Some(whole) = assembler.push(chunk).unwrap()
            {
                message = whole.to_vec();
            }
        }
    }
    call.receive_eof();
    assert_eq!(call.error(), None);
    (call.status().unwrap().code, message)
}

#[tokio::test]
async fn a_call_echoes_in_grpc_and_in_both_forms_of_grpc_web() {
    let expected = (Code::Ok, b"a message".to_vec());
    assert_eq!(call("/echo.Echo/Say", ContentType::GRPC, true).await, expected);
    for over_http2 in [false, true] {
        assert_eq!(call("/echo.Echo/Say", ContentType::WEB, over_http2).await, expected);
        assert_eq!(call("/echo.Echo/Say", ContentType::WEB_TEXT, over_http2).await, expected);
    }
}

#[tokio::test]
async fn a_request_that_is_not_right_gets_its_status() {
    let address = serve().await;
    let path = Path::parse("/echo.Echo/Say").unwrap();
    for (content_type, over_http2) in [(ContentType::GRPC, true), (ContentType::WEB, false)] {
        // No message.
        let mut http = Request::post(format!("http://{address}/echo.Echo/Say"));
        let request = ClientRequest::new(path).content_type(content_type);
        request.to_fields().unwrap().for_each_field(add_to(http.headers_mut().unwrap()));
        let response = send(address, over_http2, http.body(Body::empty()).unwrap()).await;
        let status = Status::parse(response.headers()).expect("there are trailers only");
        assert_eq!(status.code, Code::Unimplemented);
    }
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let expected = (Code::Unimplemented, vec![]);
    assert_eq!(call("/echo.Echo/Sing", ContentType::GRPC, true).await, expected);
    assert_eq!(call("/echo.Echo/Sing", ContentType::WEB, false).await, expected);
}

#[tokio::test]
async fn what_is_no_call_is_refused_by_http() {
    let address = serve().await;
    let mut headers = HeaderMap::new();
    for (method, status) in [("GET", 405), ("POST", 415)] {
        let uri = format!("http://{address}/echo.Echo/Say");
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let response = send(address, true, request).await;
        assert_eq!(response.status().as_u16(), status);
        headers.extend(response.headers().clone());
    }
    assert_eq!(headers["allow"], "POST");
}
