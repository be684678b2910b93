//! Floods, each against a server: the peer is cut off with the right code, nothing grows meanwhile, and who does the
//! same now and then is not cut off (RFC 9113).

use super::common::http2_peer::*;
use super::common::http2_session::{Reaction, Seen, reaction_to, server, server_with};
use framewright::http2::{Error, ErrorCode, Limits, SendError};

/// What a flood repeats, and when it ends.
struct Flood {
    name: &'static str,
    /// Before the flood.
    setup: fn() -> Vec<u8>,
    /// The `n`th piece of it, from 0.
    piece: fn(u32) -> Vec<u8>,
    /// Whether the server writes what it owes after each piece.
    transmits: bool,
    /// How many pieces are tolerated at least and at most. Without time, nothing is given back by it.
    tolerated: (u32, u32),
    code: u32,
}

/// The `n`th stream of a client.
const fn id(n: u32) -> u32 {
    2 * n + 1
}

fn nothing() -> Vec<u8> {
    vec![]
}

/// HEADERS that end neither the block nor the stream.
fn begin_block() -> Vec<u8> {
    frame(HEADERS, 0, 1, &block(POST))
}

/// More than is owed in answer to anything, in bytes, to a peer that does not read (CVE-2019-9514, CVE-2019-9517).
const OWED: usize = 600;

#[rustfmt::skip]
const FLOODS: &[Flood] = &[
    Flood {
        name: "rapid reset (CVE-2023-44487)",
        setup: nothing,
        piece: |n| [get(id(n)), reset(id(n), CANCEL)].concat(),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by WINDOW_UPDATE of 0 (CVE-2025-8671)",
        setup: nothing,
        piece: |n| [post(id(n)), window_update(id(n), 0)].concat(),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by WINDOW_UPDATE over the limit (CVE-2025-8671)",
        setup: nothing,
        piece: |n| [post(id(n)), window_update(id(n), 0x7FFF_FFFF)].concat(),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by DATA after the end (CVE-2025-8671)",
        setup: nothing,
        piece: |n| [get(id(n)), data(id(n), 0, b"x")].concat(),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by PRIORITY of another length (CVE-2025-8671)",
        setup: nothing,
        piece: |n| [post(id(n)), frame(PRIORITY, 0, id(n), b"")].concat(),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by malformed heads (CVE-2025-8671)",
        setup: nothing,
        piece: |n| headers(id(n), END_STREAM, &[]),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by bodies of another length (CVE-2025-8671)",
        setup: nothing,
        piece: |n| {
            let length = [POST, &[("content-length", "1")]].concat();
            [headers(id(n), 0, &length), data(id(n), 0, b"xy")].concat()
        },
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by heads over a limit (CVE-2025-8671)",
        setup: nothing,
        piece: |n| headers(id(n), END_STREAM, &[GET, &[("cookie", "a=b"); 128]].concat()),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by DATA after RST_STREAM (CVE-2025-8671)",
        setup: || [post(1), reset(1, CANCEL)].concat(), piece: |_| data(1, 0, b"x"),
        transmits: true, tolerated: (199, 200), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "MadeYouReset by HEADERS after RST_STREAM (CVE-2025-8671)",
        setup: || [post(1), reset(1, CANCEL)].concat(), piece: |_| get(1),
        transmits: true, tolerated: (199, 200), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "HEADERS on a stream whose reset waits to be written",
        setup: nothing,
        piece: |n| if n == 0 { [post(1), window_update(1, 0)].concat() } else { get(1) },
        transmits: false, tolerated: (1000, 1010), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "refused streams (c4punks/CWIST#97)",
        setup: || (0..100).flat_map(|n| post(id(n))).collect(),
        piece: |n| post(id(100 + n)),
        transmits: true, tolerated: (200, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "CONTINUATION flood (VU#421644)",
        setup: begin_block,
        piece: |_| frame(CONTINUATION, 0, 1, &block(&[("x", &"y".repeat(8000))])),
        transmits: true, tolerated: (7, 9), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "CONTINUATION flood in small frames (VU#421644)",
        setup: begin_block,
        piece: |_| frame(CONTINUATION, 0, 1, &block(&[("x", "y")])),
        transmits: true, tolerated: (8, 9), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "CONTINUATION flood in empty frames (CVE-2026-33871)",
        setup: begin_block,
        piece: |_| frame(CONTINUATION, 0, 1, b""),
        transmits: true, tolerated: (8, 9), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "empty CONTINUATION in every block (CVE-2026-33871)",
        setup: nothing,
        piece: |n| {
            let bytes = block(GET);
            [frame(HEADERS, END_STREAM, id(n), b""), frame(CONTINUATION, 0, id(n), b""),
             frame(CONTINUATION, END_HEADERS, id(n), &bytes), reset(id(n), CANCEL)].concat()
        },
        transmits: true, tolerated: (100, 201), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "HPACK bomb (CVE-2016-6581)",
        setup: || {
            let entry = [b"\x40\x01x\x7f\x81\x1e", &[b'y'; 4000][..]].concat();
            frame(HEADERS, 0, 1, &[&block(POST)[..], &entry].concat())
        },
        piece: |_| frame(CONTINUATION, 0, 1, &[0xBE; 2]),
        transmits: true, tolerated: (5, 9), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "empty DATA (CVE-2019-9518)",
        setup: || post(1),
        piece: |_| data(1, 0, b""),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "DATA of padding alone (CVE-2019-9518)",
        setup: || post(1),
        piece: |_| data(1, PADDED, b"\0"),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "PING flood, unanswered (CVE-2019-9512)",
        setup: nothing, piece: |_| ping(&[0; 8]),
        transmits: false, tolerated: (8, 8), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "PING flood, answered (CVE-2019-9512)",
        setup: nothing, piece: |_| ping(&[0; 8]),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "answers to no PING",
        setup: nothing, piece: |_| frame(PING, ACK, 0, &[0; 8]),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "SETTINGS flood, unanswered (CVE-2019-9515)",
        setup: nothing, piece: |_| settings(&[]),
        transmits: false, tolerated: (31, 32), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "SETTINGS flood, answered (CVE-2019-9515)",
        setup: nothing, piece: |_| settings(&[]),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "SETTINGS_INITIAL_WINDOW_SIZE to and fro",
        setup: || (0..100).flat_map(|n| post(id(n))).collect(),
        piece: |n| settings(&[(INITIAL_WINDOW_SIZE, n % 2)]),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "PRIORITY flood (CVE-2019-9513)",
        setup: nothing, piece: |n| priority(id(n), 0),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "frames of an unknown type",
        setup: nothing, piece: |_| frame(0xFF, 0, 0, b""),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "WINDOW_UPDATE of 1 (CVE-2019-9511)",
        setup: nothing, piece: |_| window_update(0, 1),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "WINDOW_UPDATE of 1 on a stream that needs none (CVE-2019-9511)",
        setup: || post(1), piece: |_| window_update(1, 1),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "WINDOW_UPDATE on a stream that is over",
        setup: || [get(1), reset(1, CANCEL)].concat(), piece: |_| window_update(1, 1 << 10),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "RST_STREAM on a stream that is over",
        setup: || [get(1), reset(1, CANCEL)].concat(), piece: |_| reset(1, CANCEL),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        // A window of 256 KiB is tolerated, since the client may not have heard of the reset.
        name: "DATA on a stream that the server reset",
        setup: || [post(1), window_update(1, 0)].concat(), piece: |_| data(1, 0, &[0; 1024]),
        transmits: true, tolerated: (256 + 900, 256 + 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "DATA on a stream that the server refused",
        setup: || (0..101).flat_map(|n| post(id(n))).collect(), piece: |_| data(id(100), 0, &[0; 1024]),
        transmits: true, tolerated: (256 + 900, 256 + 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "empty DATA with END_STREAM on a stream that the server reset",
        setup: || [post(1), window_update(1, 0)].concat(), piece: |_| data(1, END_STREAM, b""),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "long HEADERS on a stream that the server reset",
        setup: || [post(1), window_update(1, 0)].concat(),
        piece: |_| headers(1, 0, &[("x", &"y".repeat(8000))]),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
    Flood {
        name: "GOAWAY flood",
        setup: nothing, piece: |_| goaway(0, NO_ERROR),
        transmits: true, tolerated: (900, 1001), code: ENHANCE_YOUR_CALM,
    },
];

/// §10.5.
#[test]
fn every_flood_ends() {
    for Flood { name, setup, piece, transmits, tolerated: (least, most), code } in FLOODS {
        let mut server = server();
        server.open();
        server.receive(&setup());
        server.take_frames();
        let mut tolerated = 0;
        let goaway = loop {
            server.receive(&piece(tolerated));
            if server.h2.error().is_some() {
                let frames = server.take_frames();
                break frames.into_iter().find(|frame| frame.kind == GOAWAY).expect(name);
            }
            if *transmits {
                assert!(server.h2.transmit(&mut server.out), "there is room");
                assert!(server.out.len() < OWED, "{name}: {} bytes in answer", server.out.len());
                server.out.clear();
            }
            server.seen.clear();
            tolerated += 1;
            assert!(tolerated <= *most, "{name}: tolerated {tolerated} times");
        };
        assert!(tolerated >= *least, "{name}: tolerated {tolerated} times only");
        assert_eq!(goaway.number(4), *code, "{name}");
    }
}

/// What looks like a flood and is none: all of these go on for ever.
/// §10.5.
#[test]
fn slow_and_busy_peers_are_not_cut_off() {
    type Piece = fn(u32) -> Vec<u8>;
    let endless: &[(&str, Piece)] = &[
        ("DATA of one byte (hyperium/h2#939, RUSTSEC-2026-0258)", |n| {
            if n == 0 { post(1) } else { data(1, 0, b"x") }
        }),
        ("a request after another", |n| get(id(n))),
        ("a PING for each KiB, as for BDP", |n| match n {
            0 => post(1),
            _ => [data(1, 0, &[0; 2048]), ping(&[0; 8])].concat(),
        }),
    ];
    for (name, piece) in endless {
        let mut server = server();
        server.open();
        for n in 0..10_000 {
            server.receive(&piece(n));
            for stream in server.streams.drain(..) {
                let end = *name == "a request after another";
                let head = server.h2.send_head(
                    stream,
                    200,
                    framewright::http::NO_FIELDS,
                    end,
                    &mut server.out,
                );
                assert!(matches!(head, Ok(()) | Err(SendError::StreamOver)), "{head:?}");
            }
            server.take_frames();
            server.seen.clear();
            assert_eq!(server.h2.error(), None, "{name}: {n} times");
        }
    }
}

/// h2spec and grpcio grant each byte anew, for the stream and for the connection.
/// §10.5.
#[test]
fn a_client_that_grants_little_at_a_time_is_not_cut_off() {
    let mut server = server_with(Limits::new().useless_budget(5));
    server.open();
    server.receive(&[settings(&[(INITIAL_WINDOW_SIZE, 1)]), get(1)].concat());
    let stream = server.streams[0];
    let head =
        server.h2.send_head(stream, 200, framewright::http::NO_FIELDS, false, &mut server.out);
    head.expect("it is the first");
    for n in 0..10_000 {
        assert_eq!(server.h2.send(stream, b"body", false, &mut server.out), Ok(1), "{n}");
        server.take_frames();
        server.receive(&[window_update(1, 1), window_update(0, 1)].concat());
        assert_eq!((server.h2.error(), server.h2.writable()), (None, Some(stream)), "{n}");
    }
}

/// A client that grants each DATA anew may do so late, when all of a response, or the responses of many streams, have come.
/// §10.5.
#[test]
fn a_client_that_grants_late_is_not_cut_off() {
    const DATA: usize = 500;
    let mut server = server_with(Limits::new().useless_budget(5));
    server.open();
    server.receive(&get(1));
    let stream = server.streams[0];
    let head =
        server.h2.send_head(stream, 200, framewright::http::NO_FIELDS, false, &mut server.out);
    head.expect("it is the first");
    for n in 1..=DATA {
        assert_eq!(server.h2.send(stream, b"x", n == DATA, &mut server.out), Ok(1), "{n}");
    }
    server.take_frames();
    // The stream is over.
    for n in 0..DATA {
        server.receive(&[window_update(1, 1), window_update(0, 1)].concat());
        assert_eq!(server.h2.error(), None, "{n}");
    }
    // Grants that are not small cost nothing, and the client's settings were one of the five.
    server.receive(&[window_update(0, 256).repeat(9), window_update(0, 255).repeat(4)].concat());
    assert_eq!(server.h2.error(), None);
    server.receive(&window_update(0, 1));
    assert_eq!(server.h2.error(), Some(Error::TooManyUseless { limit: 5 }));
}

/// What a window held back was not sent, and cannot be granted. Time gives some back.
/// §10.5.
#[test]
fn only_what_was_sent_can_be_granted() {
    let mut server = server_with(Limits::new().useless_budget(5));
    server.open();
    server.receive(&[settings(&[(INITIAL_WINDOW_SIZE, 0)]), get(1)].concat());
    let stream = server.streams[0];
    let head =
        server.h2.send_head(stream, 200, framewright::http::NO_FIELDS, false, &mut server.out);
    head.expect("it is the first");
    for _ in 0..9 {
        assert_eq!(server.h2.send(stream, b"x", false, &mut server.out), Ok(0));
    }
    server.h2.poll(0);
    // Two SETTINGS were of the five.
    server.receive(&window_update(0, 1).repeat(3));
    assert_eq!(server.h2.error(), None);
    server.h2.poll(1000);
    server.receive(&window_update(0, 1).repeat(5));
    assert_eq!(server.h2.error(), None);
    server.receive(&window_update(0, 1));
    assert_eq!(server.h2.error(), Some(Error::TooManyUseless { limit: 5 }));
}

/// Only HEADERS without a byte of a block that goes on are useless.
/// §10.5.
#[test]
fn blocks_in_two_frames_are_not_a_flood() {
    let mut server = server_with(Limits::new().useless_budget(5));
    server.open();
    for n in 0..20 {
        let (a, b) = (block(GET), frame(CONTINUATION, END_HEADERS, id(n), b""));
        server.receive(&[frame(HEADERS, END_STREAM, id(n), &a), b].concat());
        server.h2.reset(server.streams[n as usize], ErrorCode::NO_ERROR);
        server.take_frames();
    }
    assert_eq!(server.h2.error(), None);
}

/// A client that has not heard of the reset may send what is left of the stream's window, in frames of any length, and
/// no more.
/// §5.1, §10.5.
#[test]
fn an_upload_that_was_reset_may_go_on_to_the_end_of_its_window() {
    const WINDOW: usize = 100_000;
    for (len, before, is_told) in
        [(1, 1, true), (7, 3, true), (32, 5, false), (1000, 7, true), (16_384, 16_384, false)]
    {
        let limits = Limits::new().stream_window(WINDOW as u32).useless_budget(1);
        let mut server = server_with(limits);
        server.open();
        let mut rest = WINDOW - before;
        server.receive(&[post(1), data(1, 0, &vec![0; before])].concat());
        server.take_frames();
        server.h2.reset(server.streams[0], ErrorCode::NO_ERROR);
        if is_told {
            server.take_frames();
        }
        while rest > 0 {
            let len = rest.min(len);
            server.receive(&data(1, 0, &vec![0; len]));
            rest -= len;
            assert_eq!(server.h2.error(), None, "{rest} bytes are left, {len} at a time");
        }
        server.receive(&data(1, 0, b"x").repeat(2));
        assert_eq!(
            server.h2.error(),
            Some(Error::TooManyUseless { limit: 1 }),
            "{len} bytes at a time"
        );
    }
    // Without a byte, it takes nothing of the window, and could go on for ever.
    let mut server = server_with(Limits::new().useless_budget(9));
    server.open();
    server.receive(&post(1));
    server.h2.reset(server.streams[0], ErrorCode::NO_ERROR);
    server.receive(&data(1, 0, b"").repeat(10));
    assert_eq!(server.h2.error(), Some(Error::TooManyUseless { limit: 9 }));
}

/// A head over the limit, or with too many fields, is answered with the status 431, and the connection goes on.
/// §10.5.1.
#[test]
fn a_head_over_a_limit_is_answered() {
    let long = "y".repeat(20_000);
    let crumbs = [POST, &[("cookie", "a=b"); 200]].concat();
    for (name, fields) in [
        ("a long head", [POST, &[("x", &*long)]].concat()),
        ("a short entry referred to often (CVE-2026-49975), crumbs (CVE-2026-47774)", crumbs),
    ] {
        let mut server = server();
        server.open();
        let bytes = block(&fields);
        let mut pieces = bytes.chunks(16_384).peekable();
        let first = pieces.next().expect("it is long");
        let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        server.receive(&frame(HEADERS, last, 1, first));
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            server.receive(&frame(CONTINUATION, last, 1, piece));
        }
        assert_eq!(server.h2.error(), None, "{name}");
        let frames = server.take_frames();
        let answer: Vec<_> = frames.iter().filter(|frame| frame.stream == 1).collect();
        let [head, end] = answer[..] else { panic!("{name}: {frames:?}") };
        assert_eq!((head.kind, head.flags), (HEADERS, END_STREAM | END_HEADERS), "{name}");
        assert!(head.payload.windows(3).any(|text| text == b"431"), "{name}: {head:?}");
        assert_eq!((end.kind, end.number(0)), (RST_STREAM, NO_ERROR), "{name}");
        assert!(!server.seen.iter().any(|seen| matches!(seen, Seen::Head { .. })), "{name}");
        server.receive(&get(3));
        assert!(matches!(server.seen.last(), Some(Seen::Head { stream: 3, .. })), "{name}");
    }
}

/// SETTINGS with as many entries as fit.
/// §6.5.
#[test]
fn settings_of_any_number_are_one() {
    let reaction = reaction_to(server, &[settings(&[(0xAA, 0); 2730])]);
    assert_eq!(reaction, Reaction::Fine);
}

/// An integer without an end (CVE-2019-9516 and others), and one over 32 bits.
/// RFC 7541 §5.1.
#[test]
fn huge_integers_end_the_connection() {
    for block in [&b"\xFF\x80\x80\x80\x80\x80\x80\x80"[..], b"\xFF\xFF\xFF\xFF\xFF\x7F"] {
        let reaction = reaction_to(server, &[frame(HEADERS, END_HEADERS, 1, block)]);
        assert_eq!(reaction, Reaction::GoAway(COMPRESSION_ERROR), "{block:X?}");
    }
}

/// CVE-2026-47244: streams without a limit.
/// §5.1.2.
#[test]
fn streams_are_limited_by_default() {
    let frames: Vec<_> = (0..101).map(|n| get(id(n))).collect();
    assert_eq!(reaction_to(server, &frames), Reaction::Reset(201, REFUSED_STREAM));
}

/// Discarded DATA counts for the connection's window, and is granted again.
/// §5.2, §6.9.
#[test]
fn discarded_data_does_not_stall_the_connection() {
    let mut server = server_with(Limits::new().connection_window(0xFFFF));
    server.open();
    server.receive(&[post(1), reset(1, CANCEL), post(3)].concat());
    let mut granted = 0xFFFF_u32;
    server.receive(&window_update(3, 0));
    for _ in 0..100 {
        server.receive(&data(3, 0, &[0; 1000]));
        granted -= 1000;
        for frame in server.take_frames() {
            match (frame.kind, frame.stream) {
                (WINDOW_UPDATE, 0) => granted += frame.number(0),
                (WINDOW_UPDATE, _) => panic!("nothing is granted on a stream that is over"),
                _ => {}
            }
        }
        assert!(granted > 30_000);
    }
    assert_eq!(server.h2.error(), None);
}
