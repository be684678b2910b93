//! Length-prefixed messages, in the order of PROTOCOL-HTTP2 and compression.md, and the frames that
//! replace them in PROTOCOL-WEB.
#![cfg(feature = "alloc")]

use crate::common::grpc::{Got, decode, frame};
use crate::common::same_however_split;
use framewright::grpc::{Decoder, Encoder, Error, Frame, Limits, Message, Part, Prefix, SendError};
use framewright::{Assembler, Buffer, BufferFull, Chunk, OverLimit, SliceBuf, Truncated};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};

fn all(decoder: &Decoder, bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    same_however_split(bytes, |pieces| decode(decoder.clone(), pieces))
}

fn plain() -> Decoder {
    Decoder::new(Limits::new())
}

fn got(frame: Frame, compressed: bool, bytes: impl AsRef<[u8]>) -> Got {
    Got { frame, compressed, bytes: bytes.as_ref().to_vec(), end: true }
}

fn message(bytes: impl AsRef<[u8]>) -> Got {
    got(Frame::Message, false, bytes)
}

// Length-Prefixed-Message → Compressed-Flag Message-Length Message

#[test]
fn messages_are_decoded_one_after_the_other_even_empty_ones() {
    let bytes = [frame(0, "Hello"), frame(0, ""), frame(0, [0xFF; 300]), frame(0, "x")].concat();
    let expected = vec![message("Hello"), message(""), message([0xFF; 300]), message("x")];
    assert_eq!(all(&plain(), &bytes), (expected, Ok(())));
}

/// The output of a gRPC-Web server in Go, which sends prefixes apart from what follows them.
#[test]
fn what_a_real_peer_sent_is_decoded() {
    let pieces: [&[u8]; 4] =
        [b"\0\0\0\0\x02", b"\x08\x01", b"\x80\0\0\0\x10", b"grpc-status: 0\r\n"];
    let expected = vec![message(b"\x08\x01"), got(Frame::Trailers, false, pieces[3])];
    assert_eq!(decode(plain().with_trailers(), &pieces), (expected.clone(), Ok(())));
    assert_eq!(all(&plain().with_trailers(), &pieces.concat()), (expected, Ok(())));
}

#[test]
fn a_message_in_the_input_is_borrowed_from_it_and_not_copied() {
    let bytes = frame(0, "Hello");
    let mut input = &bytes[..];
    let part = plain().decode(&mut input).unwrap().unwrap();
    assert_eq!(part.chunk().bytes.as_ptr(), bytes[5..].as_ptr());
    let mut assembler = Assembler::new(Vec::new());
    assert_eq!(assembler.push(part.chunk()).unwrap().unwrap().as_ptr(), bytes[5..].as_ptr());
}

#[test]
fn parts_are_out_as_soon_as_their_bytes_are_in() {
    let mut decoder = plain();
    let expected: [Option<(&[u8], bool, bool)>; 8] = [
        None,
        None,
        None,
        None,
        None,
        Some((b"a", true, false)),
        Some((b"b", false, false)),
        Some((b"c", false, true)),
    ];
    for (byte, expected) in frame(0, "abc").chunks(1).zip(expected) {
        let part = decoder.decode(&mut &*byte).unwrap();
        let expected = expected.map(|(bytes, start, end)| Chunk { bytes, start, end });
        assert_eq!(part.map(|part| part.chunk()), expected);
    }
    for (at, byte) in frame(0, "").chunks(1).enumerate() {
        let part = decoder.decode(&mut &*byte).unwrap();
        let whole = (at == 4).then_some(Chunk::whole(&[]));
        assert_eq!(part.map(|part| part.chunk()), whole, "an empty message with its prefix");
    }
}

#[test]
fn a_payload_says_how_much_of_it_is_missing() {
    let mut decoder = plain();
    let bytes = frame(0, [7; 1000]);
    let (mut head, mut tail) = bytes.split_at(105);
    assert_eq!(decoder.payload_remaining(), 0);
    let part = decoder.decode(&mut head).unwrap().unwrap();
    assert_eq!((part.chunk().bytes.len(), part.chunk().end), (100, false));
    assert_eq!(decoder.payload_remaining(), 900);
    assert_eq!(decoder.check_eof(), Err(Truncated));
    let part = decoder.decode(&mut tail).unwrap().unwrap();
    assert_eq!((part.chunk().bytes.len(), part.chunk().end), (900, true));
    assert_eq!((decoder.payload_remaining(), decoder.check_eof()), (0, Ok(())));
}

#[test]
fn an_end_of_the_stream_differs_from_a_cut_at_every_byte() {
    let messages = [frame(0, "a"), frame(0, ""), frame(0, "bcd")];
    let bytes = messages.concat();
    let ends = [0, 6, 11, 19];
    for cut in 0..=bytes.len() {
        let mut decoder = plain();
        let mut input = &bytes[..cut];
        while decoder.decode(&mut input).unwrap().is_some() {}
        assert_eq!(decoder.check_eof().is_ok(), ends.contains(&cut), "{cut} bytes");
    }
}

/// T16: every flag byte, against independently written rules.
#[test]
fn every_flag_byte_is_checked_when_it_comes() {
    for compressed in [false, true] {
        let decoders = [plain(), plain().with_trailers(), plain().with_head_and_trailers()];
        for (which, decoder) in decoders.into_iter().enumerate() {
            let decoder = decoder.accept_compressed(compressed);
            for flags in 0..=u8::MAX {
                let expected = match (flags, which) {
                    (0 | 1, 2) => Err(Error::HeadMissing),
                    (0 | 0x80, _) if flags == 0 || which > 0 => Ok(()),
                    (1 | 0x81, _) if flags == 1 || which > 0 => {
                        if compressed {
                            Ok(())
                        } else {
                            Err(Error::CompressedUnexpected)
                        }
                    }
                    _ => Err(Error::FlagsUnknown(flags)),
                };
                assert_eq!(decoder.clone().decode(&mut &[flags][..]).map(|_| ()), expected);
                let bytes = frame(flags, "abc");
                let (_, error) = same_however_split(&bytes, |p| decode(decoder.clone(), p));
                assert_eq!(error, expected, "{flags:02X}");
            }
        }
    }
}

/// T16: the prefix is enough for a refusal, which does not wait for payload.
#[test]
fn a_length_is_refused_with_the_fifth_byte() {
    for len in [(4 << 20) + 1, 60 << 20, 1 << 31, u32::MAX] {
        let mut bytes = vec![0];
        bytes.extend(len.to_be_bytes());
        let error = Error::MessageTooLong(OverLimit::new(len.into(), 4 << 20));
        assert_eq!(all(&plain(), &bytes), (vec![], Err(error)));
        let mut decoder = plain();
        assert_eq!(decoder.decode(&mut &bytes[..4]), Ok(None));
        assert_eq!(decoder.decode(&mut &bytes[4..]), Err(error));
    }
    let decoder = Decoder::new(Limits::new().max_message_len(u64::MAX));
    let mut input = &b"\0\xFF\xFF\xFF\xFFab"[..];
    let part = decoder.clone().decode(&mut input).unwrap().unwrap();
    assert_eq!((part.chunk().bytes, part.chunk().end), (&b"ab"[..], false), "without a limit");
}

#[test]
fn a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    for max in [0, 1, 5, 300] {
        let decoder = Decoder::new(Limits::new().max_message_len(max));
        let fits = vec![1; max as usize];
        assert_eq!(all(&decoder, &frame(0, &fits)), (vec![message(&fits)], Ok(())));
        let error = Error::MessageTooLong(OverLimit::new(max + 1, max));
        assert_eq!(all(&decoder, &frame(0, vec![1; max as usize + 1])), (vec![], Err(error)));
    }
    let default = vec![0; 4 << 20];
    assert_eq!(decode(plain(), &[&frame(0, &default)]).1, Ok(()), "4 MiB pass by default");
}

/// T16: a flood of empty messages costs nothing but its bytes.
#[test]
fn a_flood_of_empty_messages_is_yielded_one_by_one() {
    let bytes = frame(0, "").repeat(1_000_000);
    let mut decoder = plain();
    let (mut input, mut messages) = (&bytes[..], 0);
    while let Some(part) = decoder.decode(&mut input).unwrap() {
        assert_eq!(part.chunk(), Chunk::whole(&[]));
        messages += 1;
    }
    assert_eq!(messages, 1_000_000);
}

/// A limit on messages does not limit the stream: nothing is counted over messages.
#[test]
fn a_message_longer_than_any_buffer_passes_through_in_chunks() {
    let limits = Limits::new().max_message_len(u64::MAX);
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.decode(&mut &b"\0\xFF\xFF\xFF\xFF"[..]), Ok(None));
    let mut left = u64::from(u32::MAX);
    let buf = vec![0; 1 << 26];
    while left > 0 {
        assert_eq!(decoder.payload_remaining(), left);
        let len = left.min(buf.len() as u64) as usize;
        let part = decoder.decode(&mut &buf[..len]).unwrap().unwrap();
        left -= len as u64;
        assert_eq!((part.chunk().bytes.len(), part.chunk().end), (len, left == 0));
    }
    assert_eq!(decoder.check_eof(), Ok(()));
}

// Compressed-Flag, and compression.md

#[test]
fn a_flag_says_which_messages_are_compressed_if_an_encoding_was_negotiated() {
    let bytes = [frame(1, "abc"), frame(0, "de"), frame(1, "")].concat();
    let compressed = |bytes| got(Frame::Message, true, bytes);
    let expected = vec![compressed("abc"), message("de"), compressed("")];
    assert_eq!(all(&plain().accept_compressed(true), &bytes), (expected, Ok(())));
    assert_eq!(all(&plain(), &bytes), (vec![], Err(Error::CompressedUnexpected)));
    assert_eq!(
        all(&plain(), &[frame(0, "x"), frame(1, "y")].concat()),
        (vec![message("x")], Err(Error::CompressedUnexpected))
    );
}

// PROTOCOL-WEB, Message framing

#[test]
fn trailers_come_once_and_last() {
    let decoder = plain().with_trailers();
    let block = "grpc-status: 0\r\n";
    let trailers = got(Frame::Trailers, false, block);
    let bytes = [frame(0, "a"), frame(0x80, block)].concat();
    assert_eq!(all(&decoder, &bytes), (vec![message("a"), trailers.clone()], Ok(())));
    for more in [frame(0, "b"), frame(0x80, block), vec![0], vec![0xFF]] {
        let bytes = [frame(0x80, block), more].concat();
        assert_eq!(all(&decoder, &bytes), (vec![trailers.clone()], Err(Error::AfterTrailers)));
    }
    let empty = (vec![got(Frame::Trailers, false, "")], Ok(()));
    assert_eq!(all(&decoder, &frame(0x80, "")), empty, "empty ones are trailers");
    let compressed = (vec![got(Frame::Trailers, true, "xyz")], Ok(()));
    assert_eq!(all(&decoder.accept_compressed(true), &frame(0x81, "xyz")), compressed);
}

#[test]
fn trailers_of_exactly_the_limit_pass_and_one_byte_more_does_not() {
    let decoder =
        Decoder::new(Limits::new().max_trailers_len(3).max_message_len(9)).with_trailers();
    let trailers = vec![got(Frame::Trailers, false, "abc")];
    assert_eq!(all(&decoder, &frame(0x80, "abc")), (trailers, Ok(())));
    let error = Error::TrailersTooLong(OverLimit::new(4, 3));
    assert_eq!(all(&decoder, &frame(0x80, "abcd")), (vec![], Err(error)));
    assert_eq!(all(&decoder, &frame(0, "abcd")), (vec![message("abcd")], Ok(())));
    let mut announced = vec![0x80];
    announced.extend(8193_u32.to_be_bytes());
    let error = Error::TrailersTooLong(OverLimit::new(8193, 8192));
    assert_eq!(all(&plain().with_trailers(), &announced), (vec![], Err(error)), "8 KiB by default");
}

#[test]
fn over_websocket_a_head_comes_first() {
    let decoder = plain().with_head_and_trailers();
    let bytes = [frame(0x80, "A: 1\r\n"), frame(0, "m"), frame(0x80, "b: 2\r\n")].concat();
    let expected = vec![
        got(Frame::Head, false, "A: 1\r\n"),
        message("m"),
        got(Frame::Trailers, false, "b: 2\r\n"),
    ];
    assert_eq!(all(&decoder, &bytes), (expected.clone(), Ok(())));
    assert_eq!(all(&decoder, &[bytes, vec![0]].concat()), (expected, Err(Error::AfterTrailers)));
    assert_eq!(all(&decoder, &frame(0, "m")), (vec![], Err(Error::HeadMissing)));
}

// The other direction

#[test]
fn a_prefix_that_is_printed_parses_back() {
    for flags in [0, 1, 0x80, 0x81, 0xFF] {
        for len in [0, 1, 255, 256, 0xFFFF, 0x1_0000, u32::MAX] {
            let prefix = Prefix { flags, len };
            let bytes = prefix.to_bytes();
            assert_eq!(bytes[0], flags);
            assert_eq!(bytes[1..], len.to_be_bytes());
            assert_eq!(Prefix::parse(bytes), prefix);
        }
    }
}

#[test]
fn a_message_is_written_whole_or_not_at_all() {
    for room in 0..12 {
        let mut bytes = [0xEE; 12];
        let mut out = SliceBuf::new(&mut bytes[..room]);
        let mut encoder = Encoder::new();
        let written = out.try_append(b"x").and_then(|()| {
            encoder.encode(b"Hello", &mut out).map_err(|e| match e {
                SendError::BufferFull(full) => full,
                e => panic!("{e}"),
            })
        });
        match room {
            0 => assert_eq!(written, Err(BufferFull { needed: 1 })),
            1..=10 => {
                assert_eq!(written, Err(BufferFull { needed: 11 }));
                assert_eq!(out.as_slice(), b"x");
            }
            _ => assert_eq!(out.as_slice(), b"x\0\0\0\0\x05Hello"),
        }
        assert_eq!(encoder.ready(), Ok(()));
    }
}

#[test]
fn bytes_are_a_message_that_is_not_compressed() {
    let whole = Message { compressed: false, bytes: b"Hello" };
    assert_eq!(Message::from(b"Hello"), whole);
    assert_eq!(Message::from(&b"Hello"[..]), whole);
    #[cfg(feature = "alloc")]
    assert_eq!(Message::from(&b"Hello".to_vec()), whole);
    #[cfg(feature = "bytes")]
    assert_eq!(Message::from(&bytes::Bytes::from_static(b"Hello")), whole);
}

#[test]
fn nothing_comes_between_a_prefix_and_the_end_of_its_payload() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.begin_message(5, true, &mut out).unwrap();
    assert_eq!(out, [1, 0, 0, 0, 5]);
    let before = out.clone();
    let unfinished = Err(SendError::MessageUnfinished);
    assert_eq!(encoder.encode(b"", &mut out), unfinished);
    assert_eq!(encoder.begin_message(0, false, &mut out), unfinished);
    assert_eq!(encoder.encode_trailers(b"", &mut out), unfinished);
    assert_eq!(encoder.encode_prefix(1, false), Err(SendError::MessageUnfinished));
    assert_eq!(encoder.encode_payload(b"123456", &mut out), Err(SendError::PayloadTooLong));
    assert_eq!(out, before, "nothing was written and nothing changed");
    for piece in ["12", "", "345"] {
        encoder.encode_payload(piece.as_bytes(), &mut out).unwrap();
    }
    assert_eq!(encoder.encode_payload(b"6", &mut out), Err(SendError::PayloadTooLong));
    assert_eq!(out, b"\x01\0\0\0\x0512345");
    assert_eq!(encoder.ready(), Ok(()));
    encoder.begin_message(0, false, &mut out).unwrap();
    assert_eq!(encoder.ready(), Ok(()), "an empty message is complete with its prefix");
}

#[test]
fn nothing_is_written_after_trailers() {
    let mut encoder = Encoder::new();
    let mut out = Vec::new();
    encoder.encode_trailers(b"grpc-status: 0\r\n", &mut out).unwrap();
    assert_eq!(out, b"\x80\0\0\0\x10grpc-status: 0\r\n");
    assert_eq!(encoder.encode(b"x", &mut out), Err(SendError::Ended));
    assert_eq!(encoder.encode_trailers(b"", &mut out), Err(SendError::Ended));
    assert_eq!(out.len(), 21);
}

#[test]
fn a_message_has_less_than_4_gib() {
    let encoder = Encoder::new();
    let most = u64::from(u32::MAX);
    let prefix = Prefix { flags: 1, len: u32::MAX };
    assert_eq!(encoder.encode_prefix(most, true), Ok(prefix));
    for len in [most + 1, 1 << 33, u64::MAX] {
        assert_eq!(encoder.encode_prefix(len, false), Err(SendError::MessageTooLong));
    }
}

// All of it

/// A decoder that sees the whole stream.
fn naive(
    mut bytes: &[u8],
    compressed: bool,
    trailers: bool,
    limits: [u64; 2],
) -> (Vec<Got>, Result<(), Error>) {
    let mut got = Vec::new();
    let mut ended = false;
    loop {
        let Some(&flags) = bytes.first() else { return (got, Ok(())) };
        if ended {
            return (got, Err(Error::AfterTrailers));
        }
        let block = flags & 0x80 != 0;
        if flags & 0x7E != 0 || block && !trailers {
            return (got, Err(Error::FlagsUnknown(flags)));
        }
        if flags & 1 != 0 && !compressed {
            return (got, Err(Error::CompressedUnexpected));
        }
        if bytes.len() < 5 {
            return (got, Ok(()));
        }
        let len = u64::from(u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]));
        let limit = limits[usize::from(block)];
        if len > limit {
            let over = OverLimit::new(len, limit);
            return (
                got,
                Err(match block {
                    false => Error::MessageTooLong(over),
                    true => Error::TrailersTooLong(over),
                }),
            );
        }
        bytes = &bytes[5..];
        if bytes.is_empty() && len > 0 {
            return (got, Ok(()));
        }
        let end = bytes.len() as u64 >= len;
        let here = if end { len as usize } else { bytes.len() };
        got.push(Got {
            frame: if block { Frame::Trailers } else { Frame::Message },
            compressed: flags & 1 != 0,
            bytes: bytes[..here].to_vec(),
            end,
        });
        bytes = &bytes[here..];
        ended = block && end;
    }
}

fn streams() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop_oneof![8 => 0..2_u8, 1 => 0x80..0x82_u8, 1 => any::<u8>()];
    let frames = (flags, proptest::collection::vec(any::<u8>(), 0..20), -3..4_i64);
    proptest::collection::vec(frames, 0..6).prop_map(|frames| {
        let mut bytes = Vec::new();
        for (flags, payload, lie) in frames {
            // Most lengths are right.
            let lie = if lie.abs() < 3 { 0 } else { lie };
            bytes.push(flags);
            bytes.extend(((payload.len() as i64 + lie).max(0) as u32).to_be_bytes());
            bytes.extend(payload);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_decoder_agrees_with_one_that_sees_the_whole_stream(
        bytes in streams(),
        compressed in any::<bool>(),
        trailers in any::<bool>(),
    ) {
        let limits = [17, 12];
        let decoder = Decoder::new(Limits::new().max_message_len(limits[0]).max_trailers_len(limits[1]));
        let decoder = decoder.accept_compressed(compressed);
        let decoder = if trailers { decoder.with_trailers() } else { decoder };
        prop_assert_eq!(all(&decoder, &bytes), naive(&bytes, compressed, trailers, limits));
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same(
        messages in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..50), any::<bool>()),
            0..6,
        ),
        block in proptest::option::of("[a-z]{0,9}"),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut encoder = Encoder::new();
        let mut out = Vec::new();
        let mut expected = Vec::new();
        for (compressed, bytes, pieces) in &messages {
            if *pieces {
                encoder.begin_message(bytes.len() as u64, *compressed, &mut out).unwrap();
                for piece in bytes.chunks(7) {
                    encoder.encode_payload(piece, &mut out).unwrap();
                }
            } else {
                encoder.encode(Message { compressed: *compressed, bytes }, &mut out).unwrap();
            }
            expected.push(got(Frame::Message, *compressed, bytes));
        }
        if let Some(block) = &block {
            encoder.encode_trailers(block.as_bytes(), &mut out).unwrap();
            expected.push(got(Frame::Trailers, false, block));
        }
        let decoder = plain().accept_compressed(true).with_trailers();
        let cut = cut.index(out.len() + 1);
        prop_assert_eq!(decode(decoder, &[&out[..cut], &out[cut..]]), (expected, Ok(())));
    }
}

/// These types are returned by value, and often.
#[test]
fn what_is_returned_fits_in_32_bytes() {
    assert!(size_of::<Part<'_>>() <= 32);
    assert!(size_of::<Result<Option<Part<'_>>, Error>>() <= 32);
    assert!(size_of::<Error>() <= 16);
    assert!(size_of::<SendError>() <= 16);
}
