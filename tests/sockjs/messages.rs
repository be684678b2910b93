//! The messages of clients, however they are cut.
#![cfg(feature = "alloc")]

use crate::common::same_however_cut_twice;
use crate::common::sockjs::{Messages, decode, naive_decode};
use framewright::sockjs::{Error, FormDecoder, Limits, MessageDecoder};

fn request(payload: &[u8]) -> Messages {
    let decoder = MessageDecoder::new_request(Limits::new());
    let got = same_however_cut_twice(payload, |pieces| decode(decoder.clone(), pieces));
    assert_eq!(got, naive_decode(payload, false));
    got
}

fn websocket(payload: &[u8]) -> Messages {
    let decoder = MessageDecoder::new_websocket(Limits::new());
    let got = same_however_cut_twice(payload, |pieces| decode(decoder.clone(), pieces));
    assert_eq!(got, naive_decode(payload, true));
    got
}

// XhrPolling, WebSocket protocols

#[test]
fn messages_are_the_strings_of_an_array() {
    let rows: &[(&str, &[&str])] = &[
        ("[]", &[]),
        (" [ ] \r\n\t", &[]),
        (r#"["a"]"#, &["a"]),
        (r#"["a","","b"]"#, &["a", "", "b"]),
        (r#"[" a b "]"#, &[" a b "]),
        (" [ \"a\" ,\t\"b\"\r\n] ", &["a", "b"]),
        (r#"["\"\\\/\b\f\n\r\t"]"#, &["\"\\/\u{8}\u{C}\n\r\t"]),
        (r#"["\u0000\u0041\u00e9\u20AC\uffff"]"#, &["\0A\u{E9}\u{20AC}\u{FFFF}"]),
        (r#"["\ud83d\ude00"]"#, &["\u{1F600}"]),
        (r#"["a\ud83d\ude00b\ud83d\ude00"]"#, &["a\u{1F600}b\u{1F600}"]),
        ("[\"\u{E9}\u{20AC}\u{1F600}\u{7F}\"]", &["\u{E9}\u{20AC}\u{1F600}\u{7F}"]),
    ];
    for (payload, expected) in rows {
        let expected = (expected.iter().map(|&text| text.to_owned()).collect(), Ok(()));
        assert_eq!(request(payload.as_bytes()), expected, "{payload}");
        assert_eq!(websocket(payload.as_bytes()), expected, "{payload}");
    }
}

#[test]
fn half_of_a_surrogate_pair_is_replaced() {
    let rows = [
        (r"\ud83d", "\u{FFFD}"),
        (r"\ude00", "\u{FFFD}"),
        (r"\ud83dx", "\u{FFFD}x"),
        (r"\ud83d\n", "\u{FFFD}\n"),
        (r"\ud83d\u0041", "\u{FFFD}A"),
        (r"\ud83d\ud83d\ude00", "\u{FFFD}\u{1F600}"),
        (r"\ude00\ud83d", "\u{FFFD}\u{FFFD}"),
        (r"\ud83d\ud83d\ud83d\\", "\u{FFFD}\u{FFFD}\u{FFFD}\\"),
    ];
    for (inside, expected) in rows {
        let payload = format!("[\"{inside}\"]");
        assert_eq!(request(payload.as_bytes()), (vec![expected.to_owned()], Ok(())), "{inside}");
    }
}

#[test]
fn only_websocket_has_messages_without_an_array_or_without_anything() {
    assert_eq!(request(b""), (vec![], Err(Error::PayloadMissing)));
    assert_eq!(request(b" "), (vec![], Err(Error::Json)));
    assert_eq!(request(br#""a""#), (vec![], Err(Error::Json)));
    assert_eq!(websocket(b""), (vec![], Ok(())));
    assert_eq!(websocket(b" "), (vec![], Ok(())));
    assert_eq!(websocket(br#""""#), (vec![String::new()], Ok(())));
    assert_eq!(websocket(br#" "a\u0062" "#), (vec!["ab".to_owned()], Ok(())));
    assert_eq!(websocket(br#""a","b""#), (vec!["a".to_owned()], Err(Error::Json)));
}

#[test]
fn anything_else_is_broken() {
    let payloads: &[&[u8]] = &[
        b"[",
        b"[\"x",
        b"[\"x\"",
        b"[\"x\",",
        b"[\"x\",]",
        b"[,\"x\"]",
        b"[\"x\" \"y\"]",
        b"[\"x\"]]",
        b"[\"x\"] x",
        b"]",
        b"{}",
        b"null",
        b"1",
        b"[1]",
        b"[null]",
        b"[true]",
        b"[{}]",
        b"[[\"x\"]]",
        b"['x']",
        b"[\"\\x\"]",
        b"[\"\\u12\"]",
        b"[\"\\u12g4\"]",
        b"[\"\\u+123\"]",
        b"[\"\\ud83d\\u12\"]",
        b"[\"\\ud83d\\x\"]",
        b"[\"a\nb\"]",
        b"[\"\0\"]",
        b"[\"\x1F\"]",
        b"[\"\xFF\"]",
        b"[\"\xC3\"]",
        b"[\"\xC3\\n\"]",
        b"[\"\xED\xA0\x80\"]",
        b"[\"\\\"]",
        b"\xEF\xBB\xBF[\"x\"]",
        b"[\"x\"]\0",
        b"\x0B[]",
    ];
    for payload in payloads {
        assert_eq!(request(payload).1, Err(Error::Json), "{}", payload.escape_ascii());
        assert_eq!(websocket(payload).1, Err(Error::Json), "{}", payload.escape_ascii());
    }
}

#[test]
fn the_bytes_of_a_payload_are_limited() {
    let payload = br#" ["\ud83dab","\u20ac"] "#;
    let (all, _) = naive_decode(payload, false);
    for limit in 0..payload.len() as u64 + 2 {
        let decoder = MessageDecoder::new_request(Limits::new().max_payload_len(limit));
        let got = same_however_cut_twice(payload, |pieces| decode(decoder.clone(), pieces));
        if limit < payload.len() as u64 {
            assert_eq!(got.1, Err(Error::PayloadTooLong { limit }));
            assert!(all.starts_with(&got.0));
        } else {
            assert_eq!(got, (all.clone(), Ok(())));
        }
    }
}

#[test]
fn a_whole_message_comes_in_one_chunk() {
    let mut payload = br#"["one\n\u20ac\ud83d\ude00","two"]"#.to_vec();
    let mut input = &mut payload[..];
    let mut decoder = MessageDecoder::new_request(Limits::new());
    let first = decoder.decode(&mut input).unwrap().unwrap();
    assert!(first.is_whole());
    assert_eq!(first.bytes, "one\n\u{20AC}\u{1F600}".as_bytes());
    let second = decoder.decode(&mut input).unwrap().unwrap();
    assert!(second.is_whole());
    assert_eq!(second.bytes, b"two");
    assert_eq!(decoder.decode(&mut input), Ok(None));
    assert_eq!(decoder.check_eof(), Ok(()));
}

/// Nothing is held back that is known.
#[test]
fn a_character_whose_escape_came_in_pieces_needs_no_further_input() {
    let mut decoder = MessageDecoder::new_request(Limits::new());
    let mut got = Vec::new();
    for piece in [r#"["\u20"#, "ac"] {
        assert!(got.is_empty());
        let mut piece = piece.to_owned().into_bytes();
        let mut input = &mut piece[..];
        while let Some(chunk) = decoder.decode(&mut input).unwrap() {
            got.extend_from_slice(chunk.bytes);
        }
    }
    assert_eq!(got, "\u{20AC}".as_bytes());
}

#[test]
fn errors_say_what_the_client_is_told() {
    let too_long = Error::PayloadTooLong { limit: 7 };
    assert_eq!(Error::PayloadMissing.status(), 500);
    assert_eq!(Error::PayloadMissing.body(), "Payload expected.");
    assert_eq!(Error::Json.status(), 500);
    assert_eq!(Error::Json.body(), "Broken JSON encoding.");
    assert_eq!(too_long.status(), 413);
    assert_eq!(Error::Json.close(), (3000, "Broken framing."));
    assert_eq!(Error::PayloadMissing.close(), (3000, "Broken framing."));
    assert_eq!(too_long.close().0, 1009);
}

fn form(body: &[u8]) -> Result<Vec<u8>, Error> {
    same_however_cut_twice(body, |pieces| {
        let mut decoder = FormDecoder::new();
        let mut value = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                match decoder.decode(&mut input) {
                    Ok(Some(part)) => value.extend_from_slice(part),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(decoder.check_eof(), Err(error), "it is final");
                        return Err(error);
                    }
                }
            }
            assert!(input.is_empty());
        }
        decoder.check_eof().map(|()| value)
    })
}

// JsonpPolling

#[test]
fn a_form_has_the_payload_in_one_field() {
    let rows: &[(&str, &str)] = &[
        ("", ""),
        ("d=", ""),
        ("p=p", ""),
        ("d", ""),
        ("d&d=x", "x"),
        ("dd=x&d=y", "y"),
        ("a=d=x&b&d=y&d=z", "y"),
        ("d=%5B%22x%22%5D", "[\"x\"]"),
        ("d=a+b%2Bc%2b", "a b+c+"),
        ("d=a=b", "a=b"),
        ("d=%C3%A9%00", "\u{E9}\0"),
        ("D=x", ""),
        ("=d&d=1", "1"),
    ];
    for (body, expected) in rows {
        assert_eq!(form(body.as_bytes()), Ok(expected.as_bytes().to_vec()), "{body}");
    }
    for body in ["d=%", "d=%5", "d=%5x", "d=%x5", "d=a%zz&b", "d=%5&"] {
        assert_eq!(form(body.as_bytes()), Err(Error::Json), "{body}");
    }
}
