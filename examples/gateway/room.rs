//! The chat room: what was said there, encoded once for all members.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::{Encoder, Message, SendError};

use crate::hub;
use crate::stomp;

/// The longest chat message, in bytes.
pub const CHAT_MESSAGE: u64 = 64 * 1024;
/// A member with more unsent output than this is dropped, in bytes.
pub const MOST_UNSENT: usize = 1 << 20;

/// Encodes chat messages once for all members.
pub struct Broadcast {
    said: Heard,
    deflater: Option<Deflater>,
    /// It may be a relay to other gateways, too.
    hub: stomp::Hub,
    /// The members that come by hubs.
    ears: Vec<Ear>,
}

/// The members of the room that come by one hub.
#[derive(Clone)]
pub struct Ear {
    state: Rc<EarState>,
    topics: stomp::Hub,
}

#[derive(Default)]
struct EarState {
    /// What they have said, and nobody has heard.
    said: RefCell<Vec<String>>,
    /// What was said, and they have not heard.
    heard: RefCell<Vec<Rc<str>>>,
}

impl hub::Room for Ear {
    fn say(&self, text: &str) -> Result<(), &'static str> {
        if text.len() as u64 > CHAT_MESSAGE {
            return Err("too long");
        }
        let relayed = self.topics.say(Message::Text(text));
        relayed.unwrap_or_else(|| {
            self.state.said.borrow_mut().push(text.to_owned());
            Ok(())
        })
    }

    fn hear(&self) -> Vec<Rc<str>> {
        self.state.heard.take()
    }
}

/// Frames of the chat room, uncompressed and compressed.
#[derive(Default)]
pub struct Heard {
    pub plain: Vec<u8>,
    pub compressed: Vec<u8>,
    /// Whether messages are missing. Then the members have to come again.
    pub has_gap: bool,
}

impl Broadcast {
    pub fn new(deflate: Option<Config>, hub: stomp::Hub) -> Self {
        let deflater = deflate.map(|config| Deflater::shared(15, config));
        Self { said: Heard::default(), deflater, hub, ears: Vec::new() }
    }

    /// Lets the members of a hub in.
    pub fn enter(&mut self) -> Ear {
        let ear = Ear { state: Rc::default(), topics: self.hub.clone() };
        self.ears.push(ear.clone());
        ear
    }

    /// Says what members have said who come by hubs.
    pub fn say_for_hubs(&mut self) {
        let said = |ear: &Ear| ear.state.said.take();
        for text in self.ears.iter().flat_map(said).collect::<Vec<_>>() {
            if let Err(why) = self.say(Message::Text(&text)) {
                eprintln!("a chat message is lost: {why}");
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.said.plain.is_empty() && !self.said.has_gap
    }

    /// Takes what was said, if anything was.
    pub fn take(&mut self) -> Option<Heard> {
        (!self.is_empty()).then(|| mem::take(&mut self.said))
    }

    /// The compressor of the chat room.
    pub fn deflater(&self) -> Option<&Deflater> {
        self.deflater.as_ref()
    }

    /// Says something to all members, those at other gateways among them. The error says why it cannot be said.
    pub fn say(&mut self, message: Message<'_>) -> Result<(), &'static str> {
        // By way of the broker it comes back to all.
        self.hub.say(message).unwrap_or_else(|| self.encode(message).map_err(|_| "cannot be said"))
    }

    /// Passes on what was said in the room of all gateways.
    pub fn hear(&mut self, chat: &stomp::Chat) {
        let heard = match chat {
            stomp::Chat::Text(text) => Message::Text(text),
            stomp::Chat::Bytes(bytes) => Message::Binary(bytes),
            stomp::Chat::Lost => {
                self.said.has_gap = true;
                return;
            }
        };
        // Clients of STOMP may send more than the members of this room take.
        if heard.as_bytes().len() as u64 > CHAT_MESSAGE || self.encode(heard).is_err() {
            eprintln!("a message is too long for the chat room");
        }
    }

    fn encode(&mut self, message: Message<'_>) -> Result<(), SendError> {
        // Those who come by hubs hear only text.
        if let Message::Text(text) = message {
            let text = Rc::from(text);
            for ear in &self.ears {
                ear.state.heard.borrow_mut().push(Rc::clone(&text));
            }
        }
        Encoder::server().encode(message, &mut self.said.plain)?;
        match &mut self.deflater {
            Some(deflater) => {
                deflater.encode(message, &mut Encoder::server(), &mut self.said.compressed)
            }
            None => Ok(()),
        }
    }
}
