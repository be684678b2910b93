//! What only gRPC-Web has, in the order of PROTOCOL-WEB: text-encoded streams; then the framing
//! over WebSocket of `@improbable-eng/grpc-web`.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use framewright::grpc::web::{SocketDecoder, SocketPart, TextDecoder, encode_text};
use framewright::grpc::{Decoder, Error, Frame, Limits};
use framewright::http::Headers;
use framewright::{Buffer, BufferFull, Chunk, SliceBuf, Truncated};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

/// Decodes `pieces` of base64, and returns whether the body may end there.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Result<(), Error>, Result<(), Truncated>) {
    let mut text = TextDecoder::new();
    let mut decoded = Vec::new();
    for piece in pieces {
        let mut buf = piece.to_vec();
        let begins = buf.as_ptr();
        let mut input = &mut buf[..];
        loop {
            match text.decode(&mut input) {
                Ok(Some(bytes)) => {
                    assert!(!bytes.is_empty() && bytes.len() <= piece.len());
                    assert_eq!(bytes.as_ptr(), begins, "decoded in place");
                    decoded.extend_from_slice(bytes);
                }
                Ok(None) => break assert!(input.is_empty()),
                Err(e) => {
                    assert!(input.is_empty());
                    assert_eq!(
                        text.decode(&mut &mut *b"AAAA".to_vec()),
                        Err(e),
                        "an error is final"
                    );
                    return (decoded, Err(e), text.check_eof());
                }
            }
        }
    }
    (decoded, Ok(()), text.check_eof())
}

fn all(text: &[u8]) -> (Vec<u8>, Result<(), Error>, Result<(), Truncated>) {
    same_however_split(text, decode)
}

// Text-encoded streams

/// RFC 4648 §10.
const VECTORS: [(&str, &str); 7] = [
    ("", ""),
    ("f", "Zg=="),
    ("fo", "Zm8="),
    ("foo", "Zm9v"),
    ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
];

#[test]
fn the_vectors_of_rfc_4648_are_decoded_and_encoded() {
    for (bytes, text) in VECTORS {
        assert_eq!(all(text.as_bytes()), (bytes.into(), Ok(()), Ok(())));
        let mut out = Vec::new();
        encode_text(bytes.as_bytes(), &mut out).unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(naive_encode(bytes.as_bytes()), text);
    }
}

#[test]
fn padding_may_come_anywhere_in_the_stream() {
    for (text, bytes) in
        [("Zg==Zg==", "ff"), ("Zg==Zm8=Zm9v", "ffofoo"), ("Zm8=Zm9vZg==Zm9vYmFy", "fofooffoobar")]
    {
        assert_eq!(all(text.as_bytes()), (bytes.into(), Ok(()), Ok(())));
    }
}

/// The output of a server in Go and one in Rust: padding after the message.
#[test]
fn what_real_peers_sent_is_decoded() {
    let text = b"AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogMA0K";
    let bytes = b"\0\0\0\0\x02\x08\x01\x80\0\0\0\x10grpc-status: 0\r\n";
    assert_eq!(all(text), (bytes.to_vec(), Ok(()), Ok(())));
    // They refuse padding inside a prefix.
    assert_eq!(all(b"AAAAAAM=CgF4"), (b"\0\0\0\0\x03\x0A\x01x".to_vec(), Ok(()), Ok(())));
}

#[test]
fn invalid_base64_is_refused_after_the_valid_part() {
    for (text, bytes) in [
        (&b"Zg=X"[..], &b"f"[..]),
        (b"Zm9v=", b"foo"),
        (b"Z===", b""),
        (b"=", b""),
        (b"====", b""),
        (b"Zg===", b"f"),
        (b"Zm8==", b"fo"),
        (b"Zm9v\n", b"foo"),
        (b"Zm9v Zm9v", b"foo"),
        (b"Zm9\r\n", b"fo"),
        (b"-_", b""),
        (b"Zm9v\xFF", b"foo"),
        (b"Zm9\0", b"fo"),
    ] {
        assert_eq!(
            all(text),
            (bytes.into(), Err(Error::Base64), Ok(())),
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn a_body_ends_after_a_whole_group() {
    for (text, bytes) in
        [("Z", ""), ("Zg", "f"), ("Zg=", "f"), ("Zm8", "fo"), ("Zm9vZ", "foo"), ("Zg==Zm8", "ffo")]
    {
        assert_eq!(all(text.as_bytes()), (bytes.into(), Ok(()), Err(Truncated)), "{text}");
    }
}

#[test]
fn the_last_bits_do_not_matter() {
    assert_eq!(all(b"Zh=="), (b"f".into(), Ok(()), Ok(())));
    assert_eq!(all(b"Zm9="), (b"fo".into(), Ok(()), Ok(())));
}

#[test]
fn a_byte_is_out_as_soon_as_its_bits_are_in() {
    let mut text = TextDecoder::new();
    let out: [&[u8]; 12] = [b"", b"f", b"o", b"o", b"", b"f", b"", b"", b"", b"f", b"o", b""];
    for (symbol, out) in b"Zm9vZg==Zm8=".iter().zip(out) {
        let mut buf = [*symbol];
        let decoded = text.decode(&mut &mut buf[..]).unwrap();
        assert_eq!(decoded.unwrap_or_default(), out);
    }
}

/// The same for streams long enough to be decoded in blocks.
#[test]
fn long_streams_are_decoded_wherever_they_are_padded_or_broken() {
    let bytes: Vec<u8> = (0..3000_u32).map(|i| (i * i % 251) as u8).collect();
    let whole = naive_encode(&bytes);
    assert_eq!(decode(&[whole.as_bytes()]), (bytes.clone(), Ok(()), Ok(())));
    for piece in [1, 2, 3, 47, 191, 192, 193, 1000] {
        let text: String = bytes.chunks(piece).map(naive_encode).collect();
        let expected = (bytes.clone(), Ok(()), Ok(()));
        assert_eq!(decode(&[text.as_bytes()]), expected, "padded every {piece} bytes");
        for at in [1, 2, 3, 5, 255, 256, 257, 1001] {
            let (a, b) = text.as_bytes().split_at(at);
            assert_eq!(decode(&[a, b]), expected, "padded every {piece} bytes, cut at {at}");
        }
    }
    for at in [0_usize, 1, 2, 3, 254, 255, 256, 257, 258, 259, 3998, 3999] {
        let mut text = whole.clone().into_bytes();
        text[at] = b'*';
        let (decoded, error, _) = decode(&[&text]);
        assert_eq!(
            (decoded.len(), error),
            (at / 4 * 3 + (at % 4).saturating_sub(1), Err(Error::Base64))
        );
        assert_eq!(decoded, bytes[..decoded.len()]);
    }
}

#[test]
fn text_is_written_whole_or_not_at_all() {
    for room in 0..9 {
        let mut bytes = [0; 9];
        let mut out = SliceBuf::new(&mut bytes[..room]);
        match encode_text(b"foob", &mut out) {
            Ok(()) => assert_eq!(out.as_slice(), b"Zm9vYg=="),
            Err(e) => {
                assert_eq!((e, out.as_slice()), (BufferFull { needed: 8 }, &b""[..]));
                assert!(room < 8);
            }
        }
    }
}

// Over WebSocket

#[derive(Clone, Debug, Eq, PartialEq)]
enum Got {
    Head(Vec<u8>, bool),
    Data(Vec<u8>),
    HalfClose,
}

/// Decodes messages that come in chunks.
fn socket(messages: &[&[&[u8]]]) -> (Vec<Got>, Result<(), Error>) {
    let mut socket = SocketDecoder::new();
    let mut got: Vec<Got> = Vec::new();
    for chunks in messages {
        for (at, bytes) in chunks.iter().enumerate() {
            let chunk = Chunk { bytes, start: at == 0, end: at + 1 == chunks.len() };
            match (socket.decode(chunk), got.last_mut()) {
                (Ok(None), _) => {}
                (Ok(Some(SocketPart::Head(chunk))), Some(Got::Head(bytes, end))) => {
                    bytes.extend(chunk.bytes);
                    *end = chunk.end;
                }
                (Ok(Some(SocketPart::Head(chunk))), _) => {
                    got.push(Got::Head(chunk.bytes.to_vec(), chunk.end));
                }
                (Ok(Some(SocketPart::Data(data))), Some(Got::Data(bytes))) => bytes.extend(data),
                (Ok(Some(SocketPart::Data(data))), _) => got.push(Got::Data(data.to_vec())),
                (Ok(Some(SocketPart::HalfClose)), _) => got.push(Got::HalfClose),
                (Err(e), _) => {
                    assert_eq!(socket.decode(Chunk::whole(b"\0")), Err(e), "an error is final");
                    return (got, Err(e));
                }
            }
        }
    }
    (got, Ok(()))
}

/// However each message is cut into chunks.
fn socket_however_split(messages: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    let whole: Vec<[&[u8]; 1]> = messages.iter().map(|message| [*message]).collect();
    let whole: Vec<&[&[u8]]> = whole.iter().map(|message| &message[..]).collect();
    let expected = socket(&whole);
    for at in 0..10 {
        let cut: Vec<[&[u8]; 3]> = messages
            .iter()
            .map(|message| {
                let (a, b) = message.split_at(at.min(message.len()));
                [a, &[], b]
            })
            .collect();
        let cut: Vec<&[&[u8]]> = cut.iter().map(|message| &message[..]).collect();
        assert_eq!(socket(&cut), expected, "cut at {at}");
    }
    expected
}

#[test]
fn a_client_over_websocket_sends_a_head_then_data_then_the_end() {
    let head = b"content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n";
    let messages: [&[u8]; 6] =
        [head, b"\0\0\0\0\0\x02\x08\x01", b"", b"\0\0\0", b"\0\0\0\0", b"\x01"];
    let expected = vec![
        Got::Head(head.to_vec(), true),
        Got::Data(b"\0\0\0\0\x02\x08\x01\0\0\0\0\0".to_vec()),
        Got::HalfClose,
    ];
    assert_eq!(socket_however_split(&messages), (expected, Ok(())));
}

#[test]
fn what_no_such_client_sends_is_refused() {
    let head: &[u8] = b"a: b\r\n";
    let got = Got::Head(head.to_vec(), true);
    for byte in [2, 0x80, 0xFF] {
        let error = Err(Error::SocketControl(byte));
        assert_eq!(socket_however_split(&[head, &[byte]]), (vec![got.clone()], error));
        assert_eq!(socket_however_split(&[head, &[byte, 0, 0]]), (vec![got.clone()], error));
    }
    let over = vec![got, Got::HalfClose];
    for late in [&b"\0\0"[..], b"\x01", b"\x05"] {
        let error = Err(Error::SocketHalfClosed);
        assert_eq!(socket_however_split(&[head, b"\x01", late]), (over.clone(), error));
    }
    assert_eq!(socket_however_split(&[head, b"\x01", b""]), (over, Ok(())));
    let (_, error) = socket_however_split(&[head, b"\x01x"]);
    assert_eq!(error, Err(Error::SocketControl(1)), "data begin with 0");
}

/// The output of its server in Go, which sends prefixes apart from what follows them.
#[test]
fn what_a_real_server_sent_over_websocket_is_decoded() {
    let head = "Content-Type: application/grpc+proto\r\nTrailer: Grpc-Status\r\nTrailer: Grpc-Message\r\nTrailer: Grpc-Status-Details-Bin\r\n";
    let len = (head.len() as u32).to_be_bytes();
    let messages: [&[u8]; 7] = [
        &[0x80],
        &len,
        head.as_bytes(),
        b"\0\0\0\0\x02",
        b"\x08\x01",
        b"\x80\0\0\0\x10",
        b"grpc-status: 0\r\n",
    ];
    let frames = same_however_split(&messages.concat(), |pieces| {
        let mut decoder = Decoder::new(Limits::new()).with_head_and_trailers();
        let mut frames: Vec<(Frame, Vec<u8>)> = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(part) = decoder.decode(&mut input).unwrap() {
                if part.chunk().start {
                    frames.push((part.frame(), Vec::new()));
                }
                frames.last_mut().unwrap().1.extend(part.chunk().bytes);
            }
        }
        frames
    });
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0].0, Frame::Head);
    let fields = Headers::parse_lax(&frames[0].1).unwrap();
    assert_eq!(fields.get("content-type"), Some(&b"application/grpc+proto"[..]));
    assert_eq!(fields.get_all("trailer").count(), 3);
    assert_eq!(frames[1], (Frame::Message, b"\x08\x01".to_vec()));
    assert_eq!(frames[2], (Frame::Trailers, b"grpc-status: 0\r\n".to_vec()));
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bit by bit, as RFC 4648 §4 describes it.
fn naive_encode(bytes: &[u8]) -> String {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|b| (0..8).rev().map(move |bit| b >> bit & 1)).collect();
    let six = |bits: &[u8]| (0..6).fold(0, |n, at| n << 1 | bits.get(at).copied().unwrap_or(0));
    let mut text: String =
        bits.chunks(6).map(|bits| ALPHABET[six(bits) as usize] as char).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// A decoder that sees the whole text, group by group.
fn naive(text: &[u8]) -> (Vec<u8>, Result<(), Error>, Result<(), Truncated>) {
    let mut out = Vec::new();
    for group in text.chunks(4) {
        let mut bits = Vec::new();
        let mut error = false;
        let mut padding = 0;
        for (at, symbol) in group.iter().enumerate() {
            match ALPHABET.iter().position(|known| known == symbol) {
                Some(six) if padding == 0 => bits.extend((0..6).rev().map(|bit| six >> bit & 1)),
                None if *symbol == b'=' && at >= 2 => padding += 1,
                _ => {
                    error = true;
                    break;
                }
            }
        }
        out.extend(
            bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |n, bit| n << 1 | *bit as u8)),
        );
        if error {
            return (out, Err(Error::Base64), Ok(()));
        }
        if group.len() < 4 {
            return (out, Ok(()), Err(Truncated));
        }
    }
    (out, Ok(()), Ok(()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_decoder_agrees_with_one_that_sees_the_whole_text(
        text in "([A-Za-z0-9+/]{4}|[A-Z]{2}==|[a-z]{3}=){0,8}[A-Za-z0-9+/=*]{0,6}",
    ) {
        prop_assert_eq!(all(text.as_bytes()), naive(text.as_bytes()));
    }

    #[test]
    fn long_texts_too(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..700), 0..5),
        broken in proptest::option::of((any::<proptest::sample::Index>(), any::<u8>())),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut text = Vec::new();
        for piece in &pieces {
            let before = text.len();
            encode_text(piece, &mut text).unwrap();
            let expected = naive_encode(piece);
            prop_assert_eq!(&text[before..], expected.as_bytes());
        }
        if let Some((at, byte)) = broken && !text.is_empty() {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let (a, b) = text.split_at(cut.index(text.len() + 1));
        let decoded = decode(&[a, b]);
        if broken.is_none() {
            prop_assert_eq!(&decoded.0, &pieces.concat());
        }
        prop_assert_eq!(decoded, naive(&text));
    }

    #[test]
    fn nothing_makes_the_socket_panic(
        messages in proptest::collection::vec(proptest::collection::vec(0..4_u8, 0..4), 0..6),
    ) {
        let messages: Vec<&[u8]> = messages.iter().map(|message| &message[..]).collect();
        let _got = socket_however_split(&messages);
    }
}
