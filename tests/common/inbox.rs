//! Receives whole messages of WebSocket, in every way there is.

use framewright::Buffer;
use framewright::ws::{
    Assembler, CloseCode, Connection, Ending, Error, Event, Inbox, Kind, Message, MessageEvent,
    Part, Side,
};

/// What a connection received, and what it did about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    pub events: Vec<Received>,
    pub transmitted: Vec<u8>,
    pub ending: Ending,
    pub error: Option<Error>,
}

/// An event with its payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Received {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(CloseCode),
    Failed(Error),
}

impl Outcome {
    fn of<S: Side>(mut connection: Connection<S>, events: Vec<Received>) -> Self {
        let mut transmitted = Vec::new();
        assert!(connection.transmit(&mut transmitted));
        let (ending, error) = (connection.receive_eof(), connection.error());
        Self { events, transmitted, ending, error }
    }
}

/// Receives all of `input`, and adds what comes.
pub fn receive<S: Side, B: Buffer>(
    connection: &mut Connection<S>,
    inbox: &mut Inbox<B>,
    mut input: &[u8],
    events: &mut Vec<Received>,
) {
    while let Some(event) = connection.receive_message(&mut input, inbox) {
        events.push(match event {
            MessageEvent::Message(kind) => {
                let message = inbox.message();
                assert_eq!(message.kind(), kind);
                Received::Message(kind, message.as_bytes().to_vec())
            }
            MessageEvent::Ping => Received::Ping(connection.control_payload().to_vec()),
            MessageEvent::Pong => Received::Pong(connection.control_payload().to_vec()),
            MessageEvent::Close(code) => Received::Close(code),
            MessageEvent::Failed(e) => Received::Failed(e),
        });
    }
    assert!(input.is_empty(), "None means that all was taken");
}

/// Receives `pieces` as messages.
pub fn receive_messages<S: Side, B: Buffer>(
    mut connection: Connection<S>,
    inbox: &mut Inbox<B>,
    pieces: &[&[u8]],
) -> Outcome {
    let mut events = Vec::new();
    for piece in pieces {
        receive(&mut connection, inbox, piece, &mut events);
    }
    Outcome::of(connection, events)
}

/// Receives `bytes` in reads of at most `read_len` bytes to where the connection wants them. Returns what
/// came, and how many of the bytes were read to the inbox.
pub fn receive_to_targets<S: Side, B: Buffer>(
    mut connection: Connection<S>,
    inbox: &mut Inbox<B>,
    bytes: &[u8],
    read_len: usize,
    buffer_len: usize,
) -> (Outcome, usize) {
    let mut buffer = vec![0; buffer_len];
    let (mut rest, mut events, mut in_place) = (bytes, Vec::new(), 0);
    while !rest.is_empty() {
        let remaining = connection.payload_remaining();
        let target = connection.read_target(&mut buffer, inbox);
        let len = target.len().min(read_len).min(rest.len());
        assert!(len > 0, "there is room to read to");
        target.fill(0xFF);
        target[..len].copy_from_slice(rest.split_off(..len).unwrap());
        if let Message::Text(text) = inbox.message() {
            assert!(str::from_utf8(text.as_bytes()).is_ok(), "nobody has changed it");
        }
        let input = inbox.filled(&buffer, len);
        if input.is_empty() {
            assert!(remaining >= buffer_len as u64, "a shorter rest comes with what follows it");
            in_place += len;
        }
        receive(&mut connection, inbox, input, &mut events);
    }
    (Outcome::of(connection, events), in_place)
}

/// Receives `pieces` as parts, and joins them: what the other two must agree with.
pub fn receive_parts<S: Side>(mut connection: Connection<S>, pieces: &[&[u8]]) -> Outcome {
    let mut assembler = Assembler::new(Vec::new());
    let (mut events, mut control) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Part(part @ (Part::Ping(chunk) | Part::Pong(chunk))) => {
                    if chunk.start {
                        control.clear();
                    }
                    control.extend_from_slice(chunk.bytes);
                    if chunk.end {
                        let ping = matches!(part, Part::Ping(_));
                        let received = if ping { Received::Ping } else { Received::Pong };
                        events.push(received(control.clone()));
                    }
                }
                Event::Part(part) => {
                    if let Some(message) = assembler.push(part).unwrap() {
                        events.push(Received::Message(message.kind(), message.as_bytes().to_vec()));
                    }
                }
                Event::Close(code) => events.push(Received::Close(code)),
                Event::Failed(e) => events.push(Received::Failed(e)),
            }
        }
    }
    Outcome::of(connection, events)
}
