//! Status, in the order of PROTOCOL-HTTP2 (*Trailers*, *Errors*), http-grpc-status-mapping.md and
//! statuscodes.md.
#![cfg(feature = "alloc")]

use framewright::grpc::{Code, Error, SendError, Status, StatusMessage, Trailers, Value};
use framewright::http::Headers;
use framewright::http2::ErrorCode;
use framewright::{Buffer, BufferFull, OverLimit, SliceBuf};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

fn parse(lines: &str) -> Option<Status<'_>> {
    Status::parse(Headers::parse_lax(lines.as_bytes()).unwrap())
}

fn written(status: Status<'_>) -> String {
    let mut out = Vec::new();
    Trailers::new(status).write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

// Status → "grpc-status" 1*DIGIT

/// The numbers and names of statuscodes.md.
const CODES: [(&str, &str); 17] = [
    ("0", "OK"),
    ("1", "CANCELLED"),
    ("2", "UNKNOWN"),
    ("3", "INVALID_ARGUMENT"),
    ("4", "DEADLINE_EXCEEDED"),
    ("5", "NOT_FOUND"),
    ("6", "ALREADY_EXISTS"),
    ("7", "PERMISSION_DENIED"),
    ("8", "RESOURCE_EXHAUSTED"),
    ("9", "FAILED_PRECONDITION"),
    ("10", "ABORTED"),
    ("11", "OUT_OF_RANGE"),
    ("12", "UNIMPLEMENTED"),
    ("13", "INTERNAL"),
    ("14", "UNAVAILABLE"),
    ("15", "DATA_LOSS"),
    ("16", "UNAUTHENTICATED"),
];

#[test]
fn each_code_has_a_number_and_a_name() {
    for (at, (number, name)) in CODES.into_iter().enumerate() {
        let code = Code::ALL[at];
        assert_eq!((code as usize, Code::from(at as u32)), (at, code));
        assert_eq!(
            (&*(code as u8).to_string(), code.name(), code.to_string()),
            (number, name, name.into())
        );
        assert_eq!(Code::parse(number.as_bytes()), Some(code));
        assert_eq!(Code::from(at as i32), code);
    }
    for number in [17, 255, 256, u32::MAX] {
        assert_eq!(Code::from(number), Code::Unknown);
    }
    for number in [-1, 17, 256, i32::MIN, i32::MAX] {
        assert_eq!(Code::from(number), Code::Unknown);
    }
}

#[test]
fn a_code_is_a_decimal_number_without_leading_zeros() {
    for value in ["", "17", "00", "01", "-1", "+1", "1 2", "1.", "0x1", "255", "4294967296", "OK"] {
        assert_eq!(Code::parse(value.as_bytes()), None, "{value:?}");
        let headers = [("grpc-status", value.as_bytes())];
        assert_eq!(Status::parse(headers).unwrap().code, Code::Unknown, "{value:?}");
    }
    for value in [" 1", "1 "] {
        assert_eq!(Code::parse(value.as_bytes()), None, "whitespace around it is the header's");
    }
}

/// PROTOCOL-HTTP2, *Status*, *Trailers*.
#[test]
fn a_status_is_found_among_the_trailers() {
    assert_eq!(parse(""), None);
    assert_eq!(parse("grpc-message: no code\r\n"), None);
    let status = parse("x: y\r\nGrpc-Status: 5\r\ngrpc-message: gone\r\n").unwrap();
    assert_eq!((status.code, status.message.to_string()), (Code::NotFound, "gone".into()));
    assert_eq!(status.details, None);
    let others = "grpc-statux: 0\r\ngrpc-messagx: no\r\ngrpc-status-details-bix: AA\r\n";
    assert_eq!(parse(others), None);
    let lines = [others, "grpc-status: 5\r\n"].concat();
    let status = parse(&lines).map(|status| (status.code, status.details));
    assert_eq!(status, Some((Code::NotFound, None)), "names are compared, not their lengths");
    let first = parse("grpc-status: 5\r\ngrpc-status: 0\r\n").unwrap();
    assert_eq!(first.code, Code::NotFound, "the first counts");
    let broken = parse("grpc-status: x\r\ngrpc-message: still\r\n").unwrap();
    assert_eq!((broken.code, broken.message.to_string()), (Code::Unknown, "still".into()));
}

// Status-Message → "grpc-message" Percent-Encoded

#[test]
fn a_message_is_percent_encoded() {
    for (text, encoded) in [
        ("plain ASCII, ~ and !", "plain ASCII, ~ and !"),
        ("100%", "100%25"),
        ("a\tb\r\nc\0\x7F", "a%09b%0D%0Ac%00%7F"),
        ("caf\u{e9}", "caf%C3%A9"),
        ("\u{20ac} \u{1F600}", "%E2%82%AC %F0%9F%98%80"),
        (" spaces ", "%20spaces%20"),
        (" ", "%20"),
        (
            "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1F608}\t\n",
            "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A",
        ),
    ] {
        let expected = format!("grpc-status: 2\r\ngrpc-message: {encoded}\r\n");
        assert_eq!(written(Status::new(Code::Unknown, text)), expected);
        assert_eq!(StatusMessage::Encoded(encoded.as_bytes()).to_string(), text);
    }
    assert_eq!(written(Status::OK), "grpc-status: 0\r\n", "no message, no line");
}

#[test]
fn decoding_never_fails_and_never_drops_a_message() {
    for (encoded, text) in [
        (&b"%"[..], "%"),
        (b"%4", "%4"),
        (b"%4G", "%4G"),
        (b"%%41", "%A"),
        (b"100% sure", "100% sure"),
        (b"lower %c3%a9", "lower \u{e9}"),
        (b"mixed %C3%a9", "mixed \u{e9}"),
        (b"%FF", "\u{FFFD}"),
        (b"a%C3", "a\u{FFFD}"),
        (b"%C3x", "\u{FFFD}x"),
        (b"%E2%82 %AC", "\u{FFFD} \u{FFFD}"),
        (b"%F0%9F%98", "\u{FFFD}"),
        (b"raw \xC3\xA9", "raw \u{e9}"),
        (b"raw \xFF!", "raw \u{FFFD}!"),
        (b"", ""),
    ] {
        assert_eq!(StatusMessage::Encoded(encoded).to_string(), text, "{}", encoded.escape_ascii());
    }
}

#[test]
fn a_message_is_decoded_whole_or_not_at_all() {
    let message = StatusMessage::Encoded(b"caf%C3%A9");
    for room in 0..8 {
        let mut bytes = [0; 8];
        let mut out = SliceBuf::new(&mut bytes[..room]);
        if room >= 1 {
            out.try_append(b">").unwrap();
        }
        let needed = out.as_slice().len() + 5;
        match message.decode(&mut out) {
            Ok(()) => assert_eq!(out.as_slice(), ">caf\u{e9}".as_bytes()),
            Err(e) => {
                assert!(room < 6);
                assert_eq!(e, BufferFull { needed });
                assert_eq!(out.as_slice(), &b">"[..room.min(1)]);
            }
        }
    }
}

/// A proxy passes it on unchanged, and escapes what cannot be sent.
#[test]
fn a_received_message_is_written_unchanged() {
    for (came, goes) in [
        ("caf%c3%a9", "caf%c3%a9"),
        ("100%", "100%25"),
        ("%4", "%254"),
        ("%%41", "%25%41"),
        ("a\tb", "a%09b"),
    ] {
        let message = StatusMessage::Encoded(came.as_bytes());
        let status = Status { message, ..Status::new(Code::Aborted, "") };
        assert_eq!(written(status), format!("grpc-status: 10\r\ngrpc-message: {goes}\r\n"));
    }
}

// grpc-status-details-bin

#[test]
fn details_are_bytes_in_base64() {
    let status = Status::new(Code::NotFound, "gone").with_details(&[0xAB, 0xAB, 0xAB, 1]);
    let lines = "grpc-status: 5\r\ngrpc-message: gone\r\ngrpc-status-details-bin: q6urAQ\r\n";
    assert_eq!(written(status), lines);
    for lines in [lines, "grpc-status:5\r\ngrpc-status-details-bin:q6urAQ==\r\n"] {
        let mut bytes = Vec::new();
        parse(lines).unwrap().details.unwrap().decode(&mut bytes).unwrap();
        assert_eq!(bytes, [0xAB, 0xAB, 0xAB, 1]);
    }
    let broken = parse("grpc-status: 5\r\ngrpc-status-details-bin: @\r\n").unwrap();
    assert!(broken.details.unwrap().decode(&mut Vec::new()).is_err());
    assert_eq!(broken.code, Code::NotFound, "bad details do not change the status");
    let text = Status { details: Some(Value::Text("x")), ..Status::OK };
    assert_eq!(Trailers::new(text).write(&mut Vec::new()), Err(SendError::MetadataValue(0)));
}

// Errors: the mapping from RST_STREAM error codes

/// PROTOCOL-HTTP2, *Errors*; RFC 9113 §7.
#[test]
fn error_codes_of_http_2_are_mapped() {
    let codes = [
        Code::Internal,          // NO_ERROR
        Code::Internal,          // PROTOCOL_ERROR
        Code::Internal,          // INTERNAL_ERROR
        Code::Internal,          // FLOW_CONTROL_ERROR
        Code::Internal,          // SETTINGS_TIMEOUT
        Code::Unknown,           // STREAM_CLOSED, which is listed without a code
        Code::Internal,          // FRAME_SIZE_ERROR
        Code::Unavailable,       // REFUSED_STREAM
        Code::Cancelled,         // CANCEL
        Code::Internal,          // COMPRESSION_ERROR
        Code::Internal,          // CONNECT_ERROR
        Code::ResourceExhausted, // ENHANCE_YOUR_CALM
        Code::PermissionDenied,  // INADEQUATE_SECURITY
        Code::Unknown,           // HTTP_1_1_REQUIRED, which is not listed
    ];
    for (error, code) in codes.into_iter().enumerate() {
        assert_eq!(Code::from(ErrorCode(error as u32)), code, "{error}");
    }
    assert_eq!(Code::from(ErrorCode(u32::MAX)), Code::Unknown);
}

// http-grpc-status-mapping.md

#[test]
fn statuses_of_http_are_mapped() {
    for status in 0..=u16::MAX {
        let code = match status {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 => Code::Unavailable,
            431 => Code::Internal,
            502 => Code::Unavailable,
            503 => Code::Unavailable,
            504 => Code::Unavailable,
            _ => Code::Unknown,
        };
        assert_eq!(Code::from_http(status), code, "{status}");
    }
}

// statuscodes.md

#[test]
fn errors_have_the_codes_that_the_library_may_give() {
    for (error, code) in [
        (Error::FlagsUnknown(2), Code::Internal),
        (Error::CompressedUnexpected, Code::Internal),
        (Error::MessageTooLong(OverLimit::new(2, 1)), Code::ResourceExhausted),
        (Error::TrailersTooLong(OverLimit::new(2, 1)), Code::ResourceExhausted),
        (Error::BufferFull(BufferFull { needed: 1 }), Code::ResourceExhausted),
        (Error::AfterTrailers, Code::Internal),
        (Error::TrailersCompressed, Code::Internal),
        (Error::TrailersMalformed, Code::Unknown),
        (Error::Base64, Code::Internal),
        (Error::SocketControl(2), Code::Internal),
        (Error::SocketHalfClosed, Code::Internal),
        (Error::Truncated, Code::Internal),
        (Error::Method, Code::Unknown),
        (Error::ContentType, Code::Unknown),
        (Error::Subtype, Code::Internal),
        (Error::Path, Code::Unimplemented),
        (Error::Timeout, Code::Internal),
        (Error::EncodingUnsupported, Code::Unimplemented),
        (Error::EncodingNotAccepted, Code::Internal),
        (Error::MessageMissing, Code::Unimplemented),
        (Error::MessageUnexpected, Code::Unimplemented),
        (Error::HeadMissing, Code::Unknown),
        (Error::OutOfOrder, Code::Internal),
        (Error::StatusMissing, Code::Internal),
        (Error::Http(503), Code::Unavailable),
        (Error::Reset(8), Code::Cancelled),
        (Error::Disconnected, Code::Unavailable),
    ] {
        assert_eq!(error.code(), code, "{error}");
        let text = error.to_string();
        assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        let never = [
            Code::InvalidArgument,
            Code::NotFound,
            Code::AlreadyExists,
            Code::FailedPrecondition,
            Code::Aborted,
            Code::OutOfRange,
            Code::DataLoss,
        ];
        assert!(!never.contains(&code), "never given by a library");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_message_comes_back(text in any::<String>(), long in "[a-z\u{e0}-\u{ff}\u{1F600}%]{0,200}") {
        for text in [text, long] {
            let lines = written(Status::new(Code::Internal, &text));
            prop_assert!(lines.bytes().all(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n')));
            let status = parse(&lines).unwrap();
            prop_assert_eq!(status.message.to_string(), &*text);
            let mut decoded = Vec::new();
            status.message.decode(&mut decoded).unwrap();
            prop_assert_eq!(decoded, text.as_bytes());
        }
    }

    /// The naive twin: unescape everything, then decode UTF-8 with `std`.
    #[test]
    fn any_bytes_are_decoded_as_if_seen_whole(
        pieces in proptest::collection::vec(("[%0-9A-Fa-z ]{0,8}", any::<Option<u8>>(), any::<bool>()), 0..40),
    ) {
        let mut raw = Vec::new();
        for (text, byte, escaped) in pieces {
            raw.extend(text.bytes());
            match byte {
                Some(byte) if escaped => raw.extend(format!("%{byte:02X}").bytes()),
                Some(byte) => raw.push(byte),
                None => {}
            }
        }
        let mut bytes = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let hex = raw.get(at + 1..at + 3).filter(|hex| raw[at] == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
            match hex {
                Some(hex) => {
                    bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                    at += 3;
                }
                None => {
                    bytes.push(raw[at]);
                    at += 1;
                }
            }
        }
        let expected = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(StatusMessage::Encoded(&raw).to_string(), &*expected);
    }

    #[test]
    fn any_details_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let lines = written(Status::OK.with_details(&bytes));
        let mut decoded = Vec::new();
        parse(&lines).unwrap().details.unwrap().decode(&mut decoded).unwrap();
        prop_assert_eq!(decoded, bytes);
    }
}

/// PROTOCOL-HTTP2, *Status-Message*: what a server found wrong arrives in the words that it has for it.
#[test]
fn the_text_of_an_error_arrives_whole() {
    for message in [
        StatusMessage::Error(Error::FlagsUnknown(0xFF)),
        StatusMessage::Error(Error::MessageTooLong(OverLimit::new(u64::MAX, u64::MAX))),
        StatusMessage::Error(Error::TrailersTooLong(OverLimit::new(u64::MAX, u64::MAX))),
        StatusMessage::Error(Error::SocketControl(0xFF)),
        StatusMessage::Error(Error::Http(u16::MAX)),
        StatusMessage::Error(Error::Reset(u32::MAX)),
        StatusMessage::UnsupportedEncoding { supported: "" },
        StatusMessage::UnsupportedEncoding { supported: "gzip,100%,%41" },
    ] {
        let lines = written(Status { code: Code::Internal, message, details: None });
        let arrived = parse(&lines).unwrap().message.to_string();
        assert_eq!(arrived, message.to_string());
        assert!(arrived.len() >= 17, "{arrived}");
    }
}
