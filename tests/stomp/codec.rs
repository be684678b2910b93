//! Frames as they come: heads, escapes, bodies, and what comes between frames.
#![cfg(feature = "alloc")]

use std::time::Instant;

use crate::common::same_however_split;
use crate::common::stomp::{End, Got, Settings, decode, naive, owned, read};
use framewright::stomp::{Command, Decoder, Error, Inbox, Limits, Part, Version};
use framewright::{ArrayBuf, BufferFull, Chunk, OverLimit};

const V1_0: Option<Version> = Some(Version::V1_0);
const V1_1: Option<Version> = Some(Version::V1_1);
const V1_2: Option<Version> = Some(Version::V1_2);

/// The frames of a stream, however it is split. A naive decoder has to agree.
fn frames_with(settings: Settings, stream: &[u8]) -> (Vec<Got>, End) {
    let got = same_however_split(stream, |pieces| read(settings, pieces));
    assert_eq!(got, naive(settings, stream), "{}", stream.escape_ascii());
    got
}

fn frames(version: Option<Version>, stream: &[u8]) -> Vec<Got> {
    let (frames, end) = frames_with(Settings::of(version), stream);
    assert_eq!(end, Ok(true), "{}", stream.escape_ascii());
    frames
}

fn error(version: Option<Version>, stream: &[u8]) -> Error {
    frames_with(Settings::of(version), stream).1.expect_err("it breaks a rule")
}

/// The headers of the only frame.
fn headers(version: Option<Version>, stream: &[u8]) -> Vec<(String, String)> {
    let [frame] = &frames(version, stream)[..] else { panic!("one frame") };
    frame.headers.clone()
}

fn got(command: Command, headers: &[(&str, &str)], body: &[u8]) -> Got {
    let headers = owned(headers.iter().copied());
    Got { command, headers, body: body.to_vec(), complete: true }
}

// STOMP Frames

/// Heads of any length, with something out of the ordinary at any place or nowhere.
#[test]
fn heads_of_every_length_are_read_alike() {
    for len in 0..200 {
        let value = "v".repeat(len);
        for tail in [
            "",
            "\\c",
            "\\x",
            "ä",
            "\r",
            "\0",
            ":",
            "\nb:2",
            "\nb",
            "\n:",
            "\ncontent-length:1",
            "\ncontent-length:x",
        ] {
            let stream = format!("SEND\na:{value}{tail}\n\nx\0ACK\n\n\0");
            let settings = Settings::of(V1_2);
            let expected = naive(settings, stream.as_bytes());
            assert_eq!(read(settings, &[stream.as_bytes()]), expected, "{len} {tail:?}");
            let (a, b) = stream.as_bytes().split_at(5 + len / 2);
            assert_eq!(read(settings, &[a, b]), expected, "{len} {tail:?}");
        }
    }
}

#[test]
fn a_frame_is_a_command_headers_a_body_and_a_nul() {
    let send = got(
        Command::Send,
        &[("destination", "/queue/a"), ("content-type", "text/plain")],
        b"hello queue a\n",
    );
    let stream = b"SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\n\0";
    for version in [None, V1_0, V1_1, V1_2] {
        assert_eq!(frames(version, stream), std::slice::from_ref(&send));
    }
}

#[test]
fn every_command_is_known_in_its_case() {
    for command in Command::ALL {
        let frame = format!("{command}\n\n\0");
        assert_eq!(frames(V1_2, frame.as_bytes()), [got(command, &[], b"")]);
        assert_eq!(Command::parse(command.as_str().as_bytes()), Some(command));
        let lower = frame.to_lowercase();
        assert_eq!(error(V1_2, lower.as_bytes()), Error::UnknownCommand);
    }
    for line in
        ["", " SEND", "SEND ", "SENDS", "SEN", "GET / HTTP/1.1", "UNSUBSCRIBED", "UNSUBSCRIBE  "]
    {
        let frame = format!("x{line}\n\n\0");
        assert_eq!(error(None, frame.as_bytes()), Error::UnknownCommand, "{line}");
        if !line.is_empty() {
            let frame = format!("{line}\n\n\0");
            assert_eq!(error(V1_2, frame.as_bytes()), Error::UnknownCommand, "{line}");
        }
    }
}

#[test]
fn what_is_longer_than_a_command_is_refused_before_its_line_ends() {
    let (got, end) = frames_with(Settings::of(None), b"HTTP/1.1 200 ");
    assert_eq!((got, end), (vec![], Err(Error::UnknownCommand)));
    let (_, end) = frames_with(Settings::of(None), b"UNSUBSCRIBE\r");
    assert_eq!(end, Ok(false));
}

#[test]
fn headers_are_utf8() {
    assert_eq!(headers(V1_2, "SEND\nnäme:wért 🦀\n\n\0".as_bytes()), owned([("näme", "wért 🦀")]));
    for bad in [&b"\xFF"[..], b"\xC3", b"\xED\xA0\x80", b"\xFE"] {
        let frame = [b"SEND\na:", bad, b"\n\n\0"].concat();
        assert_eq!(error(V1_2, &frame), Error::InvalidUtf8);
        let frame = [b"SEND\n", bad, b":a\n\n\0"].concat();
        assert_eq!(error(V1_1, &frame), Error::InvalidUtf8);
    }
}

// Augmented BNF

#[test]
fn a_line_ends_in_lf_and_in_1_2_in_crlf_too() {
    let crlf = b"SEND\r\na:1\r\nb:\r\n\r\nbody\r\n\0\r\n\r\n";
    for version in [None, V1_2] {
        assert_eq!(
            frames(version, crlf),
            [got(Command::Send, &[("a", "1"), ("b", "")], b"body\r\n")]
        );
    }
    // Before 1.2, a CR belongs to the line.
    for version in [V1_0, V1_1] {
        assert_eq!(error(version, crlf), Error::UnknownCommand);
        assert_eq!(
            headers(version, b"SEND\na:1\r\nb:\r\n\n\0"),
            owned([("a", "1\r"), ("b", "\r")])
        );
        assert_eq!(error(version, b"SEND\na:1\n\r\n\0"), Error::ColonMissing);
        assert_eq!(headers(version, b"SEND\na:1\r2\n\n\0"), owned([("a", "1\r2")]));
    }
    // The ends of lines may differ.
    assert_eq!(headers(V1_2, b"SEND\na:1\r\nb:2\n\r\n\0"), owned([("a", "1"), ("b", "2")]));
}

#[test]
fn a_cr_within_a_line_of_1_2_is_an_error() {
    for stream in [&b"SEND\na\rb:1\n\n\0"[..], b"SEND\na:1\r\r\n\n\0", b"SEND\na:\r1\r\n\n\0"] {
        assert_eq!(error(V1_2, stream), Error::LoneCarriageReturn, "{}", stream.escape_ascii());
    }
    assert_eq!(error(V1_2, b"SE\rND\n\n\0"), Error::UnknownCommand);
    assert_eq!(error(V1_2, b"SEND\r\r\n\n\0"), Error::UnknownCommand);
    assert_eq!(error(V1_2, b"SEND\n\n\0\rSEND\n\n\0"), Error::LoneCarriageReturn);
    // While no version is known, it may be one that allows it.
    assert_eq!(headers(None, b"CONNECT\na:1\r2\r\n\r\n\0"), owned([("a", "1\r2")]));
}

#[test]
fn a_header_splits_at_its_first_colon_and_nothing_is_trimmed() {
    let stream = b"SEND\na:b:c\n d : e \nf:\ng::\n\n\0";
    let expected = owned([("a", "b:c"), (" d ", " e "), ("f", ""), ("g", ":")]);
    for version in [V1_0, V1_1, V1_2] {
        assert_eq!(headers(version, stream), expected);
    }
}

#[test]
fn a_line_without_a_colon_or_a_name_is_an_error() {
    for version in [None, V1_0, V1_1, V1_2] {
        for line in ["a", " ", "\t", "\\c"] {
            let stream = format!("SEND\n{line}\n\n\0");
            assert_eq!(error(version, stream.as_bytes()), Error::ColonMissing, "{line:?}");
        }
        assert_eq!(error(version, b"SEND\n:a\n\n\0"), Error::NameEmpty);
        assert_eq!(error(version, b"SEND\n:\n\n\0"), Error::NameEmpty);
    }
}

#[test]
fn line_ends_may_come_between_frames_in_every_version() {
    for version in [None, V1_0, V1_1, V1_2] {
        let stream = b"\n\r\n\nSEND\n\n\0\n\n\r\n\nACK\n\n\0SEND\n\n\0\n";
        let commands: Vec<Command> =
            frames(version, stream).into_iter().map(|frame| frame.command).collect();
        assert_eq!(commands, [Command::Send, Command::Ack, Command::Send]);
        assert_eq!(frames(version, b"\n\n"), []);
        assert_eq!(frames(version, b"\r"), []);
    }
}

#[test]
fn nuls_between_frames_are_an_error_unless_they_are_skipped() {
    let stream = b"\0SEND\n\n\0\0\n\0ACK\n\n\0\0";
    assert_eq!(error(V1_2, stream), Error::NulBetweenFrames);
    assert_eq!(error(V1_2, b"SEND\n\n\0\0"), Error::NulBetweenFrames);
    let lenient = Settings { nul_accepted: true, ..Settings::of(V1_2) };
    let (got, end) = frames_with(lenient, stream);
    assert_eq!((got.len(), end), (2, Ok(true)));
    // A frame whose NUL a WebSocket dropped, and the one that the caller adds.
    let (got, end) = frames_with(lenient, b"SEND\n\nbody\0\n\0SEND\n\nbody\0\0");
    assert_eq!((got.len(), end), (2, Ok(true)));
}

#[test]
fn a_nul_in_a_head_is_an_error() {
    for stream in [&b"SEND\0"[..], b"SEND\n\xC3\0", b"SEND\na\0", b"SEND\na:b\0", b"S\0"] {
        assert_eq!(error(V1_2, stream), Error::NulInHead, "{}", stream.escape_ascii());
    }
}

// Value Encoding

#[test]
fn escapes_are_those_of_the_version() {
    let all = b"MESSAGE\nn\\na\\cm\\\\e:v\\n\\c\\\\\\\\n:x\n\n\0";
    let plain = owned([("n\na:m\\e", "v\n:\\\\n:x")]);
    assert_eq!(headers(V1_2, all), plain);
    assert_eq!(headers(V1_1, all), plain);
    assert_eq!(headers(V1_0, all), owned([("n\\na\\cm\\\\e", "v\\n\\c\\\\\\\\n:x")]));
    assert_eq!(headers(V1_2, b"SEND\na\\rb:\\r\n\n\0"), owned([("a\rb", "\r")]));
    assert_eq!(headers(V1_2, b"SEND\r\na:\\r\r\n\r\n\0"), owned([("a", "\r")]));
    assert_eq!(error(V1_1, b"SEND\na:\\r\n\n\0"), Error::EscapeUndefined);
    assert_eq!(headers(V1_0, b"SEND\na:\\r\\\n\n\0"), owned([("a", "\\r\\")]));
}

#[test]
fn an_escape_is_resolved_once() {
    assert_eq!(headers(V1_2, b"SEND\na:\\\\c\n\n\0"), owned([("a", "\\c")]));
    assert_eq!(headers(V1_2, b"SEND\na:\\\\\\c\n\n\0"), owned([("a", "\\:")]));
    // A name that is only known once it is unescaped.
    let escaped = b"SEND\nfoo\\cbar:1\nfoo:2\n\n\0";
    assert_eq!(headers(V1_2, escaped), owned([("foo:bar", "1"), ("foo", "2")]));
}

#[test]
fn an_undefined_or_dangling_escape_is_an_error() {
    for version in [V1_1, V1_2] {
        for escape in ["\\t", "\\N", "\\0", "\\", "\\\\\\", "\\ ", "\\é"] {
            for stream in [format!("SEND\na:{escape}\n\n\0"), format!("SEND\n{escape}:a\n\n\0")] {
                assert_eq!(error(version, stream.as_bytes()), Error::EscapeUndefined, "{stream:?}");
            }
        }
    }
    assert_eq!(error(V1_2, b"SEND\na:\\\r\n\n\0"), Error::EscapeUndefined);
}

#[test]
fn the_frames_that_open_a_connection_have_no_escapes() {
    for command in ["CONNECT", "STOMP", "CONNECTED"] {
        let stream = format!("{command}\npasscode:a\\c:\\t\\\n\n\0");
        for version in [None, V1_0, V1_1, V1_2] {
            assert_eq!(headers(version, stream.as_bytes()), owned([("passcode", "a\\c:\\t\\")]));
        }
    }
    // Before there is a version, no other frame has escapes either: an ERROR may refuse the connection.
    assert_eq!(headers(None, b"ERROR\nmessage:a\\cb\\\n\n\0"), owned([("message", "a\\cb\\")]));
}

// Repeated Header Entries

#[test]
fn of_repeated_headers_the_first_counts_and_the_others_can_be_seen() {
    let mut inbox = Inbox::new(Vec::new());
    let mut decoder = Decoder::new(Limits::new()).version(Version::V1_2);
    let mut input = &b"MESSAGE\nfoo:World\nfoo:Hello\nFoo:x\n\n\0"[..];
    decoder.decode(&mut input, &mut inbox).unwrap();
    let headers = inbox.headers();
    assert_eq!(headers.get("foo"), Some("World"));
    assert_eq!(headers.get_all("foo").collect::<Vec<_>>(), ["World", "Hello"]);
    assert!(headers.has("foo") && !headers.has("fo") && !headers.has("foo:"));
    assert_eq!((headers.get("FOO"), headers.get("fo"), headers.get("foo2")), (None, None, None));
    assert_eq!(format!("{headers:?}"), r#"{"foo": "World", "foo": "Hello", "Foo": "x"}"#);
}

// Header content-length

#[test]
fn a_body_of_announced_length_may_have_nuls() {
    let stream = b"SEND\ncontent-length:5\n\na\0b\0c\0SEND\n\n\0";
    let frames = frames(V1_2, stream);
    assert_eq!((&frames[0].body[..], frames.len()), (&b"a\0b\0c"[..], 2));
    let empty = got(Command::Send, &[("content-length", "0")], b"");
    assert_eq!(self::frames(V1_2, b"SEND\ncontent-length:0\n\n\0"), [empty]);
}

#[test]
fn without_a_length_a_body_ends_at_the_first_nul() {
    assert_eq!(frames(V1_2, b"SEND\n\na\nb\0\n")[0].body, b"a\nb");
}

#[test]
fn a_nul_has_to_follow_a_body_of_announced_length() {
    for stream in [
        &b"SEND\ncontent-length:3\n\nabcd\0"[..],
        b"SEND\ncontent-length:0\n\na",
        b"SEND\ncontent-length:1\n\n\0\n",
    ] {
        assert_eq!(error(V1_2, stream), Error::NulMissing, "{}", stream.escape_ascii());
    }
}

/// A length that one receiver reads and another does not is how a frame is smuggled in a body.
#[test]
fn a_length_that_is_no_number_is_an_error() {
    for value in ["", "-1", "+4", "4a", "a", "0x4", "4,4", "4 4", "18446744073709551616", "٣"] {
        for version in [V1_0, V1_1, V1_2] {
            let stream = format!("SEND\ncontent-length:{value}\n\nbody\0");
            assert_eq!(error(version, stream.as_bytes()), Error::ContentLengthInvalid, "{value}");
        }
    }
    // 1.0 pads.
    let padded = b"SEND\ncontent-length: 4 \n\nb\0dy\0";
    assert_eq!(frames(V1_0, padded)[0].body, b"b\0dy");
    assert_eq!(frames(None, padded)[0].body, b"b\0dy");
    assert_eq!(error(V1_1, padded), Error::ContentLengthInvalid);
    assert_eq!(error(V1_2, padded), Error::ContentLengthInvalid);
    assert_eq!(frames(V1_2, b"SEND\ncontent-length:004\n\nb\0dy\0")[0].body, b"b\0dy");
}

#[test]
fn the_first_length_counts_whatever_the_others_say() {
    for others in ["content-length:1", "content-length:x", "Content-Length:1"] {
        let stream = format!("SEND\ncontent-length:4\n{others}\n\nb\0dy\0");
        assert_eq!(frames(V1_2, stream.as_bytes())[0].body, b"b\0dy");
    }
    // Of another name, or where a name is escaped.
    assert_eq!(frames(V1_2, b"SEND\nContent-Length:1\n\nbody\0")[0].body, b"body");
    assert_eq!(frames(V1_2, b"SEND\ncontent-length2:1\n\nbody\0")[0].body, b"body");
}

#[test]
fn a_body_comes_as_it_arrives_and_ends_only_with_its_nul() {
    let mut decoder = Decoder::new(Limits::new()).version(Version::V1_2);
    let mut inbox = Inbox::new(Vec::new());
    let mut next = |bytes: &'static [u8]| {
        let mut input = bytes;
        decoder.decode(&mut input, &mut inbox).map(|part| (part, decoder.body_remaining()))
    };
    assert_eq!(next(b"SEND\ncontent-length:4\n\n"), Ok((Some(Part::Head(Command::Send)), 4)));
    let chunk = |bytes, start, end| Some(Part::Body(Chunk { bytes, start, end }));
    assert_eq!(next(b"bo"), Ok((chunk(b"bo", true, false), 2)));
    assert_eq!(next(b"dy"), Ok((chunk(b"dy", false, false), 0)));
    assert_eq!(next(b""), Ok((None, 0)));
    assert_eq!(next(b"\0"), Ok((chunk(b"", false, true), 0)));
}

// Size Limits

fn limited(limits: Limits, stream: &[u8]) -> End {
    frames_with(Settings { limits, ..Settings::of(V1_2) }, stream).1
}

#[test]
fn each_limit_holds_to_the_byte() {
    let limits = Limits::new().max_line_len(5);
    assert_eq!(limited(limits, b"SEND\na:123\n\n\0"), Ok(true));
    let too_long = Error::LineTooLong(OverLimit::new(6, 5));
    assert_eq!(limited(limits, b"SEND\na:1234\n\n\0"), Err(too_long));
    assert_eq!(limited(limits, b"SEND\na:1234"), Err(too_long), "before the line ends");
    assert_eq!(limited(limits, b"SEND\na:123"), Ok(false));

    let limits = Limits::new().max_headers(2);
    assert_eq!(limited(limits, b"SEND\na:1\nb:2\n\n\0"), Ok(true));
    let too_many = Error::TooManyHeaders { limit: 2 };
    assert_eq!(limited(limits, b"SEND\na:1\nb:2\na:3\n\n\0"), Err(too_many));
    assert_eq!(limited(Limits::new().max_headers(0), b"SEND\n\n\0"), Ok(true));

    let limits = Limits::new().max_head_len(9);
    assert_eq!(limited(limits, b"SEND\na:1\nb:2\n\n\0"), Ok(true));
    let too_long = Error::HeadTooLong(OverLimit::new(10, 9));
    assert_eq!(limited(limits, b"SEND\na:1\nb:23\n\n\0"), Err(too_long));
    assert_eq!(limited(limits, b"SEND\na:1\nb:2\nc"), Err(too_long));
    assert_eq!(
        limited(Limits::new().max_head_len(0), b"SEND\n\n\0"),
        Err(Error::HeadTooLong(OverLimit::new(1, 0)))
    );

    let limits = Limits::new().max_body_len(4);
    assert_eq!(limited(limits, b"SEND\n\nbody\0"), Ok(true));
    assert_eq!(limited(limits, b"SEND\n\nbodyx"), Err(Error::BodyTooLong(OverLimit::new(5, 4))));
    assert_eq!(limited(limits, b"SEND\ncontent-length:4\n\nbody\0"), Ok(true));
    let announced = Error::BodyTooLong(OverLimit::new(70_000, 4));
    assert_eq!(limited(limits, b"SEND\ncontent-length:70000\n"), Err(announced), "before it comes");
    assert_eq!(limited(Limits::new().max_body_len(0), b"SEND\n\n\0"), Ok(true));
    assert_eq!(
        limited(Limits::new().max_body_len(0), b"SEND\n\nx"),
        Err(Error::BodyTooLong(OverLimit::new(1, 0)))
    );
}

#[test]
fn the_largest_limits_do_not_overflow() {
    let limits = Limits::new()
        .max_headers(u32::MAX)
        .max_line_len(u64::MAX)
        .max_head_len(u64::MAX)
        .max_body_len(u64::MAX);
    let settings = Settings { limits, ..Settings::of(V1_2) };
    for stream in
        [&b"SEND\na:1\n\nbody\0"[..], b"SEND\ncontent-length:18446744073709551615\n\nbo\0"]
    {
        let got = same_however_split(stream, |pieces| read(settings, pieces));
        assert_eq!(got.0.len(), 1);
    }
}

#[test]
fn an_inbox_of_fixed_size_takes_what_fits() {
    let stream = b"SEND\na:1\nb:2\n\nbody\0";
    for room in [8, 9] {
        same_however_split(stream, |pieces| {
            let mut inbox = Inbox::new(ArrayBuf::<9>::new());
            let limits = Limits::new();
            let (got, end) = if room == 9 {
                decode(Decoder::new(limits), &mut inbox, pieces)
            } else {
                let mut inbox = Inbox::new(ArrayBuf::<7>::new());
                decode(Decoder::new(limits), &mut inbox, pieces)
            };
            match end {
                Ok(eof) => assert!(eof && room == 9 && got.len() == 1),
                Err(Error::BufferFull(BufferFull { needed })) => assert!(needed > 7),
                Err(e) => panic!("{e}"),
            }
            room
        });
    }
}

#[test]
fn a_head_needs_the_inbox_that_it_began_in() {
    let mut decoder = Decoder::new(Limits::new());
    let (mut one, mut other) = (Inbox::new(Vec::new()), Inbox::new(Vec::new()));
    assert_eq!(decoder.decode(&mut &b"SEND\na:1\nb"[..], &mut one), Ok(None));
    let rest = decoder.decode(&mut &b":2\n\n\0"[..], &mut other);
    assert_eq!(rest, Err(Error::BeginningMissing));
    assert_eq!(decoder.decode(&mut &[][..], &mut one), rest, "an error is final");
    // Given up before its first header, or in an inbox that has part of another head.
    for (head, other_head) in [("SEND\n", ""), ("SEND\na:1\nb", "SEND\na")] {
        let (mut decoder, mut of_other) =
            (Decoder::new(Limits::new()), Decoder::new(Limits::new()));
        decoder.decode(&mut head.as_bytes(), &mut one).unwrap();
        other.abandon();
        of_other.decode(&mut other_head.as_bytes(), &mut other).unwrap();
        assert_eq!(decoder.decode(&mut &b":2\n\n\0"[..], &mut other), Err(Error::BeginningMissing));
    }
    // Released is as good as another one, so a head that arrives is kept.
    let mut decoder = Decoder::new(Limits::new());
    assert_eq!(decoder.decode(&mut &b"SEND\na:1\nb"[..], &mut one), Ok(None));
    assert!(!one.release() && one.headers().is_empty());
    assert_eq!(
        decoder.decode(&mut &b":2\n\n\0"[..], &mut one),
        Ok(Some(Part::Head(Command::Send)))
    );
    assert!(one.release() && one.headers().is_empty());
}

/// T15: a peer takes minutes for this.
#[test]
fn a_long_frame_in_small_reads_costs_linear_time() {
    let run = |len: usize| {
        let mut stream = b"SEND\n".to_vec();
        for i in 0..len / 64 {
            stream.extend(format!("header-{i}:{}\n", "x".repeat(40)).bytes());
        }
        stream.push(b'\n');
        stream.resize(stream.len() + len, b'y');
        stream.push(0);
        let max = stream.len() as u64;
        let limits = Limits::new().max_headers(u32::MAX).max_head_len(max).max_body_len(max);
        let start = Instant::now();
        let pieces: Vec<&[u8]> = stream.chunks(1).collect();
        let mut decoder = Decoder::new(limits);
        let mut inbox = Inbox::new(Vec::new());
        let mut parts = 0;
        for piece in pieces {
            let mut input = piece;
            while decoder.decode(&mut input, &mut inbox).unwrap().is_some() {
                parts += 1;
            }
        }
        assert_eq!(parts, 1 + len + 1);
        start.elapsed()
    };
    let small = (0..3).map(|_| run(1 << 14)).min().unwrap();
    let large = (0..3).map(|_| run(1 << 18)).min().unwrap();
    // 16 times as long. A quadratic decoder takes 256 times as much.
    assert!(large < small * 100, "{small:?} and {large:?}");
}
