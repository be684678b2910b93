//! Events of Socket.IO, in WebSocket messages of Engine.IO.

use std::hint::black_box;

use framewright::engineio::{self, Assembler, Session, Transport};
use framewright::socketio::{Connection, Event, Json, Limits, Packet};
use framewright::ws::Message;

use crate::ITEMS;

const EVENT: &str = r#"["message",{"id":481516234,"symbol":"NVDA","price":523.42,"size":2815,"side":"buy","ts":1700000000000},"the rest of 200 bytes: the quick brown fox jumps over the lazy dog, and over it once more"]"#;

/// A session over WebSocket, and a connection with `/`.
fn server() -> (Session<Vec<u8>>, Connection<Vec<u8>>) {
    let transport = Transport::WebSocket;
    let session = Session::new("sid", transport, false, engineio::Limits::new(), Vec::new(), 0);
    let mut session = session.expect("the identifier is valid");
    let mut out = Vec::new();
    while session.transmit_socket(&mut out).expect("a Vec has room").is_some() {}
    let mut server = Connection::server(Limits::new(), Vec::new(), 0);
    server.receive_text("0", 0).expect("it is a CONNECT");
    let sid = Json::new(r#"{"sid":"x"}"#).expect("it is valid");
    server.accept("/", sid, &mut out).expect("it is pending");
    (session, server)
}

/// Receives events, and asks for their names.
#[inline(never)]
pub fn receive(laps: usize) {
    let (mut session, mut server) = server();
    let mut assembler = Assembler::new(1 << 20, Vec::new());
    let message = format!("42{EVENT}");
    for _ in 0..laps * ITEMS {
        let event = session.receive_socket(Message::Text(black_box(&message)), 0);
        let Some(engineio::Event::Message(part)) = event else { panic!("{event:?}") };
        let Ok(Some(Message::Text(text))) = assembler.push(part) else { panic!("it is text") };
        let event = server.receive_text(text, 0);
        let Some(Event::Packet(packet)) = event else { panic!("{event:?}") };
        assert_eq!(packet.event_name(), Some("message"));
        black_box(packet);
    }
}

/// Sends events whose JSON is known to be valid.
#[inline(never)]
pub fn send(laps: usize) {
    send_as(laps, |text| Json::assume_valid(text));
}

/// Sends events whose JSON is checked.
#[inline(never)]
pub fn check_and_send(laps: usize) {
    send_as(laps, |text| Json::new(text).expect("it is valid"));
}

fn send_as(laps: usize, json: impl Fn(&str) -> Json<'_>) {
    let (mut session, mut server) = server();
    let mut out = Vec::new();
    for _ in 0..laps * ITEMS {
        let packet = Packet::event("/", json(black_box(EVENT)));
        out.clear();
        server.send_over(packet, &mut session, &mut out).expect("it is valid");
        black_box(&out);
    }
}
