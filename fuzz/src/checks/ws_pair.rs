//! T-CONN: our server and our client, joined through any cuts, with any calls on each.
//!
//! Neither may find fault with the other, and everything that was sent before a close arrives, in
//! order.

use framewright::ws::{
    Assembler, CloseCode, Closer, Connection, Event, Kind, Limits, Message, Part, Side,
};

use super::input::{Input, as_text};

/// ```text
/// | masking key: 4 | (who and what | what it needs ...)*
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut key = u32::from_be_bytes(input.bytes());
    let keys = move || {
        key = key.wrapping_mul(0x9E37_79B1).wrapping_add(1);
        key.to_be_bytes()
    };
    let mut server = End::new(Connection::server(Limits::new()));
    let mut client = End::new(Connection::client(Limits::new(), keys));
    while !input.is_empty() {
        let what = input.byte();
        if what & 1 == 0 {
            step(what >> 1, &mut input, &mut server, &mut client);
        } else {
            step(what >> 1, &mut input, &mut client, &mut server);
        }
    }
    finish(server, client);
}

/// One end, with its output that the other end has not read.
struct End<S> {
    connection: Connection<S>,
    assembler: Assembler<Vec<u8>>,
    on_the_way: Vec<u8>,
    /// Messages sent whole.
    sent: Vec<(Kind, Vec<u8>)>,
    /// The message that is being sent in fragments, so far.
    open: Option<(Kind, Vec<u8>)>,
    /// Payload that was announced but not yet sent: its length, and whether its frame is the last.
    owed: Option<(usize, bool)>,
    pings: Vec<Vec<u8>>,
    got: Vec<(Kind, Vec<u8>)>,
    pongs: Vec<Vec<u8>>,
    close: Option<(CloseCode, String)>,
}

impl<S: Side> End<S> {
    fn new(connection: Connection<S>) -> Self {
        Self {
            connection,
            assembler: Assembler::new(Vec::new()),
            on_the_way: vec![],
            sent: vec![],
            open: None,
            owed: None,
            pings: vec![],
            got: vec![],
            pongs: vec![],
            close: None,
        }
    }

    fn send(&mut self, message: Message<'_>) {
        let ready = self.connection.ready().is_ok();
        let sent = self.connection.send(message, &mut self.on_the_way);
        assert_eq!(sent.is_ok(), ready);
        if ready {
            self.sent.push((message.kind(), message.as_bytes().to_vec()));
        }
    }

    /// Sends a fragment, up to where it cannot be text.
    fn fragment(&mut self, kind: Kind, piece: &[u8], fin: bool) {
        let kind = self.open.as_ref().map_or(kind, |open| open.0);
        let piece = if kind == Kind::Text { as_text(piece).as_bytes() } else { piece };
        let Ok(encoder) = self.connection.encoder() else { return };
        if encoder.encode_fragment(kind, piece, fin, &mut self.on_the_way).is_ok() {
            self.sent_of(kind, piece, fin);
        } else {
            assert!(self.owed.is_some(), "nothing else keeps it from being sent");
        }
    }

    fn sent_of(&mut self, kind: Kind, piece: &[u8], fin: bool) {
        let open = self.open.get_or_insert((kind, vec![]));
        open.1.extend_from_slice(piece);
        if fin {
            self.sent.extend(self.open.take());
        }
    }

    /// Begins a binary frame whose payload comes later.
    fn begin(&mut self, len: u8, fin: bool) {
        let Ok(encoder) = self.connection.encoder() else { return };
        let begun = encoder.begin_frame(Kind::Binary, len.into(), fin, &mut self.on_the_way);
        if begun.is_ok() {
            self.sent_of(Kind::Binary, b"", fin && len == 0);
            self.owed = (len > 0).then_some((len.into(), fin));
        }
    }

    fn payload(&mut self, piece: &[u8]) {
        let Some((left, fin)) = self.owed else { return };
        let piece = &piece[..piece.len().min(left)];
        let left = left - piece.len();
        let encoder = self.connection.encoder().expect("a payload can always be finished");
        encoder.encode_payload(piece, &mut self.on_the_way).expect("it is not more than that");
        self.sent_of(Kind::Binary, piece, fin && left == 0);
        self.owed = (left > 0).then_some((left, fin));
    }

    fn close(&mut self, code: u16, reason: &str) {
        let code = CloseCode(code);
        let closing = self.connection.is_closing();
        let closed = self.connection.close(code, reason, &mut self.on_the_way);
        assert!(closing || closed.is_err() || code.is_sendable() || code == CloseCode::NO_STATUS);
    }

    fn receive(&mut self, bytes: &mut [u8]) {
        let mut input = bytes;
        while let Some(event) = self.connection.receive(&mut input) {
            match event {
                Event::Part(part) => {
                    if let Part::Pong(chunk) = part {
                        if chunk.start {
                            self.pongs.push(vec![]);
                        }
                        self.pongs.last_mut().expect("pushed").extend_from_slice(chunk.bytes);
                    }
                    if let Some(message) = self.assembler.push(part).expect("a Vec has room") {
                        self.got.push((message.kind(), message.as_bytes().to_vec()));
                    }
                }
                Event::Close(code) => {
                    assert_eq!(self.close, None, "a close comes once");
                    let reason = self.connection.peer_close().expect("it came").reason;
                    self.close = Some((code, reason.to_owned()));
                }
                Event::Failed(e) => panic!("it found fault with its like: {e}"),
            }
        }
        assert!(input.is_empty());
    }
}

fn step<A: Side, B: Side>(what: u8, input: &mut Input<'_>, from: &mut End<A>, to: &mut End<B>) {
    match what % 16 {
        0..=4 => deliver(from, to, input.byte().into()),
        5 => from.send(Message::Text(input.text())),
        6 => from.send(Message::Binary(input.block())),
        // Long enough for every form of the length, and longer than some reads.
        7 => {
            let (byte, len) = (input.byte(), u16::from_be_bytes(input.bytes()));
            from.send(Message::Binary(&vec![byte; usize::from(len) * 2]));
        }
        8 => from.fragment(Kind::Text, input.block(), false),
        9 => from.fragment(Kind::Binary, input.block(), input.byte() & 1 != 0),
        10 => from.fragment(Kind::Text, input.block(), true),
        11 => from.begin(input.byte(), input.byte() & 1 != 0),
        12 => from.payload(input.block()),
        13 => {
            let payload = input.block();
            if from.connection.ping(payload, &mut from.on_the_way).is_ok() {
                from.pings.push(payload.to_vec());
            }
        }
        14 => {
            from.close(u16::from_be_bytes(input.bytes()), input.text());
        }
        _ => {
            from.connection.transmit(&mut from.on_the_way);
        }
    }
}

/// Delivers that many of the bytes in flight.
fn deliver<A: Side, B: Side>(from: &mut End<A>, to: &mut End<B>, len: usize) {
    let len = match len {
        255 => usize::MAX,
        len => len,
    };
    let len = from.on_the_way.len().min(len);
    let mut bytes: Vec<u8> = from.on_the_way.drain(..len).collect();
    to.receive(&mut bytes);
}

/// Brings both ends to their end, and compares.
fn finish<A: Side, B: Side>(mut server: End<A>, mut client: End<B>) {
    server.payload(&[0; 256]);
    client.payload(&[0; 256]);
    server.close(1000, "");
    loop {
        deliver(&mut server, &mut client, 255);
        deliver(&mut client, &mut server, 255);
        let before = (server.on_the_way.len(), client.on_the_way.len());
        assert!(server.connection.transmit(&mut server.on_the_way));
        assert!(client.connection.transmit(&mut client.on_the_way));
        if before == (server.on_the_way.len(), client.on_the_way.len()) {
            break;
        }
    }
    ended(&server, &client);
    ended(&client, &server);
    assert_eq!(server.connection.close_expected(), Some(Closer::Us));
    assert_eq!(client.connection.close_expected(), Some(Closer::Peer));
}

fn ended<A: Side, B: Side>(from: &End<A>, to: &End<B>) {
    assert_eq!(to.got, from.sent, "all of it, in order");
    assert!(!to.connection.owes());
    let ending = to.connection.receive_eof();
    assert_eq!(ending.code, to.close.as_ref().expect("it came").0);
    // The close may have cut a fragmented message.
    assert_eq!(ending.truncated, from.open.is_some());
    // Each pong answers a ping, and pongs are in the order of their pings.
    let mut pings = to.pings.iter();
    for pong in &to.pongs {
        assert!(pings.any(|ping| ping == pong), "a pong without a ping");
    }
}
