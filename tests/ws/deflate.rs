//! Compressed messages, in the order of RFC 7692: §5 and §7.1, §6, §7.2, and its security (§8).
#![cfg(feature = "deflate")]

use crate::common::deflate::{Receiver, Unzlib, Zlib, agreed, payload, receive};
use crate::common::same_however_split;
use crate::common::ws::{decode, frame, masked};
use flate2::FlushCompress;
use framewright::ws::deflate::{Config, Deflater, Inflater};
use framewright::ws::handshake::{self, Extensions};
use framewright::ws::{
    Assembler, CloseCode, Connection, Decoder, Encoder, Error, Kind, Limits, Message, Part, Role,
    SendError, Server,
};
use framewright::{BufferFull, Chunk, OverLimit, SliceBuf};

const ALONE: Config =
    Config::new().server_no_context_takeover(true).client_no_context_takeover(true);

/// Receives at a client, however split and through scratch space of any size.
#[allow(clippy::type_complexity, reason = "it is taken apart at once")]
fn all(config: Config, limits: Limits, bytes: &[u8]) -> (Vec<(Kind, Vec<u8>)>, Result<(), Error>) {
    let once = receive(config, limits, 4096, &[bytes]);
    for scratch in [1, 2, 3, 5, 4096] {
        let result = same_however_split(bytes, |pieces| receive(config, limits, scratch, pieces));
        assert_eq!(result, once, "{scratch} bytes of scratch space");
    }
    once
}

fn text(bytes: &str) -> (Kind, Vec<u8>) {
    (Kind::Text, bytes.into())
}

/// Bytes that do not shrink.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

// §5.1 and §7.1 Negotiation

/// The answer of a server with this configuration.
fn answer(config: Config, offers: &str) -> Option<String> {
    let offers = Extensions::parse(offers.as_bytes()).expect("a list of extensions");
    config.negotiate(offers).map(|(_, answer)| answer.as_str().to_owned())
}

#[test]
fn a_server_answers_with_what_it_agrees_to_and_only_parameters_that_the_client_knows() {
    let small = Config::new().server_max_window_bits(10).client_max_window_bits(11);
    let cases = [
        (Config::new(), "", ""),
        (Config::new(), "; server_no_context_takeover", "; server_no_context_takeover"),
        (Config::new(), "; client_no_context_takeover", "; client_no_context_takeover"),
        (ALONE, "", "; server_no_context_takeover; client_no_context_takeover"),
        (Config::new(), "; server_max_window_bits=9", "; server_max_window_bits=9"),
        (Config::new(), "; server_max_window_bits=15", "; server_max_window_bits=15"),
        (small, "", "; server_max_window_bits=10"),
        (small, "; server_max_window_bits=12", "; server_max_window_bits=10"),
        (small, "; server_max_window_bits=9", "; server_max_window_bits=9"),
        (Config::new(), "; client_max_window_bits", ""),
        (Config::new(), "; client_max_window_bits=15", ""),
        (Config::new(), "; client_max_window_bits=9", "; client_max_window_bits=9"),
        (Config::new(), "; client_max_window_bits=8", ""),
        (
            small,
            "; client_max_window_bits",
            "; server_max_window_bits=10; client_max_window_bits=11",
        ),
        (
            small,
            "; client_max_window_bits=\"10\"",
            "; server_max_window_bits=10; client_max_window_bits=10",
        ),
        (small, "; client_max_window_bits=8", "; server_max_window_bits=10"),
        (
            ALONE,
            "; client_max_window_bits=\"1\\2\"; server_max_window_bits=13; client_no_context_takeover",
            "; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=13; client_max_window_bits=12",
        ),
    ];
    for (config, offer, expected) in cases {
        let offer = format!("permessage-deflate{offer}");
        let expected = format!("permessage-deflate{expected}");
        assert_eq!(answer(config, &offer), Some(expected), "{offer}");
    }
}

#[test]
fn a_server_takes_the_first_offer_that_it_can() {
    let cases = [
        ("foo; bar, permessage-deflate", Some("")),
        ("permessage-deflate; foo, permessage-deflate", Some("")),
        (
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
            Some("; server_max_window_bits=9"),
        ),
        (
            "permessage-deflate; client_no_context_takeover, permessage-deflate",
            Some("; client_no_context_takeover"),
        ),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("foo, x-webkit-deflate-frame, permessage-bzip2", None),
        ("constructor, __proto__; hasOwnProperty", None),
        ("permessage-deflate; constructor", None),
        ("Permessage-Deflate", None),
    ];
    for (offers, expected) in cases {
        let expected = expected.map(|params| format!("permessage-deflate{params}"));
        assert_eq!(answer(Config::new(), offers), expected, "{offers}");
    }
    // With several headers, the offers of one come after those of the other.
    let headers = [&b"foo, permessage-deflate; foo"[..], b"permessage-deflate"];
    let offers = headers.into_iter().flat_map(|header| Extensions::parse(header).unwrap());
    assert!(Config::new().negotiate(offers).is_some());
}

/// T12: window bits from 0 to 255, and every other way to write them.
#[test]
fn window_bits_are_8_to_15_in_decimal_or_the_offer_is_declined() {
    let mut texts: Vec<String> = (0..=255).map(|bits| bits.to_string()).collect();
    texts.extend((0..=20).map(|bits| format!("0{bits}")));
    texts.extend((0..=20).map(|bits| format!("+{bits}")));
    texts.extend((0..=20).map(|bits| format!("-{bits}")));
    texts.extend(["1e1", "0xA", "0b1010", "a", "10.0", "1_0", "10!", "ten"].map(String::from));
    for bits in &texts {
        let valid = (8..=15).any(|valid| *bits == valid.to_string());
        for quote in ["", "\""] {
            let server = format!("permessage-deflate; server_max_window_bits={quote}{bits}{quote}");
            let client = format!("permessage-deflate; client_max_window_bits={quote}{bits}{quote}");
            // The one for which zlib has no compressor is declined, so it never fails later.
            let can = valid && bits != "8";
            let expected =
                can.then(|| format!("permessage-deflate; server_max_window_bits={bits}"));
            assert_eq!(answer(Config::new(), &server), expected, "{server}");
            assert_eq!(answer(Config::new(), &client).is_some(), valid, "{client}");
            // In an answer, both may be less than was offered.
            for text in [server, client] {
                let checked = Config::new().check(Extensions::parse(text.as_bytes()).unwrap());
                assert_eq!(checked.is_ok(), valid, "{text}");
            }
        }
    }
    for list in [
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"8 \"",
        "permessage-deflate; client_max_window_bits=\"10, permessage-deflate,11\"",
        "permessage-deflate; client_max_window_bits=10 11",
        "permessage-deflate;",
        "permessage-deflate; ; server_no_context_takeover",
    ] {
        assert_eq!(
            Extensions::parse(list.as_bytes()).err(),
            Some(handshake::Error::Extensions),
            "{list}: no list at all"
        );
    }
}

#[test]
fn a_parameter_that_is_unknown_missing_its_value_or_there_twice_declines_the_offer() {
    for params in [
        "server_max_window_bits",
        "server_max_window_bits=10; server_max_window_bits=10",
        "server_max_window_bits=10; server_max_window_bits=11",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; client_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits=10",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_no_context_takeover=1",
        "server_no_context_takeover=true",
        "client_no_context_takeover=10",
        "client_no_context_takeover=\"10\"",
        "Server_No_Context_Takeover",
        "unknown",
        "unknown=10",
        "mem_level=8",
    ] {
        let list = format!("permessage-deflate; {params}");
        assert_eq!(answer(Config::new(), &list), None, "{list}");
        let checked = Config::new().check(Extensions::parse(list.as_bytes()).unwrap());
        assert_eq!(checked, Err(handshake::Error::ExtensionParams), "{list}");
        // Another offer in the same header may still be good.
        let list = format!("{list}, permessage-deflate");
        assert_eq!(answer(Config::new(), &list).as_deref(), Some("permessage-deflate"));
    }
}

/// §7.1.1.2: a client has to obey `client_no_context_takeover` that it did not offer. Some do not, and
/// what they send can be inflated nevertheless.
#[test]
fn a_client_that_refers_to_earlier_messages_is_inflated_unless_it_offered_not_to() {
    let relying = ALONE.rely_on_clients(true);
    let client_alone = "permessage-deflate; client_no_context_takeover";
    for (config, offer, inflates) in [
        // As Mojolicious and tornado offer it.
        (ALONE, "permessage-deflate", true),
        (ALONE, "permessage-deflate; client_max_window_bits", true),
        (ALONE, client_alone, false),
        (Config::new(), client_alone, false),
        (relying, "permessage-deflate", false),
        (relying, client_alone, false),
        (Config::new().rely_on_clients(true), "permessage-deflate", true),
    ] {
        let offers = Extensions::parse(offer.as_bytes()).unwrap();
        let (params, answer) = config.negotiate(offers).unwrap();
        let asked = answer.as_str().contains("client_no_context_takeover");
        assert_eq!(params.of(Role::Client).no_context_takeover, asked);
        let server = Connection::server(Limits::new());
        let mut receiver = Receiver::new(server, params, Limits::new(), 512);
        let mut zlib = Zlib::new(6, 15, true);
        let frames = [0; 2].map(|_| masked(0xC1, &zlib.message(b"Hello Hello")));
        assert!(frames[1].len() < frames[0].len(), "the second refers to the first");
        assert_eq!(receiver.receive(&frames[0]), Ok(()));
        receiver.inflater.release();
        let result = if inflates { Ok(()) } else { Err(Error::InvalidDeflate) };
        assert_eq!(receiver.receive(&frames[1]), result, "{offer}");
    }
}

#[test]
fn a_client_offers_what_it_is_configured_to() {
    assert_eq!(Config::new().offer().as_str(), "permessage-deflate; client_max_window_bits");
    let all = ALONE.server_max_window_bits(10).client_max_window_bits(11);
    assert_eq!(
        all.offer().as_str(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=10; client_max_window_bits=11"
    );
}

#[test]
fn a_client_accepts_only_an_answer_to_its_offer() {
    let small = Config::new().server_max_window_bits(10).client_max_window_bits(11);
    let cases = [
        // server takes over, client does, server's bits, client's bits
        (Config::new(), "", Some((true, true, 15, 15))),
        (Config::new(), "; server_no_context_takeover", Some((false, true, 15, 15))),
        (Config::new(), "; client_no_context_takeover", Some((true, false, 15, 15))),
        (Config::new(), "; server_max_window_bits=8", Some((true, true, 8, 15))),
        (Config::new(), "; client_max_window_bits=9", Some((true, true, 15, 9))),
        (Config::new(), "; client_max_window_bits=8", Some((true, true, 15, 8))),
        (Config::new(), "; client_max_window_bits", None),
        (ALONE, "; server_no_context_takeover", Some((false, false, 15, 15))),
        (ALONE, "; client_no_context_takeover", None),
        (small, "; server_max_window_bits=10", Some((true, true, 10, 11))),
        (small, "; server_max_window_bits=9", Some((true, true, 9, 11))),
        (small, "; server_max_window_bits=11", None),
        (small, "", None),
        (
            small,
            "; server_max_window_bits=10; client_max_window_bits=11",
            Some((true, true, 10, 11)),
        ),
        (small, "; server_max_window_bits=10; client_max_window_bits=12", None),
        (small, "; server_max_window_bits=10; client_max_window_bits=9", Some((true, true, 10, 9))),
    ];
    for (config, params, expected) in cases {
        let list = format!("permessage-deflate{params}");
        let checked = config.check(Extensions::parse(list.as_bytes()).unwrap());
        let checked = checked.map(|agreed| {
            let agreed = agreed.expect("it is there");
            let (server, client) = (agreed.of(Role::Server), agreed.of(Role::Client));
            (
                !server.no_context_takeover,
                !client.no_context_takeover,
                server.max_window_bits,
                client.max_window_bits,
            )
        });
        assert_eq!(checked, expected.ok_or(handshake::Error::ExtensionParams), "{list}");
    }
    // Laxer than §7.1.1.1 and §7.1.2.1, if that was asked for.
    for (params, expected) in [
        ("", Ok((false, 15))),
        ("; server_no_context_takeover", Ok((true, 15))),
        ("; server_max_window_bits=9", Ok((false, 9))),
        ("; server_max_window_bits=11", Err(handshake::Error::ExtensionParams)),
        ("; client_max_window_bits=12", Err(handshake::Error::ExtensionParams)),
        ("; foo", Err(handshake::Error::ExtensionParams)),
    ] {
        let config = ALONE.server_max_window_bits(10).client_max_window_bits(11).accept_less(true);
        let list = format!("permessage-deflate{params}");
        let checked = config.check(Extensions::parse(list.as_bytes()).unwrap());
        let checked = checked.map(|agreed| {
            let agreed = agreed.expect("it is there");
            let client = agreed.of(Role::Client);
            assert!(client.no_context_takeover, "as it was offered");
            let server = agreed.of(Role::Server);
            (server.no_context_takeover, server.max_window_bits)
        });
        assert_eq!(checked, expected, "{list}");
    }
    let twice = Extensions::parse(b"permessage-deflate, foo, permessage-deflate").unwrap();
    assert_eq!(Config::new().check(twice), Err(handshake::Error::ExtensionParams));
    assert_eq!(Config::new().check(Extensions::parse(b"foo; bar").unwrap()), Ok(None));
    assert_eq!(Config::new().check([]), Ok(None), "declined");
}

/// T12: 8 bits are never accepted only to fail later.
#[test]
fn a_client_that_has_to_use_8_bits_sends_uncompressed_and_still_inflates() {
    let list = Extensions::parse(b"permessage-deflate; client_max_window_bits=8").unwrap();
    let agreed = Config::new().check(list).unwrap().unwrap();
    let config = Config::new().min_len(0);
    let mut deflater = Deflater::new(Role::Client, agreed, config);
    let (mut client, mut out) = (Encoder::client(|| [0; 4]), Vec::new());
    deflater.encode("Hello", &mut client, &mut out).unwrap();
    deflater.encode_fragment(Kind::Text, b"Hello", true, &mut client, &mut out).unwrap();
    assert_eq!(out, b"\x81\x85\0\0\0\0Hello".repeat(2));
    let connection = Connection::client(Limits::new(), || [0; 4]);
    let mut receiver = Receiver::new(connection, agreed, Limits::new(), 10);
    receiver.receive(b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00").unwrap();
    assert_eq!(receiver.got, [text("Hello")]);
}

#[test]
fn settings_that_zlib_lacks_become_the_nearest_that_it_has() {
    assert_eq!(Config::new().server_max_window_bits(8), Config::new().server_max_window_bits(9));
    assert_eq!(Config::new().client_max_window_bits(0), Config::new().client_max_window_bits(9));
    assert_eq!(Config::new().client_max_window_bits(16), Config::new());
    assert_eq!(Config::new().level(10).mem_level(0), Config::new().level(9).mem_level(1));
}

// §6 Framing

#[test]
fn rsv1_is_refused_unless_it_was_agreed_to() {
    for first in [0xC1, 0xC2, 0x41] {
        let (got, result) = decode(Role::Client, Limits::new(), &[&frame(first, b"\x00")]);
        assert_eq!((got, result), (vec![], Err(Error::ReservedBits)));
    }
}

/// T-PMD: RSV1 where it is not allowed.
#[test]
fn rsv1_on_a_continuation_or_a_control_frame_and_the_other_bits_are_refused_all_the_same() {
    let start = frame(0x41, b"\xF2\x48");
    for bytes in [
        [&start[..], &frame(0xC0, b"\x00")].concat(),
        [&start[..], &frame(0x40, b"\x00")].concat(),
        [&frame(0x01, b"a")[..], &frame(0xC0, b"\x00")].concat(),
        frame(0xC8, b""),
        frame(0xC9, b""),
        frame(0xCA, b""),
        frame(0xE1, b"\x00"),
        frame(0xD1, b"\x00"),
        frame(0xA1, b"\x00"),
        frame(0x91, b"\x00"),
    ] {
        assert_eq!(all(Config::new(), Limits::new(), &bytes).1, Err(Error::ReservedBits));
    }
    let inside = [start, frame(0xC1, b"\x00")].concat();
    assert_eq!(all(Config::new(), Limits::new(), &inside).1, Err(Error::ContinuationMissing));
}

#[test]
fn a_decoder_yields_compressed_payloads_unchanged() {
    let mut decoder = Decoder::new(Role::Server, Limits::new()).accept_compressed(true);
    let mut bytes = [masked(0x41, b"\xFF\xFE"), masked(0x80, b""), masked(0x81, b"plain")].concat();
    let mut input = &mut bytes[..];
    let Ok(Some(Part::Compressed(first))) = decoder.decode(&mut input) else { panic!() };
    assert_eq!((first.kind(), first.chunk().bytes), (Kind::Text, &b"\xFF\xFE"[..]));
    assert_eq!((first.chunk().start, first.chunk().end), (true, false));
    let Ok(Some(Part::Compressed(last))) = decoder.decode(&mut input) else { panic!() };
    assert_eq!((last.chunk().start, last.chunk().end), (false, true));
    assert_eq!((last.kind(), last.chunk().bytes), (Kind::Text, &b""[..]));
    assert!(matches!(decoder.decode(&mut input), Ok(Some(Part::Text(_)))));
}

#[test]
fn an_assembler_that_does_not_inflate_says_so() {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut bytes = frame(0xC1, b"\x00");
    let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
    let mut plain = framewright::ws::Assembler::new(Vec::new());
    assert_eq!(plain.push(part), Err(Error::NotInflated));
    let mut none = Assembler::new(Vec::new());
    let error = Error::ReservedBits;
    assert_eq!(none.push_inflated(part, None, &mut [0; 10]), Err(error));
}

/// The fault is the peer's, so that the storage is freed.
#[test]
fn a_compressed_part_without_an_inflater_frees_the_storage() {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut bytes = [frame(0x02, &[7; 100]), frame(0x80, b"7"), frame(0xC2, b"\x00")].concat();
    let mut input = &mut bytes[..];
    let mut assembler = Assembler::new(Vec::new());
    let mut push = || {
        let part = decoder.decode(&mut input).unwrap().unwrap();
        assembler.push_inflated(part, None, &mut [0; 10]).map(|message| message.is_some())
    };
    let error = Error::ReservedBits;
    assert_eq!([push(), push(), push()], [Ok(false), Ok(true), Err(error)]);
    assert_eq!(assembler.storage().capacity(), 0);
}

// §7.2.2 Decompression, with the examples of §7.2.3

/// The payloads in §7.2.3, and the message of each.
#[test]
fn every_example_of_the_rfc_is_inflated() {
    let cases: [(&str, &[u8], &[&str]); 8] = [
        ("§7.2.3.1", b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00", &["Hello"]),
        ("§7.2.3.1, fragments", b"\x41\x03\xF2\x48\xCD\x80\x04\xC9\xC9\x07\x00", &["Hello"]),
        (
            "§7.2.3.2",
            b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00\xC1\x05\xF2\x00\x11\x00\x00",
            &["Hello", "Hello"],
        ),
        ("§7.2.3.3", b"\xC1\x0B\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00", &["Hello"]),
        ("§7.2.3.4", b"\xC1\x08\xF3\x48\xCD\xC9\xC9\x07\x00\x00", &["Hello"]),
        ("§7.2.3.5", b"\xC1\x0D\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00", &["Hello"]),
        ("§7.2.3.6", b"\xC1\x01\x00", &[""]),
        ("§7.2.3.6, and no byte at all", b"\xC1\x00\xC1\x01\x00\x81\x00", &["", "", ""]),
    ];
    for (section, bytes, expected) in cases {
        let expected = expected.iter().map(|message| text(message)).collect();
        assert_eq!(all(Config::new(), Limits::new(), bytes), (expected, Ok(())), "{section}");
    }
}

#[test]
fn a_final_block_ends_the_context_and_not_the_message() {
    let mut zlib = Zlib::new(6, 15, true);
    let one = zlib.flush(b"one, ", FlushCompress::Finish);
    zlib.reset();
    let two = zlib.flush(b"two, ", FlushCompress::Finish);
    zlib.reset();
    let three = zlib.message(b"three");
    let four = zlib.message(b"three and four");
    // Two final blocks and another one in one message, then a message that refers to the last block.
    let bytes = [frame(0xC1, &[&one[..], &two, &three].concat()), frame(0xC1, &four)].concat();
    let expected = vec![text("one, two, three"), text("three and four")];
    assert_eq!(all(Config::new(), Limits::new(), &bytes), (expected, Ok(())));
    // With and without the byte that the standard requires after it.
    let bytes = [frame(0xC1, &[&one[..], b"\0"].concat()), frame(0xC1, &one)].concat();
    let expected = vec![text("one, "), text("one, ")];
    assert_eq!(all(Config::new(), Limits::new(), &bytes), (expected, Ok(())));
}

#[test]
fn several_blocks_of_every_type_are_one_message() {
    let mut zlib = Zlib::new(6, 15, true);
    let noise = noise(300);
    let pieces: [&[u8]; 4] = [&[b'a'; 500], &noise, b"", b"the quick brown fox"];
    let mut payload: Vec<u8> =
        pieces.iter().flat_map(|piece| zlib.flush(piece, FlushCompress::Partial)).collect();
    payload.extend(zlib.message(b"end"));
    let expected = [&pieces.concat()[..], b"end"].concat();
    let bytes = frame(0xC2, &payload);
    assert_eq!(all(Config::new(), Limits::new(), &bytes), (vec![(Kind::Binary, expected)], Ok(())));
}

#[test]
fn control_frames_come_between_fragments_and_plain_messages_between_compressed_ones() {
    let mut zlib = Zlib::new(6, 15, true);
    let one = zlib.message("Grüße, and Grüße again".as_bytes());
    let two = zlib.message("Grüße, and Grüße for the third time".as_bytes());
    let (a, b) = one.split_at(5);
    let bytes = [
        frame(0x41, a),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x80, b),
        frame(0x81, b"as it is"),
        frame(0x01, b"as "),
        frame(0x80, b"it is"),
        frame(0xC1, &two),
    ]
    .concat();
    let expected = vec![
        text("Grüße, and Grüße again"),
        text("as it is"),
        text("as it is"),
        text("Grüße, and Grüße for the third time"),
    ];
    assert_eq!(all(Config::new(), Limits::new(), &bytes), (expected, Ok(())));
}

/// Payloads that are not DEFLATE, or that end where no message can.
#[test]
fn invalid_deflate_and_bytes_after_its_end_are_refused_with_1007() {
    let hello = b"\xF2\x48\xCD\xC9\xC9\x07\x00";
    let cases: [(&str, Vec<u8>); 12] = [
        ("a reserved type of block", vec![0x06]),
        ("a reserved type after a final block", b"\xF3\x48\xCD\xC9\xC9\x07\x00\x06".to_vec()),
        ("garbage after the last block", [&hello[..], b"\xFF\xFF\xFF\xFF"].concat()),
        ("the tail, which should not be there", [&hello[..], b"\x00\x00\xFF\xFF"].concat()),
        ("one byte of the tail", [&hello[..], b"\x00"].concat()),
        ("a length that is not what its complement says", b"\x00\x05\x00\xFA\xFE".to_vec()),
        ("a stored block that has not come to its end", b"\x00\x0A\x00\xF5\xFFHel".to_vec()),
        ("a stored block of which the tail would be the end", b"\x00\x07\x00\xF8\xFFHel".to_vec()),
        ("a stored block of which the tail would be a part", b"\x00\x64\x00\x9B\xFFHel".to_vec()),
        ("a fixed block without its end", hello[..4].to_vec()),
        ("a dynamic block cut off in its tables", b"\x04\x00".to_vec()),
        ("a reference to what never was", b"\xF2\x00\x11\x00\x00".to_vec()),
    ];
    for (what, payload) in cases {
        for config in [Config::new(), ALONE] {
            let bytes = [frame(0x81, b"before"), frame(0xC2, &payload), frame(0x81, b"")].concat();
            let (messages, result) = all(config, Limits::new(), &bytes);
            assert_eq!(
                (messages, result),
                (vec![text("before")], Err(Error::InvalidDeflate)),
                "{what}"
            );
        }
    }
    assert_eq!(Error::InvalidDeflate.close_code(), CloseCode::INVALID_DATA);
}

/// A server that answers `permessage-deflate` alone, whatever it was asked.
#[test]
fn a_client_that_accepts_less_inflates_what_refers_to_earlier_messages() {
    let config = ALONE.server_max_window_bits(9).accept_less(true);
    let list = Extensions::parse(b"permessage-deflate").unwrap();
    let agreed = config.check(list).unwrap().unwrap();
    let client = Connection::client(Limits::new(), || [0; 4]);
    let mut receiver = Receiver::new(client, agreed, Limits::new(), 512);
    let mut zlib = Zlib::new(6, 15, true);
    let noise = noise(20_000);
    for message in [&noise[..], &noise, b"Hello", b"Hello"] {
        receiver.receive(&frame(0xC2, &zlib.message(message))).unwrap();
        assert_eq!(receiver.got.pop(), Some((Kind::Binary, message.to_vec())));
    }
}

/// The error comes out of `push` itself, so that the storage is given back without being asked for.
#[test]
fn memory_is_given_back_after_a_failure() {
    let long = [b'a'; 150_000];
    let limits = Limits::new().max_message_len(200_000);
    let mut zlib = Zlib::new(6, 15, true);
    let first = frame(0x41, &zlib.flush(&long, FlushCompress::Sync));
    for (second, error) in [
        (
            zlib.flush(&long, FlushCompress::Sync),
            Error::MessageTooLong(OverLimit::new(200_001, 200_000)),
        ),
        (b"\xFF\xFF".to_vec(), Error::InvalidDeflate),
        (Zlib::new(0, 15, false).message(b"\xFF"), Error::InvalidUtf8),
    ] {
        let client = Connection::client(limits, || [0; 4]);
        let mut receiver = Receiver::new(client, agreed(Config::new()), limits, 512);
        receiver.receive(&first).unwrap();
        assert!(receiver.assembler.storage().capacity() >= 150_000);
        assert_eq!(receiver.receive(&frame(0x80, &second)), Err(error));
        assert_eq!(receiver.assembler.storage().capacity(), 0, "{error}");
        assert_eq!(receiver.assembler.release(), Some(vec![]));
    }
    // What the decoder finds, the assembler has to be told.
    let client = Connection::client(limits, || [0; 4]);
    let mut receiver = Receiver::new(client, agreed(Config::new()), limits, 512);
    receiver.receive(&first).unwrap();
    assert!(receiver.receive(&frame(0x83, b"")).is_err());
    receiver.assembler.abandon();
    assert_eq!(receiver.assembler.storage().capacity(), 0);

    #[cfg(feature = "bytes")]
    {
        let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), limits);
        let mut assembler = Assembler::new(bytes::BytesMut::new());
        let mut decoder = Decoder::new(Role::Client, limits).accept_compressed(true);
        let mut bytes = [first, frame(0x80, b"\xFF\xFF")].concat();
        let mut input = &mut bytes[..];
        let mut scratch = [0; 512];
        let part = decoder.decode(&mut input).unwrap().unwrap();
        assert_eq!(assembler.take_inflated(part, Some(&mut inflater), &mut scratch), Ok(None));
        assert!(assembler.storage().capacity() >= 150_000);
        let part = decoder.decode(&mut input).unwrap().unwrap();
        let error = Error::InvalidDeflate;
        assert_eq!(assembler.take_inflated(part, Some(&mut inflater), &mut scratch), Err(error));
        assert_eq!(assembler.storage().capacity(), 0);
    }
}

#[test]
fn a_message_that_should_stand_alone_cannot_refer_to_another() {
    let bytes = b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00\xC1\x05\xF2\x00\x11\x00\x00";
    let result = all(ALONE, Limits::new(), bytes);
    assert_eq!(result, (vec![text("Hello")], Err(Error::InvalidDeflate)));
}

#[test]
fn text_is_refused_at_the_first_byte_that_cannot_be_with_1007() {
    let mut client = Connection::client(Limits::new(), || [0; 4]).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    let mut zlib = Zlib::new(6, 15, true);
    // The message goes on after it, and its end never comes.
    let payload = zlib.flush(b"possible\xE2\x82 and more", FlushCompress::Sync);
    let mut bytes = frame(0x41, &payload);
    let mut input = &mut bytes[..];
    let Some(framewright::ws::Event::Part(Part::Compressed(mut chunk))) =
        client.receive(&mut input)
    else {
        panic!()
    };
    let mut scratch = [0; 100];
    let part = inflater.inflate(&mut chunk, &mut scratch).unwrap().unwrap();
    assert_eq!(part.chunk().bytes, b"possible\xE2\x82");
    assert_eq!(inflater.error(), Some(Error::InvalidUtf8));
    assert_eq!(inflater.inflate(&mut chunk, &mut scratch), Err(Error::InvalidUtf8));
    assert_eq!(inflater.inflate(&mut chunk, &mut scratch), Err(Error::InvalidUtf8), "it is final");

    client.fail(Error::InvalidUtf8);
    assert_eq!(client.error(), Some(Error::InvalidUtf8));
    let mut late = frame(0x81, b"late");
    assert_eq!(client.receive(&mut &mut late[..]), None);
    let mut out = Vec::new();
    assert!(client.owes() && client.transmit(&mut out));
    assert_eq!(payload_of_close(&out), 1007);
}

fn payload_of_close(bytes: &[u8]) -> u16 {
    let (first, payload) = payload(Role::Client, bytes);
    assert_eq!(first, 0x88);
    u16::from_be_bytes([payload[0], payload[1]])
}

#[test]
fn text_is_checked_across_fragments_windows_and_ends() {
    let mut zlib = Zlib::new(6, 15, true);
    let good = zlib.message("κόσμε 🦀 κόσμε 🦀".as_bytes());
    let (a, b) = good.split_at(good.len() / 2);
    let bytes = [frame(0x41, a), frame(0x80, b)].concat();
    assert_eq!(
        all(Config::new(), Limits::new(), &bytes),
        (vec![text("κόσμε 🦀 κόσμε 🦀")], Ok(()))
    );
    for bad in [&b"\xFF"[..], b"ends inside \xE2\x82", b"a\xC3", b"\xED\xA0\x80", b"abc\x80def"] {
        let mut zlib = Zlib::new(6, 15, true);
        let bytes = frame(0xC1, &zlib.message(bad));
        let result = all(Config::new(), Limits::new(), &bytes);
        assert_eq!(result, (vec![], Err(Error::InvalidUtf8)), "{bad:X?}");
        let bytes = frame(0xC2, &Zlib::new(6, 15, true).message(bad));
        let result = all(Config::new(), Limits::new(), &bytes);
        assert_eq!(result, (vec![(Kind::Binary, bad.to_vec())], Ok(())), "as bytes it may be");
    }
}

#[test]
fn after_a_close_or_a_failure_there_is_nothing_to_fail() {
    let mut server = Connection::server(Limits::new());
    let mut close = masked(0x88, b"\x03\xE8");
    server.receive(&mut &mut close[..]);
    server.fail(Error::InvalidUtf8);
    assert_eq!(server.error(), None);
    let mut server = Connection::server(Limits::new());
    server.fail(Error::InvalidUtf8);
    server.fail(Error::InvalidDeflate);
    assert_eq!(server.error(), Some(Error::InvalidUtf8));
}

/// There is no waiting for bytes that could not make it valid.
#[test]
fn invalid_deflate_is_refused_at_the_byte_that_shows_it() {
    for first in [0x42, 0xC2] {
        let bytes = [&[first, 100][..], &[0x06]].concat();
        let result = all(Config::new(), Limits::new(), &bytes);
        assert_eq!(result, (vec![], Err(Error::InvalidDeflate)));
    }
}

/// Any number of them: they count for the compressed length, but inflate to nothing.
#[test]
fn empty_blocks_are_a_part_of_a_message() {
    let empty = b"\x00\x00\x00\xFF\xFF".repeat(1000);
    let payload = [&empty[..], b"\xF2\x48\xCD\xC9\xC9\x07\x00"].concat();
    for limits in [Limits::new(), Limits::new().max_ratio(1032), Limits::new().max_ratio(2)] {
        for size in [1, 7, 1024, payload.len()] {
            let wire = frame(0xC1, &payload);
            let pieces: Vec<_> = wire.chunks(size).collect();
            let result = receive(Config::new(), limits, 64, &pieces);
            assert_eq!(result, (vec![text("Hello")], Ok(())));
        }
    }
}

#[test]
fn inflating_takes_the_bytes_off_their_part() {
    let mut wire = frame(0xC1, b"\xF2\x48\xCD\xC9\xC9\x07\x00");
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let part = decoder.decode(&mut &mut wire[..]).unwrap();
    let Some(Part::Compressed(mut chunk)) = part else { panic!("{part:?}") };
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    assert!(chunk.chunk().is_whole());
    let mut scratch = [0; 3];
    let mut inflated = Vec::new();
    while let Some(part) = inflater.inflate(&mut chunk, &mut scratch).unwrap() {
        inflated.extend_from_slice(part.chunk().bytes);
    }
    assert_eq!(inflated, b"Hello");
    assert_eq!(chunk.chunk(), Chunk { bytes: b"", start: false, end: false });
}

#[test]
fn a_failure_to_inflate_is_known_with_the_part_before_it() {
    let mut zlib = Zlib::new(6, 15, true);
    let mut bytes = frame(0xC1, &zlib.message(b"text\xFF"));
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    let Ok(Some(Part::Compressed(mut chunk))) = decoder.decode(&mut &mut bytes[..]) else {
        panic!()
    };
    assert_eq!(inflater.error(), None);
    let mut scratch = [0; 16];
    let Ok(Some(Part::Text(text))) = inflater.inflate(&mut chunk, &mut scratch) else { panic!() };
    assert_eq!((text.as_str(), text.chunk().end), (Some("text"), false));
    assert_eq!(inflater.error(), Some(Error::InvalidUtf8));
    assert_eq!(inflater.inflate(&mut chunk, &mut scratch), Err(Error::InvalidUtf8));
}

/// A case that the RFC's examples leave out: the storage is full, and the context goes on.
#[test]
fn a_message_that_finds_no_room_is_lost_and_the_next_may_refer_to_it() {
    let mut zlib = Zlib::new(6, 15, true);
    let long = noise(50);
    let bytes =
        [frame(0xC2, &zlib.message(&long)), frame(0xC2, &zlib.message(&long[..20]))].concat();
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    let mut storage = [0; 30];
    let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
    let (mut bytes, mut scratch) = (bytes, [0; 8]);
    let mut input = &mut bytes[..];
    let mut results = Vec::new();
    while let Some(part) = decoder.decode(&mut input).unwrap() {
        let result = assembler.push_inflated(part, Some(&mut inflater), &mut scratch);
        results.push(result.map(|message| message.map(|m| m.as_bytes().to_vec())));
    }
    let full = Error::BufferFull(BufferFull { needed: 32 });
    assert_eq!(results, [Err(full), Ok(Some(long[..20].to_vec()))]);
}

/// The messages that a client takes out of `BytesMut`, up to an error.
#[cfg(feature = "bytes")]
fn taken(scratch: usize, pieces: &[&[u8]]) -> (Vec<(Kind, Vec<u8>)>, Option<Error>) {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    let mut assembler = Assembler::new(bytes::BytesMut::new());
    let (mut scratch, mut messages) = (vec![0; scratch], Vec::new());
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        while let Some(part) = decoder.decode(&mut input).unwrap() {
            match assembler.take_inflated(part, Some(&mut inflater), &mut scratch) {
                Ok(message) => messages
                    .extend(message.map(|m| (m.as_message().kind(), m.into_bytes().to_vec()))),
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

#[test]
#[cfg(feature = "bytes")]
fn messages_to_keep_are_the_same_in_every_window_however_they_come() {
    let mut zlib = Zlib::new(6, 15, true);
    let long = noise(100);
    let (text_, fragments) = (zlib.message("caf\u{E9}".as_bytes()), zlib.message(&long));
    let (start, end) = fragments.split_at(40);
    let good = [
        frame(0xC1, &text_),
        frame(0x42, start),
        frame(0x89, b"a ping between"),
        frame(0x80, end),
        frame(0x82, b"as it is"),
        frame(0xC2, &zlib.message(&long)),
    ]
    .concat();
    let expected = [
        text("caf\u{E9}"),
        (Kind::Binary, long.clone()),
        (Kind::Binary, b"as it is".to_vec()),
        (Kind::Binary, long),
    ];
    let bad = [&good[..], &frame(0xC1, &zlib.message(b"not \xFF text"))].concat();
    for scratch in [1, 2, 7, 4096] {
        let kept = same_however_split(&good, |pieces| taken(scratch, pieces));
        assert_eq!(
            (&kept.0[..], kept.1),
            (&expected[..], None),
            "{scratch} bytes of scratch space"
        );
        let kept = same_however_split(&bad, |pieces| taken(scratch, pieces));
        let error = Some(Error::InvalidUtf8);
        assert_eq!(
            (&kept.0[..], kept.1),
            (&expected[..], error),
            "{scratch} bytes of scratch space"
        );
    }
}

#[test]
#[cfg(feature = "bytes")]
fn compressed_messages_are_refused_unless_agreed_on() {
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut bytes = frame(0xC1, b"\x00");
    let part = decoder.decode(&mut &mut bytes[..]).unwrap().unwrap();
    let mut none = Assembler::new(bytes::BytesMut::new());
    let error = Error::ReservedBits;
    assert_eq!(none.take_inflated(part, None, &mut [0; 10]), Err(error));
}

#[test]
fn the_memory_of_what_was_inflated_is_given_back_between_messages() {
    let mut zlib = Zlib::new(6, 15, true);
    let (one, two) = (noise(20), noise(30));
    let (first, second) = (zlib.message(&one), zlib.message(&two));
    let (start, end) = second.split_at(10);
    let mut bytes = [frame(0xC2, &first), frame(0x42, start), frame(0x80, end)].concat();
    let mut decoder = Decoder::new(Role::Client, Limits::new()).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), Limits::new());
    let mut assembler = Assembler::new(Vec::new());
    let mut input = &mut bytes[..];
    let mut released = Vec::new();
    while let Some(part) = decoder.decode(&mut input).unwrap() {
        assembler.push_inflated(part, Some(&mut inflater), &mut [0; 8]).unwrap();
        released.push(assembler.release());
    }
    assert_eq!(released, [Some(one), None, Some(two)]);
    assert_eq!(assembler.storage().capacity(), 0);
}

// §7.2.1 Compression

/// Encodes messages at a server, each in a frame of its own.
fn encode(config: Config, messages: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut deflater = Deflater::new(Role::Server, agreed(config), config);
    let mut server = Encoder::server();
    let encode = |message: &&[u8]| {
        let mut out = Vec::new();
        deflater.encode(*message, &mut server, &mut out).unwrap();
        out
    };
    messages.iter().map(encode).collect()
}

#[test]
fn the_examples_of_the_rfc_are_what_comes_out() {
    let config = Config::new().min_len(0);
    let mut deflater = Deflater::new(Role::Server, agreed(config), config);
    let (mut server, mut out) = (Encoder::server(), Vec::new());
    for expected in [
        &b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"[..], // §7.2.3.1
        b"\xC1\x05\xF2\x00\x11\x00\x00",              // §7.2.3.2
    ] {
        out.clear();
        deflater.encode("Hello", &mut server, &mut out).unwrap();
        assert_eq!(out, expected);
    }
    out.clear();
    deflater.encode("", &mut server, &mut out).unwrap();
    assert_eq!(out, b"\xC1\x01\x00"); // §7.2.3.6
    let alone = encode(ALONE.min_len(0), &[b"Hello Hello Hello", b"Hello Hello Hello"]);
    assert_eq!(alone[0], alone[1], "without a context");
    let stored = encode(config.level(0), &[b"Hello"]);
    assert_eq!(stored[0], b"\xC2\x0B\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00"); // §7.2.3.3
}

#[test]
fn a_message_shorter_than_the_minimum_is_sent_uncompressed_and_leaves_no_trace() {
    let config = Config::new().min_len(10);
    let ten = b"0123456789";
    let frames = encode(config, &[ten, b"012345678", ten]);
    assert_eq!(frames[1], frame(0x82, b"012345678"));
    let mut unzlib = Unzlib::new(15, true);
    for compressed in [&frames[0], &frames[2]] {
        let (first, payload) = payload(Role::Server, compressed);
        assert_eq!(first, 0xC2);
        assert_eq!(unzlib.message(&payload), ten);
    }
}

/// Small messages gain by what was before them. The client of libwebsockets 4.1.6 needs all of them
/// compressed (§7.2.1 leaves the choice to the sender).
#[test]
fn small_messages_go_compressed_where_a_context_is_kept_or_if_that_was_asked_for() {
    let small: Vec<Vec<u8>> =
        (0..50).map(|at| format!("{{\"p\":10{}.{:02}}}", at % 10, at * 7 % 100).into()).collect();
    let small: Vec<&[u8]> = small.iter().map(|message| &message[..]).collect();
    let len = |frames: &[Vec<u8>]| frames.iter().map(|frame| frame.len() - 2).sum::<usize>();
    let kept = encode(Config::new(), &small);
    assert!(kept.iter().all(|frame| frame[0] == 0xC2));
    assert!(len(&kept) * 3 < small.concat().len() * 2, "{} bytes", len(&kept));
    let alone = encode(ALONE, &small);
    assert!(alone.iter().all(|frame| frame[0] == 0x82));

    let noise = noise(100);
    let messages: [&[u8]; 4] = [b"", b"x", &noise, &[b'a'; 100]];
    for config in [Config::new(), ALONE.min_len(0)] {
        let frames = encode(config, &messages);
        assert!(frames.iter().all(|frame| frame[0] == 0xC2), "all of them");
        let (got, result) = receive(config, Limits::new(), 512, &[&frames.concat()]);
        assert_eq!((got, result), (messages.map(|m| (Kind::Binary, m.to_vec())).into(), Ok(())));
    }
}

/// T-PMD: a message that does not shrink is compressed nevertheless if a context is kept, because the
/// compressor has seen it. Without a context, it is sent uncompressed.
#[test]
fn a_message_that_does_not_shrink_leaves_both_windows_in_step() {
    let noise = noise(5000);
    let messages: [&[u8]; 5] = [&[b'a'; 200], &noise, &noise[2000..3000], b"tiny", &[b'a'; 200]];
    for (config, expected) in [(Config::new(), [0xC2; 5]), (ALONE, [0xC2, 0x82, 0x82, 0x82, 0xC2])]
    {
        let frames = encode(config, &messages);
        let firsts: Vec<u8> = frames.iter().map(|frame| frame[0]).collect();
        assert_eq!(firsts, expected);
        let (got, result) = receive(config, Limits::new(), 512, &[&frames.concat()]);
        assert_eq!(result, Ok(()));
        assert_eq!(got, messages.map(|m| (Kind::Binary, m.to_vec())));
        if config == Config::new() {
            assert!(frames[2].len() < 100, "the second time, it does shrink");
        }
        let mut unzlib = Unzlib::new(15, config == Config::new());
        for (frame, message) in frames.iter().zip(messages).filter(|(frame, _)| frame[0] == 0xC2) {
            assert_eq!(unzlib.message(&payload(Role::Server, frame).1), message);
        }
    }
}

#[test]
fn fragments_are_one_compressed_message_and_each_can_be_inflated_when_it_is_there() {
    let config = Config::new();
    for config in [config, ALONE] {
        let mut deflater = Deflater::new(Role::Server, agreed(config), config);
        let (mut server, mut out) = (Connection::server(Limits::new()), Vec::new());
        let pieces = ["Grüße ", "", "Gr\u{FC}", "ße", ""];
        let client = Connection::client(Limits::new(), || [0; 4]);
        let mut receiver = Receiver::new(client, agreed(config), Limits::new(), 5);
        for _ in 0..2 {
            for (i, piece) in pieces.iter().enumerate() {
                let fin = i + 1 == pieces.len();
                server.ping(b"", &mut out).unwrap();
                out.clear();
                let encoder = server.encoder().unwrap();
                deflater
                    .encode_fragment(Kind::Text, piece.as_bytes(), fin, encoder, &mut out)
                    .unwrap();
                let first = [0x41, 0x00, 0x00, 0x00, 0x80][i];
                assert_eq!(out[0], first, "RSV1 is on the first frame only");
                receiver.receive(&out).unwrap();
                let so_far = receiver.assembler.storage().len();
                assert_eq!(so_far, pieces[..=i].concat().len(), "it is there at once");
            }
        }
        assert_eq!(receiver.got, [text("Grüße Grüße"), text("Grüße Grüße")]);
    }
}

/// Messages that stand alone begin without a context, but their fragments do not.
#[test]
fn a_fragment_refers_to_those_before_it_in_its_message() {
    let noise = noise(1000);
    let mut deflater = Deflater::new(Role::Server, agreed(ALONE), ALONE);
    let (mut server, mut lens) = (Encoder::server(), Vec::new());
    for fin in [false, true, false, true] {
        let mut out = Vec::new();
        deflater.encode_fragment(Kind::Binary, &noise, fin, &mut server, &mut out).unwrap();
        lens.push(out.len());
    }
    assert!(lens[0] >= 1000 && lens[2] >= 1000, "{lens:?}");
    assert!(lens[1] < 100 && lens[3] < 100, "{lens:?}");
}

#[test]
fn fragments_follow_the_rules_of_those_that_are_not_compressed() {
    let config = Config::new();
    let mut deflater = Deflater::new(Role::Server, agreed(config), config);
    let (mut server, mut out) = (Encoder::server(), Vec::new());
    let mut fragment =
        |server: &mut Encoder<Server>, kind, bytes: &[u8], fin, out: &mut Vec<u8>| {
            deflater.encode_fragment(kind, bytes, fin, server, out)
        };
    let bad = fragment(&mut server, Kind::Text, b"\xFF", false, &mut out);
    assert_eq!(bad, Err(SendError::InvalidUtf8));
    let bad = fragment(&mut server, Kind::Text, b"\xE2\x82", true, &mut out);
    assert_eq!(bad, Err(SendError::InvalidUtf8));
    fragment(&mut server, Kind::Text, b"a", false, &mut out).unwrap();
    let before = out.clone();
    let bad = fragment(&mut server, Kind::Binary, b"b", true, &mut out);
    assert_eq!(bad, Err(SendError::MessageUnfinished));
    let bad = server.encode_fragment(Kind::Text, b"plain", true, &mut out);
    assert_eq!(bad, Err(SendError::MessageUnfinished), "what began compressed ends so");
    assert_eq!(server.encode(Message::Text("x"), &mut out), Err(SendError::MessageUnfinished));
    assert_eq!(
        server.begin_frame(Kind::Text, 1, true, &mut out),
        Err(SendError::MessageUnfinished)
    );
    assert_eq!(out, before);
    fragment(&mut server, Kind::Text, b"b", true, &mut out).unwrap();
    server.encode_fragment(Kind::Text, b"plain", false, &mut out).unwrap();
    let bad = fragment(&mut server, Kind::Text, b"compressed", true, &mut out);
    assert_eq!(bad, Err(SendError::MessageUnfinished));
}

#[test]
fn a_message_that_could_not_be_written_is_not_referred_to() {
    for config in [Config::new(), ALONE] {
        let mut deflater = Deflater::new(Role::Server, agreed(config), config);
        let mut server = Encoder::server();
        let noise = noise(400);
        let (message, other) = noise.split_at(200);
        let mut out = Vec::new();
        deflater.encode(&b"seen".repeat(50)[..], &mut server, &mut out).unwrap();
        let mut little = [0; 50];
        let full = deflater.encode(message, &mut server, &mut SliceBuf::new(&mut little));
        assert!(matches!(full, Err(SendError::BufferFull(_))), "{full:?}");
        deflater.encode(message, &mut server, &mut out).unwrap();
        // The same within a message.
        deflater.encode_fragment(Kind::Binary, b"one", false, &mut server, &mut out).unwrap();
        let full = deflater.encode_fragment(
            Kind::Binary,
            other,
            true,
            &mut server,
            &mut SliceBuf::new(&mut little),
        );
        assert!(matches!(full, Err(SendError::BufferFull(_))), "{full:?}");
        deflater.encode_fragment(Kind::Binary, b"one two", true, &mut server, &mut out).unwrap();
        let (got, result) = receive(config, Limits::new(), 64, &[&out]);
        assert_eq!(result, Ok(()));
        let got: Vec<_> = got.into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(got, [b"seen".repeat(50), message.to_vec(), b"oneone two".to_vec()]);
    }
}

#[test]
fn a_connection_that_cannot_send_is_not_compressed_for() {
    let config = Config::new().min_len(0);
    let mut deflater = Deflater::new(Role::Server, agreed(config), config);
    let (mut server, mut out) = (Encoder::server(), Vec::new());
    server.begin_frame(Kind::Binary, 5, true, &mut out).unwrap();
    let busy = deflater.encode("Hello", &mut server, &mut out);
    assert_eq!(busy, Err(SendError::FrameUnfinished));
    server.encode_payload(b"bytes", &mut out).unwrap();
    out.clear();
    deflater.encode("Hello", &mut server, &mut out).unwrap();
    assert_eq!(out, b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00", "it was not seen before");
}

/// One frame for many connections.
#[test]
fn a_shared_message_is_read_by_every_peer_whose_window_is_large_enough() {
    let message = b"to all members of the room, ".repeat(100);
    let mut shared = Deflater::shared(12, Config::new());
    let mut frames = Vec::new();
    shared.encode(&message[..], &mut Encoder::server(), &mut frames).unwrap();
    assert_eq!(frames[0], 0xC2);
    for takeover in [true, false] {
        for bits in 9..=15 {
            let config = Config::new().server_max_window_bits(bits);
            let config = config.server_no_context_takeover(!takeover);
            let mut own = Deflater::new(Role::Server, agreed(config), config);
            let (mut server, mut out) = (Encoder::server(), Vec::new());
            own.encode(&message[..], &mut server, &mut out).unwrap();
            assert_eq!(own.admit(&shared), bits >= 12);
            if bits >= 12 {
                out.extend_from_slice(&frames);
            }
            own.encode(&message[..], &mut server, &mut out).unwrap();
            let (got, result) = receive(config, Limits::new(), 64, &[&out]);
            assert_eq!(result, Ok(()));
            assert_eq!(got.len(), if bits >= 12 { 3 } else { 2 });
            assert!(got.iter().all(|(_, bytes)| *bytes == message));
        }
    }
}

/// The other end's window has a message that this end's compressor has not seen.
#[test]
fn a_message_after_a_shared_one_refers_to_nothing_before_it() {
    let message = noise(1000);
    let mut shared = Deflater::shared(15, Config::new());
    let (mut own, mut other) =
        (Deflater::new(Role::Server, agreed(Config::new()), Config::new()), Encoder::server());
    let mut out = Vec::new();
    own.encode(&message[..], &mut other, &mut out).unwrap();
    for between in [&b"to all members of the room, ".repeat(9)[..], &[b'x'; 500]] {
        assert!(own.admit(&shared));
        shared.encode(between, &mut Encoder::server(), &mut out).unwrap();
        own.encode(&message[..], &mut other, &mut out).unwrap();
    }
    let (got, result) = receive(Config::new(), Limits::new(), 64, &[&out]);
    assert_eq!((got.len(), result), (5, Ok(())));
    assert!([0, 2, 4].iter().all(|at| got[*at].1 == message));
}

// §8 Security, and RFC 6455 §10.4

/// T11: exactly the limit passes, and one byte more does not, whatever the content.
#[test]
fn a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    for max in [0, 1, 5, 100, 1000, 4096, 70_001_u64] {
        let limits = Limits::new().max_message_len(max).max_frame_len(max);
        for config in [Config::new(), ALONE] {
            for shrinks in [true, false] {
                for level in [0, 1, 6] {
                    let mut zlib = Zlib::new(level, 15, config == Config::new());
                    let bytes =
                        if shrinks { vec![0; max as usize + 1] } else { noise(max as usize + 1) };
                    let less = zlib.message(&bytes[..(max as usize).saturating_sub(1)]);
                    let exact = zlib.message(&bytes[..max as usize]);
                    let more = zlib.message(&bytes);
                    let wire =
                        [frame(0xC2, &less), frame(0xC2, &exact), frame(0xC2, &more)].concat();
                    let passed = vec![
                        (Kind::Binary, bytes[..(max as usize).saturating_sub(1)].to_vec()),
                        (Kind::Binary, bytes[..max as usize].to_vec()),
                    ];
                    for scratch in [1000, 4096] {
                        for size in [wire.len(), 1, 7] {
                            let pieces: Vec<&[u8]> = wire.chunks(size).collect();
                            let (got, result) = receive(config, limits, scratch, &pieces);
                            assert_eq!(got, passed, "{max} bytes at level {level}");
                            assert_eq!(
                                result,
                                Err(Error::MessageTooLong(OverLimit::new(max + 1, max)))
                            );
                        }
                    }
                }
            }
        }
    }
    assert_eq!(Error::MessageTooLong(OverLimit::new(2, 1)).close_code(), CloseCode::TOO_BIG);
}

#[test]
fn the_frames_of_a_compressed_message_may_be_a_quarter_longer_and_no_more() {
    let limits = Limits::new().max_message_len(1000).max_frame_len(1000);
    for (len, error) in [
        (1314, Ok(())),
        (1315, Err(Error::FrameTooLong(OverLimit::new(1315, 1314)))),
        (u64::from(u16::MAX), Err(Error::FrameTooLong(OverLimit::new(65535, 1314)))),
    ] {
        let header = [&[0xC2, 126][..], &(len as u16).to_be_bytes()].concat();
        assert_eq!(receive(Config::new(), limits, 10, &[&header]).1, error);
    }
    let limits = limits.max_frame_len(u64::MAX);
    let header = [&[0xC2, 126][..], &1315_u16.to_be_bytes()].concat();
    let error = Err(Error::MessageTooLong(OverLimit::new(1315, 1314)));
    assert_eq!(receive(Config::new(), limits, 10, &[&header]).1, error);
}

/// T11: the ratio is checked every 1024 bytes from the beginning of the message.
#[test]
fn a_ratio_over_the_limit_is_noticed_after_the_same_byte_however_it_is_split() {
    let limits = Limits::new().max_message_len(1 << 24);
    let mut zlib = Zlib::new(9, 15, false);
    let wire = frame(0xC2, &zlib.message(&[noise(3000), vec![0; 1 << 23]].concat()));
    let ends: Vec<_> = [1, 100, 1000, 1023, 1024, 1500, wire.len()]
        .into_iter()
        .map(|size| {
            let mut decoder = Decoder::new(Role::Client, limits).accept_compressed(true);
            let mut inflater = Inflater::new(Role::Client, agreed(ALONE), limits.max_ratio(100));
            let (mut scratch, mut len) = ([0; 4096], 0);
            for piece in wire.clone().chunks_mut(size) {
                let mut input = piece;
                while let Some(Part::Compressed(mut chunk)) = decoder.decode(&mut input).unwrap() {
                    loop {
                        match inflater.inflate(&mut chunk, &mut scratch) {
                            Ok(Some(part)) => len += part.chunk().bytes.len(),
                            Ok(None) => break,
                            Err(e) => {
                                assert_eq!(
                                    e,
                                    Error::RatioTooHigh { limit: 100 },
                                    "in pieces of {size}"
                                );
                                return len;
                            }
                        }
                    }
                }
            }
            panic!("in pieces of {size}, it passes");
        })
        .collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    // No more than the limit allowed a step before, plus what one step inflates to.
    assert!((1 << 16..100 * 4096 + 1024 * 1032).contains(&ends[0]), "{ends:?}");
}

#[test]
fn a_ratio_over_the_limit_is_refused_with_1009_however_it_is_split() {
    let mut zlib = Zlib::new(9, 15, false);
    let zeros = zlib.message(&vec![0; 1 << 20]);
    assert!((1000..1032).contains(&((1 << 20) / zeros.len())));
    let wire = frame(0xC2, &zeros);
    let sizes = [1, 2, 100, 1023, 1024, 1025, wire.len()];
    for size in sizes {
        let pieces: Vec<&[u8]> = wire.chunks(size).collect();
        let judge = |max| receive(ALONE, Limits::new().max_ratio(max), 4096, &pieces).1;
        assert_eq!(judge(1032), Ok(()), "nothing can exceed it");
        assert_eq!(judge(1031), Ok(()), "nor does this");
        assert_eq!(judge(1000), Err(Error::RatioTooHigh { limit: 1000 }));
        assert_eq!(judge(1), Err(Error::RatioTooHigh { limit: 1 }));
    }
    let small = frame(0xC2, &zlib.message(&[0; 64 * 1024]));
    assert_eq!(receive(ALONE, Limits::new().max_ratio(1), 4096, &[&small]).1, Ok(()));
    assert_eq!(Error::RatioTooHigh { limit: 1 }.close_code(), CloseCode::TOO_BIG);
}
