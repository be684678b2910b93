//! Responses to an upgrade, as `tungstenite` reads them.
//!
//! It accepts all that we accept, and much more: lines that end in LF, repeated headers, and extensions
//! that were not offered.
//!
//! Where it differs:
//!
//! * It reads only the first `Connection`, which has to be `Upgrade` alone, and the first `Upgrade`,
//!   which has to be `websocket` alone. By RFC 9110 §5.3, lines with the same name are joined, and both
//!   are lists, whose elements may be empty.
//! * It refuses a subprotocol that is empty.
//! * It refuses a server that chooses none of the subprotocols, which RFC 6455 §4.2.2 allows.
//! * It treats an interim response (1xx) as the final one.
//! * It reads heads by `httparse` as it comes. That refuses minor versions after 1, folded lines and other
//!   heads that a user agent has to read, and takes 124 headers at most.

use std::io::{self, Cursor, Read, Write};

use framewright::http1::Limits;
use framewright::ws::handshake::{Client, ClientRequest, Reply};
use tungstenite::handshake::client::{ClientHandshake, Request};

use crate::checks::input::Input;

/// The input has the layout of the target's input.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let _options: [u8; 5] = input.bytes();
    let stream = input.rest();

    let mut bytes = stream.to_vec();
    let mut rest = &mut bytes[..];
    let mut client: Client<'_, Vec<u8>> = ClientRequest::new("example.com", "/chat")
        .protocols(&["chat", "superchat"])
        .extensions(Some("permessage-deflate; client_max_window_bits, foo"))
        .write(*b"the sample nonce", Vec::new(), Limits::new(), &mut Vec::new())
        .expect("it is right");
    let Ok(Some(Reply::Accepted(accepted))) = client.receive(&mut rest) else { return };
    let first_is = |name: &str, value: &str| {
        let first = accepted.headers().get(name).expect("it was checked");
        first.eq_ignore_ascii_case(value.as_bytes())
    };
    let Some(protocol) = accepted.protocol() else { return };
    if !first_is("Connection", "upgrade")
        || !first_is("Upgrade", "websocket")
        || !first_is("Sec-WebSocket-Protocol", protocol)
    {
        return;
    }
    let mut slots = [httparse::EMPTY_HEADER; 124];
    if httparse::Response::new(&mut slots).parse(stream).is_err() {
        return;
    }
    let request = Request::builder()
        .uri("ws://example.com/chat")
        .header("Host", "example.com")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "chat, superchat")
        .body(())
        .expect("it is right");
    let handshake = ClientHandshake::start(Wire(Cursor::new(stream)), request, None);
    if let Err(e) = handshake.expect("it is right").handshake() {
        panic!("{e}");
    }
}

/// The answer, whatever the request was.
#[derive(Debug)]
struct Wire<'a>(Cursor<&'a [u8]>);

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
