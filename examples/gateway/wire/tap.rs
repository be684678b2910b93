//! What one connection sends and receives, taken apart for the page whose connection it is.
//!
//! ```text
//!   HTTP/1.1: one for each request that names a token, until it is answered, or for its WebSocket
//!
//!   HTTP/2:   Early ── the first request is not for the page, or too much was held ──▶ dropped
//!               └──── a request names a token ──▶ Decoding
//! ```

use std::collections::BTreeMap;
use std::mem;
use std::rc::Rc;

use serde_json::{Value, json};

use super::entry;
use super::{Asked, Wires};
use crate::dissect::http1::Http1;
use crate::dissect::http2::Http2;
use crate::dissect::layer::{Both, Layer};
use crate::dissect::report::{Item, Place, Report, Sender};

/// How much is held of a connection of HTTP/2 until its page asks, in bytes: the page itself, and a little more.
const MOST_EARLY: usize = 192 * 1024;
/// The most streams of a connection that are watched at once. Of more, the one that was quiet for longest is forgotten.
const MOST_STREAMS: usize = 256;
/// The most layers that are told at once.
const MOST_LAYERS: usize = 24;

/// What takes a connection apart.
pub struct Tap {
    stage: Stage,
    places: Both<Place>,
    owners: Owners,
    /// Counts the taps.
    _counted: Rc<()>,
}

enum Stage {
    /// HTTP/2 before its page has asked. All is held, because a head can only be decoded after all heads before it.
    Early {
        held: Vec<(Sender, Vec<u8>)>,
        len: usize,
        is_page: bool,
    },
    Decoding(Box<dyn Layer>),
}

/// Whose a stream is.
struct Owner {
    token: u64,
    path: Rc<str>,
    /// When something was last told of it.
    told_at: u64,
}

/// Who is told what. Streams without an owner are told to nobody.
enum Owners {
    All(Owner),
    Streams(BTreeMap<u32, Owner>),
}

impl Tap {
    /// Takes apart a request of HTTP/1.1 and its answer, and the WebSocket that it may open.
    pub fn exchange(asked: Asked, wires: &Wires) -> Option<Self> {
        let owner = asked.owner()?;
        Self::new(Stage::Decoding(Box::new(Http1::new())), Owners::All(owner), wires)
    }

    /// Takes apart a connection of HTTP/2, if it turns out to be a page's.
    pub fn http2(wires: &Wires) -> Option<Self> {
        let stage = Stage::Early { held: Vec::new(), len: 0, is_page: false };
        Self::new(stage, Owners::Streams(BTreeMap::new()), wires)
    }

    fn new(stage: Stage, owners: Owners, wires: &Wires) -> Option<Self> {
        let places =
            Both { client: Place::start(Sender::Client), server: Place::start(Sender::Server) };
        Some(Self { stage, places, owners, _counted: wires.count()? })
    }

    /// Takes notice of requests of HTTP/2, before what they consist of. Returns whether it goes on.
    pub fn note(&mut self, requests: Vec<Asked>, wires: &Wires, now: u64) -> bool {
        let Owners::Streams(streams) = &mut self.owners else { return true };
        for asked in requests {
            if let Stage::Early { is_page, .. } = &mut self.stage {
                *is_page |= asked.is_page;
            }
            let stream = asked.stream;
            let Some(owner) = asked.owner() else { continue };
            if streams.len() >= MOST_STREAMS
                && let Some((&quiet, _)) = streams.iter().min_by_key(|(_, owner)| owner.told_at)
            {
                streams.remove(&quiet);
            }
            streams.insert(stream, owner);
        }
        let is_watched = !streams.is_empty();
        let Stage::Early { held, is_page, .. } = &mut self.stage else { return true };
        if !is_watched {
            return *is_page;
        }
        let held = mem::take(held);
        self.stage = Stage::Decoding(Box::new(Http2::new()));
        for (sender, mut bytes) in held {
            self.receive(sender, &mut bytes, wires, now);
        }
        true
    }

    /// Takes what `sender` sends, and tells it. Returns whether it goes on.
    pub fn receive(&mut self, sender: Sender, bytes: &mut [u8], wires: &Wires, now: u64) -> bool {
        match &mut self.stage {
            Stage::Early { held, len, .. } => {
                *len += bytes.len();
                held.push((sender, bytes.to_vec()));
                *len <= MOST_EARLY
            }
            Stage::Decoding(layer) => {
                let place = *self.places.of(sender);
                *self.places.of(sender) = place.after(bytes.len());
                let mut told = Told { owners: &self.owners, entries: Vec::new() };
                layer.receive(place, bytes, &mut told);
                let entries = told.entries;
                for entry in entries {
                    self.owners.tell(sender, entry, wires, now);
                }
                true
            }
        }
    }
}

impl Asked {
    fn owner(self) -> Option<Owner> {
        Some(Owner { token: self.token?, path: self.path, told_at: 0 })
    }
}

impl Owners {
    fn watches(&self, stream: u32) -> bool {
        match self {
            Self::All(_) => true,
            // What is about the whole connection concerns everybody on it, and has no secrets.
            Self::Streams(streams) => stream == 0 || streams.contains_key(&stream),
        }
    }

    fn tell(&mut self, sender: Sender, entry: Entry, wires: &Wires, now: u64) {
        let direction = if sender == Sender::Client { "in" } else { "out" };
        let mut told = json!({ "at": now, "dir": direction, "layers": entry.layers });
        let tokens = match self {
            Self::All(owner) => {
                told["path"] = (*owner.path).into();
                vec![owner.token]
            }
            Self::Streams(streams) if entry.stream == 0 => {
                let mut tokens: Vec<u64> = streams.values().map(|owner| owner.token).collect();
                tokens.sort_unstable();
                tokens.dedup();
                tokens
            }
            Self::Streams(streams) => {
                let Some(owner) = streams.get_mut(&entry.stream) else { return };
                owner.told_at = now;
                told["path"] = (*owner.path).into();
                vec![owner.token]
            }
        };
        for token in tokens {
            if let Some(ring) = wires.find(Some(token)) {
                ring.borrow_mut().tell(&told);
            }
        }
    }
}

/// A frame, and whatever is in it, from the outermost layer to the innermost.
struct Entry {
    stream: u32,
    depth: usize,
    /// Whether other layers are shown within it.
    holds: bool,
    layers: Vec<Value>,
}

/// Collects what the layers find.
struct Told<'t> {
    owners: &'t Owners,
    entries: Vec<Entry>,
}

impl Report for Told<'_> {
    fn item(&mut self, item: &Item) {
        let Place { stream, depth, .. } = item.place;
        if !self.owners.watches(stream) {
            return;
        }
        let layer = entry::layer(item);
        match self.entries.last_mut() {
            Some(last)
                if last.holds
                    && last.stream == stream
                    && last.depth < depth
                    && last.layers.len() < MOST_LAYERS =>
            {
                last.layers.push(layer);
            }
            _ => {
                // A head is told by itself: what follows it are frames of their own.
                let holds = !item.wire.is_empty();
                self.entries.push(Entry { stream, depth, holds, layers: vec![layer] });
            }
        }
    }

    fn preview_len(&self) -> usize {
        entry::PREVIEW_LEN
    }

    fn wants(&self, stream: u32) -> bool {
        self.owners.watches(stream)
    }
}
