//! Frames and messages, in the order of RFC 6455: §5.1 to §5.7, then §8.1 and §10.4.

use crate::common::same_however_split;
use crate::common::ws::{Got, Rules, comparable, decode, decode_with, frame, got, masked, naive};
use framewright::ws::{
    Decoder, Encoder, Error, FrameHeader, Kind, Limits, Message, Opcode, Role, SendError, Side,
};
use framewright::{Buffer, OverLimit, SliceBuf, Truncated};

/// Decodes `bytes` at a client or a server, however split.
fn all(role: Role, bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    same_however_split(bytes, |pieces| decode(role, Limits::new(), pieces))
}

// §5.1 Overview

#[test]
fn a_server_refuses_frames_that_are_not_masked() {
    for first in [0x81, 0x82, 0x01, 0x88, 0x89, 0x8A] {
        assert_eq!(all(Role::Server, &frame(first, b"x")), (vec![], Err(Error::MaskMissing)));
    }
}

#[test]
fn a_client_refuses_frames_that_are_masked() {
    for first in [0x81, 0x82, 0x01, 0x88, 0x89, 0x8A] {
        assert_eq!(all(Role::Client, &masked(first, b"x")), (vec![], Err(Error::MaskUnexpected)));
    }
}

// §5.2 Base Framing Protocol

#[test]
fn reserved_bits_are_refused_on_every_opcode() {
    for rsv in [0x40, 0x20, 0x10, 0x70] {
        for opcode in [0x1, 0x2, 0x8, 0x9, 0xA] {
            let bytes = frame(0x80 | rsv | opcode, b"");
            assert_eq!(all(Role::Client, &bytes), (vec![], Err(Error::ReservedBits)));
        }
    }
    let (parts, error) = all(Role::Client, &[frame(0x01, b"a"), frame(0xC0, b"b")].concat());
    assert_eq!(error, Err(Error::ReservedBits), "nor on a continuation");
    assert_eq!(parts, [Got { end: false, ..got("text", b"a") }]);
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let error = Err(Error::ReservedOpcode(opcode));
        assert_eq!(all(Role::Client, &frame(0x80 | opcode, b"x")), (vec![], error));
    }
}

#[test]
fn each_form_of_length_is_accepted_from_its_first_value_to_its_last() {
    for len in [0, 1, 125, 126, 127, 0xFFFF, 0x1_0000, 0x1_0001] {
        let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
        for (role, bytes) in
            [(Role::Client, frame(0x82, &payload)), (Role::Server, masked(0x82, &payload))]
        {
            let expected = (vec![got("binary", &payload)], Ok(()));
            assert_eq!(decode(role, Limits::new(), &[&bytes]), expected, "{len} bytes");
            assert_eq!(decode(role, Limits::new(), &bytes.chunks(1).collect::<Vec<_>>()), expected);
            for at in (0..20)
                .chain(bytes.len().saturating_sub(10)..bytes.len())
                .filter(|at| *at <= bytes.len())
            {
                assert_eq!(decode(role, Limits::new(), &[&bytes[..at], &bytes[at..]]), expected);
            }
        }
    }
}

#[test]
fn a_length_that_has_a_shorter_form_is_refused() {
    let cases: [&[u8]; 5] = [
        &[0x82, 126, 0, 0],
        &[0x82, 126, 0, 125],
        &[0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0x82, 127, 0, 0, 0, 0, 0, 0, 0, 126],
        &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
    ];
    for bytes in cases {
        assert_eq!(all(Role::Client, bytes), (vec![], Err(Error::LengthNotMinimal)), "{bytes:X?}");
    }
}

/// T4: a length that is negative to other implementations.
#[test]
fn a_length_with_its_top_bit_set_is_refused() {
    for top in [0x80, 0xFF] {
        let bytes = [0x82, 127, top, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(all(Role::Client, &bytes), (vec![], Err(Error::LengthTopBit)));
    }
}

/// T13: every pair of first bytes, against independently written rules.
#[test]
fn all_two_byte_headers_agree_with_the_rules() {
    for role in [Role::Client, Role::Server] {
        for fragmented in [false, true] {
            for bits in 0..=u16::MAX {
                let [first, second] = bits.to_be_bytes();
                let opcode = first & 0xF;
                let control = opcode >= 8;
                let fin = first & 0x80 != 0;
                let expected = match opcode {
                    3..=7 | 11..=15 => Err(Error::ReservedOpcode(opcode)),
                    _ if control && !fin => Err(Error::ControlFragmented),
                    _ if first & 0x70 != 0 => Err(Error::ReservedBits),
                    0 if !fragmented => Err(Error::ContinuationUnexpected),
                    1 | 2 if fragmented => Err(Error::ContinuationMissing),
                    _ if control && second & 0x7F > 125 => Err(Error::ControlTooLong),
                    _ if role == Role::Server && second & 0x80 == 0 => Err(Error::MaskMissing),
                    _ if role == Role::Client && second & 0x80 != 0 => Err(Error::MaskUnexpected),
                    _ => Ok(()),
                };
                let mut decoder = Decoder::new(role, Limits::new());
                if fragmented {
                    let mut start =
                        if role == Role::Server { masked(0x02, b"") } else { frame(0x02, b"") };
                    assert_eq!(decoder.decode(&mut &mut start[..]), Ok(None));
                }
                let complete = role == Role::Client && second == 0 && (control || fin);
                match decoder.decode(&mut &mut [first, second][..]) {
                    Ok(part) => {
                        assert_eq!((expected, part.is_some()), (Ok(()), complete), "{bits:04X}")
                    }
                    Err(e) => assert_eq!(Err(e), expected, "{bits:04X}"),
                }

                let parsed = FrameHeader::parse(&[first, second]);
                match expected {
                    Err(e @ (Error::ReservedOpcode(_) | Error::ControlFragmented)) => {
                        assert_eq!(parsed, Err(e))
                    }
                    _ if control && second & 0x7F > 125 => {
                        assert_eq!(parsed, Err(Error::ControlTooLong))
                    }
                    _ if second & 0x80 != 0 || second > 125 => {
                        assert_eq!(parsed, Ok(None), "{bits:04X}")
                    }
                    _ => {
                        let (header, len) = parsed.unwrap().unwrap();
                        assert_eq!((header.opcode() as u8, header.fin(), len), (opcode, fin, 2));
                        assert_eq!(header.rsv(), [0x40, 0x20, 0x10].map(|bit| first & bit != 0));
                        assert_eq!(*header.to_bytes(), [first, second], "what parses prints back");
                    }
                }
            }
        }
    }
}

/// T13: the same in every state, with every form of length at its edges and with a payload, against a
/// model that sees the whole stream.
#[test]
fn every_header_in_every_state_agrees_with_the_model() {
    const EXTENDED: [&[u8]; 10] = [
        &[0, 125],
        &[0, 126],
        &[0xFF, 0xFF],
        &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
        &[0, 0, 0, 0, 0, 1, 0, 0],
        &[0, 0, 0, 1, 0, 0, 0, 0],
        &[0, 0, 0, 1, 0, 0, 0, 1],
        &[0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0xFF; 8],
    ];
    let cases = [Role::Client, Role::Server].map(|role| [(role, false), (role, true)]);
    for (role, compressed) in cases.into_iter().flatten() {
        let rules = Rules { max_frame_len: 1 << 32, compressed, ..Rules::unlimited(role) };
        // Between messages, and inside an empty one of each kind.
        for first in [None, Some(0x01), Some(0x02), Some(0x41)] {
            if first == Some(0x41) && !compressed {
                continue;
            }
            let put = if role == Role::Server { masked } else { frame };
            let mut stream = first.map_or(vec![], |first| put(first, b""));
            let mut inside = Decoder::new(role, rules.limits()).accept_compressed(compressed);
            assert_eq!(inside.decode(&mut &mut stream.clone()[..]), Ok(None));
            let start = stream.len();
            for bits in 0..=u16::MAX {
                let [first, second] = bits.to_be_bytes();
                let extended = match second & 0x7F {
                    126 => &EXTENDED[..3],
                    127 => &EXTENDED[3..],
                    _ => &[&[][..]],
                };
                for extended in extended {
                    let key: &[u8] = if second & 0x80 == 0 { &[] } else { &[0, 1, 0, 2] };
                    let payload_len = usize::from(second & 0x7F).min(125);
                    stream.truncate(start);
                    stream.extend([first, second]);
                    stream.extend_from_slice(extended);
                    stream.extend_from_slice(key);
                    stream.extend(std::iter::repeat_n(b'a', payload_len));
                    let (got, verdict) = decode_with(&mut inside.clone(), &[&stream[start..]]);
                    let (expected, judged) = naive(&rules, &stream);
                    assert_eq!(verdict, judged, "{role:?} {stream:X?}");
                    assert_eq!(comparable(got), comparable(expected), "{role:?} {stream:X?}");
                }
            }
        }
    }
}

/// All forms of length around their edges, with and without a key.
#[test]
fn a_header_that_is_printed_parses_back_and_takes_the_shortest_form() {
    let lens = [
        0,
        1,
        125,
        126,
        127,
        255,
        256,
        0xFFFE,
        0xFFFF,
        0x1_0000,
        u64::from(u32::MAX),
        1 << 32,
        u64::MAX >> 1,
    ];
    for len in lens {
        for key in [None, Some([1, 2, 3, 4]), Some([0xFF; 4])] {
            for rsv in [[false; 3], [true, false, false], [true; 3]] {
                for fin in [false, true] {
                    let header = FrameHeader::new(Opcode::Binary, fin, len)
                        .unwrap()
                        .with_key(key)
                        .with_rsv(rsv);
                    let bytes = header.to_bytes();
                    let form = match len {
                        0..=125 => 2,
                        126..=0xFFFF => 4,
                        _ => 10,
                    };
                    assert_eq!(bytes.len(), form + if key.is_some() { 4 } else { 0 });
                    assert_eq!(FrameHeader::parse(&bytes), Ok(Some((header, bytes.len()))));
                    for cut in 0..bytes.len() {
                        assert_eq!(FrameHeader::parse(&bytes[..cut]), Ok(None), "cut at {cut}");
                    }
                }
            }
        }
    }
    assert_eq!(FrameHeader::new(Opcode::Text, true, 1 << 63), Err(SendError::FrameTooLong));
    assert_eq!(FrameHeader::new(Opcode::Ping, true, 126), Err(SendError::ControlTooLong));
    assert_eq!(FrameHeader::new(Opcode::Ping, false, 0), Err(SendError::ControlFragmented));
}

/// §5.2: a header is refused as soon as the bytes that break a rule are there.
/// The header of every frame, as the encoder writes it, is the one that [`FrameHeader`] prints.
#[test]
fn an_encoder_writes_the_headers_that_are_printed() {
    fn check<S: Side>(mut encoder: Encoder<S>, key: Option<[u8; 4]>, kind: Kind, payload: &[u8]) {
        let header = |opcode, fin| {
            FrameHeader::new(opcode, fin, payload.len() as u64).unwrap().with_key(key)
        };
        let mut storage = vec![0; FrameHeader::MAX_LEN + payload.len()];
        let mut out = SliceBuf::new(&mut storage);
        let check = |out: &mut SliceBuf<'_>, header: FrameHeader| {
            let (written, printed) = (out.as_slice(), header.to_bytes());
            assert_eq!(written.len(), printed.len() + payload.len(), "{header:?}");
            assert_eq!(written[..printed.len()], *printed, "{header:?}");
            out.clear();
        };
        let opcode = kind.opcode();
        encoder.encode_fragment(kind, payload, false, &mut out).unwrap();
        check(&mut out, header(opcode, false));
        encoder.encode_fragment(kind, payload, false, &mut out).unwrap();
        check(&mut out, header(Opcode::Continuation, false));
        encoder.encode_fragment(kind, payload, true, &mut out).unwrap();
        check(&mut out, header(Opcode::Continuation, true));
        encoder.encode_compressed(kind, payload, &mut out).unwrap();
        check(&mut out, header(opcode, true).with_rsv([true, false, false]));
        let message = match kind {
            Kind::Text => Message::Text(str::from_utf8(payload).unwrap()),
            Kind::Binary => Message::Binary(payload),
        };
        encoder.encode(message, &mut out).unwrap();
        check(&mut out, header(opcode, true));
        if payload.len() <= 125 {
            encoder.encode_ping(payload, &mut out).unwrap();
            check(&mut out, header(Opcode::Ping, true));
            encoder.encode_pong(payload, &mut out).unwrap();
            check(&mut out, header(Opcode::Pong, true));
        }
    }

    for len in (0..300).chain([0xFFFE, 0xFFFF, 0x1_0000, 0x1_0001, 0x12_3456]) {
        let payload = vec![b'a'; len];
        for kind in [Kind::Text, Kind::Binary] {
            check(Encoder::server(), None, kind, &payload);
            let key = [0x37, 0xFA, 0x21, 0x3D];
            check(Encoder::client(move || key), Some(key), kind, &payload);
        }
    }
}

#[test]
fn a_header_that_breaks_a_rule_is_not_parsed() {
    for (bytes, error) in [
        (&b"\x83"[..], Error::ReservedOpcode(3)),
        (b"\x09", Error::ControlFragmented),
        (b"\x89\x7E", Error::ControlTooLong),
        (b"\x82\x7E\x00\x7D", Error::LengthNotMinimal),
        (b"\x82\xFE\x00\x7D", Error::LengthNotMinimal),
        (b"\x82\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF", Error::LengthNotMinimal),
        (b"\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00", Error::LengthTopBit),
    ] {
        assert_eq!(FrameHeader::parse(bytes), Err(error), "{}", bytes.escape_ascii());
        assert_eq!(FrameHeader::parse(&[bytes, b"more"].concat()), Err(error));
    }
}

#[test]
fn a_part_knows_the_kind_of_its_message() {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let frames = [
        (frame(0x81, b"a"), Some(Kind::Text)),
        (frame(0x02, b"b"), Some(Kind::Binary)),
        (frame(0x89, b"c"), None),
        (frame(0x8A, b"d"), None),
        (frame(0x80, b"e"), Some(Kind::Binary)),
        (frame(0xC1, b"f"), Some(Kind::Text)),
        (frame(0xC2, b"g"), Some(Kind::Binary)),
        (frame(0x88, b""), None),
    ];
    for (mut bytes, kind) in frames {
        let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
        assert_eq!(part.kind(), kind, "{part:?}");
    }
}

// §5.4 Fragmentation

#[test]
fn fragments_are_joined_and_empty_ones_count_for_nothing() {
    let bytes = [
        masked(0x01, b""),
        masked(0x00, b"Hel"),
        masked(0x00, b""),
        masked(0x00, b"lo"),
        masked(0x80, b""),
    ]
    .concat();
    assert_eq!(all(Role::Server, &bytes), (vec![got("text", "Hello")], Ok(())));
}

#[test]
fn a_message_of_empty_fragments_is_an_empty_message() {
    let bytes = [frame(0x02, b""), frame(0x00, b""), frame(0x80, b""), frame(0x81, b"")].concat();
    assert_eq!(all(Role::Client, &bytes), (vec![got("binary", ""), got("text", "")], Ok(())));
}

#[test]
fn control_frames_may_come_between_fragments() {
    let bytes = [
        frame(0x01, b"a"),
        frame(0x89, b"ping"),
        frame(0x00, b"b"),
        frame(0x8A, b""),
        frame(0x80, b"c"),
    ]
    .concat();
    let expected = vec![got("text", "abc"), got("ping", "ping"), got("pong", "")];
    assert_eq!(all(Role::Client, &bytes), (expected, Ok(())));
}

#[test]
fn a_continuation_needs_a_message_to_continue() {
    for first in [0x00, 0x80] {
        assert_eq!(
            all(Role::Client, &frame(first, b"x")),
            (vec![], Err(Error::ContinuationUnexpected))
        );
    }
    let bytes = [frame(0x02, b"a"), frame(0x80, b"b"), frame(0x80, b"c")].concat();
    assert_eq!(
        all(Role::Client, &bytes),
        (vec![got("binary", "ab")], Err(Error::ContinuationUnexpected))
    );
}

#[test]
fn a_message_cannot_start_inside_another() {
    for first in [0x01, 0x02, 0x81, 0x82] {
        let bytes = [frame(0x02, b"a"), frame(first, b"b")].concat();
        let unfinished = Got { end: false, ..got("binary", "a") };
        assert_eq!(all(Role::Client, &bytes), (vec![unfinished], Err(Error::ContinuationMissing)));
    }
}

// §5.5 Control Frames

#[test]
fn a_control_frame_carries_125_bytes_and_not_one_more() {
    for (first, kind) in [(0x88, "close"), (0x89, "ping"), (0x8A, "pong")] {
        let payload = [b'x'; 125];
        assert_eq!(all(Role::Server, &masked(first, &payload)), (vec![got(kind, payload)], Ok(())));
        assert_eq!(
            all(Role::Server, &masked(first, &[0; 126])),
            (vec![], Err(Error::ControlTooLong))
        );
        let long_form = [first, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(all(Role::Client, &long_form), (vec![], Err(Error::ControlTooLong)));
    }
}

#[test]
fn a_control_frame_cannot_be_fragmented() {
    for first in [0x08, 0x09, 0x0A] {
        assert_eq!(
            all(Role::Server, &masked(first, b"x")),
            (vec![], Err(Error::ControlFragmented))
        );
    }
}

#[test]
fn whatever_follows_a_close_frame_is_ignored() {
    let bytes = [frame(0x88, b"\x03\xE8"), frame(0x81, b"late"), vec![0xFF; 20]].concat();
    assert_eq!(all(Role::Client, &bytes), (vec![got("close", b"\x03\xE8")], Ok(())));
}

// §5.6 Data Frames

#[test]
fn parts_are_out_as_soon_as_their_bytes_are_in() {
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    let mut bytes = frame(0x81, b"abc");
    for (i, byte) in bytes.iter_mut().enumerate() {
        let mut input = core::slice::from_mut(byte);
        let part = decoder.decode(&mut input).unwrap();
        let expected = [
            None,
            None,
            Some((b"a", true, false)),
            Some((b"b", false, false)),
            Some((b"c", false, true)),
        ];
        assert_eq!(
            part.map(|p| (p.chunk().bytes, p.chunk().start, p.chunk().end)),
            expected[i].map(|(b, s, e)| (&b[..], s, e))
        );
    }
}

#[test]
fn debug_shows_payload_escaped_cut_and_with_its_length() {
    let text = format!("\n{}", "x".repeat(99));
    let shown = format!("\"\\n{}\"… (100 bytes)", "x".repeat(63));
    assert_eq!(format!("{:?}", Message::Text(&text)), format!("Text({shown})"));
    assert_eq!(format!("{:?}", Message::Binary(text.as_bytes())), format!("Binary({shown})"));
    for first in [0x81, 0x82, 0xC1, 0x89, 0x8A, 0x88] {
        let mut bytes = frame(first, text.as_bytes());
        let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
        let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
        let debug = format!("{part:?}");
        assert!(debug.contains(&shown) && debug.contains("start: true"), "{debug}");
    }
}

#[test]
fn a_payload_says_how_much_of_it_is_missing() {
    let mut decoder = Decoder::new(Role::Client, Limits::new());
    let mut bytes = frame(0x82, &[7; 1000]);
    let (head, tail) = bytes.split_at_mut(104);
    assert_eq!(decoder.payload_remaining(), 0);
    let part = decoder.decode(&mut { head }).unwrap().unwrap();
    assert_eq!((part.chunk().bytes.len(), part.chunk().end), (100, false));
    assert_eq!(decoder.payload_remaining(), 900);
    assert_eq!(decoder.check_eof(), Err(Truncated));
    let part = decoder.decode(&mut { tail }).unwrap().unwrap();
    assert_eq!((part.chunk().bytes.len(), part.chunk().end), (900, true));
    assert_eq!(decoder.payload_remaining(), 0);
    assert_eq!(decoder.check_eof(), Ok(()));
    assert!(decoder.decode(&mut &mut frame(0x89, b"ping")[..3]).unwrap().is_some());
    assert_eq!(decoder.payload_remaining(), 3);
}

#[test]
fn an_end_of_the_stream_differs_from_a_cut_at_every_byte() {
    let message = [masked(0x01, b"a"), masked(0x89, b"b"), masked(0x80, b"c")].concat();
    for cut in 0..=message.len() {
        let mut decoder = Decoder::new(Role::Server, Limits::new());
        let mut bytes = message[..cut].to_vec();
        let mut input = &mut bytes[..];
        while decoder.decode(&mut input).unwrap().is_some() {}
        let whole = cut == 0 || cut == message.len();
        assert_eq!(decoder.check_eof().is_ok(), whole, "{cut} bytes");
    }
}

/// After a violation, no more input is needed.
#[test]
fn a_stream_that_broke_a_rule_may_end_anywhere() {
    for bytes in [frame(0x83, b"x"), [frame(0x01, b"a"), frame(0x81, b"b")].concat()] {
        let mut decoder = Decoder::new(Role::Client, Limits::new());
        decode_with(&mut decoder, &[&bytes]).1.unwrap_err();
        assert_eq!(decoder.check_eof(), Ok(()));
    }
}

// §5.7 Examples

#[test]
fn the_examples_of_the_rfc_are_decoded() {
    let hello = || vec![got("text", "Hello")];
    let bytes256: Vec<u8> = (0..=255).collect();
    let cases: [(Role, &[u8], Vec<Got>); 5] = [
        (Role::Client, b"\x81\x05Hello", hello()),
        (Role::Server, b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", hello()),
        (Role::Client, b"\x01\x03Hel\x80\x02lo", hello()),
        (Role::Client, b"\x89\x05Hello", vec![got("ping", "Hello")]),
        (Role::Server, b"\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", vec![got("pong", "Hello")]),
    ];
    for (role, bytes, expected) in cases {
        assert_eq!(all(role, bytes), (expected, Ok(())));
    }
    let medium = [&b"\x82\x7E\x01\x00"[..], &bytes256].concat();
    assert_eq!(all(Role::Client, &medium), (vec![got("binary", &bytes256)], Ok(())));
    let large = [&b"\x82\x7F\0\0\0\0\0\x01\0\0"[..], &[0x5A; 65_536]].concat();
    let expected = (vec![got("binary", [0x5A; 65_536])], Ok(()));
    assert_eq!(decode(Role::Client, Limits::new(), &[&large]), expected);
}

// §8.1 Handling Errors in UTF-8-Encoded Data

/// Texts that are not UTF-8, with the index of the first impossible byte.
const IMPOSSIBLE: [(&[u8], usize); 13] = [
    (b"\x80", 0),
    (b"abc\xFF", 3),
    (b"\xC0\xAF", 0),
    (b"\xC1\xBF", 0),
    (b"\xC3\x28", 1),
    (b"\xE0\x80\x80", 1),
    (b"\xE0\x9F\xBF", 1),
    (b"\xED\xA0\x80", 1),
    (b"\xE2\x82\x28", 2),
    (b"\xF0\x8F\xBF\xBF", 1),
    (b"\xF0\x9F\xA6\x28", 3),
    (b"\xF4\x90\x80\x80", 1),
    (b"\xF5\x80\x80\x80", 0),
];

#[test]
fn text_is_refused_at_the_first_impossible_byte() {
    for (text, at) in IMPOSSIBLE {
        // In a frame whose end has not come, so that only this byte can be the reason.
        let mut bytes = masked(0x81, &[text, b"and much more"].concat());
        let header = bytes.len() - text.len() - 13;
        bytes.truncate(header + at + 1);
        let possible =
            if at == 0 { vec![] } else { vec![Got { end: false, ..got("text", &text[..at]) }] };
        assert_eq!(
            all(Role::Server, &bytes),
            (possible.clone(), Err(Error::InvalidUtf8)),
            "{text:X?}"
        );
        bytes.truncate(header + at);
        assert_eq!(all(Role::Server, &bytes), (possible, Ok(())), "{text:X?} up to there");
    }
}

/// Long payloads are unmasked and checked many bytes at a time. Their position makes no difference.
#[test]
fn an_invalid_byte_is_found_anywhere_in_a_long_text() {
    for len in (0..40).chain([125, 126, 511, 512, 513, 577, 640, 700]) {
        for at in 0..len {
            let mut text = vec![b'a'; len];
            text[at] = 0xFF;
            let expected =
                if at == 0 { vec![] } else { vec![Got { end: false, ..got("text", &text[..at]) }] };
            for (role, bytes) in
                [(Role::Client, frame(0x81, &text)), (Role::Server, masked(0x81, &text))]
            {
                let result = decode(role, Limits::new(), &[&bytes]);
                assert_eq!(result, (expected.clone(), Err(Error::InvalidUtf8)), "{at} of {len}");
            }
        }
    }
}

#[test]
fn text_is_checked_across_fragments() {
    let text = "κόσμε 🦀 ∀x";
    for a in 0..text.len() {
        for b in a..text.len() {
            let [x, y, z] = [&text.as_bytes()[..a], &text.as_bytes()[a..b], &text.as_bytes()[b..]];
            let bytes =
                [frame(0x01, x), frame(0x89, b"?"), frame(0x00, y), frame(0x80, z)].concat();
            let (parts, error) = decode(Role::Client, Limits::new(), &[&bytes]);
            assert_eq!(error, Ok(()));
            assert!(parts.contains(&got("text", text)));
            let dribble = decode(Role::Client, Limits::new(), &bytes.chunks(1).collect::<Vec<_>>());
            assert!(dribble.0.contains(&got("text", text)));
        }
    }
}

#[test]
fn text_cannot_end_inside_a_character() {
    for text in [&b"a\xC3"[..], b"\xE2\x82", b"\xF0\x9F\xA6", b"\xF0"] {
        let possible = vec![Got { end: false, ..got("text", text) }];
        assert_eq!(
            all(Role::Server, &masked(0x81, text)),
            (possible.clone(), Err(Error::InvalidUtf8))
        );
        let fragments = [masked(0x01, text), masked(0x80, b"")].concat();
        assert_eq!(all(Role::Server, &fragments), (possible, Err(Error::InvalidUtf8)));
    }
}

#[test]
fn binary_messages_may_hold_anything() {
    let bytes = masked(0x82, b"\xFF\xC0\x80");
    assert_eq!(all(Role::Server, &bytes), (vec![got("binary", b"\xFF\xC0\x80")], Ok(())));
}

// §10.4 Implementation-Specific Limits

fn limited(limits: Limits, bytes: &[u8]) -> Result<(), Error> {
    same_however_split(bytes, |pieces| decode(Role::Client, limits, pieces)).1
}

#[test]
fn a_frame_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    for max in [0, 5, 125, 126, 300] {
        let limits = Limits::new().max_frame_len(max);
        assert_eq!(limited(limits, &frame(0x82, &vec![1; max as usize])), Ok(()));
        let error = Err(Error::FrameTooLong(OverLimit::new(max + 1, max)));
        assert_eq!(limited(limits, &frame(0x82, &vec![1; max as usize + 1])), error);
    }
}

#[test]
fn a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let limits = Limits::new().max_message_len(5);
    assert_eq!(limited(limits, &frame(0x81, b"12345")), Ok(()));
    assert_eq!(
        limited(
            limits,
            &[frame(0x01, b"123"), frame(0x89, b"a ping"), frame(0x80, b"45")].concat()
        ),
        Ok(())
    );
    let error = Err(Error::MessageTooLong(OverLimit::new(6, 5)));
    assert_eq!(limited(limits, &frame(0x81, b"123456")), error);
    assert_eq!(limited(limits, &[frame(0x01, b"123"), frame(0x80, b"456")].concat()), error);
    let twice = [frame(0x81, b"12345"), frame(0x01, b"12345"), frame(0x80, b"")].concat();
    assert_eq!(limited(limits, &twice), Ok(()), "the next message counts from zero");
}

/// T3: the header is enough for a refusal, which does not wait for payload.
#[test]
fn a_length_is_refused_as_soon_as_it_is_announced() {
    for len in [(16 << 20) + 1, 60 << 20, u64::from(u32::MAX), 1 << 32, u64::MAX >> 1] {
        let mut bytes = vec![0x82, 127];
        bytes.extend(len.to_be_bytes());
        let too_long = Error::FrameTooLong(OverLimit::new(len, 16 << 20));
        assert_eq!(limited(Limits::new(), &bytes), Err(too_long));
        let mut server = bytes.clone();
        server[1] |= 0x80;
        let (_, error) = decode(Role::Server, Limits::new(), &[&server]);
        assert_eq!(error, Err(too_long), "before the masking key");
        let limits = Limits::new().max_frame_len(u64::MAX);
        let too_long = |len| Error::MessageTooLong(OverLimit::new(len, 16 << 20));
        assert_eq!(limited(limits, &bytes), Err(too_long(len)));
        let sum = [frame(0x02, b"x"), [&[0x80][..], &bytes[1..]].concat()].concat();
        assert_eq!(limited(limits, &sum), Err(too_long(len + 1)));
    }
}

/// T10: empty fragments are counted like others.
#[test]
fn a_message_has_as_many_fragments_as_the_limit_and_not_one_more() {
    for payload in [&b""[..], b"x"] {
        let limits = Limits::new().max_fragments(3);
        let [start, middle, last] = [0x02, 0x00, 0x80].map(|first| frame(first, payload));
        let three = [&start[..], &middle, &last].concat();
        assert_eq!(limited(limits, &[&three[..], &three].concat()), Ok(()));
        let four = [&start[..], &middle, &middle, &last].concat();
        assert_eq!(limited(limits, &four), Err(Error::TooManyFragments { limit: 3 }));
        let endless = [&start[..], &middle.repeat(1_000_000)].concat();
        let (_, error) = decode(Role::Client, Limits::new(), &[&endless]);
        assert_eq!(error, Err(Error::TooManyFragments { limit: 128 << 10 }));
    }
    let limits = Limits::new().max_fragments(2);
    let ping = [frame(0x02, b"a"), frame(0x00, b"b"), frame(0x89, b"?")].concat();
    assert_eq!(limited(limits, &ping), Ok(()), "a control frame is no fragment");
    let none = Limits::new().max_fragments(0);
    assert_eq!(limited(none, &frame(0x82, b"whole")), Ok(()), "no message has none");
    let mut none = Limits::new();
    none.max_fragments = 0;
    assert_eq!(limited(none, &frame(0x82, b"whole")), Ok(()), "nor if the field says so");
    let one = Limits::new().max_fragments(1);
    assert_eq!(limited(one, &frame(0x82, b"whole")), Ok(()));
    assert_eq!(
        limited(one, &[frame(0x02, b"a"), frame(0x80, b"b")].concat()),
        Err(Error::TooManyFragments { limit: 1 })
    );
}
