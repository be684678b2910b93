//! STOMP over TCP and over WebSocket: clients of one broker, which is that of the example `stomp_server`. It may stand on
//! another broker, which it shares with other gateways.

#[path = "../stomp_server/broker.rs"]
mod broker;
#[path = "relay/mod.rs"]
pub mod relay;
#[path = "../stomp_server/session.rs"]
mod session;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use broker::{Broker, Refusal, Upstream};
use framewright::{Buffer, ws};
use relay::{News, Relay};
use session::Message;

use crate::output::Output;
use crate::service::Filled;

/// Frames are written at most this many bytes ahead of their reader. The broker holds the others, and gives up a
/// client that is too slow.
const AHEAD: usize = 64 * 1024;
/// The topic that is the chat room of all gateways.
const CHAT: &str = "/topic/chat";
/// No client of STOMP has this number: the chat room.
const ROOM: u64 = 0;
const BYTES: &str = "application/octet-stream";

/// Whether a connection begins with a frame of STOMP; `None` if more bytes have to tell. HTTP has a `CONNECT`, too, but a
/// space follows it.
pub fn begins(bytes: &[u8]) -> Option<bool> {
    let firsts: [&[u8]; 4] = [b"CONNECT\n", b"CONNECT\r\n", b"STOMP\n", b"STOMP\r\n"];
    if firsts.iter().any(|first| bytes.starts_with(first)) {
        return Some(true);
    }
    firsts.iter().all(|first| !first.starts_with(bytes)).then_some(false)
}

/// The broker that all clients share.
#[derive(Clone, Default)]
pub struct Hub(Rc<Inner>);

#[derive(Default)]
struct Inner {
    broker: RefCell<Broker<Option<Relay>>>,
    /// How many times messages were published that others may have to hear of.
    published: Cell<u64>,
    /// How many of them are known to those who asked.
    taken: Cell<u64>,
    /// What the chat room has to hear.
    chat: RefCell<Vec<Chat>>,
}

/// What came from the chat room of all gateways.
pub enum Chat {
    Text(String),
    Bytes(Vec<u8>),
    /// Messages are missing.
    Lost,
}

/// One client of the broker, whose session ends when it is dropped.
pub struct Client {
    hub: Hub,
    id: u64,
}

impl Hub {
    /// A broker whose topics, and whose chat room, are those of all gateways on another broker.
    pub fn relayed(mut relay: Relay) -> Self {
        relay.subscribe(ROOM, None, CHAT).expect("the name is short");
        let hub = Self::default();
        hub.0.broker.borrow_mut().upstream = Some(relay);
        hub
    }

    /// Lets `act` move bytes of the relay, then tells clients what came. Returns nothing if there is no relay.
    pub fn with_relay<T>(&self, act: impl FnOnce(&mut Relay) -> T) -> Option<T> {
        let mut broker = self.0.broker.borrow_mut();
        let relay = broker.upstream.as_mut()?;
        let done = act(relay);
        let news = relay.take_news();
        if !news.is_empty() {
            self.publish();
        }
        for news in &news {
            self.0.chat.borrow_mut().extend(Chat::of(news));
            broker.tell(news);
        }
        Some(done)
    }

    /// Says something in the chat room of all gateways. Returns nothing if there is no relay: the room is here.
    pub fn say(&self, said: ws::Message<'_>) -> Option<Result<(), Refusal>> {
        let mut broker = self.0.broker.borrow_mut();
        let media_type = match said {
            ws::Message::Text(_) => "text/plain;charset=utf-8",
            ws::Message::Binary(_) => BYTES,
        };
        let message = Message {
            destination: CHAT.to_owned(),
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            body: said.as_bytes().to_vec(),
        };
        let relay = broker.upstream.as_mut()?;
        Some(relay.send(ROOM, None, vec![message]).map(|_| ()))
    }

    /// Whether clients have to wait before they send more.
    pub fn is_congested(&self) -> bool {
        self.0.broker.borrow().upstream.as_ref().is_some_and(Relay::is_congested)
    }

    /// Takes what the chat room has to hear.
    pub fn take_chat(&self) -> Vec<Chat> {
        self.0.chat.take()
    }

    /// Begins a session.
    pub fn open(&self, now: u64) -> Client {
        let id = self.0.broker.borrow_mut().open(now);
        Client { hub: self.clone(), id }
    }

    /// Whether a message was published since this was asked last: other clients may have output.
    pub fn take_published(&self) -> bool {
        self.0.taken.replace(self.published()) != self.published()
    }

    /// How many times messages were published.
    pub fn published(&self) -> u64 {
        self.0.published.get()
    }

    fn publish(&self) {
        self.0.published.set(self.published() + 1);
    }
}

impl Chat {
    /// What news mean to the chat room.
    fn of(news: &News) -> Option<Self> {
        match news {
            News::Message(Message { destination, headers, body }) if destination == CHAT => {
                let is_bytes =
                    headers.iter().any(|(name, value)| name == "content-type" && value == BYTES);
                // A client of STOMP need not say what it sends.
                Some(match std::str::from_utf8(body) {
                    Ok(text) if !is_bytes => Self::Text(text.to_owned()),
                    _ => Self::Bytes(body.clone()),
                })
            }
            News::Lost(topic) if topic == CHAT => Some(Self::Lost),
            News::TopicRefused(topic) if topic == CHAT => {
                eprintln!("the broker refuses the chat room: nothing will be heard there");
                None
            }
            News::Refused { client: ROOM, .. } => {
                eprintln!("the broker refused a chat message");
                None
            }
            _ => None,
        }
    }
}

impl Client {
    /// Receives the payload of a message. Where messages end has no meaning.
    pub fn receive(&self, payload: &[u8], now: u64) {
        if self.hub.0.broker.borrow_mut().receive(self.id, payload, now) {
            self.hub.publish();
        }
    }

    /// Returns what there is to send, and whether the connection is to be closed after that.
    pub fn output(&self, now: u64) -> (Vec<u8>, bool) {
        self.hub.0.broker.borrow_mut().output(self.id, now)
    }

    /// Writes what there is to send. At its end, the connection is to be closed.
    pub fn fill(&self, out: &mut Output, now: u64) -> Filled {
        if out.pending() > AHEAD {
            return Filled::ALL;
        }
        let (frames, over) = self.output(now);
        out.try_append(&frames).expect("a Vec has room");
        if over { Filled::End } else { Filled::Until(self.deadline()) }
    }

    /// When to ask for output, unless something happens before then.
    pub fn deadline(&self) -> u64 {
        self.hub.0.broker.borrow().deadline(self.id).unwrap_or(u64::MAX)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.hub.0.broker.borrow_mut().close(self.id);
    }
}
