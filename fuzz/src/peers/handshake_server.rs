//! Requests for an upgrade, as `tungstenite` reads them.
//!
//! It accepts all that we accept, with the same answer to the key. It accepts much more: lines that
//! end in LF, keys of any form, requests with a body, without a host or from any origin, and
//! malformed lists.
//!
//! Where it differs:
//!
//! * It reads only the first `Upgrade` and the first `Connection`, and `Upgrade` has to be `websocket`
//!   alone. By RFC 9110 §5.3, lines with the same name are joined, and both are lists.
//! * It refuses a `Connection` whose value is not text.
//! * It refuses a target that `http::Uri` does not accept.
//! * It reads heads by `httparse`, which refuses minor versions after 1, and takes 124 headers at most.

use framewright::http1::Limits;
use framewright::ws::handshake::{Origins, Server};
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response};

use crate::checks::input::Input;

/// The input has the layout of the target's input.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let _options: [u8; 5] = input.bytes();
    let stream = input.rest();

    let mut bytes = stream.to_vec();
    let mut rest = &mut bytes[..];
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let Ok(Some(offer)) = server.receive(&mut rest) else { return };
    let headers = offer.headers();
    let only = |name: &str, value: &[u8]| {
        let mut values = headers.get_all(name);
        values.next().is_some_and(|first| value.is_empty() || first.eq_ignore_ascii_case(value))
            && values.next().is_none()
    };
    let text = |name: &str| {
        headers.get_all(name).all(|v| v.iter().all(|b| matches!(b, b'\t' | b' '..=b'~')))
    };
    if !only("Upgrade", b"websocket") || !only("Connection", b"") || !text("Connection") {
        return;
    }
    let mut slots = [httparse::EMPTY_HEADER; 124];
    if offer.target().parse::<http::Uri>().is_err()
        || httparse::Request::new(&mut slots).parse(stream).is_err()
    {
        return;
    }

    let mut ours = Vec::new();
    offer.accept().write(&mut ours).expect("a Vec has room");
    let (len, request) = Request::try_parse(stream).expect("it is right").expect("it is whole");
    assert_eq!(len, stream.len() - rest.len());
    let response = create_response(&request).expect("it is right");
    let accept = response.headers().get("Sec-WebSocket-Accept").expect("it is an answer");
    let line = [b"Sec-WebSocket-Accept: ", accept.as_bytes()].concat();
    assert!(ours.windows(line.len()).any(|window| window == line));
}
