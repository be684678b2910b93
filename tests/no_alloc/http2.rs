//! Frames cost no memory, whether they come or are only announced (T2, T3).

use crate::common::http2::{frame, opening, padded};
use crate::counting::allocations;
use framewright::http::NO_FIELDS;
use framewright::http2::{
    Connection, Decoder, Encoder, Error, ErrorCode, Event, Limits, Part, Request, Role, Setting,
    Slot, Storage, StreamId,
};
use framewright::{Buffer, SliceBuf};

/// Decodes `bytes` in pieces, and returns the number of parts.
fn decode(bytes: &mut [u8], len: usize) -> Result<usize, Error> {
    let mut decoder = Decoder::new(Role::Server, Limits::new());
    let mut parts = 0;
    for mut piece in bytes.chunks_mut(len) {
        while decoder.decode(&mut piece)?.is_some() {
            parts += 1;
        }
    }
    Ok(parts)
}

#[test]
fn neither_frames_nor_announced_lengths_nor_floods_allocate() {
    let with_opening = |frames: &[u8]| [&opening(Role::Server), frames].concat();
    let mut bodies = with_opening(&padded(0x0, 0, 1, b"hello", 200).repeat(1000));
    let mut claim = with_opening(b"\0\x40\0\0\0\0\0\0\x01!");
    let mut blocks = with_opening(
        &[
            frame(0x1, 0, 1, b"a"),
            frame(0x9, 0, 1, b"").repeat(100_000), // CVE-2024-27316
        ]
        .concat(),
    );
    let mut pings = with_opening(&frame(0x6, 0, 0, &[0; 8]).repeat(10_000)); // CVE-2019-9512
    let mut settings = with_opening(&frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 1].repeat(2730)));
    let count = allocations(|| {
        for len in [7, 10_000] {
            assert!(decode(&mut bodies, len).is_ok_and(|parts| parts > 1000));
            assert_eq!(decode(&mut claim, len), Ok(2));
            assert_eq!(decode(&mut blocks, len), Ok(100_002));
            assert_eq!(decode(&mut pings, len), Ok(10_001));
            assert_eq!(decode(&mut settings, len), Ok(2732));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn every_frame_is_written_to_a_slice() {
    let stream = StreamId::new(1).expect("not 0");
    let block = [b'a'; 40_000];
    let mut storage = [0; 41_000];
    let count = allocations(|| {
        let (encoder, mut out) = (Encoder::new(), SliceBuf::new(&mut storage));
        encoder.encode_data(stream, b"hi", true, &mut out).unwrap();
        encoder.encode_field_block(stream, &block, false, &mut out).unwrap();
        encoder.encode_reset(stream, ErrorCode::CANCEL, &mut out).unwrap();
        encoder.encode_settings(&[Setting::parse([0; 6])], &mut out).unwrap();
        encoder.encode_settings_ack(&mut out).unwrap();
        encoder.encode_ping([0; 8], false, &mut out).unwrap();
        encoder.encode_window_update(Some(stream), 1, &mut out).unwrap();
        encoder.encode_goaway(0, ErrorCode::NO_ERROR, b"bye", &mut out).unwrap();
        assert!(encoder.encode_data(stream, &block[..16_000], false, &mut out).is_err());

        let mut decoder = Decoder::new(Role::Client, Limits::new());
        let mut opening = *b"\0\0\0\x04\0\0\0\0\0";
        assert_eq!(decoder.decode(&mut &mut opening[..]), Ok(Some(Part::SettingsEnd)));
        let (mut input, mut parts) = (out.as_mut_slice(), 0);
        while decoder.decode(&mut input).unwrap().is_some() {
            parts += 1;
        }
        assert_eq!(parts, 12, "the field block takes three");
    });
    assert_eq!(count, 0);
}

/// A call with a body each way, and a flood of what has to be answered.
#[test]
fn a_connection_in_fixed_storage_needs_no_allocator() {
    const NONE: Slot = Slot::new();
    fn storage<'a>(
        decoder: &'a mut [u8],
        encoder: &'a mut [u8],
    ) -> Storage<SliceBuf<'a>, [Slot; 2]> {
        Storage {
            decoder_table: SliceBuf::new(decoder),
            decoder_table_size: 4096,
            encoder_table: SliceBuf::new(encoder),
            encoder_table_size: 1024,
            slots: [NONE; 2],
        }
    }
    let mut tables = [[[0; 8192]; 2]; 2];
    let mut buffers = [[0; 40_000]; 4];
    let count = allocations(|| {
        let [[a, b], [c, d]] = &mut tables;
        let limits = Limits::new().max_send_len(1000);
        let mut client = Connection::client(storage(a, b), limits);
        let mut server = Connection::server(storage(c, d), limits);
        let [requests, responses, client_head, server_head] = &mut buffers;
        let (mut requests, mut responses) = (SliceBuf::new(requests), SliceBuf::new(responses));
        let (mut client_head, mut server_head) =
            (SliceBuf::new(client_head), SliceBuf::new(server_head));
        for round in 0..100 {
            let request = Request::new("POST", "http", "a.example", "/a.b/C");
            let fields = [("te", "trailers"), ("x-request", "7")];
            let stream = client.open(request, fields, false, &mut requests).expect("one is open");
            assert_eq!(client.send(stream, &[1; 900], true, &mut requests), Ok(900));
            if round == 0 {
                client.ping([0; 8]).expect("it is the first");
            }
            client.transmit(&mut requests);

            let mut input = requests.as_mut_slice();
            while let Some(event) = server.receive(&mut input, &mut server_head) {
                match event {
                    Event::Head { stream, head, .. } => {
                        assert_eq!(head.headers().get("x-request"), Some(&b"7"[..]));
                        server.send_head(stream, 200, NO_FIELDS, false, &mut responses).unwrap();
                    }
                    Event::Data(data) => {
                        let (stream, end) = (data.stream(), data.end());
                        assert_eq!(server.send(stream, data.bytes, false, &mut responses), Ok(900));
                        if end {
                            let trailers = [("grpc-status", "0")];
                            server.send_trailers(stream, trailers, &mut responses).unwrap();
                        }
                    }
                    Event::Settings => {}
                    other => panic!("{other:?}"),
                }
            }
            requests.clear();
            server.transmit(&mut responses);

            let mut input = responses.as_mut_slice();
            let mut ended = false;
            while let Some(event) = client.receive(&mut input, &mut client_head) {
                match event {
                    Event::Head { head, .. } => assert_eq!(head.status(), 200),
                    Event::Data(data) => assert_eq!(data.bytes, [1; 900]),
                    Event::Trailers { trailers, .. } => {
                        ended = trailers.get("grpc-status") == Some(b"0");
                    }
                    Event::Settings | Event::Pong(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert!(ended);
            responses.clear();
        }
    });
    assert_eq!(count, 0);
}
