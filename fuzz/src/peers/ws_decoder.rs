//! Frames, as `tungstenite` reads them.
//!
//! Where it differs:
//!
//! * It accepts a length that has a shorter form, which §5.2 forbids, even in a control frame. What
//!   follows such a frame is not compared.
//! * It checks text when the frame is complete, not at the first impossible byte. Where we refuse a
//!   text, it need not have got that far.
//! * It checks a header when all of it is there, with its key. Where we refuse one, it may still
//!   wait for the rest.
//! * It checks the reason of a close frame before its code.

use std::io::{self, Cursor, Read, Write};

use framewright::ws::{Assembler, CloseCode, Connection, Error, Event, Limits, Part, Role, Side};
use tungstenite::error::{Error as TheirError, ProtocolError};
use tungstenite::protocol::{Message, Role as TheirRole, WebSocket, WebSocketConfig};

use crate::checks::input::Input;
use crate::checks::ws_decoder::rules;

/// The limit of both, so that no header makes either of them allocate more.
const MAX_LEN: usize = 64 * 1024;

/// The input has the layout of the target's input.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let role = rules(&mut input).role;
    let _cuts: [u8; 4] = input.bytes();
    let wire = input.rest();

    let limits = Limits::new().max_frame_len(MAX_LEN as u64).max_message_len(MAX_LEN as u64);
    let (ours, verdict) = match role {
        Role::Server => read(Connection::server(limits), wire),
        Role::Client => read(Connection::client(limits, || [1, 2, 3, 4]), wire),
    };
    let (theirs, end) = read_by_tungstenite(role, wire);
    match verdict {
        Ok(()) => {
            assert_eq!(theirs, ours);
            assert_eq!(end, End::Open);
        }
        Err(Error::LengthNotMinimal | Error::ControlTooLong) => assert!(theirs.starts_with(&ours)),
        Err(_) => assert_eq!(theirs, ours),
    }
}

/// A message or a control frame that came whole.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// Nothing follows it.
    Close(Option<(u16, String)>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// The stream may go on.
    Open,
    Refused,
}

fn read<S: Side>(mut connection: Connection<S>, wire: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    let mut assembler = Assembler::new(Vec::new());
    let (mut control, mut got) = (Vec::new(), Vec::new());
    let mut bytes = wire.to_vec();
    let mut input = &mut bytes[..];
    while let Some(event) = connection.receive(&mut input) {
        match event {
            Event::Part(part @ (Part::Ping(chunk) | Part::Pong(chunk))) => {
                if chunk.start {
                    control.clear();
                }
                control.extend_from_slice(chunk.bytes);
                if chunk.end {
                    let pong = matches!(part, Part::Pong(_));
                    let payload = control.clone();
                    got.push(if pong { Got::Pong(payload) } else { Got::Ping(payload) });
                }
            }
            Event::Part(part) => match assembler.push(part).expect("a Vec has room") {
                Some(framewright::ws::Message::Text(text)) => got.push(Got::Text(text.into())),
                Some(framewright::ws::Message::Binary(bytes)) => {
                    got.push(Got::Binary(bytes.into()))
                }
                None => {}
            },
            Event::Close(CloseCode::NO_STATUS) => got.push(Got::Close(None)),
            Event::Close(code) => {
                let reason = connection.peer_close().expect("it came").reason;
                got.push(Got::Close(Some((code.0, reason.into()))));
            }
            Event::Failed(_) => {}
        }
    }
    (got, connection.error().map_or(Ok(()), Err))
}

/// A socket from which these bytes are read, and whose output is dropped.
struct Wire<'a>(Cursor<&'a [u8]>);

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read_by_tungstenite(role: Role, wire: &[u8]) -> (Vec<Got>, End) {
    let role = match role {
        Role::Server => TheirRole::Server,
        Role::Client => TheirRole::Client,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .max_frame_size(Some(MAX_LEN))
        .max_message_size(Some(MAX_LEN));
    let mut socket = WebSocket::from_raw_socket(Wire(Cursor::new(wire)), role, Some(config));
    let mut got = Vec::new();
    loop {
        got.push(match socket.read() {
            Ok(Message::Text(text)) => Got::Text(text.as_str().to_owned()),
            Ok(Message::Binary(bytes)) => Got::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Got::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Got::Pong(bytes.to_vec()),
            Ok(Message::Close(close)) => {
                let close = close.map(|close| (u16::from(close.code), close.reason.to_string()));
                // It replaces a code that must not be sent by that of its own answer.
                if close.as_ref().is_some_and(|close| close.1 == "Protocol violation") {
                    return (got, End::Refused);
                }
                got.push(Got::Close(close));
                return (got, End::Open);
            }
            Ok(Message::Frame(_)) => unreachable!("not returned by `read`"),
            Err(
                TheirError::ConnectionClosed
                | TheirError::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            ) => return (got, End::Open),
            Err(_) => return (got, End::Refused),
        });
    }
}
