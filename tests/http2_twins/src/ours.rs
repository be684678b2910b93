//! The ends of this library.

use std::collections::BTreeMap;

use framewright::http2::{
    Client, Connection, ErrorCode, Event, Head, Headers, Limits, Request, Server, Side, Slot,
    Storage, Stream,
};

use crate::end::{Call, End, List, Seen, Turn, pseudo, regular, see, sorted};

type Connected<R> = Connection<R, Vec<u8>, Vec<Slot>>;

/// Sends a head, with whether it ends the message. A client opens a stream with it.
type SendHead<R> =
    fn(&mut Connected<R>, Option<Stream>, &List, bool, &mut Vec<u8>) -> Option<Stream>;

/// An end, with the bodies that wait for windows.
pub struct Ours<R> {
    h2: Connected<R>,
    /// Sends the head of a request or of a response.
    send_head: SendHead<R>,
    streams: BTreeMap<u32, Stream>,
    waiting: BTreeMap<u32, Waiting>,
    /// Where heads are decoded.
    head: Vec<u8>,
    out: Vec<u8>,
    seen: Vec<Seen>,
}

/// What is left of a message.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    end: bool,
    trailers: Option<List>,
}

/// What both ends of a pair announce: what the standard begins with.
fn limits() -> Limits {
    Limits::new().stream_window(65_535).connection_window(65_535)
}

impl Ours<Server> {
    pub fn server() -> Self {
        Self::new(Connection::server(Storage::new(), limits()), |h2, stream, head, end, out| {
            let status = pseudo(head, ":status").parse().expect("it is a number");
            h2.send_head(stream?, status, regular(head), end, out).ok().and(stream)
        })
    }
}

impl Ours<Client> {
    pub fn client() -> Self {
        Self::new(Connection::client(Storage::new(), limits()), |h2, _, head, end, out| {
            let [method, scheme, authority, path] =
                [":method", ":scheme", ":authority", ":path"].map(|name| pseudo(head, name));
            let request = match method {
                "CONNECT" => Request::connect(authority),
                _ => Request::new(method, scheme, authority, path),
            };
            h2.open(request, regular(head), end, out).ok()
        })
    }
}

impl<R: Side> Ours<R> {
    fn new(h2: Connected<R>, send_head: SendHead<R>) -> Self {
        let (streams, waiting, head, out, seen) = Default::default();
        Self { h2, send_head, streams, waiting, head, out, seen }
    }

    /// Sends what the windows allow of one stream. The end, or trailers, come after the last byte.
    fn send(&mut self, id: u32) {
        let Some((waiting, stream)) = self.waiting.get_mut(&id).zip(self.streams.get(&id)) else {
            return;
        };
        let is_last = waiting.end && waiting.trailers.is_none();
        while !waiting.bytes.is_empty() || is_last {
            let sent = self.h2.send(*stream, &waiting.bytes, is_last, &mut self.out);
            let Ok(sent) = sent else { return drop(self.waiting.remove(&id)) };
            waiting.bytes.drain(..sent);
            if waiting.bytes.is_empty() && is_last {
                return drop(self.waiting.remove(&id));
            }
            if sent == 0 {
                return;
            }
        }
        if let Some(trailers) = waiting.trailers.take() {
            // A stream that is over has none.
            let _ = self.h2.send_trailers(*stream, regular(&trailers), &mut self.out);
            self.waiting.remove(&id);
        }
    }

    fn show(&mut self, seen: Seen, end: Option<u32>) {
        see(&mut self.seen, seen);
        if let Some(stream) = end {
            see(&mut self.seen, Seen::End { stream });
        }
    }
}

impl<R: Side> End for Ours<R> {
    fn call(&mut self, call: &Call) {
        match call {
            Call::Open { stream: id, head, end } | Call::Respond { stream: id, head, end } => {
                let stream = self.streams.get(id).copied();
                if let Some(stream) =
                    (self.send_head)(&mut self.h2, stream, head, *end, &mut self.out)
                {
                    assert_eq!(stream.id().get(), *id);
                    self.streams.insert(*id, stream);
                }
            }
            Call::Body { stream, bytes, end } => {
                let waiting = self.waiting.entry(*stream).or_default();
                waiting.bytes.extend(bytes);
                waiting.end |= end;
                self.send(*stream);
            }
            Call::Trailers { stream, trailers } => {
                self.waiting.entry(*stream).or_default().trailers = Some(trailers.clone());
                self.send(*stream);
            }
            Call::Reset { stream, code } => {
                self.waiting.remove(stream);
                if let Some(stream) = self.streams.get(stream) {
                    self.h2.reset(*stream, ErrorCode(*code));
                }
            }
            Call::Ping(payload) => self.h2.ping(*payload).expect("one at a time"),
            Call::Settings { .. } => {}
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        let mut head = std::mem::take(&mut self.head);
        while let Some(event) = self.h2.receive(&mut input, &mut head) {
            match event {
                Event::Head { stream, head, end } => {
                    let id = stream.id().get();
                    self.streams.insert(id, stream);
                    let fields = listed::<R>(&head);
                    self.show(Seen::Head { stream: id, fields }, end.then_some(id));
                }
                Event::Informational { stream, head } => {
                    let fields = listed::<R>(&head);
                    self.show(Seen::Head { stream: stream.id().get(), fields }, None);
                }
                Event::Data(data) => {
                    let (id, end) = (data.stream().id().get(), data.end());
                    let bytes = data.bytes.to_vec();
                    self.show(Seen::Data { stream: id, bytes }, end.then_some(id));
                }
                Event::Trailers { stream, trailers } => {
                    let (id, fields) = (stream.id().get(), texts(trailers));
                    self.show(Seen::Trailers { stream: id, fields }, Some(id));
                }
                Event::Reset { stream, code } => {
                    self.show(Seen::Reset { stream: stream.id().get(), code: code.0 }, None);
                }
                Event::Pong(payload) => self.show(Seen::Pong(payload), None),
                Event::GoAway { last, code } => {
                    self.show(Seen::GoAway { last, code: code.0 }, None)
                }
                // What it does about these is seen in what it writes.
                Event::Settings | Event::StreamFailed { .. } | Event::Failed(_) => {}
            }
        }
        self.head = head;
        while let Some(stream) = self.h2.writable() {
            self.send(stream.id().get());
        }
    }

    fn take(&mut self) -> Turn {
        assert!(self.h2.transmit(&mut self.out), "there is room");
        Turn { seen: std::mem::take(&mut self.seen), wrote: std::mem::take(&mut self.out) }
    }
}

/// The fields of a head, as they are on the wire.
fn listed<R: Side>(head: &Head<'_>) -> List {
    let mut fields = List::new();
    if R::ROLE == framewright::http2::Role::Client {
        fields.push((":status".to_owned(), head.status().to_string()));
    } else {
        let request = head.request();
        let pseudo = [
            (":authority", request.authority()),
            (":method", request.method()),
            (":path", request.target()),
            (":scheme", request.scheme()),
        ];
        let pseudo = pseudo.into_iter().filter(|(_, value)| !value.is_empty());
        fields.extend(pseudo.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    fields.extend(texts(head.headers()));
    sorted(fields)
}

fn texts(headers: Headers<'_>) -> List {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect()
}
