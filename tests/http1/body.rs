//! Bodies of HTTP/1.1 messages, in the order of RFC 9112: §6 and §7.

use crate::common::http1::{Got, NaiveLimits, State, WIDE, decode, naive};
use crate::common::same_however_split;
use framewright::http::{Headers, NO_FIELDS};
use framewright::http1::{
    Body, BodyDecoder, BodyEncoder, BodyPart, ChunkHeader, Decoded, Error, HeadReader, Limits,
    RequestWriter, ResponseWriter, SendError, Version,
};
use framewright::{Buffer, BufferFull, Chunk, OverLimit, SliceBuf};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

fn all(body: Body, limits: Limits, bytes: impl AsRef<[u8]>) -> Got {
    same_however_split(bytes.as_ref(), |pieces| decode(body, limits, pieces))
}

fn chunked(bytes: impl AsRef<[u8]>) -> Got {
    all(Body::Chunked, Limits::new(), bytes)
}

fn complete(body: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Got {
    let (body, rest) = (body.as_ref().to_vec(), rest.as_ref().to_vec());
    Got { body, rest, result: Ok(State::Complete) }
}

fn incomplete(body: impl AsRef<[u8]>) -> Got {
    Got { result: Ok(State::Truncated), ..complete(body, "") }
}

fn refused(body: impl AsRef<[u8]>, error: Error) -> Got {
    Got { result: Err(error), ..complete(body, "") }
}

// §6.2 Content-Length, §6.3 Message Body Length

#[test]
fn a_body_of_known_length_is_complete_with_its_last_byte() {
    let next = "GET / HTTP/1.1\r\n";
    for (len, bytes, expected) in [
        (5, format!("hello{next}"), complete("hello", next)),
        (5, "hello".into(), complete("hello", "")),
        (5, "hell".into(), incomplete("hell")),
        (1, "hello".into(), complete("h", "ello")),
        (0, next.into(), complete("", next)),
        (u64::MAX, "hello".into(), incomplete("hello")),
        (1 << 32, "hello".into(), incomplete("hello")),
        (5, "\r\n\0\u{e9}".into(), complete("\r\n\0\u{e9}", "")),
    ] {
        assert_eq!(all(Body::Len(len), Limits::new(), bytes), expected, "{len}");
    }
}

fn part(decoded: Result<Decoded<'_>, Error>) -> BodyPart<'_> {
    match decoded {
        Ok(Decoded::Part(part)) => part,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_absent_body_is_complete_before_anything_is_read() {
    let mut decoder = BodyDecoder::new(Body::Len(0), Limits::new());
    assert_eq!(decoder.check_eof(), Ok(()));
    let part = part(decoder.decode(&mut &mut [][..]));
    assert!(part.bytes.is_empty() && part.start && part.end);
    assert!(decoder.is_complete());
    assert_eq!(decoder.decode(&mut &mut [][..]), Ok(Decoded::Complete));
}

#[test]
fn a_body_until_close_takes_everything_and_may_end_anywhere() {
    for bytes in ["", "x", "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"] {
        let expected = Got { result: Ok(State::Open), ..complete(bytes, "") };
        assert_eq!(all(Body::UntilClose, Limits::new(), bytes), expected);
    }
}

#[test]
fn a_part_is_borrowed_from_the_input_and_knows_its_place() {
    let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
    let mut bytes = *b"5\r\nhello\r\n6;a=b\r\n wo";
    let range = bytes.as_ptr_range();
    let mut input = &mut bytes[..];
    let hello = part(decoder.decode(&mut input));
    let wo = part(decoder.decode(&mut input));
    assert_eq!(decoder.decode(&mut input), Ok(Decoded::NeedMore));
    // Both can be held at the same time, and are mutable.
    hello.bytes.make_ascii_uppercase();
    assert!(range.contains(&hello.bytes.as_ptr()) && range.contains(&wo.bytes.as_ptr()));
    let (hello, wo) = (Chunk::from(hello), Chunk::from(wo));
    assert_eq!((hello.bytes, hello.start, hello.end), (&b"HELLO"[..], true, false));
    assert_eq!((wo.bytes, wo.start, wo.end), (&b" wo"[..], false, false));
    assert_eq!(decoder.payload_remaining(), 3);
}

#[test]
fn payload_remaining_says_how_far_the_data_goes() {
    let remaining = |body, bytes: &[u8]| {
        let mut decoder = BodyDecoder::new(body, Limits::new());
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        while let Decoded::Part(_) = decoder.decode(&mut input).unwrap() {}
        decoder.payload_remaining()
    };
    assert_eq!(remaining(Body::Len(u64::MAX), b"x"), u64::MAX - 1);
    assert_eq!(remaining(Body::Len(1), b"x"), 0);
    assert_eq!(remaining(Body::Chunked, b"100000000\r"), 0);
    assert_eq!(remaining(Body::Chunked, b"100000000\r\n"), 1 << 32);
    assert_eq!(remaining(Body::Chunked, b"2\r\nab"), 0);
    assert_eq!(remaining(Body::UntilClose, b"x"), 0);
}

#[test]
fn a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let limits = Limits::new().max_body_len(5);
    let too_long =
        |body, len| refused(body, Error::BodyTooLong(OverLimit::new(len, limits.max_body_len)));
    for (body, bytes, expected) in [
        (Body::Len(5), "hello", complete("hello", "")),
        // An announced length is refused before the data comes.
        (Body::Len(6), "", too_long("", 6)),
        (Body::Chunked, "5\r\nhello\r\n0\r\n\r\n", complete("hello", "")),
        (Body::Chunked, "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", complete("hello", "")),
        (Body::Chunked, "6\r", incomplete("")),
        (Body::Chunked, "6\r\n", too_long("", 6)),
        (Body::Chunked, "3\r\nhel\r\n3\r\n", too_long("hel", 6)),
        (Body::Chunked, "3\r\nhel\r\n7FFFFFFFFFFFFFFF\r\n", too_long("hel", (1 << 63) + 2)),
        (Body::UntilClose, "hello", Got { result: Ok(State::Open), ..complete("hello", "") }),
        (Body::UntilClose, "hello!", too_long("hello", 6)),
    ] {
        let got = same_however_split(bytes.as_bytes(), |pieces| {
            // The error comes even before anything was read.
            decode(body, limits, &[&[&b""[..]], pieces].concat())
        });
        assert_eq!(got, expected, "{body:?} {bytes:?}");
    }
}

// §7.1 Chunked Transfer Coding

#[test]
fn chunks_are_joined_and_the_next_message_is_left_alone() {
    let next = "HTTP/1.1 200 OK\r\n\r\n";
    for (bytes, body) in [
        ("0\r\n\r\n", ""),
        ("000\r\n\r\n", ""),
        (
            "4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n\r\n",
            "Wikipedia in \r\nchunks.",
        ),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x"),
        // Any number of zeros (§7.1).
        ("00000000000000000\r\n\r\n", ""),
        ("00000000000000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("000000000000000000000000000000001\r\nx\r\n0\r\n\r\n", "x"),
        ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
        ("1\r\n\0\r\n0\r\n\r\n", "\0"),
    ] {
        assert_eq!(chunked(format!("{bytes}{next}")), complete(body, next), "{bytes:?}");
        // The end is known with the last byte, and not before.
        assert_eq!(chunked(bytes), complete(body, ""), "{bytes:?}");
        for len in 0..bytes.len() {
            assert_eq!(chunked(&bytes[..len]).result, Ok(State::Truncated), "{bytes:?} to {len}");
        }
    }
}

#[test]
fn data_is_yielded_before_its_chunk_is_complete() {
    for (bytes, body) in [
        ("5\r\n", ""),
        ("5\r\nh", "h"),
        ("5\r\nhello", "hello"),
        ("5\r\nhello\r", "hello"),
        ("5\r\nhello\r\n7FFFFFFFFFFFFFFF\r\n!", "hello!"),
    ] {
        assert_eq!(chunked(bytes), incomplete(body), "{bytes:?}");
    }
}

/// T5: input that two parsers could read in two ways. We do not guess which is meant.
#[test]
fn chunk_sizes_that_others_might_read_differently_are_refused() {
    for (size, error) in [
        ("+5", Error::ChunkSize),
        ("-1", Error::ChunkSize),
        ("-5", Error::ChunkSize),
        ("0x5", Error::ChunkSize),
        ("0X5", Error::ChunkSize),
        ("x5", Error::ChunkSize),
        ("5h", Error::ChunkSize),
        ("g", Error::ChunkSize),
        (" 5", Error::ChunkSize),
        ("\t5", Error::ChunkSize),
        ("5 5", Error::ChunkSize),
        ("5\t \t5", Error::ChunkSize),
        ("5 5;a", Error::ChunkSize),
        (" 5;a", Error::ChunkSize),
        (" ", Error::ChunkSize),
        (" ;a", Error::ChunkSize),
        ("5 \n", Error::BareLf),
        ("5 \r", Error::BareCr),
        ("5 \0", Error::ControlByte),
        ("5_0", Error::ChunkSize),
        ("5,5", Error::ChunkSize),
        ("5.", Error::ChunkSize),
        ("\"5\"", Error::ChunkSize),
        ("", Error::ChunkSize),
        (";a=b", Error::ChunkSize),
        ("\u{665}", Error::ChunkSize),
        ("10000000000000005", Error::ChunkSize),
        ("000000008000000000000000", Error::ChunkSize),
        ("00000000000000000x", Error::ChunkSize),
        ("FFFFFFFFFFFFFFFFF", Error::ChunkSize),
        ("FFFFFFFFFFFFFFFF", Error::ChunkSize),
        ("FFFFFFFFFFFFFFFE", Error::ChunkSize),
        ("8000000000000000", Error::ChunkSize),
        ("5\0", Error::ControlByte),
        ("\u{b}5", Error::ControlByte),
        ("5\u{c}", Error::ControlByte),
        // §2.2
        ("5\n", Error::BareLf),
        ("\n5", Error::BareLf),
        ("5\r", Error::BareCr),
        ("5\rx", Error::BareCr),
        ("5\r;a", Error::BareCr),
    ] {
        let bytes = format!("{size}\r\nhello\r\n0\r\n\r\n");
        assert_eq!(chunked(&bytes), refused("", error), "{bytes:?}");
        // After a chunk as well.
        let bytes = format!("1\r\nx\r\n{bytes}");
        assert_eq!(chunked(&bytes), refused("x", error), "{bytes:?}");
    }
}

#[test]
fn chunk_data_has_the_announced_length_and_ends_in_crlf() {
    for (bytes, body, error) in [
        ("5\r\nhell\r\n0\r\n\r\n", "hell\r", Error::BareLf),
        ("5\r\nhel\r\n0\r\n\r\n", "hel\r\n", Error::ChunkEnd),
        ("5\r\nhello!\r\n0\r\n\r\n", "hello", Error::ChunkEnd),
        ("5\r\nhello0\r\n\r\n", "hello", Error::ChunkEnd),
        ("5\r\nhello\n0\r\n\r\n", "hello", Error::BareLf),
        ("5\r\nhello\r0\r\n\r\n", "hello", Error::BareCr),
        ("5\r\nhello\r\r\n0\r\n\r\n", "hello", Error::BareCr),
        ("5\r\nhello\0\r\n0\r\n\r\n", "hello", Error::ControlByte),
        ("5\r\nhello\r\n\r\n0\r\n\r\n", "hello", Error::ChunkSize),
    ] {
        assert_eq!(chunked(bytes), refused(body, error), "{bytes:?}");
    }
}

#[test]
fn an_error_does_not_wait_for_the_end_of_the_line() {
    for (bytes, error) in [
        ("x", Error::ChunkSize),
        ("\r", Error::ChunkSize),
        ("8000000000000000", Error::ChunkSize),
        ("000008000000000000000", Error::ChunkSize),
        ("5 x", Error::ChunkSize),
        ("5;\0", Error::ControlByte),
        ("5;a=\"\r", Error::ChunkExtension),
        ("5\r\nhellox", Error::ChunkEnd),
        ("0\r\n ", Error::Header),
        ("0\r\n:", Error::Header),
        ("0\r\nA ", Error::Header),
    ] {
        assert_eq!(chunked(bytes).result, Err(error), "{bytes:?}");
        assert_eq!(chunked(&bytes[..bytes.len() - 1]).result, Ok(State::Truncated), "{bytes:?}");
    }
}

// §7.1.1 Chunk Extensions

#[test]
fn extensions_are_skipped() {
    for extension in [
        ";",
        ";a",
        ";a=b",
        "; a = b ;\tc",
        ";a=\"b\"",
        ";a=\"b;c\"",
        ";a=\"b\\\"c\"",
        ";a=\"b\\\\\";c=\"\"",
        ";chunk-signature=0123456789abcdef",
        ";5",
        ";\u{e9}",
        // Bad whitespace, which a recipient must remove.
        " ;a=b",
        "\t \t;a = \"b\" ; c",
        // Laxer than the grammar: there is nothing after the blanks. Some servers fill sizes up with them.
        " ",
        "\t  ",
    ] {
        let bytes = format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\nrest");
        assert_eq!(chunked(&bytes), complete("hello", "rest"), "{bytes:?}");
    }
}

/// T5: whatever other parsers accept as the end of an extension, only CRLF ends it.
#[test]
fn extensions_end_in_crlf_and_nowhere_else() {
    for (extension, error) in [
        (";\n", Error::BareLf),
        (";a\n", Error::BareLf),
        (";\nx;", Error::BareLf),
        (";a=\"\n\"", Error::BareLf),
        (";a\r", Error::BareCr),
        (";a\rb", Error::BareCr),
        (";a\r\r", Error::BareCr),
        (";a=\"b\rc\"", Error::ChunkExtension),
        (";a=\"b\r\n\"", Error::ChunkExtension),
        (";a=\"", Error::ChunkExtension),
        (";a=\"b\\\"", Error::ChunkExtension),
        (";a=\"\\", Error::ChunkExtension),
        (";a=\"\\\n\"", Error::BareLf),
        (";\0", Error::ControlByte),
        (";a=\"\x1b\"", Error::ControlByte),
        (";a=\"\\\x7f\"", Error::ControlByte),
    ] {
        let bytes = format!("5{extension}\r\nhello\r\n0\r\n\r\n");
        assert_eq!(chunked(&bytes), refused("", error), "{bytes:?}");
        let bytes = format!("0{extension}\r\n\r\n");
        assert_eq!(chunked(&bytes), refused("", error), "{bytes:?}");
    }
}

#[test]
fn extensions_may_exceed_the_data_only_up_to_the_limit() {
    let limits = Limits::new().max_chunk_extensions_len(5);
    let too_long = |body| refused(body, Error::ChunkExtensionsTooLong { limit: 5 });
    for (bytes, expected) in [
        ("0;2345\r\n\r\n", complete("", "")),
        ("0;23456", too_long("")),
        // Not even if enough data is announced: that may be a lie.
        ("F;23456", too_long("")),
        ("F;2345\r\n0123456789abcde\r\n1;2345\r\n", incomplete("0123456789abcde")),
        // So do blanks, and zeros that no size needs.
        ("F     \r\n0123456789abcde", incomplete("0123456789abcde")),
        ("F      ", too_long("")),
        ("F   ;23", too_long("")),
        ("000000000000000000001\r\nx", incomplete("x")),
        ("0000000000000000000001", too_long("")),
        // Data makes up for earlier extensions, but not for later ones.
        ("3;2345\r\nabc\r\n1;23\r\nd\r\n0;\r\n\r\n", complete("abcd", "")),
        ("3;2345\r\nabc\r\n1;23\r\nd\r\n0;2\r\n\r\n", too_long("abcd")),
        ("3\r\nabc\r\n3;23456", too_long("abc")),
        // Small extensions in each chunk add up.
        ("1;2\r\na\r\n1;2\r\nb\r\n1;2\r\nc\r\n1;2\r\nd\r\n0;\r\n\r\n", complete("abcd", "")),
        ("1;2\r\na\r\n1;2\r\nb\r\n1;2\r\nc\r\n1;2\r\nd\r\n0;2\r\n\r\n", too_long("abcd")),
        ("1;\r\na\r\n1;\r\nb\r\n1;\r\nc\r\n1;\r\nd\r\n1;\r\ne\r\n0\r\n\r\n", complete("abcde", "")),
    ] {
        assert_eq!(all(Body::Chunked, limits, bytes), expected, "{bytes:?}");
    }
    let none = Limits::new().max_chunk_extensions_len(0);
    assert_eq!(all(Body::Chunked, none, "1\r\nx\r\n0\r\n\r\n"), complete("x", ""));
    let too_long = refused("", Error::ChunkExtensionsTooLong { limit: 0 });
    assert_eq!(all(Body::Chunked, none, "1;"), too_long);
}

/// Chunks of one byte, each with a long extension (CVE-2023-39326), are refused by default. A
/// signature on every chunk of an endless stream is not.
#[test]
fn by_default_a_flood_of_extensions_is_refused_and_a_signed_stream_is_not() {
    let flood = format!("1;{}\r\nx\r\n", "e".repeat(100));
    let got = decode(Body::Chunked, Limits::new(), &[flood.repeat(1000).as_bytes()]);
    assert_eq!(got.result, Err(Error::ChunkExtensionsTooLong { limit: 16 << 10 }));
    assert_eq!(got.body.len(), 163);

    let signed = format!("400;chunk-signature={}\r\n{}\r\n", "0".repeat(64), "x".repeat(1024));
    let got = decode(Body::Chunked, Limits::new(), &[signed.repeat(1000).as_bytes()]);
    assert_eq!((got.result, got.body.len()), (Ok(State::Truncated), 1_024_000));
}

// §7.1.2 Chunked Trailer Section

#[test]
fn trailers_are_checked_and_ignored() {
    for trailers in [
        "A: b\r\n",
        "A:b\r\nA: \t c \r\nEmpty:\r\n",
        "!#$%&'*+-.^_`|~09az: \u{e9}\r\n",
        // Including fields that must not be trailers.
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: a\r\n",
    ] {
        let bytes = format!("1\r\nx\r\n0\r\n{trailers}\r\nrest");
        assert_eq!(chunked(&bytes), complete("x", "rest"), "{bytes:?}");
    }
}

#[test]
fn trailers_are_checked_like_headers() {
    for (trailers, error) in [
        // §2.2
        ("A: b\n", Error::BareLf),
        ("A\n", Error::BareLf),
        ("\n", Error::BareLf),
        ("A: b\r\n\n", Error::BareLf),
        ("A: b\rC: d\r\n", Error::BareCr),
        ("\rA: b\r\n", Error::BareCr),
        ("A: b\r\r\n", Error::BareCr),
        ("A: \0\r\n", Error::ControlByte),
        ("A\x7f: b\r\n", Error::ControlByte),
        ("\x01\r\n", Error::ControlByte),
        // §5.1, §5.2
        (" A: b\r\n", Error::Header),
        ("A: b\r\n c\r\n", Error::Header),
        ("A: b\r\n\tc\r\n", Error::Header),
        ("A : b\r\n", Error::Header),
        ("A\t: b\r\n", Error::Header),
        ("A\r\n", Error::Header),
        (": b\r\n", Error::Header),
        ("A(b): c\r\n", Error::Header),
        ("\u{e9}: b\r\n", Error::Header),
        // The next message is not part of the trailers.
        ("GET / HTTP/1.1\r\n", Error::Header),
        ("HTTP/1.1 200 OK\r\n", Error::Header),
    ] {
        let bytes = format!("1\r\nx\r\n0\r\n{trailers}\r\n");
        assert_eq!(chunked(&bytes), refused("x", error), "{bytes:?}");
    }
}

fn trailers(decoder: BodyDecoder, bytes: &str) -> Result<Vec<(String, String)>, Error> {
    same_however_split(bytes.as_bytes(), |pieces| {
        let (mut decoder, mut bytes) = (decoder.clone(), [0; 4096]);
        let mut storage = SliceBuf::new(&mut bytes);
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while let Decoded::Part(_) = decoder.decode_with_trailers(&mut input, &mut storage)? {}
        }
        assert!(decoder.is_complete());
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        let trailers = Headers::parse_lax(storage.as_slice()).expect("they were checked");
        Ok(trailers.iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
    })
}

#[test]
fn trailers_are_kept_in_storage_that_is_lent() {
    for (lines, expected) in [
        ("", &[][..]),
        ("T: v\r\n", &[("T", "v")][..]),
        ("A:b\r\nA: \t c \r\nEmpty:\r\n", &[("A", "b"), ("A", "c"), ("Empty", "")]),
        ("Expires: a, b\r\nX: \u{e9}\r\n", &[("Expires", "a, b"), ("X", "\u{e9}")]),
    ] {
        let bytes = format!("5\r\nhello\r\n0\r\n{lines}\r\n");
        let expected: Vec<_> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        for decoder in [BodyDecoder::new, BodyDecoder::new_response] {
            let decoder = decoder(Body::Chunked, Limits::new());
            assert_eq!(trailers(decoder, &bytes), Ok(expected.clone()), "{bytes:?}");
        }
    }
    let other = BodyDecoder::new(Body::Len(5), Limits::new());
    assert_eq!(trailers(other, "hello"), Ok(vec![]));
}

/// §5.1, §5.2: a client reads trailers as it reads a head.
#[test]
fn trailers_of_a_response_may_be_as_old_servers_write_them() {
    for (lines, expected) in [
        ("A: b\r\n c\r\n", &[("A", "b   c")][..]),
        ("A:\r\n\tb\r\n \r\nC : d\nE: f\n", &[("A", "b"), ("C", "d"), ("E", "f")]),
    ] {
        for end in ["\r\n", "\n"] {
            let bytes = format!("0\r\n{lines}{end}");
            let response = BodyDecoder::new_response(Body::Chunked, Limits::new());
            let expected: Vec<_> =
                expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(trailers(response, &bytes), Ok(expected), "{bytes:?}");
            let request = BodyDecoder::new(Body::Chunked, Limits::new());
            trailers(request, &bytes).unwrap_err();
        }
    }
    for (lines, error) in [
        (" A: b\r\n", Error::Header),
        ("A b: c\r\n", Error::Header),
        ("A\n", Error::BareLf),
        ("A: b\rc\r\n", Error::BareCr),
    ] {
        let response = BodyDecoder::new_response(Body::Chunked, Limits::new());
        assert_eq!(trailers(response, &format!("0\r\n{lines}\r\n")), Err(error), "{lines:?}");
    }
}

#[test]
fn trailers_that_do_not_fit_in_the_storage_are_refused() {
    let mut bytes = *b"0\r\nA: b\r\n\r\n";
    for (room, result) in
        [(5, Err(Error::BufferFull(BufferFull { needed: 6 }))), (6, Ok(Decoded::Complete))]
    {
        let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
        let mut storage = [0; 6];
        let mut storage = SliceBuf::new(&mut storage[..room]);
        let mut input = &mut bytes[..];
        let mut decode = || decoder.decode_with_trailers(&mut input, &mut storage);
        let first = decode();
        assert_eq!(first.and_then(|_| decode()), result);
    }
}

#[test]
fn trailers_of_exactly_the_limits_pass_and_one_more_does_not() {
    let too_long = |limit| refused("", Error::HeadTooLong { limit });
    let len = Limits::new().max_head_len(8);
    assert_eq!(all(Body::Chunked, len, "0\r\nA: b\r\n\r\n"), complete("", ""));
    for bytes in ["0\r\nA: bc\r\n\r\n", "0\r\nA: b\r\nCDE", "0\r\nA: bcdefg"] {
        assert_eq!(all(Body::Chunked, len, bytes), too_long(8), "{bytes:?}");
    }
    assert_eq!(all(Body::Chunked, Limits::new().max_head_len(2), "0\r\n\r\n"), complete("", ""));
    assert_eq!(all(Body::Chunked, Limits::new().max_head_len(1), "0\r\n\r\n"), too_long(1));

    let lines = Limits::new().max_headers(2);
    assert_eq!(all(Body::Chunked, lines, "0\r\nA:\r\nB:\r\n\r\n"), complete("", ""));
    let too_many = |limit| refused("", Error::TooManyHeaders { limit });
    assert_eq!(all(Body::Chunked, lines, "0\r\nA:\r\nB:\r\nC"), too_many(2));
    let none = Limits::new().max_headers(0);
    assert_eq!(all(Body::Chunked, none, "0\r\n\r\n"), complete("", ""));
    assert_eq!(all(Body::Chunked, none, "0\r\nA"), too_many(0));
    let endless = format!("0\r\nA: {}", "b".repeat(20_000));
    assert_eq!(decode(Body::Chunked, Limits::new(), &[endless.as_bytes()]), too_long(16 << 10));
}

// §6 and §7 again, for the sender

fn written(
    write: impl FnOnce(&mut SliceBuf<'_>) -> Result<(), SendError>,
) -> Result<String, SendError> {
    let mut storage = [0; 4096];
    let mut out = SliceBuf::new(&mut storage);
    out.try_append(b"before ").unwrap();
    let result = write(&mut out);
    let text = str::from_utf8(out.as_slice()).unwrap().strip_prefix("before ").unwrap();
    if result.is_err() {
        assert_eq!(text, "", "nothing was written");
    }
    result.map(|()| text.to_owned())
}

#[test]
fn pieces_are_framed_as_the_head_announced_them() {
    for (body, pieces, bytes) in [
        (Body::Len(0), &[][..], ""),
        (Body::Len(5), &["hel", "", "lo"], "hello"),
        (Body::UntilClose, &["hel", "", "lo"], "hello"),
        (Body::Chunked, &[], "0\r\n\r\n"),
        (Body::Chunked, &["", ""], "0\r\n\r\n"),
        (Body::Chunked, &["hel", "", "lo"], "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        (
            Body::Chunked,
            &["0\r\n\r\n", "sixteen letters!"],
            "5\r\n0\r\n\r\n\r\n10\r\nsixteen letters!\r\n0\r\n\r\n",
        ),
    ] {
        let copied = written(|out| {
            let mut encoder = BodyEncoder::new(body);
            pieces.iter().try_for_each(|piece| encoder.encode(piece.as_bytes(), out))?;
            encoder.finish(NO_FIELDS, out)
        });
        assert_eq!(copied.as_deref(), Ok(bytes), "{body:?} {pieces:?}");
        let vectored = written(|out| {
            let mut encoder = BodyEncoder::new(body);
            for piece in pieces {
                let header = encoder.encode_header(piece.len() as u64)?;
                out.try_append(&[&header, piece.as_bytes(), header.end()].concat())?;
            }
            encoder.finish(NO_FIELDS, out)
        });
        assert_eq!(vectored, copied);
    }
}

#[test]
fn sizes_are_written_without_leading_zeros() {
    let header = |len| BodyEncoder::new(Body::Chunked).encode_header(len);
    for len in (0..=300).chain((9..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1])) {
        let (line, end) =
            if len == 0 { (String::new(), "") } else { (format!("{len:X}\r\n"), "\r\n") };
        let header = header(len).unwrap();
        assert_eq!((&header[..], header.end()), (line.as_bytes(), end.as_bytes()));
    }
    assert_eq!(&header((1 << 63) - 1).unwrap()[..], b"7FFFFFFFFFFFFFFF\r\n");
    // No recipient would read it.
    assert_eq!(header(1 << 63).map(drop), Err(SendError::BodyTooLong));
}

/// The peer would read extra bytes as the next message, or the next message as the missing bytes.
#[test]
fn a_body_is_neither_longer_nor_shorter_than_announced() {
    let mut encoder = BodyEncoder::new(Body::Len(5));
    assert_eq!(written(|out| encoder.encode(b"hello!", out)), Err(SendError::BodyTooLong));
    assert_eq!(encoder.encode_header(6).map(drop), Err(SendError::BodyTooLong));
    assert_eq!(written(|out| encoder.finish(NO_FIELDS, out)), Err(SendError::BodyTooShort));
    assert_eq!(written(|out| encoder.encode(b"hell", out)).as_deref(), Ok("hell"));
    assert_eq!(written(|out| encoder.finish(NO_FIELDS, out)), Err(SendError::BodyTooShort));
    assert_eq!(written(|out| encoder.encode(b"o!", out)), Err(SendError::BodyTooLong));
    assert_eq!(written(|out| encoder.encode(b"o", out)).as_deref(), Ok("o"));
    assert_eq!(written(|out| encoder.encode(b"!", out)), Err(SendError::BodyTooLong));
    assert_eq!(written(|out| encoder.finish(NO_FIELDS, out)).as_deref(), Ok(""));
}

#[test]
fn nothing_is_written_after_the_last_chunk() {
    let mut encoder = BodyEncoder::new(Body::Chunked);
    assert_eq!(written(|out| encoder.finish(NO_FIELDS, out)).as_deref(), Ok("0\r\n\r\n"));
    assert_eq!(written(|out| encoder.encode(b"x", out)), Err(SendError::BodyTooLong));
    assert_eq!(encoder.encode_header(1).map(drop), Err(SendError::BodyTooLong));
    assert_eq!(written(|out| encoder.encode(b"", out)).as_deref(), Ok(""));
    assert_eq!(written(|out| encoder.finish(NO_FIELDS, out)).as_deref(), Ok(""));
    let trailers = written(|out| encoder.finish(&[("A", "b")], out));
    assert_eq!(trailers, Err(SendError::Trailers));
}

/// §7.1.2; RFC 9110 §6.5.1.
#[test]
fn trailers_are_written_after_chunks_and_nowhere_else() {
    let finish = |body, trailers: &[(&str, &str)]| {
        written(|out| BodyEncoder::new(body).finish(trailers, out))
    };
    let trailers = [("Grpc-Status", "0"), ("Empty", "")];
    let bytes = finish(Body::Chunked, &trailers).unwrap();
    assert_eq!(bytes, "0\r\nGrpc-Status: 0\r\nEmpty: \r\n\r\n");
    assert_eq!(chunked(bytes), complete("", ""));
    for body in [Body::Len(0), Body::Len(1), Body::UntilClose] {
        assert_eq!(finish(body, &trailers), Err(SendError::Trailers));
    }
    for reserved in [
        "Content-Length",
        "TRANSFER-ENCODING",
        "connection",
        "Host",
        "trailer",
        "Upgrade",
        "TE",
        "Content-Encoding",
        "content-type",
        "Content-Range",
    ] {
        let trailers = [("A", "b"), (reserved, "c")];
        assert_eq!(finish(Body::Chunked, &trailers), Err(SendError::ReservedHeader(1)));
    }
}

/// T6: no string from the caller can end a line or the body.
#[test]
fn nothing_can_be_injected_into_trailers() {
    for bad in ["\r", "\n", "\r\n", "\r\n\r\n", "\0", "\x1b", "\x7f", "\u{e9}", "\u{10a}"] {
        for text in [bad.to_owned(), format!("a{bad}"), format!("{bad}a"), format!("a{bad}a")] {
            for (trailer, error) in [
                ((&text[..], "b"), SendError::HeaderName(0)),
                (("A", &text[..]), SendError::HeaderValue(0)),
            ] {
                // No byte beyond ASCII ends a line, and values may have such bytes.
                if error == SendError::HeaderValue(0) && !bad.is_ascii() {
                    continue;
                }
                let mut encoder = BodyEncoder::new(Body::Chunked);
                assert_eq!(written(|out| encoder.finish(&[trailer], out)), Err(error));
                assert_eq!(
                    written(|out| encoder.finish(NO_FIELDS, out)).as_deref(),
                    Ok("0\r\n\r\n")
                );
            }
        }
    }
}

#[test]
fn a_buffer_that_is_too_small_stays_unchanged_and_so_does_the_encoder() {
    for (body, len) in [(Body::Len(5), 5), (Body::Chunked, 10), (Body::UntilClose, 5)] {
        let mut encoder = BodyEncoder::new(body);
        for room in 0..=len {
            let mut storage = vec![0; 3 + room];
            let mut out = SliceBuf::new(&mut storage);
            out.try_append(b"abc").unwrap();
            let result = encoder.encode(b"hello", &mut out);
            if room < len {
                assert_eq!(result, Err(SendError::BufferFull(BufferFull { needed: 3 + len })));
                assert_eq!(out.as_slice(), b"abc");
            } else {
                assert_eq!(result, Ok(()));
            }
        }
        let last = if body == Body::Chunked { 5 } else { 0 };
        for room in 0..last {
            let mut storage = [0; 5];
            let result = encoder.finish(NO_FIELDS, &mut SliceBuf::new(&mut storage[..room]));
            assert_eq!(result, Err(SendError::BufferFull(BufferFull { needed: last })));
        }
        assert_eq!(encoder.finish(NO_FIELDS, &mut SliceBuf::new(&mut [0; 5])), Ok(()));
    }
}

#[test]
fn heads_announce_the_body_that_follows() {
    let begin = |writer: ResponseWriter<'_>, body| {
        written(|out| writer.begin(body, out)?.encode(b"lo", out))
    };
    let writer = ResponseWriter::new(200).headers(&[("A", "b")][..]).body(b"hel");
    for (writer, body, text) in [
        (writer, Body::Chunked, "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n"),
        (writer.close(), Body::Len(5), "Content-Length: 5\r\nConnection: close\r\n\r\nhello"),
        (writer, Body::Len(u64::MAX), "Content-Length: 18446744073709551615\r\n\r\nhello"),
        (writer, Body::UntilClose, "Connection: close\r\n\r\nhello"),
        (writer.body(b""), Body::Chunked, "Transfer-Encoding: chunked\r\n\r\n2\r\nlo\r\n"),
    ] {
        assert_eq!(begin(writer, body), Ok(format!("HTTP/1.1 200 OK\r\nA: b\r\n{text}")));
    }
    assert_eq!(begin(writer, Body::Len(2)), Err(SendError::BodyTooLong));
    for status in [101, 204, 304] {
        for body in [Body::Len(2), Body::Chunked, Body::UntilClose] {
            assert_eq!(begin(ResponseWriter::new(status), body), Err(SendError::Body));
        }
    }
    let empty =
        written(|out| ResponseWriter::new(204).begin(Body::Len(0), out)?.finish(NO_FIELDS, out));
    assert_eq!(empty.as_deref(), Ok("HTTP/1.1 204 No Content\r\n\r\n"));

    let writer = RequestWriter::new("POST", "/", "a");
    let begin = |writer: RequestWriter<'_>, body| {
        written(|out| writer.begin(body, out)?.encode(b"lo", out))
    };
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (writer, body, text) in [
        (writer, Body::Chunked, "Transfer-Encoding: chunked\r\n\r\n2\r\nlo\r\n"),
        (writer.body(b"hel"), Body::Len(5), "Content-Length: 5\r\n\r\nhello"),
    ] {
        assert_eq!(begin(writer, body), Ok(format!("{head}{text}")));
    }
    assert_eq!(begin(writer, Body::UntilClose), Err(SendError::Body));
    assert_eq!(begin(writer.body(b"hel"), Body::Len(2)), Err(SendError::BodyTooLong));
}

#[test]
fn a_body_of_unknown_length_is_sent_in_chunks_to_peers_that_know_them() {
    assert_eq!(Body::of_unknown_len(Version::Http10), Body::UntilClose);
    assert_eq!(Body::of_unknown_len(Version::Http11), Body::Chunked);
}

#[test]
fn what_is_returned_by_value_is_small() {
    assert!(size_of::<Result<Decoded<'_>, Error>>() <= 32);
    assert!(size_of::<Result<ChunkHeader, SendError>>() <= 32);
    assert!(size_of::<Error>() <= 16 && size_of::<SendError>() <= 16);
    println!("decoder: {} bytes", size_of::<BodyDecoder>());
    println!("encoder: {} bytes", size_of::<BodyEncoder>());
    assert!(size_of::<BodyDecoder>() <= 128 && size_of::<BodyEncoder>() <= 16);
    assert_eq!(
        (Error::BodyTooLong(OverLimit::new(2, 1)).status(), Error::ChunkSize.status()),
        (413, 400)
    );
    assert_eq!(Error::ChunkSize.to_string(), "invalid chunk size");
}

fn naive_limits() -> impl Strategy<Value = NaiveLimits> {
    let narrow = (0..40_u64, 0..20_u64, 0..20_usize, 0..3_usize);
    prop_oneof![
        3 => sample::select(&[WIDE][..]),
        1 => narrow.prop_map(|(body, extensions, trailers, lines)| NaiveLimits {
            body, extensions, trailers, lines
        }),
    ]
}

/// Streams that resemble a body in chunks, so that random ones get far.
fn nearly_chunked() -> impl Strategy<Value = Vec<u8>> {
    let chunk = (collection::vec(any::<u8>(), 1..20), "(;[a-z]{0,3}(=\"?[a-z\\\\]{0,3}\"?)?)?")
        .prop_map(|(data, extension)| {
            [format!("{:x}{extension}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
        });
    let last =
        sample::select(&["0\r\n\r\n", "0\r\nA: b\r\n\r\n", "0;a\r\n", "A: b\r\n", "\r\n"][..])
            .prop_map(Vec::from);
    let noise = sample::select(
        &[
            "\r",
            "\n",
            "0",
            "5",
            "f",
            ";",
            "\"",
            "\\",
            ":",
            " ",
            "\t",
            "x",
            "\0",
            "\u{7f}",
            "FFFFFFFFFFFFFFF",
        ][..],
    )
    .prop_map(Vec::from);
    let part = prop_oneof![5 => chunk, 3 => last, 2 => noise];
    let damage = collection::vec((any::<sample::Index>(), any::<u8>()), 0..2);
    (collection::vec(part, 0..8), damage).prop_map(|(parts, damage)| {
        let mut bytes = parts.concat();
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_decoder_of_the_whole_stream_agrees_and_so_does_every_split(
        limits in naive_limits(),
        bytes in nearly_chunked(),
    ) {
        prop_assert_eq!(all(Body::Chunked, limits.into(), &bytes), naive(&limits, &bytes));
    }

    #[test]
    fn noise_is_judged_alike_by_both(bytes in collection::vec(any::<u8>(), 0..60)) {
        for start in ["", "1", "1;", "1\r\nx\r\n", "0\r\n", "0\r\nA:"] {
            let bytes = [start.as_bytes(), &bytes].concat();
            prop_assert_eq!(chunked(&bytes), naive(&WIDE, &bytes));
        }
    }

    /// What we accept means the same to `httparse`, which accepts much more.
    #[test]
    fn httparse_reads_the_same_sizes(line in "[0-9a-fA-F+ x\t-]{0,16}(;[a-z\"=\\\\]{0,6})?\r\n") {
        let mut decoder = BodyDecoder::new(Body::Chunked, Limits::new());
        let mut bytes = line.clone().into_bytes();
        let theirs = httparse::parse_chunk_size(line.as_bytes());
        match decoder.decode(&mut &mut bytes[..]) {
            Ok(decoded) => {
                prop_assert_eq!(decoded, Decoded::NeedMore);
                let size = decoder.payload_remaining();
                prop_assert_eq!(theirs, Ok(httparse::Status::Complete((line.len(), size))));
            }
            Err(e) => prop_assert!(matches!(e, Error::ChunkSize | Error::ChunkExtension)),
        }
    }

    /// Head and body through both ends, in any pieces, with another message after them.
    #[test]
    fn what_is_encoded_decodes_to_the_same(
        kind in 0..3_u8,
        pieces in collection::vec(collection::vec(any::<u8>(), 0..40), 0..6),
        trailers in collection::vec(("[a-z]-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}", "([!-~]([ -~\t]{0,9}[!-~])?)?"), 0..3),
    ) {
        let content = pieces.concat();
        let announced = match kind {
            0 => Body::Len(content.len() as u64),
            1 => Body::Chunked,
            _ => Body::UntilClose,
        };
        let trailers: Vec<_> = trailers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut storage = [0; 4096];
        let mut out = SliceBuf::new(&mut storage);
        let mut encoder = ResponseWriter::new(200).begin(announced, &mut out).unwrap();
        for piece in &pieces {
            encoder.encode(piece, &mut out).unwrap();
        }
        let trailers = if announced == Body::Chunked { &trailers[..] } else { &[] };
        encoder.finish(trailers, &mut out).unwrap();
        let next = if announced == Body::UntilClose { "" } else { "HTTP/1.1 " };
        out.try_append(next.as_bytes()).unwrap();

        let got = same_however_split(out.as_slice(), |pieces| {
            let (mut head, mut rest) = ([0; 128], Vec::new());
            let mut reader = HeadReader::new(SliceBuf::new(&mut head), Limits::new());
            let mut body = None;
            for piece in pieces {
                let mut piece = piece.to_vec();
                let mut input = &mut piece[..];
                if body.is_none() {
                    body = reader.read_response(&mut input).unwrap().map(|r| r.body_for("GET").unwrap());
                }
                rest.push(input.to_vec());
            }
            assert_eq!(body, Some(announced));
            let rest: Vec<_> = rest.iter().map(|piece| &piece[..]).collect();
            decode(announced, Limits::new(), &rest)
        });
        let result = if announced == Body::UntilClose { State::Open } else { State::Complete };
        prop_assert_eq!(got, Got { result: Ok(result), ..complete(content, next) });
    }
}
