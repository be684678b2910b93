//! embedded-websocket as a contestant: receiving, sending, and the opening handshake.

use std::rc::Rc;

use bytes::Bytes;
use embedded_websocket::{
    Error, WebSocket, WebSocketClient, WebSocketReceiveMessageType as Received,
    WebSocketSendMessageType as Sent, WebSocketServer, WebSocketState, WebSocketType,
    read_http_header,
};
use rand_core::RngCore;

use super::super::{Contestant, Kind};
use super::deliver_unchecked;
use crate::wire::Wire;
use crate::{BUFFER, recv};

const NAME: &str = "embedded-websocket";
const CAVEAT: &str = "does not check reserved bits, that clients mask, or UTF-8; \
    `core::str::from_utf8` runs after it";

pub fn receive(wire: &Rc<Wire>) -> Contestant {
    let wire = Rc::clone(wire);
    let mut server = WebSocketServer::new_server();
    server.state = WebSocketState::Open;
    let longest = wire.payloads.len() / wire.items as usize;
    // A header that was cut has to be kept until its rest has come.
    let (mut buf, mut kept) = (vec![0; BUFFER + 14], 0);
    let (mut message, mut len) = (vec![0; longest], 0);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        for read in wire.reads() {
            recv(read, &mut buf[kept..]);
            let mut input = &buf[..kept + read.len()];
            while !input.is_empty() {
                match server.read(input, &mut message[len..]) {
                    Ok(part) => {
                        input = &input[part.len_from..];
                        len += part.len_to;
                        assert!(matches!(part.message_type, Received::Text | Received::Binary));
                        if part.end_of_message {
                            deliver_unchecked(wire.content, &message[..len], sink);
                            len = 0;
                        }
                    }
                    Err(Error::ReadFrameIncomplete) => break,
                    Err(e) => panic!("{e:?}"),
                }
            }
            let end = kept + read.len();
            kept = input.len();
            buf.copy_within(end - kept..end, 0);
        }
    })
    .with(CAVEAT)
}

pub fn send_server(messages: &Rc<[Bytes]>) -> Contestant {
    let mut server = WebSocketServer::new_server();
    server.state = WebSocketState::Open;
    send(messages, server)
}

pub fn send_client(messages: &Rc<[Bytes]>) -> Contestant {
    let mut client = WebSocketClient::new_client(Keys(fastrand::Rng::with_seed(1)));
    client.state = WebSocketState::Open;
    send(messages, client)
}

fn send<R: RngCore + 'static, S: WebSocketType + 'static>(
    messages: &Rc<[Bytes]>,
    mut socket: WebSocket<R, S>,
) -> Contestant {
    let messages = Rc::clone(messages);
    let mut buf = vec![0; messages.iter().map(|message| message.len() + 14).sum()];
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let mut len = 0;
        for message in &*messages {
            len += socket.write(Sent::Binary, true, message, &mut buf[len..]).expect("it is open");
        }
        sink.sent(messages.len() as u64, &buf[..len]);
    })
}

/// The generator that all others use.
struct Keys(fastrand::Rng);

impl RngCore for Keys {
    fn next_u32(&mut self) -> u32 {
        self.0.u32(..)
    }

    fn next_u64(&mut self) -> u64 {
        self.0.u64(..)
    }

    #[inline]
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

pub fn handshake(request: &'static [u8]) -> Contestant {
    let (mut buf, mut out) = (vec![0; BUFFER], [0; 256]);
    Contestant::new(Kind::Peer, NAME, move |sink| {
        let input = recv(request, &mut buf);
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        assert!(request.parse(input).expect("it is valid").is_complete());
        let headers = request.headers.iter().map(|header| (header.name, header.value));
        let context = read_http_header(headers).expect("it is valid").expect("it is one");
        let mut server = WebSocketServer::new_server();
        let len = server
            .server_accept(&context.sec_websocket_key, None, &mut out)
            .expect("there is room");
        sink.sent(1, &out[..len]);
    })
    .with("checks neither method, version nor `Connection`, and has the user parse the head")
}
