//! What errors say of themselves, in every protocol: in lower case, without a full stop, and with the numbers
//! that they carry.

use std::error::Error;

use framewright::{BufferFull, Truncated};
use framewright::{grpc, http1, sse, ws};

const FULL: BufferFull = BufferFull { needed: 4711 };

fn check(error: &dyn Error) -> String {
    let text = error.to_string();
    let first = text.chars().next();
    // Names of headers and of encodings are spelled as they are.
    let name = ["Host", "Content-Length", "Transfer-Encoding", "HTTP", "UTF-8", "CR", "DEFLATE"];
    let name = name.iter().any(|name| text.starts_with(name));
    let name = name || text.starts_with("Sec-WebSocket") || text.starts_with("Upgrade");
    assert!(first.is_some_and(|c| name || !c.is_uppercase()), "{error:?}: {text}");
    assert!(!text.ends_with('.'), "{error:?}: {text}");
    text
}

fn says<E: Error + 'static>(cases: &[(E, &str)]) {
    for (error, number) in cases {
        let text = check(error);
        assert!(text.contains(number), "{error:?}: {text}");
    }
}

#[test]
fn errors_of_the_peer_say_how_much_or_which() {
    says(&[
        (ws::Error::ReservedBits, ""),
        (ws::Error::ReservedOpcode(0xB), "0xB"),
        (ws::Error::FrameTooLong { len: 4711 }, "4711 bytes"),
        (ws::Error::MessageTooLong { len: 4711 }, "4711 bytes"),
        (ws::Error::CloseCodeInvalid(ws::CloseCode(1005)), "1005"),
        (ws::Error::InvalidUtf8, "UTF-8"),
    ]);
    says(&[(http1::Error::BareLf, ""), (http1::Error::RepeatedHost, "Host")]);
    says(&[
        (ws::handshake::Error::Head(http1::Error::RepeatedHost), "Host"),
        (ws::handshake::Error::Key, ""),
    ]);
    says(&[(sse::Error::LineTooLong, "line"), (sse::Error::BufferFull(FULL), "4711 bytes")]);
    says(&[
        (grpc::Error::FlagsUnknown(0x42), "0x42"),
        (grpc::Error::MessageTooLong { len: 4711 }, "4711 bytes"),
        (grpc::Error::TrailersTooLong { len: 4711 }, "4711 bytes"),
        (grpc::Error::SocketControl(0x42), "0x42"),
        (grpc::Error::Http(418), "418"),
        (grpc::Error::Reset(13), "13"),
        (grpc::Error::Truncated, ""),
    ]);
    says(&[(Truncated, "ended")]);
}

#[test]
fn errors_of_the_caller_say_what_would_do() {
    says(&[(FULL, "4711 bytes")]);
    says(&[
        (ws::SendError::BufferFull(FULL), "4711 bytes"),
        (ws::SendError::CloseCodeInvalid(ws::CloseCode(1006)), "1006"),
        (ws::SendError::Closing, ""),
    ]);
    says(&[
        (ws::AssembleError::BufferFull(FULL), "4711 bytes"),
        (ws::AssembleError::Peer(ws::Error::MessageTooLong { len: 4711 }), "4711 bytes"),
        (ws::AssembleError::PartsMixed, ""),
    ]);
    says(&[
        (http1::SendError::Full(FULL), "4711 bytes"),
        (http1::SendError::HeaderName(7), "7"),
        (http1::SendError::HeaderValue(7), "7"),
        (http1::SendError::ReservedHeader(7), "7"),
    ]);
    says(&[
        (ws::handshake::SendError::Head(http1::SendError::HeaderName(7)), "7"),
        (ws::handshake::SendError::Origin, ""),
    ]);
    says(&[(sse::SendError::BufferFull(FULL), "4711 bytes"), (sse::SendError::IdInvalid, "")]);
    says(&[
        (grpc::SendError::BufferFull(FULL), "4711 bytes"),
        (grpc::SendError::MetadataName(7), "7"),
        (grpc::SendError::MetadataReserved(7), "7"),
        (grpc::SendError::MetadataValue(7), "7"),
        (grpc::SendError::Ended, ""),
    ]);
    says(&[
        (grpc::DecodeError::BufferFull(FULL), "4711 bytes"),
        (grpc::DecodeError::Base64, "base64"),
    ]);
}
