//! Scripts: what a peer sends and a caller wants, nearly all of it right, and at the end perhaps one fault.
//!
//! A script knows the state of every stream, and what the windows allow, so that each step is legal however the end
//! under test takes its turns. Only one body at a time is sent by that end: which of two goes first is not the
//! standard's business.

use std::fmt;

use framewright::http2::{Role, hpack};

use crate::end::{Call, List};
use crate::faults::FAULTS;
use crate::http2_peer::{self as peer, frames};
use crate::model::{Half, Model};
use crate::random::Random;

/// What happens to one end.
pub struct Script {
    pub steps: Vec<Step>,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, action, sent, .. } in &self.steps {
            writeln!(f, "{name}; {sent} sent")?;
            match action {
                Action::Call(call) => writeln!(f, "    {call:?}")?,
                Action::Frames(bytes) => {
                    for frame in frames(bytes.strip_prefix(peer::PREFACE).unwrap_or(bytes)) {
                        writeln!(f, "    {frame:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

pub struct Step {
    pub name: &'static str,
    /// Whether it breaks a rule. It is the last step then.
    pub is_fault: bool,
    pub action: Action,
    /// How much of its bodies the end under test has to have sent after this.
    pub sent: i64,
}

pub enum Action {
    Call(Call),
    /// Frames that arrive.
    Frames(Vec<u8>),
}

/// A GOAWAY, which comes last: what an end tells of the streams that it ends is not the standard's business.
pub const GOODBYE: &str = "a goodbye";

/// Writes a script.
pub struct Writer {
    pub random: Random,
    pub role: Role,
    pub streams: Vec<Model>,
    pub has_acked: bool,
    encoder: hpack::Encoder<Vec<u8>>,
    /// What the peer may still send, of DATA.
    budget: usize,
    window: i64,
    initial_window: i64,
    pings: usize,
    /// What the end under test has sent, of DATA.
    sent: i64,
    /// A better name for the current step.
    renamed: Option<&'static str>,
    steps: Vec<Step>,
}

/// A kind of step. `None` means that the state does not allow it.
type Kind = (&'static str, fn(&mut Writer) -> Option<Action>);

const KINDS: &[Kind] = &[
    ("a head", Writer::head),
    ("a head", Writer::head),
    ("a body", Writer::body),
    ("a body", Writer::body),
    ("trailers", Writer::trailers),
    ("a call for a head", Writer::call_head),
    ("a call for a head", Writer::call_head),
    ("a call for a body", Writer::call_body),
    ("a call for a body", Writer::call_body),
    ("a call for trailers", Writer::call_trailers),
    ("a call for a reset", Writer::call_reset),
    ("a reset", Writer::reset),
    ("a window for the connection", Writer::connection_window),
    ("a window for a stream", Writer::stream_window),
    ("settings", Writer::settings),
    ("an acknowledgement", Writer::ack),
    ("a ping", Writer::ping),
    ("a priority", Writer::priority),
    ("an unknown frame", Writer::unknown),
    ("a late body", Writer::late_body),
];

impl Script {
    pub fn new(seed: u64, role: Role) -> Self {
        let mut writer = Writer {
            random: Random::new(seed),
            role,
            streams: Vec::new(),
            has_acked: false,
            encoder: hpack::Encoder::new(Vec::new(), 4096),
            budget: 60_000,
            window: 65_535,
            initial_window: 65_535,
            pings: 0,
            sent: 0,
            renamed: None,
            steps: Vec::new(),
        };
        let preface = if role == Role::Server { peer::PREFACE } else { b"" };
        let opening = [preface, &peer::settings(&[])].concat();
        writer.push("the opening", false, Action::Frames(opening));
        for _ in 0..4 + writer.random.below(24) {
            let (name, step) = writer.random.pick(KINDS);
            if let Some(action) = step(&mut writer) {
                writer.push(name, false, action);
            }
        }
        if writer.random.once_in(8) {
            let ids: &[u32] = if role == Role::Server { &[0, 2] } else { &[0x7FFF_FFFF, 5, 1, 0] };
            let last = writer.random.pick(ids);
            writer.push(GOODBYE, false, Action::Frames(peer::goaway(last, 0)));
        } else if !writer.random.once_in(4) {
            let (name, fault) = writer.random.pick(FAULTS);
            if let Some(frames) = fault(&mut writer) {
                writer.push(name, true, Action::Frames(frames));
            }
        }
        Self { steps: writer.steps }
    }
}

impl Writer {
    fn push(&mut self, name: &'static str, is_fault: bool, action: Action) {
        self.drain();
        let name = self.renamed.take().unwrap_or(name);
        self.steps.push(Step { name, is_fault, action, sent: self.sent });
    }

    /// A random stream for which `test` holds.
    pub fn find(&mut self, test: impl Fn(&Model) -> bool) -> Option<usize> {
        let found: Vec<_> = (0..self.streams.len()).filter(|at| test(&self.streams[*at])).collect();
        if found.is_empty() { None } else { Some(self.random.pick(&found)) }
    }

    /// The next stream of a client's.
    pub fn next_id(&self) -> u32 {
        self.streams.last().map_or(1, |model| model.id + 2)
    }

    /// Lets the end under test send what its windows allow.
    fn drain(&mut self) {
        for model in &mut self.streams {
            let sent = i64::try_from(model.pending)
                .expect("it is short")
                .min(model.window)
                .min(self.window);
            let sent = sent.max(0);
            model.pending -= usize::try_from(sent).expect("it is not negative");
            model.window -= sent;
            self.window -= sent;
            self.sent += sent;
        }
    }

    fn open(&mut self, id: u32, peer: Half, own: Half) -> usize {
        self.streams.push(Model::new(id, peer, own, self.initial_window));
        self.streams.len() - 1
    }

    /// A request's pseudo-header fields.
    fn request(&mut self, method: &str) -> List {
        let path = self.random.pick(&["/", "/a", "/service/method", "/a?b=c"]);
        let scheme = self.random.pick(&["http", "https"]);
        let pseudo = [
            (":method", method),
            (":scheme", scheme),
            (":authority", "a.example"),
            (":path", path),
        ];
        pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// A field block: as an encoder writes it, with its table, or of plain literals.
    fn block(&mut self, list: &List) -> Vec<u8> {
        let list: Vec<_> =
            list.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.random.once_in(4) {
            return peer::block(&list);
        }
        if self.random.once_in(8) {
            let size = self.random.pick(&[0, 100, 4096]);
            self.encoder.set_size_limit(size);
        }
        let mut block = Vec::new();
        self.encoder.encode(&list.iter().copied(), &mut block).expect("it grows");
        block
    }

    /// HEADERS, perhaps with padding or a priority, and CONTINUATION.
    fn headers(&mut self, id: u32, list: &List, end: bool) -> Vec<u8> {
        let mut block = self.block(list);
        let mut flags = u8::from(end);
        let mut payload = Vec::new();
        let padding = self.random.below(20);
        if self.random.once_in(4) {
            flags |= peer::PADDED;
            payload.push(padding as u8);
        }
        if self.random.once_in(6) {
            flags |= peer::PRIORITIZED;
            payload.extend([0, 0, 0, 0, 15]);
        }
        let pieces = self.random.pick(&[0, 0, 0, 1, 2]);
        let mut rest = Vec::new();
        for _ in 0..pieces {
            let at = self.random.below(block.len() + 1);
            rest.push(block.split_off(at));
        }
        if flags & peer::PADDED != 0 && padding > block.len() {
            self.renamed = Some("padding longer than its fields");
        }
        payload.extend(block);
        if flags & peer::PADDED != 0 {
            payload.extend(vec![0; padding]);
        }
        let last = if rest.is_empty() { peer::END_HEADERS } else { 0 };
        let mut frames = peer::frame(peer::HEADERS, flags | last, id, &payload);
        while let Some(piece) = rest.pop() {
            let last = if rest.is_empty() { peer::END_HEADERS } else { 0 };
            frames.extend(peer::frame(peer::CONTINUATION, last, id, &piece));
        }
        frames
    }

    /// The head of a message of the peer's: a request, or a response to one.
    fn head(&mut self) -> Option<Action> {
        let end = self.random.once_in(2);
        let (at, mut list) = if self.role == Role::Server {
            if self.streams.len() == 12 {
                return None;
            }
            let skipped = if self.random.once_in(6) { 2 } else { 0 };
            let at = self.open(self.next_id() + skipped, Half::Head, Half::Head);
            let method = self.random.pick(&["GET", "POST", "HEAD", "PUT", "OPTIONS"]);
            self.streams[at].is_head_request = method == "HEAD";
            (at, self.request(method))
        } else {
            let at = self.find(|model| model.is_open() && model.peer == Half::Head)?;
            let statuses: &[&str] = match (end, self.streams[at].is_head_request) {
                (_, true) => &["200", "404"],
                (true, _) => &["200", "204", "304", "500", "103"],
                (false, _) => &["200", "404", "500", "100", "103", "299"],
            };
            (at, vec![(":status".to_owned(), self.random.pick(statuses).to_owned())])
        };
        let is_informational = list[0].1.starts_with('1');
        let end = !is_informational
            && (end || self.streams[at].is_head_request && self.role == Role::Client);
        if !is_informational && self.random.once_in(3) {
            let len = if end { 0 } else { self.random.length().min(self.budget) };
            if !matches!(list[0].1.as_str(), "204" | "304") {
                list.push(("content-length".to_owned(), len.to_string()));
                self.streams[at].left = Some(len);
            }
        }
        list.extend(self.random.fields());
        if self.role == Role::Server && self.random.once_in(3) {
            list.push(("te".to_owned(), "trailers".to_owned()));
        }
        if !is_informational {
            self.streams[at].peer = if end { Half::Closed } else { Half::Body };
        }
        Some(Action::Frames(self.headers(self.streams[at].id, &list, end)))
    }

    fn body(&mut self) -> Option<Action> {
        let at = self.find(|model| model.is_open() && model.peer == Half::Body)?;
        let left = self.streams[at].left;
        let padding = if self.random.once_in(4) { Some(self.random.below(20)) } else { None };
        let len = self.random.length().min(left.unwrap_or(usize::MAX)).min(16_000);
        let counted = len + padding.map_or(0, |len| len + 1);
        self.budget = self.budget.checked_sub(counted)?;
        let model = &mut self.streams[at];
        model.left = left.map(|left| left - len);
        let end = model.left.map_or(len.is_multiple_of(2), |left| left == 0);
        if end {
            model.peer = Half::Closed;
        }
        let id = model.id;
        Some(Action::Frames(self.data(id, len, padding, end)))
    }

    fn data(&mut self, id: u32, len: usize, padding: Option<usize>, end: bool) -> Vec<u8> {
        let mut payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let mut flags = u8::from(end);
        if let Some(padding) = padding {
            flags |= peer::PADDED;
            payload.insert(0, padding as u8);
            payload.extend(vec![0; padding]);
        }
        peer::data(id, flags, &payload)
    }

    fn trailers(&mut self) -> Option<Action> {
        let at = self.find(|model| {
            model.is_open() && model.peer == Half::Body && model.left.is_none_or(|left| left == 0)
        })?;
        self.streams[at].peer = Half::Closed;
        let mut list = self.random.fields();
        list.push(("x-checksum".to_owned(), "9".to_owned()));
        Some(Action::Frames(self.headers(self.streams[at].id, &list, true)))
    }

    /// The head of a message of the end's: a request, or a response to one.
    fn call_head(&mut self) -> Option<Action> {
        let end = self.random.once_in(2);
        if self.role == Role::Client {
            if self.streams.len() == 12 {
                return None;
            }
            let own = if end { Half::Closed } else { Half::Body };
            let at = self.open(self.next_id(), Half::Head, own);
            let method = if end { self.random.pick(&["GET", "HEAD", "DELETE"]) } else { "POST" };
            let (model, mut head) = (&mut self.streams[at], List::new());
            model.is_head_request = method == "HEAD";
            let stream = model.id;
            head.extend(self.request(method));
            head.extend(self.random.fields());
            return Some(Action::Call(Call::Open { stream, head, end }));
        }
        let at = self.find(|model| model.is_open() && model.own == Half::Head)?;
        let is_informational = self.random.once_in(5);
        let status = match (is_informational, end) {
            (true, _) => self.random.pick(&["100", "103"]),
            (_, true) => self.random.pick(&["200", "204", "304", "404"]),
            (_, false) => self.random.pick(&["200", "206", "500"]),
        };
        let mut head = vec![(":status".to_owned(), status.to_owned())];
        head.extend(self.random.fields());
        let model = &mut self.streams[at];
        let end = !is_informational && (end || model.is_head_request);
        if !is_informational {
            model.own = if end { Half::Closed } else { Half::Body };
        }
        Some(Action::Call(Call::Respond { stream: model.id, head, end }))
    }

    /// A stream whose body can go on at once, while none waits for its windows. An empty frame could pass a closed window,
    /// but need not (§6.9.1).
    fn find_to_send(&mut self) -> Option<usize> {
        if self.window <= 0 || self.streams.iter().any(|model| model.pending > 0) {
            return None;
        }
        self.find(|model| model.is_open() && model.own == Half::Body && model.window > 0)
    }

    fn call_body(&mut self) -> Option<Action> {
        let at = self.find_to_send()?;
        let (len, end) = (self.random.length(), self.random.once_in(2));
        let model = &mut self.streams[at];
        model.pending = len;
        if end {
            model.own = Half::Closed;
        }
        let bytes = (0..len).map(|at| at as u8).collect();
        Some(Action::Call(Call::Body { stream: model.id, bytes, end }))
    }

    fn call_trailers(&mut self) -> Option<Action> {
        let at = self.find_to_send()?;
        let mut trailers = self.random.fields();
        trailers.push(("x-checksum".to_owned(), "9".to_owned()));
        let model = &mut self.streams[at];
        model.own = Half::Closed;
        Some(Action::Call(Call::Trailers { stream: model.id, trailers }))
    }

    fn call_reset(&mut self) -> Option<Action> {
        let at = self.find(|model| model.is_open() && model.pending == 0)?;
        if !self.random.once_in(3) {
            return None;
        }
        let code = self.random.pick(&[0, 2, 8]);
        let model = &mut self.streams[at];
        model.reset_by_end = true;
        Some(Action::Call(Call::Reset { stream: model.id, code }))
    }

    fn reset(&mut self) -> Option<Action> {
        let at = self.find(|model| model.is_open() && model.pending == 0)?;
        if !self.random.once_in(3) {
            return None;
        }
        let code = self.random.pick(&[0, 1, 7, 8, 77]);
        let model = &mut self.streams[at];
        model.reset_by_peer = true;
        Some(Action::Frames(peer::reset(model.id, code)))
    }

    fn connection_window(&mut self) -> Option<Action> {
        let increment = self.random.pick(&[1, 100, 20_000]);
        self.window += i64::from(increment);
        Some(Action::Frames(peer::window_update(0, increment)))
    }

    fn stream_window(&mut self) -> Option<Action> {
        let at =
            self.find(|model| model.is_open() && model.own != Half::Closed || model.pending > 0)?;
        let increment = self.random.pick(&[1, 100, 20_000]);
        self.streams[at].window += i64::from(increment);
        Some(Action::Frames(peer::window_update(self.streams[at].id, increment)))
    }

    fn settings(&mut self) -> Option<Action> {
        let setting = match self.random.below(5) {
            0 => (peer::HEADER_TABLE_SIZE, self.random.pick(&[0, 100, 4096])),
            1 => (peer::MAX_CONCURRENT_STREAMS, 100),
            2 => (peer::MAX_FRAME_SIZE, self.random.pick(&[16_384, 20_000, 0xFF_FFFF])),
            3 => (0x0a0a, 7),
            _ => {
                let size = self.random.pick(&[0, 1, 1_000, 65_535, 100_000]);
                let difference = i64::from(size) - self.initial_window;
                self.initial_window += difference;
                for model in &mut self.streams {
                    model.window += difference;
                }
                (peer::INITIAL_WINDOW_SIZE, size)
            }
        };
        Some(Action::Frames(peer::settings(&[setting])))
    }

    fn ack(&mut self) -> Option<Action> {
        if std::mem::replace(&mut self.has_acked, true) {
            return None;
        }
        Some(Action::Frames(peer::frame(peer::SETTINGS, peer::ACK, 0, &[])))
    }

    fn ping(&mut self) -> Option<Action> {
        self.pings += 1;
        Some(Action::Frames(peer::ping(&[self.pings as u8; 8])))
    }

    fn priority(&mut self) -> Option<Action> {
        let id = self.random.pick(&[1, 3, 101]);
        Some(Action::Frames(peer::priority(id, 0)))
    }

    fn unknown(&mut self) -> Option<Action> {
        let (kind, stream) = (self.random.pick(&[0x0b, 0x40, 0xff]), self.random.pick(&[0, 1]));
        Some(Action::Frames(peer::frame(kind, 0xff, stream, b"whatever")))
    }

    /// DATA that was on its way when the end reset its stream (§5.4.2).
    fn late_body(&mut self) -> Option<Action> {
        let at = self.find(|model| model.reset_by_end && model.peer == Half::Body)?;
        let len = self.random.below(100);
        self.budget = self.budget.checked_sub(len)?;
        Some(Action::Frames(self.data(self.streams[at].id, len, None, false)))
    }
}
