//! A gRPC service for browsers: gRPC-Web over HTTP/1.1, on blocking sockets, with a page that calls it.
//!
//! ```text
//! cargo run --example grpc_web_server -- [ADDR]
//! ```
//!
//! The page at the URL that it prints has a client in plain JavaScript. It shows what goes over the wire, and is enough for a few
//! calls. Other people's clients, such as `@connectrpc/connect-web`, work as well.
//!
//! ```text
//! service Greeter {
//!   rpc SayHello(HelloRequest) returns (HelloReply);
//!   rpc SayHellos(HelloRequest) returns (stream HelloReply);
//! }
//! ```

#[allow(dead_code, reason = "others answer in JSON")]
#[path = "../request/mod.rs"]
mod request;

use std::error::Error;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use framewright::grpc::{self, CallKind, Code, Event, Framing, ResponseHead, ServerConfig, Status};
use framewright::http::{Headers, NO_FIELDS};
use framewright::http1::{Body, ResponseWriter};
use prost::Message; // a message of one string is encoded like a `String`
use request::{Request, respond_with};

/// How long a client may take to send its request, and to take output.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between the messages of a stream.
const PAUSE: Duration = Duration::from_millis(300);
const CONFIG: ServerConfig<'_> = ServerConfig::new();
const UNARY: &str = "/helloworld.Greeter/SayHello";
const STREAM: &str = "/helloworld.Greeter/SayHellos";
const GREETINGS: [&str; 3] = ["Hello", "Bonjour", "Hallo"];
const NO_NAME: Status<'_> = Status::new(Code::InvalidArgument, "that is no name");

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(addr)?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(&listener)
}

pub fn serve(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    for socket in listener.incoming() {
        let Ok(socket) = socket else { continue };
        thread::spawn(move || answer(socket).unwrap_or_else(|e| eprintln!("{e}")));
    }
    Ok(())
}

/// Answers one request.
fn answer(mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    match Request::read(&mut socket)? {
        None => Ok(()),
        Some(request) if request.method == "GET" && request.path == "/" => {
            let headers = [("Content-Type", "text/html; charset=utf-8")];
            respond_with(&mut socket, 200, &headers, include_bytes!("page.html"))
        }
        Some(request) => call(request, socket),
    }
}

/// Carries out a call.
fn call(mut request: Request, mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
    let (mut out, mut lines) = (Vec::new(), Vec::new());
    let accepted = grpc::Request::parse(&request.method, &request.path, &request.headers[..])
        .and_then(|head| match (head.content_type().framing, head.path().as_str()) {
            // Its trailers would be those of HTTP, which no browser shows.
            (Framing::Grpc, _) => Err(head.refuse(Status::new(Code::Unimplemented, "no gRPC-Web"))),
            (_, UNARY) => head.accept(CallKind::Unary, &CONFIG, 0),
            (_, STREAM) => head.accept(CallKind::ServerStreaming, &CONFIG, 0),
            _ => Err(head.unimplemented()),
        });
    let mut call = match accepted {
        Ok(call) => call,
        Err(refusal) => {
            refusal.write(&mut lines)?;
            let headers = Headers::parse_lax(&lines).expect("it was written as lines");
            ResponseWriter::new(refusal.http_status()).headers(headers).close().write(&mut out)?;
            return Ok(socket.write_all(&out)?);
        }
    };
    let mut name = None;
    let mut input = call.decode_text_in_place(&mut request.body);
    while let Some(event) = call.receive(&mut input) {
        // All of the request is there, so the message is in one piece.
        if let Event::Message { chunk, .. } = event {
            name = String::decode(chunk.bytes).ok();
        }
    }
    call.receive_eof();

    // A call that has failed is a head without a body, and says why.
    let has_body = !call.owes();
    match has_body {
        true => call.send_head(ResponseHead::new(), &mut lines)?,
        false => drop(call.transmit(&mut lines)),
    }
    let headers = Headers::parse_lax(&lines).expect("it was written as lines");
    let head = ResponseWriter::new(200).headers(headers).close();
    if !has_body {
        head.write(&mut out)?;
        return Ok(socket.write_all(&out)?);
    }
    let mut body = head.begin(Body::of_unknown_len(request.version), &mut out)?;
    let greetings = if request.path == UNARY { &GREETINGS[..1] } else { &GREETINGS };
    for (n, greeting) in greetings.iter().enumerate() {
        let Some(name) = &name else { break };
        thread::sleep(if n == 0 { Duration::ZERO } else { PAUSE });
        let mut message = Vec::new();
        call.send(&*format!("{greeting} {name}").encode_to_vec(), &mut message)?;
        body.encode(&message, &mut out)?;
        socket.write_all(&out)?; // so that it comes at once
        out.clear();
    }
    let mut trailers = Vec::new();
    call.finish(name.map_or(NO_NAME, |_| Status::OK), &mut trailers)?;
    body.encode(&trailers, &mut out)?;
    body.finish(NO_FIELDS, &mut out)?;
    Ok(socket.write_all(&out)?)
}
