//! What the peer sees of every error: the table in the documentation of `http2` says it, and the peer checks it
//! (RFC 9113 §5.4, §7).

use std::collections::BTreeSet;

use framewright::http::NO_FIELDS;
use framewright::http2::{ErrorCode, Limits, Side, StreamId};

use super::common::http2_peer::*;
use super::common::http2_session::{Seen, Session, client, client_with, server, server_with};

const MODULE: &str = include_str!("../../src/http2/mod.rs");
const ERRORS: &str = include_str!("../../src/http2/error.rs");

/// The names of the codes, by their numbers (§7).
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// §7: the names, in words.
#[test]
fn codes_are_shown_with_their_names() {
    for (code, name) in (0..).zip(CODES) {
        let words = name.replace("HTTP_1_1", "HTTP/1.1").replace('_', " ");
        let shown = ErrorCode(code).to_string();
        assert!(shown.eq_ignore_ascii_case(&format!("{code} ({words})")), "{shown}");
    }
    assert_eq!(ErrorCode(14).to_string(), "14");
    assert_eq!(StreamId::MAX.to_string(), "2147483647");
}

/// These need storage that does not grow: `hpack/tests.rs` and `blocks.rs` cause them.
const WITH_FIXED_STORAGE: [&str; 2] = ["TableLost", "BufferFull"];

/// A row of the tables: the error, its sections, the answer, and the code, which is above the table.
fn rows() -> Vec<[&'static str; 4]> {
    let (_, tables) = MODULE.split_once("# What the peer sees").expect("the module has the tables");
    let (mut rows, mut code) = (Vec::new(), "");
    for line in tables.lines() {
        if let Some(row) = line.strip_prefix("//! | [") {
            let (name, rest) = row.split_once(']').expect("the name ends");
            let cells: Vec<_> = rest.trim_end_matches(" |").split(" | ").collect();
            let [_, sections, answer] = cells.try_into().expect("three cells");
            rows.push([name, sections, answer, code]);
        } else if let Some(name) =
            line.strip_prefix("//! `").and_then(|line| line.strip_suffix("`:"))
        {
            code = name;
        }
    }
    rows
}

/// The variants, each with its documentation.
fn variants() -> Vec<(String, String)> {
    let (_, source) = ERRORS.split_once("pub enum Error {\n").expect("there it is");
    let (body, _) = source.split_once("\n}\n").expect("it ends");
    let (mut variants, mut doc) = (Vec::new(), String::new());
    for line in body.lines() {
        match line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}'])) {
            Some(line) if line.starts_with("///") => doc += line,
            Some(line) if line.starts_with(char::is_uppercase) => {
                let name = line.split([',', '(', ' ']).next().unwrap().into();
                variants.push((name, std::mem::take(&mut doc)));
            }
            _ => {}
        }
    }
    variants
}

#[test]
fn the_table_has_every_error_and_its_sections() {
    let (rows, variants) = (rows(), variants());
    assert_eq!(rows.len(), variants.len());
    for (name, doc) in &variants {
        let row = rows.iter().find(|row| row[0] == name);
        let [_, sections, ..] = row.unwrap_or_else(|| panic!("{name} has no row"));
        for section in sections.split([',', ' ']).filter(|word| word.starts_with('§')) {
            assert!(doc.contains(section), "{name}: {section}");
        }
    }
}

/// What a peer did, and what came of it: the error, and the frame that answers it.
struct Told {
    error: String,
    kind: u8,
    code: u32,
    frames: Vec<Frame>,
}

/// Sends these frames to an end after the opening.
fn told<R: Side>(session: Session<R>, frames: &[Vec<u8>]) -> Told {
    let mut session = session;
    session.open();
    session.take_frames();
    told_next(session, frames)
}

fn told_next<R: Side>(mut session: Session<R>, frames: &[Vec<u8>]) -> Told {
    for bytes in frames {
        session.receive(bytes);
    }
    let frames = session.take_frames();
    let (error, kind) = match session.seen.last() {
        Some(Seen::Failed(error)) => (error, GOAWAY),
        Some(Seen::StreamFailed { error, .. }) => (error, RST_STREAM),
        seen => panic!("{seen:?}"),
    };
    let error = format!("{error:?}").split(['(', ' ']).next().unwrap().into();
    let answer = frames
        .iter()
        .find(|frame| frame.kind == kind)
        .unwrap_or_else(|| panic!("{error}: {frames:?}"));
    let code = answer.number(if kind == GOAWAY { 4 } else { 0 });
    Told { error, kind, code, frames }
}

fn fields<'a>(of: List<'a>, more: List<'a>) -> Vec<u8> {
    headers(1, END_STREAM, &[of, more].concat())
}

/// A request whose field block is these bytes.
fn raw(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

/// Every error with each of its answers.
fn all() -> Vec<Told> {
    let limits = Limits::new;
    let long = "x".repeat(300);
    let longer = "x".repeat(600);
    let tiny_frames: Vec<_> =
        block(GET).iter().map(|byte| frame(CONTINUATION, 0, 1, &[*byte])).collect();
    let mut all = Vec::new();
    for frames in [
        vec![frame(DATA, 0, 1, &[0; 16_385])],
        vec![frame(PING, 0, 0, &[0; 7])],
        vec![post(1), frame(PRIORITY, 0, 1, &[0; 4])],
        vec![data(0, 0, b"")],
        vec![frame(PING, 0, 1, &[0; 8])],
        vec![post(1), frame(DATA, PADDED, 1, &[5, 0])],
        vec![frame(HEADERS, 0, 1, &block(GET)), ping(&[0; 8])],
        vec![frame(CONTINUATION, END_HEADERS, 1, b"")],
        vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])],
        vec![post(1), priority(1, 1)],
        vec![settings(&[(ENABLE_PUSH, 2)])],
        vec![settings(&[(INITIAL_WINDOW_SIZE, 1 << 31)])],
        vec![settings(&[(MAX_FRAME_SIZE, 1)])],
        vec![settings(&[(ENABLE_CONNECT_PROTOCOL, 2)])],
        vec![settings(&[(9, 2)])],
        vec![frame(SETTINGS, ACK, 0, b""), frame(SETTINGS, ACK, 0, b"")],
        vec![data(1, 0, b"x")],
        vec![get(1), data(1, 0, b"x")],
        vec![get(2)],
        vec![post(1), window_update(1, 0x7FFF_FFFF)],
        vec![window_update(0, 0x7FFF_FFFF)],
        vec![post(1), window_update(1, 0)],
        vec![window_update(0, 0)],
        vec![raw(&[0x80])],
        vec![raw(&[0xFF; 8])],
        vec![raw(&[0x00, 0x84, 0xFF, 0xFF, 0xFF, 0xFF])],
        vec![raw(&[0x3F, 0xE2, 0x1F])],
        vec![raw(&[0x00, 0x05, b'a'])],
        vec![fields(GET, &[("X", "1")])],
        vec![fields(GET, &[("x", " 1")])],
        vec![fields(GET, &[("connection", "close")])],
        vec![fields(GET, &[("te", "gzip")])],
        vec![fields(GET, &[(":path", "/")])],
        vec![fields(&GET[..1], &[])],
        vec![fields(&[(":method", "G T")], &GET[1..])],
        vec![fields(&[GET[0], (":scheme", "1")], &GET[2..])],
        vec![fields(&GET[..3], &[(":path", "")])],
        vec![fields(&[GET[0], GET[1], GET[3]], &[(":authority", "me@a.example")])],
        vec![fields(GET, &[("content-length", "one")])],
        vec![post(1), headers(1, 0, &[("x", "1")])],
        vec![ping(&[0; 8]); 9],
        [vec![frame(HEADERS, 0, 1, b"")], tiny_frames].concat(),
    ] {
        all.push(told(server(), &frames));
    }
    for (limits, frames) in [
        (
            limits().stream_window(0xFFFF),
            [vec![post(1)], vec![data(1, 0, &[0; 16_384]); 4]].concat(),
        ),
        (
            limits().connection_window(0xFFFF),
            [vec![post(1)], vec![data(1, 0, &[0; 16_384]); 4]].concat(),
        ),
        (limits().max_head_len(256), vec![fields(GET, &[("x", &long)])]),
        (limits().max_head_len(256), vec![fields(GET, &[("x", &longer), ("y", &longer)])]),
        (limits().max_fields(4), vec![fields(GET, &[("x", "1")])]),
        (limits().reset_budget(0), vec![post(1), reset(1, CANCEL)]),
        (limits().useless_budget(3), vec![priority(1, 0); 9]),
    ] {
        all.push(told(server_with(limits), &frames));
    }
    for frames in [
        vec![headers(1, END_STREAM, OK), data(1, 0, b"x")],
        vec![goaway(1, 0), goaway(3, 0)],
        vec![fields(&[(":status", "101")], &[])],
        vec![fields(&[(":status", "103")], &[])],
        vec![data(1, 0, b"x")],
    ] {
        all.push(told(client(), &frames));
    }
    all.push(told(client_with(limits().max_head_len(256)), &[fields(OK, &[("x", &long)])]));
    all.push(told_next(server(), &[b"GET / HTTP/1.1\r\n\r\n".to_vec()]));
    all.push(told_next(server(), &[PREFACE.to_vec(), ping(&[0; 8])]));
    let mut tunnel = server();
    tunnel.open();
    tunnel.receive(&headers(1, 0, &[(":method", "CONNECT"), (":authority", "a.example:443")]));
    let stream = tunnel.streams[0];
    tunnel.h2.send_head(stream, 200, NO_FIELDS, false, &mut tunnel.out).expect("there is room");
    tunnel.take_frames();
    all.push(told_next(tunnel, &[fields(&[("x", "1")], &[])]));
    let mut meddler = server();
    meddler.open();
    meddler.receive(&frame(HEADERS, 0, 1, &block(GET)));
    meddler.head.push(0);
    all.push(told_next(meddler, &[frame(CONTINUATION, END_HEADERS, 1, b"")]));
    all
}

#[test]
fn the_peer_sees_what_the_table_says() {
    let rows = rows();
    let mut seen = BTreeSet::new();
    for Told { error, kind, code, frames } in all() {
        let row = rows.iter().find(|row| row[0] == error).expect("every error has a row");
        let [_, _, answer, expected] = row;
        let kind = if kind == GOAWAY { "GOAWAY" } else { "RST_STREAM" };
        assert!(answer.contains(kind), "{error}: {kind}");
        // The response with the status 431 goes before the reset.
        let is_refused = frames.iter().any(|frame| frame.kind == HEADERS);
        assert!(!is_refused || answer.contains("431"), "{error}");
        let expected = if is_refused { "NO_ERROR" } else { expected };
        assert_eq!(CODES[code as usize], expected, "{error}");
        seen.insert((error.clone(), kind));
    }
    for [error, _, answer, _] in rows.iter().filter(|row| !WITH_FIXED_STORAGE.contains(&row[0])) {
        for kind in ["GOAWAY", "RST_STREAM"].into_iter().filter(|kind| answer.contains(kind)) {
            assert!(seen.contains(&((*error).into(), kind)), "{error}: {kind} was not tried");
        }
    }
}

/// An answer that is not to an error.
#[test]
fn a_request_too_many_is_refused() {
    let mut server = server_with(Limits::new().max_streams(1));
    server.open();
    server.take_frames();
    server.receive(&[post(1), post(3)].concat());
    let frames = server.take_frames();
    let answer = frames.iter().find(|frame| frame.kind == RST_STREAM).expect("it is refused");
    assert_eq!((answer.stream, answer.number(0)), (3, REFUSED_STREAM));
}
