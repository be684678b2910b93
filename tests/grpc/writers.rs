//! Every writer at the edges of its values, read by a parser that knows the grammar of PROTOCOL-HTTP2 and
//! nothing of this crate.
#![cfg(feature = "alloc")]

use core::time::Duration;

use framewright::grpc::{
    CallKind, ClientRequest, Code, ContentType, Encodings, Framing, Path, Request, ResponseHead,
    SendError, ServerConfig, Status, StatusMessage, Subtype, Timeout, Trailers, Value,
};

/// The grammar, rule by rule.
mod grammar {
    /// Checks lines of a head or of trailers, and returns them.
    pub fn lines(text: &[u8]) -> Vec<(String, String)> {
        let text = std::str::from_utf8(text).unwrap();
        let lines: Vec<_> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.iter().map(|line| line.len() + 2).sum::<usize>(), text.len());
        let mut found = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a name, a colon and a space");
            assert!(!value.starts_with(' ') && !value.ends_with(' '), "{line:?}");
            assert!(value.bytes().all(|b| (0x20..=0x7E).contains(&b)), "{line:?}");
            header(name, value);
            found.push((name.to_owned(), value.to_owned()));
        }
        found
    }

    fn header(name: &str, value: &str) {
        let valid = match name {
            "grpc-timeout" => timeout(value),
            "te" => value == "trailers",
            "content-type" | "accept" => content_type(value),
            "grpc-encoding" => content_coding(value),
            "grpc-accept-encoding" => value.split(',').all(|one| content_coding(one.trim())),
            "user-agent" | "x-user-agent" => !value.is_empty(),
            "x-grpc-web" => value == "1",
            "grpc-status" => {
                value.parse::<u8>().is_ok_and(|code| code.to_string() == value && code <= 16)
            }
            "grpc-message" => percent_encoded(value),
            "allow" => value == "POST",
            name => header_name(name) && (!name.ends_with("-bin") || base64(value)),
        };
        assert!(valid, "{name}: {value}");
    }

    /// TimeoutValue → {positive integer as ASCII string of at most 8 digits}
    fn timeout(value: &str) -> bool {
        let (digits, unit) = value.split_at(value.len() - 1);
        matches!(unit, "H" | "M" | "S" | "m" | "u" | "n")
            && (1..=8).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && digits.parse::<u32>().is_ok_and(|value| value > 0)
    }

    fn content_type(value: &str) -> bool {
        let (media_type, subtype) = match value.split_once('+') {
            Some((media_type, subtype)) => (media_type, Some(subtype)),
            None => (value, None),
        };
        ["application/grpc", "application/grpc-web", "application/grpc-web-text"]
            .contains(&media_type)
            && subtype.is_none_or(content_coding)
    }

    fn content_coding(value: &str) -> bool {
        let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !value.is_empty() && value.bytes().all(tchar)
    }

    fn percent_encoded(value: &str) -> bool {
        let mut bytes = value.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
                if !hex(bytes.next()) || !hex(bytes.next()) {
                    return false;
                }
            }
        }
        !value.is_empty()
    }

    fn header_name(name: &str) -> bool {
        let valid = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || b"_-.".contains(&b);
        !name.is_empty() && name.bytes().all(valid) && !name.starts_with("grpc-")
            || name == "grpc-status-details-bin"
    }

    fn base64(value: &str) -> bool {
        let symbols = value.trim_end_matches('=');
        let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        symbols.bytes().all(valid) && symbols.len() % 4 != 1
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), SendError>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    grammar::lines(&out)
}

fn value_of<'l>(lines: &'l [(String, String)], name: &str) -> Option<&'l str> {
    lines.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
}

const PATH: &str = "/p.S/M";

fn metadata<'a>(long: &'a str, bytes: &'a [u8]) -> Vec<Vec<(&'a str, Value<'a>)>> {
    vec![
        vec![],
        vec![("x", Value::Text(""))],
        vec![("x", Value::Text(long)), ("x", Value::Text("!"))],
        vec![("x-bin", Value::Bytes(b"")), ("x-bin", Value::Base64(b""))],
        vec![("X-Bin", Value::Bytes(bytes)), ("-bin", Value::Base64(b"AQI="))],
    ]
}

/// PROTOCOL-HTTP2, *Timeout*, *TimeoutValue*.
#[test]
fn a_timeout_is_positive_and_of_at_most_8_digits() {
    let second = Duration::from_secs(1);
    let mut durations = vec![Duration::ZERO, Duration::from_nanos(1), Duration::MAX];
    for unit in [1, 1000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000_u64] {
        for value in [1, 2, 9, 99_999_998, 99_999_999, 100_000_000, 100_000_001_u32] {
            let at = Duration::from_nanos(unit).saturating_mul(value);
            let near =
                [at.saturating_sub(Duration::from_nanos(1)), at, at + Duration::from_nanos(1)];
            durations.extend(near);
            durations.push(at.saturating_add(second));
        }
    }
    for duration in durations {
        let request =
            ClientRequest::new(Path::parse(PATH).unwrap()).timeout(Timeout::from(duration));
        written(|out| request.write(out));
    }
    for received in ["0n", "0H", "00000000S", "00000001S", "99999999H"] {
        let timeout = Timeout::parse(received.as_bytes()).unwrap();
        let request = ClientRequest::new(Path::parse(PATH).unwrap()).timeout(timeout);
        assert!(value_of(&written(|out| request.write(out)), "grpc-timeout").is_some());
    }
}

/// PROTOCOL-HTTP2, *Requests*; PROTOCOL-WEB, *Content-Type*.
#[test]
fn a_request_follows_the_grammar_whatever_is_empty() {
    let (long, bytes) = ("~".repeat(10_000), vec![0xFF; 10_000]);
    let subtypes = ["", "proto", "a", "a23456789012345678901234567890b"];
    for framing in [Framing::Grpc, Framing::Web, Framing::WebText] {
        for subtype in subtypes {
            let subtype = Subtype::new(subtype).unwrap();
            for metadata in metadata(&long, &bytes) {
                for agent in [None, Some(""), Some("a"), Some(&long[..])] {
                    for encodings in [&[][..], &["identity"], &["gzip", "deflate"]] {
                        let encodings = Encodings::new(encodings).unwrap();
                        let mut request = ClientRequest::new(Path::parse(PATH).unwrap())
                            .content_type(ContentType { framing, subtype })
                            .metadata(&metadata)
                            .accept_encodings(encodings);
                        if let Some(agent) = agent {
                            request = request.user_agent(agent);
                        }
                        let lines = written(|out| request.write(out));
                        let name =
                            if framing == Framing::Grpc { "user-agent" } else { "x-user-agent" };
                        let expected = agent.filter(|agent| !agent.is_empty());
                        assert_eq!(value_of(&lines, name), expected);
                        let list = value_of(&lines, "grpc-accept-encoding");
                        assert_eq!(list.is_some(), !encodings.as_str().is_empty());
                    }
                }
            }
        }
    }
}

/// PROTOCOL-HTTP2, *Response-Headers*, *Trailers*, *Trailers-Only*.
#[test]
fn a_response_follows_the_grammar_whatever_is_empty() {
    let (long, bytes) = ("~".repeat(10_000), vec![0xFF; 10_000]);
    let messages = [
        StatusMessage::Text(""),
        StatusMessage::Text(" "),
        StatusMessage::Text("%"),
        StatusMessage::Text("\0\u{7f}\u{10FFFF}"),
        StatusMessage::Text(&long),
        StatusMessage::Encoded(b""),
        StatusMessage::Encoded(b"%41%"),
        StatusMessage::Encoded(b"%4"),
        StatusMessage::Encoded(b"% 4\xFF"),
        StatusMessage::MalformedCode(b""),
        StatusMessage::MalformedCode(b"%\0"),
    ];
    let details = [
        None,
        Some(Value::Bytes(b"")),
        Some(Value::Bytes(&bytes)),
        Some(Value::Base64(b"")),
        Some(Value::Base64(b"A")),
    ];
    for message in messages {
        for details in details {
            for metadata in metadata(&long, &bytes) {
                for code in [Code::Ok, Code::Unauthenticated] {
                    let status = Status { code, message, details };
                    let trailers = Trailers::new(status).metadata(&metadata);
                    written(|out| trailers.write(out));
                    let list = [("content-type", &b"application/grpc"[..])];
                    let request = Request::parse("POST", PATH, list).unwrap();
                    written(|out| request.refuse(status).write(out));
                    for head_first in [false, true] {
                        let mut call = request
                            .accept(CallKind::BidiStreaming, &ServerConfig::new(), 0)
                            .unwrap();
                        if head_first {
                            let head = ResponseHead::new().metadata(&metadata);
                            written(|out| call.send_head(head, out));
                        }
                        written(|out| call.finish(trailers, out));
                    }
                }
            }
        }
    }
}
