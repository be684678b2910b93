//! Our STOMP server and our client, joined through any cuts, with any calls on each.
//!
//! Neither may find fault with the other, and everything that was sent before the end arrives, in order.

use framewright::stomp::{
    Action, Client, Closer, Command, Connection, Delivery, FrameBuilder, FrameEvent, HeartBeat,
    Inbox, Limits, Server, SharedMessage, Side, Version, Versions,
};

use super::input::Input;

/// ```text
/// | versions of both: 1 | heart-beats: 4 | (who and what | what it needs ...)*
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let versions = input.byte();
    let beats = input.bytes::<4>().map(u64::from);
    let speaks = |bits: u8| {
        let all = Version::ALL.into_iter().filter(|version| bits >> *version as u8 & 1 != 0);
        // 1.0, at least: so they have one in common.
        all.fold(Versions::only(Version::V1_0), Versions::and)
    };
    let server = Connection::server(Limits::new(), 0)
        .versions(speaks(versions))
        .heart_beat(HeartBeat::new(beats[0], beats[1]));
    let mut client = Connection::client(Limits::new(), 0)
        .versions(speaks(versions >> 4))
        .heart_beat(HeartBeat::new(beats[2], beats[3]));
    let mut to_server = Vec::new();
    client.connect(FrameBuilder::connect("a"), &mut to_server).expect("it is the first");
    let mut server = End::new(server, Vec::new());
    let mut client = End::new(client, to_server);
    let mut now = 0;
    while !input.is_empty() {
        let what = input.byte();
        match what % 16 {
            0..=3 => client.deliver(input.byte(), &mut server, now),
            4..=7 => {
                server.deliver(input.byte(), &mut client, now);
            }
            8 | 9 => client.say(what, &mut input),
            10 | 11 => server.answer(&mut input),
            12 => client.pieces(&mut input),
            13 => server.pieces(&mut input),
            14 => now += u64::from(input.byte()),
            _ => {
                client.tick(now);
                server.tick(now);
            }
        }
    }
    finish(server, client, now);
}

/// One end, with its output that the other end has not read.
struct End<S> {
    connection: Connection<S>,
    inbox: Inbox<Vec<u8>>,
    on_the_way: Vec<u8>,
    /// What was sent and what came: commands, a header's value and a body.
    sent: Vec<(Command, String, Vec<u8>)>,
    got: Vec<(Command, String, Vec<u8>)>,
    receipts: usize,
}

/// The header that is compared.
const COMPARED: &str = "compared";

impl<S: Side> End<S> {
    fn new(connection: Connection<S>, on_the_way: Vec<u8>) -> Self {
        let inbox = Inbox::new(Vec::new());
        Self { connection, inbox, on_the_way, sent: vec![], got: vec![], receipts: 0 }
    }

    fn version(&self) -> Version {
        self.connection.agreed_version().unwrap_or(Version::V1_0)
    }

    /// Sends a frame with a header and a body.
    fn send(&mut self, frame: FrameBuilder<'_>, value: &str, body: &[u8]) {
        let ready = self.connection.ready();
        let can_carry = self.version().can_carry(COMPARED, value);
        let command = frame.command();
        let frame = frame.headers([(COMPARED, value)]).body(body);
        let sent = self.connection.send(frame, &mut self.on_the_way);
        assert_eq!(sent.is_ok(), ready.is_ok() && can_carry, "{sent:?}");
        if sent.is_ok() {
            self.sent.push((command, value.to_owned(), body.to_vec()));
        }
    }

    /// Sends a frame whose body comes in pieces.
    fn in_pieces(&mut self, frame: FrameBuilder<'_>, input: &mut Input<'_>) {
        let pieces = [input.block(), input.block(), input.block()];
        let body = pieces.concat();
        let len = (body.contains(&0) || input.byte() & 1 != 0).then_some(body.len() as u64);
        let command = frame.command();
        if self.connection.ready().is_err() {
            return;
        }
        let encoder = self.connection.encoder().expect("it is ready");
        encoder.begin(frame, len, &mut self.on_the_way).expect("it is ready");
        for piece in pieces {
            encoder.encode_body(piece, &mut self.on_the_way).expect("it is as long as was said");
        }
        encoder.finish(&mut self.on_the_way).expect("it is as long as was said");
        self.sent.push((command, String::new(), body));
    }

    fn tick(&mut self, now: u64) {
        match self.connection.poll(now) {
            // Time passed, and the bytes stayed on the way. The peer is not at fault.
            Some(Action::Failed(_) | Action::CloseTimedOut) | None => {}
        }
        assert!(self.connection.transmit(&mut self.on_the_way, now));
    }

    /// Takes the first bytes on the way, 255 for all.
    fn take(&mut self, len: u8) -> Vec<u8> {
        let len = if len == u8::MAX { usize::MAX } else { len.into() };
        let len = self.on_the_way.len().min(len);
        self.on_the_way.drain(..len).collect()
    }

    fn keep(&mut self, command: Command) {
        let value = self.inbox.headers().get(COMPARED).unwrap_or_default().to_owned();
        self.got.push((command, value, self.inbox.body().to_vec()));
    }
}

impl End<Client> {
    fn say(&mut self, what: u8, input: &mut Input<'_>) {
        let (value, body) = (input.text(), input.block());
        match what >> 4 {
            0 => self.send(FrameBuilder::subscribe("0", "/a"), value, b""),
            1 => self.send(FrameBuilder::begin("t"), value, b""),
            2 => self.send(FrameBuilder::unsubscribe("0").receipt("1"), value, b""),
            3 => {
                let disconnect = FrameBuilder::disconnect().receipt("bye");
                self.send(disconnect, value, b"");
            }
            _ => self.send(FrameBuilder::send("/a:b").receipt("1"), value, body),
        }
    }

    fn pieces(&mut self, input: &mut Input<'_>) {
        self.in_pieces(FrameBuilder::send("/a"), input);
    }

    fn deliver(&mut self, len: u8, to: &mut End<Server>, now: u64) {
        let bytes = self.take(len);
        let mut input = &bytes[..];
        while let Some(event) = to.connection.receive_frame(&mut input, &mut to.inbox, now) {
            let FrameEvent::Frame(command) = event else {
                panic!("it found fault with its like: {event:?}")
            };
            if command == Command::Connect {
                to.connection
                    .accept(FrameBuilder::connected(), &mut to.on_the_way)
                    .expect("it came");
                continue;
            }
            to.keep(command);
            let asked = to.inbox.headers().get("receipt").is_some();
            if to.connection.send_receipt(&to.inbox.headers(), &mut to.on_the_way).is_ok() && asked
            {
                to.receipts += 1;
            }
        }
        assert!(input.is_empty());
    }
}

impl End<Server> {
    fn answer(&mut self, input: &mut Input<'_>) {
        let (value, body) = (input.text(), input.block());
        if input.byte() & 1 == 0 {
            return self.send(FrameBuilder::message("0", "1", "/a"), value, body);
        }
        let version = self.version();
        let message = FrameBuilder::shared_message("/a").headers([(COMPARED, value)]).body(body);
        let Ok(shared) = SharedMessage::encode(message, version, Vec::new()) else { return };
        let delivery = Delivery::new("0", "1").ack("1");
        let ready = self.connection.ready();
        let sent = self.connection.send_message(delivery, &shared, &mut self.on_the_way);
        assert_eq!(sent, ready);
        if sent.is_ok() {
            self.sent.push((Command::Message, value.to_owned(), body.to_vec()));
        }
    }

    fn pieces(&mut self, input: &mut Input<'_>) {
        self.in_pieces(FrameBuilder::message("0", "1", "/a"), input);
    }

    fn deliver(&mut self, len: u8, to: &mut End<Client>, now: u64) {
        let bytes = self.take(len);
        let mut input = &bytes[..];
        while let Some(event) = to.connection.receive_frame(&mut input, &mut to.inbox, now) {
            match event {
                FrameEvent::Frame(Command::Connected) => {}
                FrameEvent::Frame(Command::Receipt) => to.receipts += 1,
                // The client's bytes were on the way for too long.
                FrameEvent::Frame(Command::Error) => {}
                FrameEvent::Frame(command) => to.keep(command),
                FrameEvent::Failed(e) => panic!("it found fault with its like: {e}"),
            }
        }
        assert!(input.is_empty());
    }
}

/// Brings both ends to their end, and compares.
fn finish(mut server: End<Server>, mut client: End<Client>, now: u64) {
    for _ in 0..3 {
        client.deliver(u8::MAX, &mut server, now);
        server.deliver(u8::MAX, &mut client, now);
        if client.connection.ready().is_ok() {
            client.send(FrameBuilder::disconnect().receipt("bye"), "", b"");
        }
    }
    let timed_out = client.connection.error().or(server.connection.error()).is_some();
    assert!(client.sent.starts_with(&server.got), "in order");
    assert!(server.sent.starts_with(&client.got), "in order");
    if !timed_out {
        assert_eq!(server.got, client.sent, "all of it");
        assert_eq!(client.got, server.sent, "all of it");
        assert_eq!(client.receipts, server.receipts);
        assert_eq!(client.connection.close_expected(), Some(Closer::Us));
        assert_eq!(server.connection.close_expected(), Some(Closer::Peer));
        assert!(client.connection.receive_eof().clean && server.connection.receive_eof().clean);
    }
}
