//! The tables of what a peer sees after an error: they have each error, and say what happens.

use framewright::ws::CloseCode;
use framewright::{Buffer, BufferFull, OverLimit, SliceBuf, engineio, sockjs};

use super::errors::errors_of_stomp;

/// The rows below "What the peer sees" in the documentation of a module, as cells.
fn rows(module: &str) -> Vec<Vec<&str>> {
    let (_, page) = module.split_once("//! # What the peer sees").expect("it has the tables");
    let (page, _) = page.split_once("//! # ").expect("an example follows");
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.map(|row| row.trim_end_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The rows that have `name`.
fn row<'a>(rows: &'a [Vec<&'a str>], name: &str) -> &'a [&'a str] {
    let name = format!("[`{name}`]");
    let mut found = rows.iter().filter(|row| row[0].contains(&name));
    let row = found.next().unwrap_or_else(|| panic!("{name} is missing"));
    assert!(found.next().is_none(), "{name} is there twice");
    row
}

/// The names of the variants of an enum.
fn variants<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
    let (_, code) = code.split_once(&format!("pub enum {name} {{\n")).expect("it is there");
    let (code, _) = code.split_once("\n}\n").expect("it ends");
    let names = code.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    names.map(|line| line.split([',', '(', ' ']).next().unwrap_or_default()).collect()
}

/// The name of a value's variant.
fn name_of(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
}

fn all_are_there(rows: &[Vec<&str>], code: &str, name: &str) {
    for variant in variants(code, name) {
        row(rows, &format!("{name}::{variant}"));
    }
}

#[test]
fn each_error_of_engineio_has_its_answer_and_its_close_code() {
    use engineio::{Error, Reason, Refusal};
    let rows = rows(include_str!("../../src/engineio/mod.rs"));
    all_are_there(&rows, include_str!("../../src/engineio/error.rs"), "Error");
    all_are_there(&rows, include_str!("../../src/engineio/request.rs"), "Refusal");
    let over = OverLimit::new(8, 7);
    for error in [
        Error::PacketEmpty,
        Error::PacketType(7),
        Error::PacketUnexpected,
        Error::Base64,
        Error::InvalidUtf8,
        Error::PayloadTooLong(over),
        Error::MessageTooLong(over),
        Error::ContentType,
        Error::RequestsOverlap,
        Error::Handshake,
        Error::Status(404),
        Error::BufferFull(BufferFull { needed: 7 }),
    ] {
        let (row, reason) =
            (row(&rows, &format!("Error::{}", name_of(&error))), Reason::Error(error));
        let by_a_server = !row[0].starts_with("at a client");
        let status = by_a_server.then(|| reason.answer().status.to_string());
        assert_eq!(row[2], status.as_deref().unwrap_or("–"), "{error:?}");
        let code: u16 = row[3].parse().expect("a number");
        assert_eq!(CloseCode(code), reason.close_code(), "{error:?}");
    }
    for refusal in [
        Refusal::UnknownTransport,
        Refusal::UnknownSid,
        Refusal::BadHandshakeMethod,
        Refusal::BadRequest,
        Refusal::Forbidden,
        Refusal::UnsupportedVersion,
        Refusal::PayloadTooLarge,
        Refusal::MethodNotAllowed,
    ] {
        let (row, answer) = (row(&rows, &format!("Refusal::{refusal:?}")), refusal.answer());
        assert_eq!(row[2], answer.status.to_string());
        assert!(answer.body.starts_with(&format!("{{\"code\":{},", row[3])), "{answer:?}");
    }
}

#[test]
fn each_error_of_socketio_ends_the_connection() {
    let rows = rows(include_str!("../../src/socketio/mod.rs"));
    all_are_there(&rows, include_str!("../../src/socketio/error.rs"), "Error");
}

#[test]
fn each_error_of_sockjs_has_its_answer() {
    use sockjs::{AttachError, CallbackError, Error, Frame, Framing, Reply, RouteError};
    let rows = rows(include_str!("../../src/sockjs/mod.rs"));
    all_are_there(&rows, include_str!("../../src/sockjs/error.rs"), "Error");
    all_are_there(&rows, include_str!("../../src/sockjs/route.rs"), "RouteError");
    all_are_there(&rows, include_str!("../../src/sockjs/callback.rs"), "CallbackError");
    all_are_there(&rows, include_str!("../../src/sockjs/session.rs"), "AttachError");
    let is = |name: String, reply: Reply<'_>| {
        let row = row(&rows, &name);
        let body = str::from_utf8(reply.body()).expect("it is text");
        let cell = row.get(3).copied().unwrap_or_default();
        assert_eq!(
            (row[2], cell.trim_matches('`')),
            (&*reply.status().to_string(), body),
            "{name}"
        );
    };
    for error in [Error::PayloadMissing, Error::Json, Error::PayloadTooLong { limit: 7 }] {
        let name = format!("Error::{}", name_of(&error));
        let code = row(&rows, &name)[4];
        // Over WebSocket, an empty message is a heartbeat.
        let expected = (error != Error::PayloadMissing).then(|| error.close().0.to_string());
        assert_eq!(code, expected.as_deref().unwrap_or("–"));
        is(name, Reply::refused(error));
    }
    for error in [RouteError::NotFound, RouteError::MethodNotAllowed { allow: "GET" }] {
        is(format!("RouteError::{}", name_of(&error)), Reply::not_routed(error));
    }
    for error in [CallbackError::Missing, CallbackError::Invalid] {
        is(format!("CallbackError::{error:?}"), Reply::callback_refused(error));
    }
    for error in [AttachError::AnotherOpen, AttachError::Over] {
        let row = row(&rows, &format!("AttachError::{error:?}"));
        let mut bytes = [0; 64];
        let mut frame = SliceBuf::new(&mut bytes);
        assert!(matches!(error.frame(), Frame::Close { .. }));
        Framing::WebSocket.encode(error.frame(), &mut frame).unwrap();
        assert_eq!(row[3].trim_matches('`').as_bytes(), frame.as_slice());
        assert_eq!(row[2], Reply::receiver(Framing::Xhr).status().to_string());
    }
}

#[test]
fn each_error_of_stomp_has_its_message() {
    let rows = rows(include_str!("../../src/stomp/mod.rs"));
    let mut all = errors_of_stomp().to_vec();
    all.dedup_by_key(|error| name_of(error));
    let names: Vec<_> = all.iter().map(name_of).collect();
    assert_eq!(variants(include_str!("../../src/stomp/error.rs"), "Error"), names);
    for (error, name) in all.iter().zip(&names) {
        let row = row(&rows, &format!("Error::{name}"));
        if row[0].starts_with("at a client") {
            assert_eq!(row[2], "–");
            continue;
        }
        let message = row[2].split('`').nth(1).expect("a text");
        // What follows the colon is for us.
        let text = error.to_string();
        assert_eq!(text.split(": ").next(), Some(message), "{error:?}");
    }
}
