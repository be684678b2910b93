//! T4: lengths that do not fit in 32 bits, in every protocol. Each is `LEN`, which a cast to 32
//! bits would turn into 5. The length must be refused or used in full, and never be taken for 5.
#![cfg(feature = "alloc")]

use crate::common::ws::{decode, got, masked};
use framewright::grpc::{self, Prefix};
use framewright::http::NO_FIELDS;
use framewright::http1::{self, Body, BodyDecoder, BodyEncoder, Decoded, HeadReader};
use framewright::sse;
use framewright::ws::{Connection, Encoder, Error, Event, Kind, Limits, Part, Role};
use framewright::{Buffer, OverLimit, SliceBuf};

const LEN: u64 = (1 << 32) + 5;

fn header(first: u8, len: u64) -> Vec<u8> {
    let mut header = vec![first, 0xFF];
    header.extend(len.to_be_bytes());
    header.extend([0; 4]);
    header
}

#[test]
fn a_frame_of_more_than_4_gib_is_refused() {
    let result = decode(Role::Server, Limits::new(), &[&header(0x82, LEN)]).1;
    assert_eq!(result, Err(Error::FrameTooLong(OverLimit::new(LEN, 16 << 20))));
    let limits = Limits::new().max_frame_len(u64::MAX).max_message_len(LEN - 1);
    let result = decode(Role::Server, limits, &[&header(0x82, LEN)]).1;
    assert_eq!(result, Err(Error::MessageTooLong(OverLimit::new(LEN, LEN - 1))));
}

#[test]
fn fragments_of_more_than_4_gib_together_are_refused() {
    let bytes = [masked(0x02, &[7; 5]), header(0x80, LEN - 5)].concat();
    let too_long = Error::MessageTooLong(OverLimit::new(LEN, LEN - 1));
    for (max, result) in [(LEN - 1, Err(too_long)), (LEN, Ok(()))] {
        let limits = Limits::new().max_frame_len(u64::MAX).max_message_len(max);
        assert_eq!(decode(Role::Server, limits, &[&bytes]).1, result);
    }
}

#[test]
fn an_allowed_frame_of_more_than_4_gib_does_not_end_after_5_bytes() {
    let limits = Limits::new().max_frame_len(u64::MAX).max_message_len(u64::MAX);
    let mut server = Connection::server(limits);
    let mut bytes = [header(0x82, LEN), vec![7; 10]].concat();
    let mut input = &mut bytes[..];
    let Some(Event::Part(Part::Binary(chunk))) = server.receive(&mut input) else { panic!() };
    assert_eq!((chunk.bytes, chunk.start, chunk.end), (&[7; 10][..], true, false));
    assert_eq!(server.payload_remaining(), LEN - 10);
    assert!(server.receive_eof().truncated);
}

#[test]
fn a_limit_of_more_than_4_gib_does_not_become_5_bytes() {
    let limits = Limits::new().max_frame_len(LEN).max_message_len(LEN);
    for len in [6, 125, 126, 70_000] {
        let payload = vec![7; len];
        let result = decode(Role::Server, limits, &[&masked(0x82, &payload)]);
        assert_eq!(result, (vec![got("binary", payload)], Ok(())));
    }
}

#[test]
fn a_frame_of_more_than_4_gib_can_be_written_in_pieces() {
    let mut out = Vec::new();
    let mut encoder = Encoder::server();
    encoder.begin_frame(Kind::Binary, LEN, true, &mut out).unwrap();
    assert_eq!(out, [[0x82, 127].as_slice(), &LEN.to_be_bytes()].concat());
    encoder.encode_payload(&[7; 5], &mut out).unwrap();
    assert!(encoder.ready().is_err(), "not over after 5 bytes");
    assert!(encoder.payload_written((1 << 32) + 1).is_err(), "one more than is left");
    encoder.payload_written((1 << 32) - 1).unwrap();
    assert!(encoder.encode_payload(&[7; 2], &mut out).is_err());
    encoder.encode_payload(&[7], &mut out).unwrap();
    assert_eq!(encoder.ready(), Ok(()));
}

/// A gRPC message announces less than 4 GiB, and a longer one cannot be written.
#[test]
fn the_longest_grpc_message_is_refused_or_counted_in_full() {
    let len = u64::from(u32::MAX);
    let bytes = [&Prefix { flags: 0, len: u32::MAX }.to_bytes()[..], b"Hello"].concat();
    for max in [0, 4 << 20, len - 1] {
        let mut decoder = grpc::Decoder::new(grpc::Limits::new().max_message_len(max));
        let result = decoder.decode(&mut &bytes[..]);
        assert_eq!(result, Err(grpc::Error::MessageTooLong(OverLimit::new(len, max))));
    }
    for max in [len, LEN, u64::MAX] {
        let mut decoder = grpc::Decoder::new(grpc::Limits::new().max_message_len(max));
        let part = decoder.decode(&mut &bytes[..]).unwrap().unwrap();
        assert_eq!((part.chunk().bytes, part.chunk().end), (&b"Hello"[..], false));
        assert_eq!(decoder.payload_remaining(), len - 5);
    }

    let mut out = Vec::new();
    let mut encoder = grpc::Encoder::new();
    let result = encoder.begin_message(LEN, false, &mut out);
    assert_eq!((result, &out[..]), (Err(grpc::SendError::MessageTooLong), &b""[..]));
}

#[test]
fn a_body_of_more_than_4_gib_is_refused_or_counted_in_full() {
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LEN}\r\n\r\n");
    let mut head = head.into_bytes();
    let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
    let request = reader.read_request(&mut &mut head[..]).unwrap().unwrap();
    assert_eq!(request.body(), Body::Len(LEN));

    let chunk = format!("{LEN:X}\r\n0123456789");
    for (body, bytes) in [(Body::Len(LEN), "0123456789"), (Body::Chunked, &chunk[..])] {
        let too_long = http1::Error::BodyTooLong(OverLimit::new(LEN, LEN - 1));
        for (max, result) in [(LEN - 1, Err(too_long)), (LEN, Ok(LEN - 10))] {
            let mut decoder = BodyDecoder::new(body, http1::Limits::new().max_body_len(max));
            let mut bytes = bytes.to_owned().into_bytes();
            let part = decoder.decode(&mut &mut bytes[..]);
            let remaining = part.map(|part| {
                let Decoded::Part(part) = part else { panic!("{part:?}") };
                assert_eq!((&*part.bytes, part.end), (&b"0123456789"[..], false));
                decoder.payload_remaining()
            });
            assert_eq!(remaining, result, "{body:?} of at most {max}");
        }
    }
    // Bytes of a body until close are counted too.
    let limits = http1::Limits::new().max_body_len(LEN);
    let mut decoder = BodyDecoder::new(Body::UntilClose, limits);
    let mut bytes = [7; 10];
    let Ok(Decoded::Part(part)) = decoder.decode(&mut &mut bytes[..]) else { panic!() };
    assert_eq!(part.bytes.len(), 10);
}

#[test]
fn a_body_of_more_than_4_gib_can_be_written_in_pieces() {
    let mut storage = [0; 64];
    let mut out = SliceBuf::new(&mut storage);
    let mut encoder = BodyEncoder::new(Body::Len(LEN));
    encoder.encode(b"Hello", &mut out).unwrap();
    assert!(encoder.finish(NO_FIELDS, &mut out).is_err(), "not over after 5 bytes");
    encoder.encode_header(1 << 32).unwrap();
    assert_eq!(encoder.finish(NO_FIELDS, &mut out), Ok(()));
    assert_eq!(out.as_slice(), b"Hello");
    let header = BodyEncoder::new(Body::Chunked).encode_header(LEN).unwrap();
    assert_eq!(&*header, b"100000005\r\n");
}

#[test]
fn an_event_with_limits_of_more_than_4_gib_is_not_lost_after_5_bytes() {
    let limits =
        sse::Limits::new().max_line_len(LEN).max_data_len(LEN).max_type_len(LEN).max_id_len(LEN);
    let storage = sse::Storage::<Vec<u8>>::default();
    let mut assembler = sse::Assembler::new(limits, storage);
    let mut input = &b"event: departure\nid: 1234567\ndata: 1234567\ndata: 1234567\n\n"[..];
    let event =
        sse::Event { event_type: "departure", data: "1234567\n1234567", last_event_id: "1234567" };
    assert_eq!(assembler.receive(&mut input), Some(sse::Item::Event(event)));
    let mut input = &b"retry: 4294967301\n"[..];
    assert_eq!(assembler.receive(&mut input), Some(sse::Item::ReconnectionTime(LEN)));
}

/// A message that inflates to more than 4 GiB, without storage for it.
#[test]
#[cfg(all(feature = "deflate", feature = "std", not(miri)))]
fn a_compressed_message_of_more_than_4_gib_is_refused() {
    use crate::common::deflate::{Zlib, agreed};
    use flate2::FlushCompress;
    use framewright::ws::Decoder;
    use framewright::ws::deflate::{Config, Inflater};

    let mebibyte = vec![0; 1 << 20];
    let mut zlib = Zlib::new(9, 15, true);
    let first = zlib.flush(&mebibyte, FlushCompress::Sync);
    // From here on, all pieces are the same.
    let next = zlib.flush(&mebibyte, FlushCompress::Sync);
    let bomb = [first, next.repeat(4097)].concat();

    let limits = Limits::new().max_message_len(LEN);
    let mut inflater = Inflater::new(Role::Client, agreed(Config::new()), limits);
    let mut decoder = Decoder::new(Role::Client, limits).accept_compressed(true);
    let mut bytes = crate::common::ws::frame(0xC2, &bomb);
    let mut input = &mut bytes[..];
    let Ok(Some(Part::Compressed(mut compressed))) = decoder.decode(&mut input) else { panic!() };
    let (mut scratch, mut inflated) = (vec![0; 1 << 20], 0);
    let result = loop {
        match inflater.inflate(&mut compressed, &mut scratch) {
            Ok(Some(part)) => inflated += part.chunk().bytes.len() as u64,
            other => break other,
        }
    };
    assert_eq!((inflated, result), (LEN, Err(Error::MessageTooLong(OverLimit::new(LEN + 1, LEN)))));
}
