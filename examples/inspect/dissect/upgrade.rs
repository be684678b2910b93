//! The opening handshake of WebSocket, as somebody between the two ends sees it.

use framewright::http1::{Request, Response, Version};
use framewright::ws::deflate::{Config, Params};
use framewright::ws::handshake::{ClientRequest, Error, Extensions, Offer, Origins};
use framewright::{grpc, stomp};

use super::engineio::EngineIo;
use super::grpc::GrpcSocket;
use super::layer::Layer;
use super::rule::Problem;
use super::sockjs::SockJs;
use super::stomp::Stomp;
use super::websocket::{Inner, WebSocket};

pub const ERRORS: &str = include_str!("../../../src/ws/handshake/error.rs");

/// What a client offered.
#[derive(Clone, Debug)]
pub struct Offered {
    target: String,
    nonce: [u8; 16],
    protocols: Vec<String>,
    extensions: Vec<String>,
}

impl Offered {
    /// Reads what a request offers. `None` if it is not for WebSocket.
    pub fn read(request: &Request<'_>) -> Option<Result<Self, Error>> {
        let upgrade = request.headers().get("Upgrade")?;
        if !upgrade.eq_ignore_ascii_case(b"websocket") {
            return None;
        }
        Some(Offer::from_request(request, Origins::any()).map(|offer| {
            let lists = request.headers().get_all("Sec-WebSocket-Extensions");
            Self {
                target: offer.target().to_owned(),
                nonce: request.headers().get("Sec-WebSocket-Key").map_or([0; 16], nonce),
                protocols: offer.protocols().map(str::to_owned).collect(),
                extensions: lists.map(|list| String::from_utf8_lossy(list).into_owned()).collect(),
            }
        }))
    }

    /// Checks the response that opens the connection. Returns what is spoken after it.
    pub fn check(&self, response: &Response<'_>) -> Result<Box<dyn Layer>, Error> {
        let protocols: Vec<&str> = self.protocols.iter().map(String::as_str).collect();
        let extensions = (!self.extensions.is_empty()).then(|| self.extensions.join(", "));
        let request =
            ClientRequest::new("host", "/").protocols(&protocols).extensions(extensions.as_deref());
        // A request like the client's, to learn what has to answer it.
        let (_, check) = request.to_fields(self.nonce).map_err(|_| Error::Extensions)?;
        let accepted = check.check(101, Version::Http11, response.headers())?;
        let params = self.config().check(accepted.extensions())?;
        Ok(spoken(&self.target, accepted.protocol(), params))
    }

    /// What is spoken where the server's response is not known.
    pub fn assume(&self) -> Box<dyn Layer> {
        let [protocol] = &self.protocols[..] else {
            return spoken(&self.target, None, Some(usual_params()));
        };
        spoken(&self.target, Some(protocol), Some(usual_params()))
    }

    /// What the client asked for, which the server's answer is checked against.
    fn config(&self) -> Config {
        let mut config = Config::new().accept_less(true);
        let lists =
            self.extensions.iter().filter_map(|list| Extensions::parse(list.as_bytes()).ok());
        for extension in lists.flatten().filter(|e| e.name() == "permessage-deflate") {
            for (name, _) in extension.params() {
                if name == "client_no_context_takeover" {
                    config = config.client_no_context_takeover(true);
                }
            }
        }
        config
    }
}

/// What is spoken on a stream of HTTP/2, after a response with these headers (RFC 8441).
pub fn over_http2(
    target: &str,
    protocol: Option<&[u8]>,
    extensions: Option<&[u8]>,
) -> Box<dyn Layer> {
    let list = Extensions::parse(extensions.unwrap_or_default()).into_iter().flatten();
    let params = Config::new().accept_less(true).check(list).ok().flatten();
    spoken(target, protocol.and_then(|name| std::str::from_utf8(name).ok()), params)
}

fn spoken(target: &str, protocol: Option<&str>, params: Option<Params>) -> Box<dyn Layer> {
    let socket = WebSocket::new(Some(params));
    if let Some(version) = protocol.and_then(stomp::Version::from_subprotocol) {
        return Box::new(socket.with(Inner::Stomp(Box::new(Stomp::of_version(version)))));
    }
    if protocol == Some(grpc::web::PROTOCOL) {
        return Box::new(socket.with(Inner::Grpc(Box::new(GrpcSocket::new()))));
    }
    if target.contains("EIO=4") {
        return Box::new(socket.with(Inner::EngineIo(Box::new(EngineIo::new(target)))));
    }
    if let Some(sockjs) = SockJs::of(target) {
        return Box::new(socket.with(Inner::SockJs(Box::new(sockjs))));
    }
    Box::new(socket)
}

/// The parameters of compression where nobody asked for others.
pub fn usual_params() -> Params {
    let answer = Extensions::parse(b"permessage-deflate").into_iter().flatten();
    Config::new().check(answer).ok().flatten().expect("it is what the configuration offers")
}

/// What breaks the rules of the handshake. `is_request` is whether a client did.
pub fn problem(error: Error, is_request: bool) -> Problem {
    let problem = Problem::new(&error, "RFC 6455", ERRORS);
    if is_request {
        problem.answer(format!("the status {}", super::http1::status(error.status())))
    } else {
        problem.answer("nothing: the client closes the connection (§4.1)")
    }
}

/// The 16 bytes that a key stands for; zeros if it is not base64, which the check of the request reports.
fn nonce(key: &[u8]) -> [u8; 16] {
    let mut nonce = [0; 16];
    let mut text = key.to_vec();
    let mut input = &mut text[..];
    // The decoder of gRPC-Web's text takes any base64.
    if let Ok(Some(bytes)) = grpc::web::TextDecoder::new().decode(&mut input)
        && let Some(first) = bytes.first_chunk()
    {
        nonce = *first;
    }
    nonce
}
