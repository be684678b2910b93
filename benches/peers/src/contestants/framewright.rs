//! Ours, as the documentation shows it: connections and assemblers, every check on.

use std::rc::Rc;

use bytes::Bytes;
use framewright::engineio;
use framewright::grpc;
use framewright::http1;
use framewright::socketio::{self, Json};
use framewright::sse;
use framewright::stomp;
use framewright::ws::deflate::{Config, Deflater, Inflater, Params};
use framewright::ws::handshake::{Extensions, Origins, Server};
use framewright::ws::{
    Assembler, Connection, Event, Inbox, Limits, Message, MessageEvent, Role, Server as ServerSide,
};
use framewright::{Buffer, SliceBuf};

use super::{Contestant, Kind};
use crate::sink::Sink;
use crate::wire::Wire;
use crate::{BUFFER, recv};

const NAME: &str = "framewright";

/// Number of bytes that hold all of them.
fn room(messages: &[Bytes]) -> usize {
    messages.iter().map(|message| message.len() + 14).sum()
}

fn deliver(message: Message<'_>, sink: &mut Sink) {
    match message {
        Message::Text(text) => sink.text(text),
        Message::Binary(bytes) => sink.binary(bytes),
    }
}

/// Receives whole messages.
fn receive_all(
    server: &mut Connection<ServerSide>,
    inbox: &mut Inbox<Vec<u8>>,
    mut input: &[u8],
    sink: &mut Sink,
) {
    while let Some(event) = server.receive_message(&mut input, inbox) {
        match event {
            MessageEvent::Message(_) => deliver(inbox.message(), sink),
            MessageEvent::Ping => {}
            _ => panic!("{event:?}"),
        }
    }
}

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    let mut server = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for read in wire.reads() {
            receive_all(&mut server, &mut inbox, recv(read, &mut buf), sink);
            server.transmit(&mut out);
            out.clear();
        }
    })
}

/// Receives parts, which are unmasked where they were read to, and joins those that are not whole.
pub fn receive_parts(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    let mut server = Connection::server(Limits::new());
    let mut assembler = Assembler::new(Vec::new());
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, "framewright, in parts", move |sink| {
        for read in wire.reads() {
            let mut input = recv(read, &mut buf);
            while let Some(event) = server.receive(&mut input) {
                let Event::Part(part) = event else { panic!("{event:?}") };
                if let Some(message) = assembler.push(part).expect("a Vec has room") {
                    deliver(message, sink);
                }
            }
            server.transmit(&mut out);
            out.clear();
        }
    })
}

/// Reads the rest of a message that is much longer than a read straight to the inbox.
pub fn receive_to_target(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut server = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = vec![0; wire.read_len];
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, "framewright, read to the inbox", move |sink| {
        let mut rest = &wire.bytes[..];
        while !rest.is_empty() {
            let target = server.read_target(&mut buf, &mut inbox);
            let read = rest.split_off(..target.len().min(rest.len())).unwrap_or_default();
            recv(read, target);
            let input = inbox.filled(&buf, read.len());
            receive_all(&mut server, &mut inbox, input, sink);
            server.transmit(&mut out);
            out.clear();
        }
    })
}

/// Writes to a slice.
pub fn send_server(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut buf = vec![0; room(&messages)];
    let mut server = Connection::server(Limits::new());
    Contestant::new(Kind::Ours, NAME, move |sink| {
        let mut out = SliceBuf::new(&mut buf);
        for message in &*messages {
            server.send(message, &mut out).expect("there is room");
        }
        sink.sent(messages.len() as u64, out.as_slice());
    })
}

pub fn send_server_to_vec(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut out = Vec::new();
    let mut server = Connection::server(Limits::new());
    Contestant::new(Kind::Ours, "framewright, to a Vec", move |sink| {
        out.clear();
        for message in &*messages {
            server.send(message, &mut out).expect("a Vec has room");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

/// Writes to a slice, with masking keys from the generator that the others use.
pub fn send_client(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut buf = vec![0; room(&messages)];
    let mut rng = fastrand::Rng::with_seed(1);
    let mut client = Connection::client(Limits::new(), move || rng.u32(..).to_ne_bytes());
    Contestant::new(Kind::Ours, NAME, move |sink| {
        let mut out = SliceBuf::new(&mut buf);
        for message in &*messages {
            client.send(message, &mut out).expect("there is room");
        }
        sink.sent(messages.len() as u64, out.as_slice());
    })
}

pub fn send_client_to_vec(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut out = Vec::new();
    let mut rng = fastrand::Rng::with_seed(1);
    let mut client = Connection::client(Limits::new(), move || rng.u32(..).to_ne_bytes());
    Contestant::new(Kind::Ours, "framewright, to a Vec", move |sink| {
        out.clear();
        for message in &*messages {
            client.send(message, &mut out).expect("a Vec has room");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let (mut buf, mut storage, mut out) = (vec![0; BUFFER], [0; 1024], [0; 256]);
    Contestant::new(Kind::Ours, NAME, move |sink| {
        let mut input = recv(request, &mut buf);
        let mut out = SliceBuf::new(&mut out);
        let storage = SliceBuf::new(&mut storage);
        let mut server = Server::new(Origins::same_host(), storage, http1::Limits::new());
        let offer = server.receive(&mut input).expect("it is valid").expect("it is whole");
        offer.accept().write(&mut out).expect("there is room");
        sink.sent(1, out.as_slice());
    })
}

pub fn sse(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; BUFFER];
    let mut assembler = sse::Assembler::new(sse::Limits::new(), sse::Storage::<Vec<u8>>::default());
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for read in wire.reads() {
            let mut input = &*recv(read, &mut buf);
            while let Some(item) = assembler.receive(&mut input) {
                if let sse::Item::Event(event) = item {
                    sink.text(event.data);
                }
            }
        }
    })
}

/// A client that was accepted.
fn stomp_client() -> stomp::Connection<stomp::Client> {
    let limits = stomp::Limits::new();
    let mut client = stomp::Connection::client(limits, 0);
    client.connect(stomp::FrameBuilder::connect("a"), &mut Vec::new()).expect("it is the first");
    let mut inbox = stomp::Inbox::new(Vec::new());
    let mut input = &b"CONNECTED\nversion:1.2\n\n\0"[..];
    client.receive_frame(&mut input, &mut inbox, 0).expect("it is whole");
    client
}

/// Receives whole frames, and looks for one header.
pub fn stomp(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    let mut client = stomp_client();
    let mut inbox = stomp::Inbox::new(Vec::new());
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for read in wire.reads() {
            let mut input = &*recv(read, &mut buf);
            while let Some(event) = client.receive_frame(&mut input, &mut inbox, 0) {
                assert_eq!(event, stomp::FrameEvent::Frame(stomp::Command::Message));
                assert!(inbox.headers().get("message-id").is_some());
                sink.binary(inbox.body());
            }
            client.transmit(&mut out, 0);
        }
    })
}

/// Receives parts, and joins those that are not whole.
pub fn stomp_parts(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut buf = vec![0; wire.read_len];
    let mut client = stomp_client();
    let mut inbox = stomp::Inbox::new(Vec::new());
    let mut assembler = framewright::Assembler::new(Vec::new());
    Contestant::new(Kind::Ours, "framewright, parts", move |sink| {
        for read in wire.reads() {
            let mut input = &*recv(read, &mut buf);
            while let Some(event) = client.receive(&mut input, &mut inbox, 0) {
                if let stomp::Event::Body(chunk) = event
                    && let Some(body) = assembler.push(chunk).expect("a Vec has room")
                {
                    assert!(inbox.headers().get("message-id").is_some());
                    sink.binary(body);
                }
            }
        }
    })
}

/// A session over WebSocket, and a connection with `/`.
fn socketio_server() -> (engineio::Session<Vec<u8>>, socketio::Connection<Vec<u8>>) {
    let transport = engineio::Transport::WebSocket;
    let limits = engineio::Limits::new();
    let mut session = engineio::Session::new("sid", transport, false, limits, Vec::new(), 0)
        .expect("the identifier is valid");
    let mut out = Vec::new();
    while session.transmit_socket(&mut out).expect("a Vec has room").is_some() {}
    let mut server = socketio::Connection::server(socketio::Limits::new(), Vec::new(), 0);
    server.receive_text("0", 0).expect("it is a CONNECT");
    let sid = Json::new(r#"{"sid":"x"}"#).expect("it is valid");
    server.accept("/", sid, &mut out).expect("it is pending");
    (session, server)
}

pub fn socketio_decode(events: &Rc<[String]>) -> Contestant {
    let messages: Vec<_> = events.iter().map(|json| format!("42{json}")).collect();
    let (mut session, mut server) = socketio_server();
    let mut assembler = engineio::Assembler::new(1 << 20, Vec::new());
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for message in &messages {
            let event = session.receive_socket(Message::Text(message), 0);
            let Some(engineio::Event::Message(part)) = event else { panic!("{event:?}") };
            let Ok(Some(Message::Text(text))) = assembler.push(part) else { panic!("it is text") };
            let event = server.receive_text(text, 0);
            let Some(socketio::Event::Packet(packet)) = event else { panic!("{event:?}") };
            assert_eq!(packet.event_name(), Some("message"));
            sink.text(packet.json.expect("it is an event").as_str());
        }
    })
}

/// The two packets alone, without what their ends know.
pub fn socketio_decode_packets(events: &Rc<[String]>) -> Contestant {
    let messages: Vec<_> = events.iter().map(|json| format!("42{json}")).collect();
    Contestant::new(Kind::Ours, "framewright, packets", move |sink| {
        for message in &messages {
            let packet = engineio::Packet::parse(Message::Text(message));
            let Ok(engineio::Packet::Text(_, text)) = packet else { panic!("{packet:?}") };
            let packet = socketio::Packet::parse(text).expect("it is valid");
            assert_eq!(packet.event_name(), Some("message"));
            sink.text(packet.json.expect("it is an event").as_str());
        }
    })
}

/// Sends what a serializer wrote, as all contestants do.
pub fn socketio_encode(events: &Rc<[String]>) -> Contestant {
    socketio_encode_as(NAME, |text| Json::assume_valid(text), events)
}

/// Sends text that may be anything.
pub fn socketio_encode_checked(events: &Rc<[String]>) -> Contestant {
    const NAME: &str = "framewright, checking JSON";
    socketio_encode_as(NAME, |text| Json::new(text).expect("it is valid"), events)
}

fn socketio_encode_as(
    name: &'static str,
    json: impl Fn(&str) -> Json<'_> + 'static,
    events: &Rc<[String]>,
) -> Contestant {
    let events = Rc::clone(events);
    let (mut session, mut server) = socketio_server();
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, name, move |sink| {
        for event in &*events {
            let packet = socketio::Packet::event("/", json(event));
            out.clear();
            server.send_over(packet, &mut session, &mut out).expect("it is valid");
            sink.sent(1, &out);
        }
    })
}

pub fn grpc_decode(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut decoder = grpc::Decoder::new(grpc::Limits::new());
    let mut assembler = framewright::Assembler::new(Vec::new());
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for mut piece in wire.reads() {
            while let Some(part) = decoder.decode(&mut piece).expect("it is valid") {
                if let Some(message) = assembler.push(part.chunk()).expect("a Vec has room") {
                    sink.binary(message);
                }
            }
        }
    })
}

pub fn grpc_encode(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut buf = vec![0; room(&messages)];
    let mut encoder = grpc::Encoder::new();
    Contestant::new(Kind::Ours, NAME, move |sink| {
        let mut out = SliceBuf::new(&mut buf);
        for message in &*messages {
            let message = grpc::Message::from(message);
            encoder.encode(message, &mut out).expect("there is room");
        }
        sink.sent(messages.len() as u64, out.as_slice());
    })
}

pub fn grpc_encode_to_vec(messages: &Rc<[Bytes]>) -> Contestant {
    let messages = Rc::clone(messages);
    let mut out = Vec::new();
    let mut encoder = grpc::Encoder::new();
    Contestant::new(Kind::Ours, "framewright, to a Vec", move |sink| {
        out.clear();
        for message in &*messages {
            encoder.encode(message, &mut out).expect("a Vec has room");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

fn agree(config: Config) -> Params {
    let offer = Extensions::parse(b"permessage-deflate").expect("it is valid");
    config.negotiate(offer).expect("it can be accepted").0
}

pub fn deflate(messages: &Rc<[Bytes]>, level: u8) -> Contestant {
    let messages = Rc::clone(messages);
    let config = Config::new().level(level);
    let mut server = Connection::server(Limits::new()).accept_compressed(true);
    let mut deflater = Deflater::new(Role::Server, agree(config), config);
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, NAME, move |sink| {
        out.clear();
        for message in &*messages {
            let encoder = server.encoder().expect("it is open");
            deflater.encode(message, encoder, &mut out).expect("a Vec has room");
        }
        sink.sent(messages.len() as u64, &out);
    })
}

pub fn inflate(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let (mut buf, mut scratch) = (vec![0; BUFFER], vec![0; BUFFER]);
    let agreed = agree(Config::new());
    let limits = Limits::new();
    let mut server = Connection::server(limits).accept_compressed(true);
    let mut inflater = Inflater::new(Role::Server, agreed, limits);
    let mut assembler = Assembler::new(Vec::new());
    let mut out = Vec::new();
    Contestant::new(Kind::Ours, NAME, move |sink| {
        for read in wire.reads() {
            let mut input = recv(read, &mut buf);
            while let Some(event) = server.receive(&mut input) {
                let Event::Part(part) = event else { panic!("{event:?}") };
                if let Some(message) = assembler
                    .push_inflated(part, Some(&mut inflater), &mut scratch)
                    .expect("a Vec has room")
                {
                    deliver(message, sink);
                }
            }
            server.transmit(&mut out);
            out.clear();
        }
    })
}
