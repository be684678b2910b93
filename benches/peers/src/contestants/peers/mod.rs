//! The crates that a user could pick instead.

mod actix;
mod embedded_websocket;
mod event_streams;
mod fastwebsockets;
mod socketioxide;
mod sockudo;
mod soketto;
mod stomp;
pub mod tape;
mod tokio_websockets;
mod tonic;
mod tungstenite;
mod web_socket;
mod websocket_sans_io;
mod wtx;
mod yawc;
mod zlib;

use std::rc::Rc;

use bytes::Bytes;

use super::Contestant;
use crate::wire::{Content, Wire};

pub fn receive(wire: &Rc<Wire>, fragments: usize) -> Vec<Contestant> {
    let mut all = vec![
        tungstenite::receive(wire),
        tokio_websockets::receive(wire),
        sockudo::receive(wire),
        yawc::receive(wire),
        fastwebsockets::receive(wire),
        wtx::receive(wire),
        soketto::receive(wire),
        web_socket::receive(wire),
        actix::receive(wire),
        websocket_sans_io::receive(wire),
    ];
    if fragments == 1 {
        all.extend([yawc::receive_frames(wire), embedded_websocket::receive(wire)]);
    }
    all
}

/// The peer in the tables of growth: the one that is used most.
pub fn for_growth(wire: &Rc<Wire>) -> Vec<Contestant> {
    vec![tungstenite::receive(wire)]
}

pub fn send(messages: &Rc<[Bytes]>, client: bool) -> Vec<Contestant> {
    vec![
        tungstenite::send(messages, client),
        tokio_websockets::send(messages, client),
        sockudo::send(messages, client),
        yawc::send(messages, client),
        fastwebsockets::send(messages, client),
        wtx::send(messages, client),
        soketto::send(messages, client),
        web_socket::send(messages, client),
        actix::send(messages, client),
        websocket_sans_io::send(messages, client),
        if client {
            embedded_websocket::send_client(messages)
        } else {
            embedded_websocket::send_server(messages)
        },
    ]
}

pub fn handshake(request: &'static [u8]) -> Vec<Contestant> {
    vec![
        tungstenite::handshake(request),
        tokio_websockets::handshake(request),
        sockudo::handshake(request),
        soketto::handshake(request),
        embedded_websocket::handshake(request),
    ]
}

pub fn sse(wire: &Rc<Wire>) -> Vec<Contestant> {
    vec![
        event_streams::sse_codec(wire),
        event_streams::eventsource_stream(wire),
        event_streams::sseer(wire),
    ]
}

pub fn stomp(wire: &Rc<Wire>) -> Vec<Contestant> {
    vec![stomp::async_stomp(wire), stomp::stomp_parser(wire)]
}

pub fn socketio_decode(events: &Rc<[String]>) -> Vec<Contestant> {
    vec![socketioxide::decode(events)]
}

pub fn socketio_encode(events: &Rc<[String]>) -> Vec<Contestant> {
    vec![socketioxide::encode(events)]
}

pub fn grpc_decode(wire: &Rc<Wire>) -> Vec<Contestant> {
    vec![tonic::decode(wire)]
}

pub fn grpc_encode(messages: &Rc<[Bytes]>) -> Vec<Contestant> {
    vec![tonic::encode(messages)]
}

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Vec<Contestant> {
    vec![
        zlib::deflate(messages, level),
        sockudo::deflate(messages, level),
        yawc::deflate(messages, level),
        zlib::deflate_miniz(messages, level),
    ]
}

pub fn inflate(wire: &Rc<Wire>) -> Vec<Contestant> {
    vec![
        zlib::inflate(wire),
        sockudo::inflate(wire),
        yawc::inflate(wire),
        zlib::inflate_miniz(wire),
    ]
}

/// Has `std` validate text that a peer delivers unchecked.
fn deliver_unchecked(content: Content, message: &[u8], sink: &mut crate::sink::Sink) {
    match content {
        Content::Binary => sink.binary(message),
        Content::Ascii | Content::Cjk => sink.text(str::from_utf8(message).expect("it is text")),
    }
}

const UTF8_BY_STD: &str = "does not check UTF-8; `core::str::from_utf8` runs after it";
const WRITES_EACH: &str = "writes every message by itself, and is not charged for the system calls";
