//! What the inspector finds, item by item, and where.

use super::preview::Preview;
use super::rule::Problem;

/// Who sent the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    Client,
    Server,
}

impl Sender {
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Where something stands: in whose stream, at which byte, and how many layers down.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub sender: Sender,
    /// The byte of the sender's stream that it begins with.
    pub offset: u64,
    /// Whether its bytes are those of the stream. What was inflated keeps the offset of its frame.
    pub exact: bool,
    pub depth: usize,
    /// The stream of HTTP/2 that it is on; 0 where there are none.
    pub stream: u32,
}

impl Place {
    pub const fn start(sender: Sender) -> Self {
        Self { sender, offset: 0, exact: true, depth: 0, stream: 0 }
    }

    /// The place `len` bytes further on.
    pub const fn after(mut self, len: usize) -> Self {
        if self.exact {
            self.offset += len as u64;
        }
        self
    }

    /// The place of what is inside, one layer down.
    pub const fn inside(mut self) -> Self {
        self.depth += 1;
        self
    }

    /// The same place, on a stream.
    pub const fn on(mut self, stream: u32) -> Self {
        self.stream = stream;
        self
    }

    /// The place of bytes that do not stand in the stream as they are.
    pub const fn decoded(mut self) -> Self {
        self.exact = false;
        self
    }
}

/// Bytes of a header, and what they mean.
#[derive(Debug)]
pub struct WireField {
    pub bytes: Vec<u8>,
    pub name: &'static str,
    pub meaning: String,
}

/// One thing on the wire: a frame, a head, a message, or where a rule is broken.
#[derive(Debug)]
pub struct Item {
    pub place: Place,
    pub protocol: &'static str,
    pub title: String,
    /// How long it is on the wire, if it is a frame or a head.
    pub len: Option<u64>,
    pub wire: Vec<WireField>,
    pub facts: Vec<(String, String)>,
    pub payload: Option<Preview>,
    pub problem: Option<Problem>,
}

impl Item {
    pub fn new(place: Place, protocol: &'static str, title: impl Into<String>) -> Self {
        Self {
            place,
            protocol,
            title: title.into(),
            len: None,
            wire: Vec::new(),
            facts: Vec::new(),
            payload: None,
            problem: None,
        }
    }

    /// Sets how long it is on the wire.
    pub fn len(mut self, bytes: u64) -> Self {
        self.len = Some(bytes);
        self
    }

    /// Adds bytes of the header.
    pub fn wire(mut self, name: &'static str, bytes: &[u8], meaning: impl Into<String>) -> Self {
        self.wire.push(WireField { bytes: bytes.to_vec(), name, meaning: meaning.into() });
        self
    }

    /// Adds what was decoded.
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    pub fn payload(mut self, payload: Preview) -> Self {
        self.payload = Some(payload);
        self
    }

    pub fn problem(mut self, problem: Problem) -> Self {
        self.problem = Some(problem);
        self
    }
}

/// Who takes the items.
pub trait Report {
    /// Takes the next item.
    fn item(&mut self, item: &Item);

    /// How many bytes of each payload are shown.
    fn preview_len(&self) -> usize;

    /// Whether what is on a stream of HTTP/2 is to be taken apart. Its frames are reported either way.
    fn wants(&self, _stream: u32) -> bool {
        true
    }

    /// An empty preview of that length.
    fn preview(&self) -> Preview {
        Preview::new(self.preview_len())
    }
}
