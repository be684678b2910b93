//! Our server's session of Engine.IO and our client's, joined by requests and a WebSocket, with any calls on each.
//!
//! The model is the network: it has at most one GET, one POST and one WebSocket, and carries each in pieces and in any order.
//! Neither end may find fault with the other. What one sends arrives at the other once and in order, over whichever
//! transport, and all of it if nothing is lost and nobody ends the session.

use std::collections::VecDeque;

use framewright::engineio::{
    Action, Answer, Assembler, ClientAction, ClientEvent, ClientRequest, ClientSession, Error,
    Event, Limits, Reason, Sent, Session, Transport,
};
use framewright::ws::{Kind, Message, OwnedMessage};

use super::input::Input;

/// ```text
/// | transport: 1 | (what | what it needs ...)*
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let transport = if input.byte() & 1 == 0 { Transport::Polling } else { Transport::WebSocket };
    let mut pair = Pair::new(transport);
    while !input.is_empty() {
        pair.step(&mut input);
        pair.check();
    }
    pair.finish();
}

fn limits() -> Limits {
    Limits::new()
        .ping_interval(300)
        .ping_timeout(200)
        .upgrade_timeout(400)
        .close_timeout(600)
        .max_payload(25)
        .max_message_len(100)
        .max_backlog(300)
}

struct Pair {
    now: u64,
    client: ClientSession<Vec<u8>>,
    /// There is none before the first request has come.
    server: Option<Session<Vec<u8>>>,
    get: Get,
    post: Post,
    socket: Option<Socket>,
    /// Messages of the client, and of the server.
    to_server: Direction,
    to_client: Direction,
}

/// A GET of the client.
enum Get {
    None,
    Asked,
    Held,
    Answered(VecDeque<u8>),
}

/// A POST of the client.
enum Post {
    None,
    Sent(Vec<u8>),
    Arriving(VecDeque<u8>),
    Answered(u16),
}

#[derive(Default)]
struct Socket {
    to_server: VecDeque<OwnedMessage>,
    to_client: VecDeque<OwnedMessage>,
}

/// Messages in one direction.
struct Direction {
    sent: Vec<OwnedMessage>,
    arrived: usize,
    assembler: Assembler<Vec<u8>>,
    /// The receiver has closed the session, and ignores what still comes.
    unwanted: bool,
}

impl Direction {
    fn new() -> Self {
        let assembler = Assembler::new(60, Vec::new());
        Self { sent: Vec::new(), arrived: 0, assembler, unwanted: false }
    }

    fn arrive(&mut self, message: Message<'_>) {
        let expected = self.sent.get(self.arrived).expect("what arrives was sent");
        assert_eq!(message, expected.as_message(), "in order");
        self.arrived += 1;
    }
}

impl Pair {
    fn new(transport: Transport) -> Self {
        let client = ClientSession::new(transport, limits(), Vec::new(), 0);
        let mut pair = Self {
            now: 0,
            client,
            server: None,
            get: Get::None,
            post: Post::None,
            socket: None,
            to_server: Direction::new(),
            to_client: Direction::new(),
        };
        if transport == Transport::WebSocket {
            pair.open_server(transport);
            pair.socket = Some(Socket::default());
        }
        pair
    }

    fn open_server(&mut self, transport: Transport) {
        let session = Session::new("sid", transport, false, limits(), Vec::new(), self.now);
        self.server = Some(session.expect("the identifier is valid"));
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 => {
                let text = input.text().replace('\u{1E}', "");
                self.client_says(OwnedMessage::Text(text.chars().take(10).collect()));
            }
            1 => self.client_says(OwnedMessage::Binary(input.take(7).to_vec())),
            2 => {
                let text = input.text().replace('\u{1E}', "");
                self.server_says(OwnedMessage::Text(text.chars().take(10).collect()));
            }
            3 => self.server_says(OwnedMessage::Binary(input.take(7).to_vec())),
            4 => self.client_transmits(),
            5 => self.server_transmits(),
            6 => self.carry_get(input.byte()),
            7 => self.carry_post(input.byte()),
            8 => self.carry_to_server(),
            9 => self.carry_to_client(),
            10 => self.open_socket(),
            11 => self.wait(input.byte()),
            12 => self.lose(input.byte()),
            13 => match input.byte() {
                0 => {
                    self.client.close(self.now);
                    self.to_client.unwanted = true;
                }
                1 => {
                    self.server.iter_mut().for_each(|server| server.close(self.now));
                    self.to_server.unwanted = true;
                }
                _ => self.exchange(),
            },
            _ => self.exchange(),
        }
        self.drop_what_is_over();
    }

    fn client_says(&mut self, message: OwnedMessage) {
        let mut out = Vec::new();
        match self.client.send(message.as_message(), &mut out) {
            Ok(Sent::Queued) => assert_eq!(out, b""),
            Ok(Sent::Written(kind)) => self.push_to_server(kind, out),
            Err(_) => return assert_eq!(out, b""),
        }
        self.to_server.sent.push(message);
    }

    fn server_says(&mut self, message: OwnedMessage) {
        let (mut out, Some(server)) = (Vec::new(), &mut self.server) else { return };
        match server.send(message.as_message(), &mut out) {
            Ok(Sent::Queued) => assert_eq!(out, b""),
            Ok(Sent::Written(kind)) => self.push_to_client(kind, out),
            Err(_) => return assert_eq!(out, b""),
        }
        self.to_client.sent.push(message);
    }

    fn push_to_server(&mut self, kind: Kind, payload: Vec<u8>) {
        let socket = self.socket.as_mut().expect("a session has written to it");
        socket.to_server.push_back(whole(kind, payload));
    }

    fn push_to_client(&mut self, kind: Kind, payload: Vec<u8>) {
        if let Some(socket) = &mut self.socket {
            socket.to_client.push_back(whole(kind, payload));
        }
    }

    fn client_transmits(&mut self) {
        loop {
            let (mut target, mut body) = (Vec::new(), Vec::new());
            let request = self.client.transmit_request("/", &mut target, &mut body);
            let Some(request) = request.expect("a vector grows") else { break };
            match request {
                ClientRequest::Get => {
                    assert!(matches!(self.get, Get::None), "one at a time");
                    assert_eq!(body, b"");
                    self.get = Get::Asked;
                }
                ClientRequest::Post => {
                    assert!(matches!(self.post, Post::None), "one at a time");
                    assert!(!body.is_empty() && body.len() as u64 <= limits().max_payload);
                    self.post = Post::Sent(body);
                }
            }
        }
        let mut payload = Vec::new();
        while let Some(kind) = self.client.transmit_socket(&mut payload).expect("a vector grows") {
            self.push_to_server(kind, std::mem::take(&mut payload));
        }
    }

    fn server_transmits(&mut self) {
        let Some(server) = &mut self.server else { return };
        let mut body = Vec::new();
        if server.transmit_get(&mut body).expect("a vector grows") {
            assert!(matches!(self.get, Get::Held), "a GET was held");
            assert!(!body.is_empty());
            self.get = Get::Answered(body.into());
        }
        let mut written = Vec::new();
        let mut payload = Vec::new();
        while let Some(kind) = server.transmit_socket(&mut payload).expect("a vector grows") {
            written.push((kind, std::mem::take(&mut payload)));
        }
        for (kind, payload) in written {
            self.push_to_client(kind, payload);
        }
    }

    /// Carries the GET to the server, or some of its answer to the client.
    fn carry_get(&mut self, len: u8) {
        match std::mem::replace(&mut self.get, Get::None) {
            Get::None => {}
            Get::Asked => {
                let refused = match &mut self.server {
                    Some(server) => server.get().err(),
                    None => {
                        self.open_server(Transport::Polling);
                        None
                    }
                };
                match refused {
                    None => self.get = Get::Held,
                    Some(refusal) => self.refuse(ClientRequest::Get, refusal.answer().status),
                }
            }
            Get::Held => self.get = Get::Held,
            Get::Answered(mut body) => {
                // Only the first counts.
                let _ = self.client.receive_head(ClientRequest::Get, 200);
                let mut piece: Vec<u8> = body.drain(..body.len().min(len.into())).collect();
                let mut input = &mut piece[..];
                while let Some(event) =
                    self.client.receive_body(ClientRequest::Get, &mut input, self.now)
                {
                    client_event(event, &mut self.to_client);
                }
                if body.is_empty() {
                    let event = self.client.end_body(ClientRequest::Get, self.now);
                    event.into_iter().for_each(|event| client_event(event, &mut self.to_client));
                } else {
                    self.get = Get::Answered(body);
                }
            }
        }
    }

    /// Carries some of the POST to the server, or its answer to the client.
    fn carry_post(&mut self, len: u8) {
        match std::mem::replace(&mut self.post, Post::None) {
            Post::None => {}
            Post::Sent(body) => {
                let server = self.server.as_mut().expect("it is open before the first POST");
                self.post = match server.post(Some(b"text/plain")) {
                    Ok(()) => Post::Arriving(body.into()),
                    Err(refusal) => Post::Answered(refusal.answer().status),
                };
            }
            Post::Arriving(mut body) => {
                let server = self.server.as_mut().expect("it has taken the head");
                let mut piece: Vec<u8> = body.drain(..body.len().min(len.into())).collect();
                let mut input = &mut piece[..];
                while let Some(event) = server.receive_post(&mut input, self.now) {
                    server_event(event, &mut self.to_server);
                }
                self.post = Post::Arriving(body);
                if matches!(&self.post, Post::Arriving(body) if body.is_empty()) {
                    let event = server.end_post(self.now);
                    event.into_iter().for_each(|event| server_event(event, &mut self.to_server));
                    let answer = server.reason().map_or(Answer::OK, |reason| reason.answer());
                    self.post = Post::Answered(answer.status);
                }
            }
            Post::Answered(200) => {
                assert_eq!(self.client.receive_head(ClientRequest::Post, 200), None);
                assert_eq!(self.client.end_body(ClientRequest::Post, self.now), None);
            }
            Post::Answered(status) => self.refuse(ClientRequest::Post, status),
        }
    }

    /// Answers a request with an error. That is right only if the session was over.
    fn refuse(&mut self, request: ClientRequest, status: u16) {
        let server = self.server.as_ref().expect("it has refused");
        assert!(server.is_over(), "{request:?} was refused with {status}");
        let _ = self.client.receive_head(request, status);
    }

    fn carry_to_server(&mut self) {
        let message = self.socket.as_mut().and_then(|socket| socket.to_server.pop_front());
        if let (Some(message), Some(server)) = (message, &mut self.server)
            && let Some(event) = server.receive_socket(message.as_message(), self.now)
        {
            server_event(event, &mut self.to_server);
        }
    }

    fn carry_to_client(&mut self) {
        let message = self.socket.as_mut().and_then(|socket| socket.to_client.pop_front());
        if let Some(message) = message
            && let Some(event) = self.client.receive_socket(message.as_message(), self.now)
        {
            client_event(event, &mut self.to_client);
        }
    }

    /// Opens a WebSocket for the session.
    fn open_socket(&mut self) {
        if self.socket.is_some() {
            return;
        }
        let before = self.client.clone();
        if self.client.upgrade(self.now).is_err() {
            return;
        }
        match self.server.as_mut().expect("the client is open").upgrade(self.now) {
            Ok(()) => self.socket = Some(Socket::default()),
            // It is closing, or over, or has a candidate that the client has dropped.
            Err(_) => self.client = before,
        }
    }

    fn wait(&mut self, ticks: u8) {
        self.now += u64::from(ticks);
        while let Some(action) = self.client.poll(self.now) {
            if action == ClientAction::DropCandidate {
                self.lose_socket();
            }
        }
        while let Some(server) = &mut self.server
            && let Some(action) = server.poll(self.now)
        {
            if action == Action::DropCandidate {
                self.lose_socket();
            }
        }
    }

    /// Loses a connection, and all that is on its way there.
    fn lose(&mut self, what: u8) {
        match what {
            0 => {
                if !matches!(std::mem::replace(&mut self.get, Get::None), Get::None) {
                    self.client.receive_request_eof(ClientRequest::Get);
                    self.server.iter_mut().for_each(Session::receive_get_eof);
                }
            }
            1 => {
                if !matches!(std::mem::replace(&mut self.post, Post::None), Post::None) {
                    self.client.receive_request_eof(ClientRequest::Post);
                    self.server.iter_mut().for_each(Session::receive_post_eof);
                }
            }
            _ => self.lose_socket(),
        }
    }

    fn lose_socket(&mut self) {
        if self.socket.take().is_some() {
            self.client.receive_socket_eof();
            self.server.iter_mut().for_each(Session::receive_socket_eof);
        }
    }

    /// Carries everything until there is no more.
    fn exchange(&mut self) {
        for _ in 0..100 {
            self.client_transmits();
            self.carry_get(u8::MAX);
            self.carry_post(u8::MAX);
            self.server_transmits();
            while self.socket.as_ref().is_some_and(|socket| !socket.to_server.is_empty()) {
                self.carry_to_server();
            }
            while self.socket.as_ref().is_some_and(|socket| !socket.to_client.is_empty()) {
                self.carry_to_client();
            }
        }
    }

    /// What the caller of a session that is over does: it closes its connections, the last POST excepted.
    fn drop_what_is_over(&mut self) {
        let server_over = self.server.as_ref().is_some_and(Session::is_over);
        if (self.client.is_over() || server_over) && self.socket.is_some() {
            self.client_transmits();
            self.server_transmits();
            self.lose_socket();
        }
        if self.client.is_over() && matches!(self.post, Post::None) {
            self.lose(0);
        }
    }

    /// What holds after each step.
    fn check(&self) {
        if let Some(Reason::Error(error)) = self.client.reason() {
            assert!(matches!(error, Error::Status(400)), "the client found fault: {error}");
        }
        let Some(server) = &self.server else { return };
        if let Some(Reason::Error(error)) = server.reason() {
            panic!("the server found fault: {error}");
        }
        for len in [self.client.backlog_len(), server.backlog_len()] {
            // The open packet does not count.
            assert!(len as u64 <= limits().max_backlog, "{len} bytes wait");
        }
        assert!(self.client.deadline().is_none_or(|deadline| deadline > self.now));
    }

    /// Nothing is lost, unless a session has ended.
    fn finish(&mut self) {
        self.exchange();
        self.check();
        let Some(server) = &self.server else { return };
        let ends = [
            (&self.to_server, self.client.reason(), server.reason()),
            (&self.to_client, server.reason(), self.client.reason()),
        ];
        for (direction, sender, receiver) in ends {
            // A close comes after all that was sent.
            let ended_well = matches!(
                (sender, receiver),
                (None, None) | (Some(Reason::Closed), Some(Reason::PeerClosed))
            );
            if ended_well && !direction.unwanted {
                assert_eq!(direction.arrived, direction.sent.len(), "everything arrives");
            }
        }
        if !self.client.is_over() && !server.is_over() {
            assert_eq!((self.client.backlog_len(), server.backlog_len()), (0, 0));
            let expected = match &self.socket {
                Some(_) => Transport::WebSocket,
                None => Transport::Polling,
            };
            assert_eq!((self.client.transport(), server.transport()), (expected, expected));
        }
    }
}

fn whole(kind: Kind, payload: Vec<u8>) -> OwnedMessage {
    match kind {
        Kind::Text => OwnedMessage::Text(String::from_utf8(payload).expect("it is text")),
        Kind::Binary => OwnedMessage::Binary(payload),
    }
}

fn client_event(event: ClientEvent<'_>, messages: &mut Direction) {
    match event {
        ClientEvent::Message(part) => {
            if let Some(message) = messages.assembler.push(part).expect("it is short and valid") {
                let message = OwnedMessage::from(message);
                messages.arrive(message.as_message());
            }
        }
        ClientEvent::Open | ClientEvent::Closed(_) => {}
        other => panic!("{other:?}"),
    }
}

fn server_event(event: Event<'_>, messages: &mut Direction) {
    match event {
        Event::Message(part) => {
            if let Some(message) = messages.assembler.push(part).expect("it is short and valid") {
                let message = OwnedMessage::from(message);
                messages.arrive(message.as_message());
            }
        }
        Event::Upgraded | Event::Closed(_) => {}
        other => panic!("{other:?}"),
    }
}
