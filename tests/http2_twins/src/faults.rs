//! Faults: each breaks one rule, in a state that allows to break it.

use framewright::http2::Role;

use crate::http2_peer::{
    self as peer, ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING,
    PRIORITIZED, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
};
use crate::model::Half;
use crate::script::Writer;

/// A fault, by what it does. `None` means that the state does not allow it.
type Fault = (&'static str, fn(&mut Writer) -> Option<Vec<u8>>);

const MAX_INCREMENT: u32 = 0x7FFF_FFFF;

/// In the order of the standard.
pub const FAULTS: &[Fault] = &[
    // §4.2: sizes.
    ("a frame over SETTINGS_MAX_FRAME_SIZE", |_| Some(frame(PING, 0, 0, &[0; 16_385]))),
    // §4.3, §6.10: field blocks.
    ("a frame inside a field block", |writer| {
        let open = opening(writer, &[], 0)?;
        Some([open, peer::ping(b"whatever")].concat())
    }),
    ("a continuation of nothing", |writer| {
        let id = any_open(writer)?;
        Some(frame(CONTINUATION, END_HEADERS, id, &[]))
    }),
    ("index 0", |writer| opening(writer, &[0x80], END_HEADERS)),
    ("an index beyond the table", |writer| opening(writer, &[0xff, 0x7f], END_HEADERS)),
    ("an integer without end", |writer| {
        opening(writer, &[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], END_HEADERS)
    }),
    ("a Huffman code for the end", |writer| {
        opening(writer, &[0, 0x81, b'a', 0x84, 0xff, 0xff, 0xff, 0xff], END_HEADERS)
    }),
    ("Huffman padding of zeros", |writer| opening(writer, &[0, 0x81, 0x18, 1, b'x'], END_HEADERS)),
    ("a table over the limit", |writer| opening(writer, &[0x3f, 0xe2, 0x1f], END_HEADERS)),
    ("a size update after a field", |writer| opening(writer, &[0x82, 0x20], END_HEADERS)),
    ("a block that ends inside a field", |writer| opening(writer, &[0, 1], END_HEADERS)),
    // §5.1: states.
    ("DATA on an idle stream", |writer| Some(peer::data(writer.next_id() + 20, 0, b"x"))),
    ("WINDOW_UPDATE on an idle stream", |writer| {
        Some(peer::window_update(writer.next_id() + 20, 1))
    }),
    ("RST_STREAM on an idle stream", |writer| Some(peer::reset(writer.next_id() + 20, 8))),
    ("DATA after END_STREAM", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Closed)?;
        Some(peer::data(writer.streams[at].id, 0, b"x"))
    }),
    ("HEADERS after END_STREAM", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Closed)?;
        Some(peer::headers(writer.streams[at].id, END_STREAM, &[("a", "b")]))
    }),
    ("DATA on a closed stream", |writer| {
        let at = writer.find(|model| !model.is_open() && !model.is_reset())?;
        Some(peer::data(writer.streams[at].id, 0, b"x"))
    }),
    ("HEADERS on a closed stream", |writer| {
        let at = writer.find(|model| !model.is_open() && !model.is_reset())?;
        Some(peer::headers(writer.streams[at].id, END_STREAM, &[("a", "b")]))
    }),
    ("DATA after RST_STREAM", |writer| {
        let at = writer.find(|model| model.reset_by_peer)?;
        Some(peer::data(writer.streams[at].id, 0, b"x"))
    }),
    ("HEADERS after RST_STREAM", |writer| {
        let at = writer.find(|model| model.reset_by_peer)?;
        Some(peer::headers(writer.streams[at].id, END_STREAM, &[("a", "b")]))
    }),
    // §5.1.1: identifiers.
    ("HEADERS on an even stream", |_| Some(peer::headers(2, END_STREAM, peer::GET))),
    ("a stream that was skipped", |writer| {
        let known: Vec<_> = writer.streams.iter().map(|model| model.id).collect();
        let skipped = (1..*known.last()?).step_by(2).find(|id| !known.contains(id))?;
        (writer.role == Role::Server).then(|| peer::get(skipped))
    }),
    // §6: frames.
    ("DATA without a stream", |_| Some(frame(DATA, 0, 0, b"x"))),
    ("HEADERS without a stream", |_| Some(frame(HEADERS, END_HEADERS, 0, &[0x82]))),
    ("padding over a DATA", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Body)?;
        Some(frame(DATA, PADDED, writer.streams[at].id, &[5, 0, 0]))
    }),
    ("padding over a HEADERS", |writer| {
        let id = writer.next_id();
        (writer.role == Role::Server).then(|| frame(HEADERS, PADDED | END_HEADERS, id, &[5, 0, 0]))
    }),
    ("a PRIORITY of 4 bytes", |_| Some(frame(PRIORITY, 0, 1, &[0; 4]))),
    ("a PRIORITY without a stream", |_| Some(frame(PRIORITY, 0, 0, &[0; 5]))),
    ("a RST_STREAM of 3 bytes", |writer| Some(frame(RST_STREAM, 0, any_open(writer)?, &[0; 3]))),
    ("a RST_STREAM without a stream", |_| Some(frame(RST_STREAM, 0, 0, &[0; 4]))),
    ("a SETTINGS of 5 bytes", |_| Some(frame(SETTINGS, 0, 0, &[0; 5]))),
    ("a SETTINGS with a stream", |_| Some(frame(SETTINGS, 0, 1, &[]))),
    ("an acknowledgement with settings", |_| Some(frame(SETTINGS, ACK, 0, &[0; 6]))),
    ("an acknowledgement of nothing", |writer| {
        writer.has_acked.then(|| frame(SETTINGS, ACK, 0, &[]))
    }),
    ("ENABLE_PUSH of 2", |_| Some(peer::settings(&[(peer::ENABLE_PUSH, 2)]))),
    ("ENABLE_PUSH of a server", |writer| {
        (writer.role == Role::Client).then(|| peer::settings(&[(peer::ENABLE_PUSH, 1)]))
    }),
    ("INITIAL_WINDOW_SIZE of 2^31", |_| {
        Some(peer::settings(&[(peer::INITIAL_WINDOW_SIZE, 1 << 31)]))
    }),
    ("MAX_FRAME_SIZE of 16383", |_| Some(peer::settings(&[(peer::MAX_FRAME_SIZE, 16_383)]))),
    ("ENABLE_CONNECT_PROTOCOL of 2", |_| {
        Some(peer::settings(&[(peer::ENABLE_CONNECT_PROTOCOL, 2)]))
    }),
    ("a PUSH_PROMISE", |writer| {
        let payload = [&2_u32.to_be_bytes()[..], &peer::block(peer::GET)].concat();
        Some(frame(PUSH_PROMISE, END_HEADERS, any_open(writer)?, &payload))
    }),
    ("a PING of 7 bytes", |_| Some(frame(PING, 0, 0, &[0; 7]))),
    ("a PING with a stream", |_| Some(frame(PING, 0, 1, &[0; 8]))),
    ("a GOAWAY of 7 bytes", |_| Some(frame(GOAWAY, 0, 0, &[0; 7]))),
    ("a GOAWAY with a stream", |_| Some(frame(GOAWAY, 0, 1, &[0; 8]))),
    ("a WINDOW_UPDATE of 3 bytes", |_| Some(frame(WINDOW_UPDATE, 0, 0, &[0; 3]))),
    ("a WINDOW_UPDATE of 0", |_| Some(peer::window_update(0, 0))),
    ("a WINDOW_UPDATE of 0 on a stream", |writer| Some(peer::window_update(any_open(writer)?, 0))),
    ("a window over 2^31", |_| Some(peer::window_update(0, MAX_INCREMENT).repeat(2))),
    ("a window over 2^31 on a stream", |writer| {
        Some(peer::window_update(any_open(writer)?, MAX_INCREMENT).repeat(2))
    }),
    // §8.1, §8.2: messages.
    ("trailers without END_STREAM", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Body)?;
        Some(peer::headers(writer.streams[at].id, 0, &[("a", "b")]))
    }),
    ("a pseudo-header field in trailers", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Body)?;
        Some(peer::headers(writer.streams[at].id, END_STREAM, &[("a", "b"), (":path", "/")]))
    }),
    ("DATA before the head", |writer| {
        let at = writer.find(|model| model.is_open() && model.peer == Half::Head)?;
        Some(peer::data(writer.streams[at].id, 0, b"x"))
    }),
    ("a body over its content-length", |writer| {
        let open = |left: Option<usize>| left.is_some_and(|left| left < 1_000);
        let at =
            writer.find(|model| model.is_open() && model.peer == Half::Body && open(model.left))?;
        Some(peer::data(writer.streams[at].id, 0, &[0; 1_000]))
    }),
    ("a body below its content-length", |writer| {
        let open = |left: Option<usize>| left.is_some_and(|left| left > 1);
        let at =
            writer.find(|model| model.is_open() && model.peer == Half::Body && open(model.left))?;
        Some(peer::data(writer.streams[at].id, END_STREAM, b"x"))
    }),
    ("no body, with a content-length", |writer| with(writer, END_STREAM, ("content-length", "1"))),
    ("a content-length that is no number", |writer| with(writer, 0, ("content-length", "x"))),
    ("two content-lengths", |writer| {
        message(writer, 0, &[("content-length", "1"), ("content-length", "2")])
    }),
    ("an upper-case name", |writer| with(writer, END_STREAM, ("X", "y"))),
    ("an empty name", |writer| with(writer, END_STREAM, ("", "y"))),
    ("a name with a space", |writer| with(writer, END_STREAM, ("x y", "z"))),
    ("a value with a NUL", |writer| with(writer, END_STREAM, ("x", "y\0"))),
    ("a value with a LF", |writer| with(writer, END_STREAM, ("x", "y\nz"))),
    ("a value with a space before it", |writer| with(writer, END_STREAM, ("x", " y"))),
    ("a field about the connection", |writer| with(writer, END_STREAM, ("connection", "close"))),
    ("transfer-encoding", |writer| with(writer, END_STREAM, ("transfer-encoding", "chunked"))),
    ("te that is not trailers", |writer| {
        (writer.role == Role::Server).then(|| with(writer, END_STREAM, ("te", "gzip")))?
    }),
    // §8.3: pseudo-header fields.
    ("an unknown pseudo-header field", |writer| pseudo(writer, &[(":x", "y")])),
    ("a pseudo-header field after others", |writer| pseudo(writer, &[("x", "y"), (":x", "y")])),
    ("a field of the other side", |writer| {
        let field = if writer.role == Role::Server { (":status", "200") } else { (":path", "/") };
        pseudo(writer, &[field])
    }),
    ("no :method", |writer| request(writer, |list| list.retain(|(name, _)| *name != ":method"))),
    ("no :scheme", |writer| request(writer, |list| list.retain(|(name, _)| *name != ":scheme"))),
    ("no :path", |writer| request(writer, |list| list.retain(|(name, _)| *name != ":path"))),
    ("two :path", |writer| request(writer, |list| list.push((":path", "/")))),
    ("an empty :path", |writer| request(writer, |list| list[3].1 = "")),
    ("a :path without a slash", |writer| request(writer, |list| list[3].1 = "a")),
    (":authority with a user", |writer| request(writer, |list| list[2].1 = "me@a.example")),
    ("host that differs", |writer| request(writer, |list| list.push(("host", "b.example")))),
    ("CONNECT with a :path", |writer| request(writer, |list| list[0].1 = "CONNECT")),
    ("no :status", |writer| response(writer, &[("a", "b")])),
    ("a :status of two digits", |writer| response(writer, &[(":status", "20")])),
    ("status 101", |writer| response(writer, &[(":status", "101")])),
    ("an informational end", |writer| response(writer, &[(":status", "103")])),
    // RFC 7540 §5.3.1.
    ("a stream that depends on itself", |writer| {
        let id = writer.next_id();
        let payload = [&id.to_be_bytes()[..], &[15], &peer::block(peer::GET)].concat();
        let flags = END_STREAM | END_HEADERS | PRIORITIZED;
        (writer.role == Role::Server).then(|| frame(HEADERS, flags, id, &payload))
    }),
];

fn any_open(writer: &mut Writer) -> Option<u32> {
    let at = writer.find(|model| model.is_open())?;
    Some(writer.streams[at].id)
}

/// The stream that the next head of the peer's is on.
fn next_head(writer: &mut Writer) -> Option<u32> {
    if writer.role == Role::Server {
        return Some(writer.next_id());
    }
    let at = writer.find(|model| model.is_open() && model.peer == Half::Head)?;
    Some(writer.streams[at].id)
}

/// HEADERS with these bytes as their block.
fn opening(writer: &mut Writer, block: &[u8], flags: u8) -> Option<Vec<u8>> {
    Some(frame(HEADERS, flags, next_head(writer)?, block))
}

/// A message that would be right without these fields.
fn message(writer: &mut Writer, flags: u8, fields: peer::List<'_>) -> Option<Vec<u8>> {
    let head = if writer.role == Role::Server { peer::POST } else { peer::OK };
    Some(peer::headers(next_head(writer)?, flags, &[head, fields].concat()))
}

fn with(writer: &mut Writer, flags: u8, field: (&str, &str)) -> Option<Vec<u8>> {
    message(writer, flags, &[field])
}

fn pseudo(writer: &mut Writer, fields: peer::List<'_>) -> Option<Vec<u8>> {
    message(writer, END_STREAM, fields)
}

/// A request that would be right without this change.
fn request(
    writer: &mut Writer,
    change: impl Fn(&mut Vec<(&'static str, &'static str)>),
) -> Option<Vec<u8>> {
    if writer.role == Role::Client {
        return None;
    }
    let mut list = peer::GET.to_vec();
    change(&mut list);
    Some(peer::headers(writer.next_id(), END_STREAM, &list))
}

fn response(writer: &mut Writer, list: peer::List<'_>) -> Option<Vec<u8>> {
    let id = if writer.role == Role::Client { next_head(writer)? } else { return None };
    Some(peer::headers(id, END_STREAM, list))
}
