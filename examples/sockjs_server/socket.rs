//! A WebSocket, with or without a session.

use framewright::Assembler;
use framewright::sockjs::{Action, Framing, MessageDecoder, Output, Session};
use framewright::ws::{CloseCode, Connection, Inbox, Message, MessageEvent, Server};

use crate::service::{LIMITS, Service};

pub struct Socket {
    connection: Connection<Server>,
    inbox: Inbox<Vec<u8>>,
    /// `None` for a raw WebSocket.
    session: Option<Session<Vec<u8>>>,
}

impl Socket {
    pub fn new(
        connection: Connection<Server>,
        service: Service,
        is_raw: bool,
        now: u64,
        out: &mut Vec<u8>,
    ) -> Self {
        let inbox = Inbox::new(Vec::new());
        let mut socket = Self { connection, inbox, session: None };
        if !is_raw {
            let mut session = service.open(now);
            session.attach(Framing::WebSocket, now).expect("it is the first");
            socket.session = Some(session);
        } else if service == Service::Close {
            let (code, reason) = Service::GO_AWAY;
            socket.close((code, reason), out);
        }
        socket.transmit(now, out);
        socket
    }

    /// Handles what has arrived.
    pub fn receive(&mut self, mut input: &[u8], now: u64, out: &mut Vec<u8>) {
        while let Some(event) = self.connection.receive_message(&mut input, &mut self.inbox) {
            if let MessageEvent::Message(_) = event {
                self.on_message(out);
            }
        }
        self.transmit(now, out);
    }

    fn on_message(&mut self, out: &mut Vec<u8>) {
        let Some(session) = &mut self.session else {
            // It fails when the connection is closing, and then the peer waits for no message.
            let _ = self.connection.send(self.inbox.message(), out);
            return;
        };
        let Message::Text(text) = self.inbox.message() else {
            return self.close((CloseCode::UNSUPPORTED_DATA.0, ""), out);
        };
        let mut payload = text.to_owned().into_bytes();
        let mut input = &mut payload[..];
        let mut decoder = MessageDecoder::new_websocket(LIMITS);
        let mut assembler = Assembler::new(Vec::new());
        let error = loop {
            match decoder.decode(&mut input) {
                Ok(Some(chunk)) => {
                    if let Ok(Some(message)) = assembler.push(chunk) {
                        let message = str::from_utf8(message).expect("it was checked");
                        Service::on_message(session, message);
                    }
                }
                Ok(None) => break decoder.check_eof().err(),
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = error {
            self.close(error.close(), out);
        }
    }

    /// Sends what the session and the connection have to say.
    fn transmit(&mut self, now: u64, out: &mut Vec<u8>) {
        let mut frame = Vec::new();
        while let Some(session) = &mut self.session
            && let Ok(Some(output)) = session.transmit(&mut frame, now)
        {
            match output {
                Output::Frame => {
                    let text = str::from_utf8(&frame).expect("frames are text");
                    let _ = self.connection.send(text, out);
                    frame.clear();
                }
                Output::End => self.close((CloseCode::NORMAL.0, ""), out),
            }
        }
        self.connection.transmit(out);
    }

    fn close(&mut self, (code, reason): (u16, &str), out: &mut Vec<u8>) {
        self.connection.close(CloseCode(code), reason, out).expect("a Vec has room");
    }

    pub fn on_tick(&mut self, now: u64, out: &mut Vec<u8>) {
        if let Some(session) = &mut self.session
            && session.poll(now) == Some(Action::Transmit)
        {
            self.transmit(now, out);
        }
    }

    /// Whether the transport can be closed, once all output is written.
    pub fn is_over(&self) -> bool {
        self.connection.close_expected().is_some()
    }
}
