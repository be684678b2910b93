//! What the peer sees of every error: the table in the documentation of `grpc` says it, and calls prove it.

use std::collections::BTreeSet;

use super::*;
use framewright::grpc::{Error, Inbox, Refusal, Reset};
use framewright::{ArrayBuf, Buffer};

const MODULE: &str = include_str!("../../../src/grpc/mod.rs");
const ERRORS: &str = include_str!("../../../src/grpc/error.rs");

/// A row of the tables: the error, its rule, its code, which is above the table, and what a server and a client send.
fn rows() -> Vec<[&'static str; 5]> {
    let (_, tables) = MODULE.split_once("# What the peer sees").expect("the module has the tables");
    let (mut rows, mut code) = (Vec::new(), "");
    for line in tables.lines() {
        if let Some(row) = line.strip_prefix("//! | [") {
            let (name, rest) = row.split_once(']').expect("the name ends");
            let cells: Vec<_> = rest.trim_end_matches(" |").split(" | ").collect();
            if let Ok([_, rule, server, client]) = <[&str; 4]>::try_from(cells) {
                rows.push([name, rule, code, server, client]);
            }
        } else if line.starts_with("//! ") && line.ends_with(':') {
            code = line.trim_start_matches("//! `").trim_end_matches("`:");
        }
    }
    rows
}

/// The variants, each with its documentation.
fn variants() -> Vec<(String, String)> {
    let (_, source) = ERRORS.split_once("pub enum Error {\n").expect("there it is");
    let (body, _) = source.split_once("\n}\n").expect("it ends");
    let (mut variants, mut doc) = (Vec::new(), String::new());
    for line in body.lines().map(str::trim_start) {
        if let Some(line) = line.strip_prefix("///") {
            doc += line;
        } else {
            let name = line.split([',', '(']).next().unwrap().into();
            variants.push((name, std::mem::take(&mut doc)));
        }
    }
    variants
}

#[test]
fn the_table_has_every_error_and_its_rule() {
    let (rows, variants) = (rows(), variants());
    assert_eq!(rows.len(), variants.len());
    for (name, doc) in &variants {
        let row = rows.iter().find(|row| row[0] == name);
        let [_, rule, ..] = row.unwrap_or_else(|| panic!("{name} has no row"));
        for part in rule.split(", ") {
            assert!(doc.contains(part), "{name}: {part}");
        }
    }
}

/// What came of a call: the error, its code, and what is sent to the peer.
type Outcome = (Error, Code, String);

fn of_server<T>(mut call: ServerCall, events: impl FnOnce(&mut ServerCall) -> T) -> Outcome {
    events(&mut call);
    let (error, code) = (call.error().expect("the peer broke a rule"), call.code().unwrap());
    let mut out = Vec::new();
    let sent = if call.owes() { "status" } else { "nothing" };
    assert!(call.transmit(&mut out));
    let status = format!("grpc-status: {}\r\n", code as u8);
    let is_written = String::from_utf8_lossy(&out).contains(&status);
    assert_eq!(is_written, sent == "status", "{error}");
    (error, code, sent.into())
}

fn of_client<B: Buffer, T>(
    mut call: ClientCall<B>,
    events: impl FnOnce(&mut ClientCall<B>) -> T,
) -> Outcome {
    events(&mut call);
    let (error, code) = (call.error().expect("the peer broke a rule"), call.status().unwrap().code);
    // The request has not ended.
    let sent = match call.reset_code().map(Reset::code) {
        None => "nothing",
        Some(0) => "NO_ERROR",
        Some(8) => "CANCEL",
        Some(other) => panic!("{error}: {other}"),
    };
    (error, code, sent.into())
}

fn of_refusal(error: Error, refusal: &Refusal<'_>) -> Outcome {
    let sent = match refusal.http_status() {
        200 => "status".into(),
        status => status.to_string(),
    };
    (error, refusal.status().code, sent)
}

fn receive(bytes: impl AsRef<[u8]>) -> impl FnOnce(&mut ServerCall) {
    move |call| {
        let mut bytes = bytes.as_ref().to_vec();
        let mut input = call.decode_text_in_place(&mut bytes);
        while call.receive(&mut input).is_some() {}
        call.receive_eof();
    }
}

fn respond(bytes: impl AsRef<[u8]>) -> impl FnOnce(&mut ClientCall<Vec<u8>>) {
    move |call| {
        let mut bytes = bytes.as_ref().to_vec();
        let mut input = call.decode_text_in_place(&mut bytes);
        while call.receive(&mut input).is_some() {}
        call.receive_eof();
    }
}

fn answered_web(kind: CallKind) -> ClientCall<Vec<u8>> {
    let mut call = client_of(ContentType::WEB, kind);
    call.receive_head(200, headers(&[WEB, ("grpc-encoding", "gzip")]), false);
    call
}

fn servers() -> Vec<Outcome> {
    let parse = |method, path, list: &[(&'static str, &'static str)]| {
        Request::parse(method, path, headers(list)).map(|_| ()).unwrap_err()
    };
    let plain = || {
        let request = Request::parse("POST", PATH, headers(&[GRPC])).unwrap();
        request.accept(CallKind::BidiStreaming, &ServerConfig::new(), 0).unwrap()
    };
    let bidi = || server(CallKind::BidiStreaming);
    let snappy = headers(&[GRPC, ("grpc-encoding", "snappy")]);
    let snappy = Request::parse("POST", PATH, snappy).unwrap();
    const NO_ENCODING: ServerConfig = ServerConfig::new();
    let snappy = snappy.accept(CallKind::Unary, &NO_ENCODING, 0).unwrap_err();
    vec![
        of_server(bidi(), receive([2, 0, 0, 0, 0])),
        of_server(plain(), receive(frame(1, "x"))),
        of_server(bidi(), receive(frame(0, [0; 101]))),
        of_server(bidi(), |call| {
            let mut inbox = Inbox::new(ArrayBuf::<4>::new());
            while call.receive_message(&mut &frame(0, "12345")[..], &mut inbox).is_some() {}
        }),
        of_server(server_of("application/grpc-web-text", CallKind::Unary), receive("!")),
        of_server(bidi(), receive([0, 0])),
        of_refusal(Error::Method, &parse("GET", PATH, &[GRPC])),
        of_refusal(Error::ContentType, &parse("POST", PATH, &[("content-type", "text/html")])),
        of_refusal(Error::Path, &parse("POST", "/", &[GRPC])),
        of_refusal(Error::Timeout, &parse("POST", PATH, &[GRPC, ("grpc-timeout", "soon")])),
        of_refusal(Error::EncodingUnsupported, &snappy),
        of_server(server(CallKind::Unary), receive([])),
        of_server(server(CallKind::Unary), receive([frame(0, "1"), frame(0, "2")].concat())),
        of_server(bidi(), |call| {
            call.receive_eof();
            call.receive_eof();
        }),
        of_server(bidi(), |call| call.receive_reset(8)),
    ]
}

fn clients() -> Vec<Outcome> {
    let bidi = || answered(CallKind::BidiStreaming);
    let web = || answered_web(CallKind::BidiStreaming);
    let plain =
        || request(ContentType::GRPC).encoding("identity").accept_encodings(Encodings::NONE);
    let plain = || plain().call(CallKind::BidiStreaming, Limits::new(), Vec::new(), 0);
    let with_limits = |limits| {
        let mut call = request(ContentType::GRPC).call(CallKind::Unary, limits, Vec::new(), 0);
        call.receive_head(200, headers(&[GRPC]), false);
        call
    };
    let long = "x".repeat(500);
    vec![
        of_client(bidi(), respond([2, 0, 0, 0, 0])),
        of_client(plain(), |call| {
            call.receive_head(200, headers(&[GRPC]), false);
            respond(frame(1, "x"))(call);
        }),
        of_client(with_limits(Limits::new().max_message_len(1)), respond(frame(0, "12"))),
        of_client(
            {
                let limits = Limits::new().max_trailers_len(100);
                let mut call =
                    request(ContentType::WEB).call(CallKind::Unary, limits, Vec::new(), 0);
                call.receive_head(200, headers(&[WEB]), false);
                call
            },
            respond(frame(0x80, format!("x: {long}\r\n"))),
        ),
        of_client(
            request(ContentType::GRPC).call(
                CallKind::Unary,
                Limits::new(),
                ArrayBuf::<9>::new(),
                0,
            ),
            |call| {
                call.receive_head(200, headers(&[GRPC]), false);
                call.receive_trailers(headers(&[OK, ("x", &long)]))
            },
        ),
        of_client(with_limits(Limits::new().max_trailers_len(100)), |call| {
            call.receive_trailers(headers(&[OK, ("x", &long)]));
        }),
        of_client(bidi(), |call| {
            let mut inbox = Inbox::new(ArrayBuf::<4>::new());
            while call.receive_message(&mut &frame(0, "12345")[..], &mut inbox).is_some() {}
        }),
        of_client(web(), |call| {
            call.receive(&mut &frame(0x81, "x")[..]);
            call.receive_eof();
        }),
        of_client(web(), respond(frame(0x80, "no colon\r\n"))),
        of_client(client_of(ContentType::WEB_TEXT, CallKind::Unary), |call| {
            call.receive_head(
                200,
                headers(&[("content-type", "application/grpc-web-text")]),
                false,
            );
            respond("!")(call);
        }),
        of_client(bidi(), |call| {
            call.receive(&mut &[0, 0][..]);
            call.receive_trailers(headers(&[OK]));
        }),
        of_client(client(CallKind::Unary), |call| {
            call.receive_head(200, headers(&[("content-type", "application/grpc+json")]), false);
        }),
        of_client(plain(), |call| {
            call.receive_head(200, headers(&[GRPC, ("grpc-encoding", "gzip")]), false);
            respond(frame(1, "x"))(call);
        }),
        of_client(answered(CallKind::Unary), |call| call.receive_trailers(headers(&[OK]))),
        of_client(answered(CallKind::Unary), respond([frame(0, "1"), frame(0, "2")].concat())),
        of_client(client(CallKind::Unary), respond("x")),
        of_client(client(CallKind::Unary), respond("")),
        of_client(bidi(), |call| call.receive_head(200, headers(&[GRPC]), false)),
        of_client(bidi(), respond(frame(0, "x"))),
        of_client(client(CallKind::Unary), |call| {
            call.receive_head(503, headers(&[("content-type", "text/html")]), false);
        }),
        of_client(client(CallKind::Unary), |call| {
            call.receive_head(503, headers(&[("content-type", "text/html")]), true);
        }),
        of_client(bidi(), |call| call.receive_reset(7)),
        of_client(bidi(), |call| call.receive_disconnect()),
    ]
}

#[test]
fn the_peer_sees_what_the_table_says() {
    let rows = rows();
    let mut tried = BTreeSet::new();
    for (side, outcomes) in [servers(), clients()].into_iter().enumerate() {
        for (error, code, what) in outcomes {
            let name = format!("{error:?}");
            let name = name.split('(').next().unwrap();
            let row = rows.iter().find(|row| row[0] == name).expect("every error has a row");
            assert!(
                row[2] == code.name() || row[2].contains("Code::from_http"),
                "{name}: {}",
                code.name()
            );
            assert!(row[3 + side].contains(&what), "{name}: {what}");
            tried.insert((row[0], side, what));
        }
    }
    for [name, _, _, sent @ ..] in rows {
        for (side, sent) in sent.into_iter().enumerate() {
            for what in ["status", "405", "415", "CANCEL", "NO_ERROR", "nothing"] {
                let is_tried = tried.contains(&(name, side, what.into()));
                assert_eq!(is_tried, sent.contains(what), "{name}: {what}");
            }
        }
    }
}
