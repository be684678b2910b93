//! A streamed answer or a WebSocket on an HTTP/1.1 connection.

use framewright::http::NO_FIELDS;
use framewright::http1::{Body, BodyEncoder, ResponseWriter, Version};
use framewright::ws::{self, Connection, Inbox, MessageEvent};

use crate::hub::{Answer, Head, Hub, Outgoing, Piece};

const VALID: &str = "answers are valid, and a Vec has room";
/// How much output may wait for a peer before its session keeps the rest, in bytes.
const AHEAD: usize = 64 << 10;

/// An answer whose body comes when there is something to say.
pub struct Stream {
    version: Version,
    /// Whether it is the last on its connection.
    is_last: bool,
    state: StreamState,
}

enum StreamState {
    /// The head waits for the first piece: if that is the whole body, the head has its length.
    Head(Head),
    Body(BodyEncoder),
}

impl Stream {
    pub const fn new(head: Head, version: Version, is_last: bool) -> Self {
        Self { version, is_last, state: StreamState::Head(head) }
    }

    /// Writes what the hub has. Returns whether this was the end.
    pub fn fill(&mut self, exchange: u64, hub: &mut impl Hub, out: &mut Vec<u8>, now: u64) -> bool {
        let mut bytes = Vec::new();
        while out.len() <= AHEAD
            && let Some(piece) = hub.fill(exchange, &mut bytes, now)
        {
            self.write(&bytes, piece, out);
            if piece.is_last {
                return true;
            }
            bytes.clear();
        }
        false
    }

    fn write(&mut self, bytes: &[u8], piece: Piece, out: &mut Vec<u8>) {
        if let StreamState::Head(head) = &self.state {
            let mut writer = ResponseWriter::new(head.status);
            if self.is_last {
                writer = writer.close();
            }
            let writer = writer.headers(&head.fields);
            if piece.is_last {
                return writer.body(bytes).write(out).expect(VALID);
            }
            let body = writer.begin(Body::of_unknown_len(self.version), out);
            self.state = StreamState::Body(body.expect(VALID));
        }
        if let StreamState::Body(body) = &mut self.state {
            body.encode(bytes, out).expect("a Vec has room");
            if piece.is_last {
                body.finish(NO_FIELDS, out).expect("a Vec has room");
            }
        }
    }

    /// Whether the body ends with the connection.
    pub fn ends_connection(&self) -> bool {
        self.version == Version::Http10
    }
}

/// A WebSocket, once the handshake is done.
pub struct Socket {
    connection: Connection<ws::Server>,
    inbox: Inbox<Vec<u8>>,
}

impl Socket {
    pub fn new(connection: Connection<ws::Server>) -> Self {
        Self { connection, inbox: Inbox::new(Vec::new()) }
    }

    /// Receives what was read.
    pub fn receive(
        &mut self,
        mut input: &[u8],
        exchange: u64,
        hub: &mut impl Hub,
        out: &mut Vec<u8>,
        now: u64,
    ) {
        while let Some(event) = self.connection.receive_message(&mut input, &mut self.inbox) {
            if let MessageEvent::Message(_) = event {
                hub.receive_message(exchange, self.inbox.message(), now);
            }
            self.connection.transmit(out);
        }
        self.inbox.release();
    }

    /// Writes what the hub has.
    pub fn fill(&mut self, exchange: u64, hub: &mut impl Hub, out: &mut Vec<u8>, now: u64) {
        while out.len() <= AHEAD
            && self.connection.ready().is_ok()
            && let Some(outgoing) = hub.next_message(exchange, now)
        {
            match outgoing {
                Outgoing::Message(message) => self.connection.send(message.as_message(), out),
                Outgoing::Close(code, reason) => self.connection.close(code, &reason, out),
            }
            .expect("it was ready, and a Vec has room");
        }
    }

    /// Whether one of us has begun to close.
    pub fn is_closing(&self) -> bool {
        self.connection.is_closing()
    }

    /// Whether we have to close the transport.
    pub fn is_over(&self) -> bool {
        self.connection.close_expected().is_some()
    }
}

/// Writes a whole answer.
pub fn write_answer(answer: &Answer, is_last: bool, out: &mut Vec<u8>) {
    let mut writer = ResponseWriter::new(answer.head.status).body(&answer.body);
    if is_last {
        writer = writer.close();
    }
    writer.headers(&answer.head.fields).write(out).expect(VALID);
}
