//! A session of Engine.IO, with requests, messages, time and loss in any order: what was sent arrives once and in
//! order, and what is owed has a bound.

use framewright::engineio::{
    Action, Event, Kind, Limits, Packet, PayloadEncoder, Reason, Sent, Session, Transport,
};
use framewright::ws::{self, Message};

use super::common::engineio::{Got, naive};
use super::input::Input;

/// The most that may wait.
const MAX_BACKLOG: u64 = 200;

/// ```text
/// | transport: 1 | steps ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let polling = input.byte() & 1 == 0;
    let limits = Limits::new()
        .ping_interval(300)
        .ping_timeout(200)
        .upgrade_timeout(400)
        .close_timeout(600)
        .max_payload(50)
        .max_message_len(50)
        .max_backlog(MAX_BACKLOG);
    let transport = if polling { Transport::Polling } else { Transport::WebSocket };
    let session = Session::new("sid", transport, false, limits, Vec::new(), 0);
    let mut play = Play {
        session: session.expect("the identifier is valid"),
        now: 0,
        sent: Vec::new(),
        arrived: Vec::new(),
        pings: (0, 0),
        opened: false,
        over: None,
    };
    while !input.is_empty() {
        play.step(&mut input);
        play.check();
    }
}

struct Play {
    session: Session<Vec<u8>>,
    now: u64,
    /// Messages that were sent.
    sent: Vec<Got>,
    /// Messages that went out by either transport.
    arrived: Vec<Got>,
    /// How many pings were due, and how many went out.
    pings: (usize, usize),
    opened: bool,
    over: Option<Reason>,
}

impl Play {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 => {
                let text = input.text().replace('\u{1E}', "");
                let message = Got::Text(Kind::Message, text.clone().into_bytes());
                self.send(Message::Text(&text), message);
            }
            1 => {
                let bytes = input.block();
                self.send(Message::Binary(bytes), Got::Binary(bytes.to_vec()));
            }
            2 => drop(self.session.get()),
            3 => self.post(input.block()),
            4 => drop(self.session.upgrade(self.now)),
            5 => self.receive("2probe"),
            6 => self.receive("5"),
            7 => self.receive("3"),
            8 => self.receive(input.text()),
            9 => self.wait(input.byte()),
            10 => self.session.receive_socket_eof(),
            11 => self.session.receive_get_eof(),
            12 => drop(self.session.post(None)),
            13 => self.session.receive_post_eof(),
            14 => self.session.close(self.now),
            _ => self.transmit(),
        }
    }

    fn send(&mut self, message: Message<'_>, sent: Got) {
        let mut out = Vec::new();
        match self.session.send(message, &mut out) {
            Ok(Sent::Queued) => assert_eq!(out, b""),
            Ok(Sent::Written(kind)) => self.arrive(kind, &out),
            Err(_) => return assert_eq!(out, b""),
        }
        self.sent.push(sent);
    }

    fn post(&mut self, body: &[u8]) {
        if self.session.post(None).is_err() {
            return;
        }
        let mut bytes = body.to_vec();
        for mut piece in bytes.chunks_mut(3) {
            while let Some(event) = self.session.receive_post(&mut piece, self.now) {
                assert!(matches!(event, Event::Message(_) | Event::Closed(_)));
            }
            assert!(piece.is_empty());
        }
        self.session.end_post(self.now);
        if !self.session.is_over() {
            assert!(naive(body).is_some(), "it was valid");
        }
    }

    fn receive(&mut self, text: &str) {
        let before = self.session.reason();
        let event = self.session.receive_socket(Message::Text(text), self.now);
        assert!(event.is_none() || before.is_none(), "{event:?} came after the end");
    }

    fn wait(&mut self, ticks: u8) {
        self.now += u64::from(ticks);
        while let Some(action) = self.session.poll(self.now) {
            self.pings.0 += usize::from(action == Action::Ping);
        }
        assert!(self.session.deadline().is_none_or(|deadline| deadline > self.now));
    }

    fn transmit(&mut self) {
        let mut out = Vec::new();
        if self.session.transmit_get(&mut out).expect("a vector grows") {
            for packet in naive(&out).expect("the body is valid, and never empty") {
                self.take(packet);
            }
            out.clear();
        }
        assert_eq!(out, b"");
        while let Some(kind) = self.session.transmit_socket(&mut out).expect("a vector grows") {
            self.arrive(kind, &out);
            out.clear();
        }
    }

    /// Takes what went out as one WebSocket message.
    fn arrive(&mut self, kind: ws::Kind, payload: &[u8]) {
        let message = match kind {
            ws::Kind::Text => Message::Text(std::str::from_utf8(payload).expect("it is text")),
            ws::Kind::Binary => Message::Binary(payload),
        };
        // A body of one packet, for the same reader.
        let packet = Packet::parse(message).expect("it is a packet");
        match packet {
            Packet::Text(kind, data) => self.take(Got::Text(kind, data.into())),
            other => {
                let mut body = Vec::new();
                PayloadEncoder::new().encode(other, &mut body).expect("a vector grows");
                naive(&body).expect("it is valid").into_iter().for_each(|packet| self.take(packet));
            }
        }
    }

    fn take(&mut self, packet: Got) {
        match packet {
            Got::Text(Kind::Open, _) => assert!(!std::mem::replace(&mut self.opened, true)),
            Got::Text(Kind::Ping, _) => self.pings.1 += 1,
            Got::Text(Kind::Message, _) | Got::Binary(_) => {
                assert!(self.opened, "the open packet is the first");
                self.arrived.push(packet);
            }
            Got::Text(Kind::Close | Kind::Noop | Kind::Pong, _) => {}
            Got::Text(..) => panic!("{packet:?} is not a server's"),
        }
    }

    /// What holds after each step.
    fn check(&mut self) {
        assert!(self.sent.starts_with(&self.arrived), "what arrives was sent, in order");
        assert!(self.pings.1 <= self.pings.0);
        assert!(self.session.backlog_len() as u64 <= MAX_BACKLOG);
        if self.session.backlog_len() == 0 && !self.session.is_over() {
            assert_eq!(self.arrived.len(), self.sent.len(), "nothing waits, so all went out");
        }
        if self.over.is_some() {
            assert_eq!(self.session.reason(), self.over, "the end is final");
        }
        self.over = self.session.reason();
        assert_eq!(self.session.deadline().is_none(), self.over.is_some());
    }
}
