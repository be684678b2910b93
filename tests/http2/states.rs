//! What each frame means in each state of its stream (RFC 9113 §5.1): the whole table of `slot.rs`, at both ends.

use framewright::SliceBuf;
use framewright::http::NO_FIELDS;
use framewright::http2::{ErrorCode, Limits, Request, SendError, Side};

use super::common::http2_peer::*;
use super::common::http2_session::{
    Reaction, Reaction::*, Seen, Session, client_with, server_with,
};

/// A state of a stream, how it gets there, and what frames mean then.
struct State<R: Side> {
    name: &'static str,
    stream: u32,
    prepare: fn(&mut Session<R>),
    /// What HEADERS have that are right, if there are any.
    head: List<'static>,
    /// What comes of DATA, HEADERS with END_STREAM, RST_STREAM, WINDOW_UPDATE and PRIORITY.
    reactions: [Reaction; 5],
}

type Server = framewright::http2::Server;
type Client = framewright::http2::Client;

/// One window is as short as can be, so that all that counts for it shows.
fn limits() -> Limits {
    Limits::new().connection_window(0xFFFF)
}

const C_PROTOCOL: Reaction = GoAway(PROTOCOL_ERROR);
const C_CLOSED: Reaction = GoAway(STREAM_CLOSED);

/// A request that the server answers to its end.
fn ended(server: &mut Session<Server>, id: u32) {
    server.receive(&get(id));
    let stream = *server.streams.last().expect("it came");
    server.h2.send_head(stream, 200, NO_FIELDS, true, &mut server.out).expect("it is the first");
}

fn reset_by_us<R: Side>(session: &mut Session<R>, id: u32) {
    let stream = session.streams.iter().find(|stream| stream.id().get() == id);
    session.h2.reset(*stream.expect("it is open"), ErrorCode::CANCEL);
}

const SERVER: &[State<Server>] = &[
    State {
        name: "idle",
        stream: 1,
        prepare: |_| {},
        head: GET,
        reactions: [C_PROTOCOL, Fine, C_PROTOCOL, C_PROTOCOL, Fine],
    },
    State {
        name: "open",
        stream: 1,
        prepare: |server| server.receive(&post(1)),
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "half-closed (local)",
        stream: 1,
        prepare: |server| {
            server.receive(&post(1));
            let (stream, out) = (server.streams[0], &mut server.out);
            server.h2.send_head(stream, 200, NO_FIELDS, true, out).expect("it is the first");
        },
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "half-closed (remote)",
        stream: 1,
        prepare: |server| server.receive(&get(1)),
        head: &[],
        reactions: [Reset(1, STREAM_CLOSED), Reset(1, STREAM_CLOSED), Fine, Fine, Fine],
    },
    State {
        name: "closed by both",
        stream: 1,
        prepare: |server| ended(server, 1),
        head: &[],
        reactions: [C_CLOSED, C_CLOSED, Fine, Fine, Fine],
    },
    State {
        name: "closed by the peer's RST_STREAM",
        stream: 1,
        prepare: |server| server.receive(&[post(1), reset(1, CANCEL)].concat()),
        head: &[],
        reactions: [Reset(1, STREAM_CLOSED), Reset(1, STREAM_CLOSED), Fine, Fine, Fine],
    },
    State {
        name: "closed by our RST_STREAM",
        stream: 1,
        prepare: |server| {
            server.receive(&post(1));
            reset_by_us(server, 1);
            server.take_frames();
        },
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "closed by our RST_STREAM, of which the peer cannot know",
        stream: 1,
        prepare: |server| {
            server.receive(&post(1));
            server.take_frames();
            reset_by_us(server, 1);
        },
        // The reset that was owed; none after the peer's.
        head: &[],
        reactions: [Reset(1, CANCEL), Reset(1, CANCEL), Fine, Reset(1, CANCEL), Reset(1, CANCEL)],
    },
    State {
        name: "refused",
        stream: 201,
        prepare: |server| {
            server.receive(&(0..101).flat_map(|n| post(2 * n + 1)).collect::<Vec<_>>());
            server.take_frames();
        },
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "skipped",
        stream: 1,
        prepare: |server| server.receive(&get(3)),
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
    State {
        name: "skipped, and another one went on to its end",
        stream: 3,
        prepare: |server| {
            ended(server, 1);
            ended(server, 5);
        },
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
    State {
        name: "forgotten",
        stream: 1,
        prepare: |server| (0..130).for_each(|n| ended(server, 2 * n + 1)),
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "after the last stream of our GOAWAY",
        stream: 1,
        prepare: |server| {
            server.h2.close();
            let frames = server.take_frames();
            let ping = frames.iter().find(|frame| frame.kind == PING && frame.flags == 0);
            server.receive(&frame(PING, ACK, 0, &ping.expect("it asks").payload));
            server.receive(&post(1));
            server.take_frames();
        },
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "a server's",
        stream: 2,
        prepare: |_| {},
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
];

/// Its request on stream 1 is complete, and that on stream 3 is not.
const CLIENT: &[State<Client>] = &[
    State {
        name: "idle",
        stream: 5,
        prepare: |_| {},
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
    State {
        name: "open, and no head came",
        stream: 3,
        prepare: |_| {},
        head: OK,
        reactions: [Reset(3, PROTOCOL_ERROR), Fine, Fine, Fine, Fine],
    },
    State {
        name: "open, and the head came",
        stream: 3,
        prepare: |client| client.receive(&headers(3, 0, OK)),
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "half-closed (local)",
        stream: 1,
        prepare: |client| client.receive(&headers(1, 0, OK)),
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "half-closed (remote)",
        stream: 3,
        prepare: |client| client.receive(&headers(3, END_STREAM, OK)),
        head: &[],
        reactions: [Reset(3, STREAM_CLOSED), Reset(3, STREAM_CLOSED), Fine, Fine, Fine],
    },
    State {
        name: "closed by both",
        stream: 1,
        prepare: |client| client.receive(&headers(1, END_STREAM, OK)),
        head: &[],
        reactions: [C_CLOSED, C_CLOSED, Fine, Fine, Fine],
    },
    State {
        name: "closed by the peer's RST_STREAM",
        stream: 1,
        prepare: |client| client.receive(&reset(1, CANCEL)),
        head: &[],
        reactions: [Reset(1, STREAM_CLOSED), Reset(1, STREAM_CLOSED), Fine, Fine, Fine],
    },
    State {
        name: "closed by our RST_STREAM",
        stream: 3,
        prepare: |client| {
            reset_by_us(client, 3);
            client.take_frames();
        },
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "above the last stream of the peer's GOAWAY",
        stream: 3,
        prepare: |client| client.receive(&goaway(1, NO_ERROR)),
        head: &[],
        reactions: [Fine, Fine, Fine, Fine, Fine],
    },
    State {
        name: "skipped, since its head found no room",
        stream: 5,
        prepare: |client| {
            client.take_frames();
            let request = Request::new("GET", "http", "a.example", "/");
            let mut bytes = [0; 10];
            let opened = client.h2.open(request, NO_FIELDS, true, &mut SliceBuf::new(&mut bytes));
            assert!(matches!(opened, Err(SendError::BufferFull(_))), "{opened:?}");
            let opened = client.h2.open(request, NO_FIELDS, true, &mut client.out);
            assert_eq!(opened.expect("there is room").id().get(), 7);
        },
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
    State {
        name: "a server's",
        stream: 2,
        prepare: |_| {},
        head: &[],
        reactions: [C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, C_PROTOCOL, Fine],
    },
];

/// An end in a state, and this frame: what the end is then, and what it did.
fn react<R: Side>(
    mut session: Session<R>,
    state: &State<R>,
    bytes: &[u8],
) -> (Session<R>, Reaction) {
    session.open();
    (state.prepare)(&mut session);
    session.out.clear();
    session.receive(bytes);
    let written = std::mem::take(&mut session.out);
    let reaction = reaction(&session.take_frames());
    session.out = written;
    let has_failed = matches!(session.seen.last(), Some(Seen::Failed(_)));
    assert_eq!(has_failed, matches!(reaction, GoAway(_)), "{:?}", session.seen);
    (session, reaction)
}

fn reaction(frames: &[Frame]) -> Reaction {
    let find = |kind| frames.iter().find(|frame| frame.kind == kind);
    match (find(GOAWAY), find(RST_STREAM)) {
        (Some(goaway), _) => GoAway(goaway.number(4)),
        (None, Some(reset)) => Reset(reset.stream, reset.number(0)),
        (None, None) => Fine,
    }
}

/// HEADERS with END_STREAM, whose last field goes into the table of the decoder.
fn indexed(stream: u32, fields: List<'_>) -> Vec<u8> {
    let bytes = [&block(fields)[..], b"\x40\x01x\x01y"].concat();
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &bytes)
}

/// HEADERS whose last field is the one that went into the table last.
fn referring(stream: u32, fields: List<'_>) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &[&block(fields)[..], b"\xBE"].concat())
}

/// Checks every state, with heads of `other` streams after those of the table.
fn check<R: Side>(states: &[State<R>], new: fn() -> Session<R>, other: fn(u32) -> Vec<u8>) {
    for state in states {
        let State { name, stream, head, reactions, .. } = state;
        let frames = [
            data(*stream, 0, b"x"),
            indexed(*stream, head),
            reset(*stream, CANCEL),
            window_update(*stream, 10),
            priority(*stream, 0),
        ];
        for (bytes, expected) in frames.iter().zip(reactions) {
            let (mut session, reaction) = react(new(), state, bytes);
            assert_eq!(reaction, *expected, "{name}: {bytes:?}");
            if reaction == Fine && bytes[3] == HEADERS {
                session.receive(&other(*stream));
                assert_eq!(session.h2.error(), None, "{name}: its field blocks are decoded");
            }
        }
        let (_, reaction) = react(new(), state, &frame(CONTINUATION, END_HEADERS, *stream, b""));
        assert_eq!(reaction, C_PROTOCOL, "{name}: CONTINUATION");
    }
}

/// §5.1, §5.1.1, §5.1.2.
#[test]
fn a_server_takes_each_frame_as_the_state_has_it() {
    check(SERVER, || server_with(limits()), |_| referring(1001, GET));
}

/// §5.1, §5.1.1.
#[test]
fn a_client_takes_each_frame_as_the_state_has_it() {
    check(
        CLIENT,
        || client_with(limits()),
        |stream| referring(if stream == 3 { 1 } else { 3 }, OK),
    );
}

/// What is discarded counts for the connection's window, and is granted again: apache/trafficserver#13640,
/// apache/pekko-http#1259, golang/go#20469.
/// §5.1, §6.9.
#[test]
fn no_state_keeps_bytes_of_the_connections_window() {
    fn check<R: Side>(states: &[State<R>], new: fn() -> Session<R>) {
        for state in states.iter().filter(|state| !matches!(state.reactions[0], GoAway(_))) {
            let mut session = new();
            session.open();
            (state.prepare)(&mut session);
            session.take_frames();
            let padded = data(state.stream, PADDED, &[&[200][..], &[0; 15_800]].concat());
            let mut granted = 0;
            for _ in 0..3 {
                session.receive(&padded);
                let frames = session.take_frames();
                let updates = frames.iter().filter(|f| (f.kind, f.stream) == (WINDOW_UPDATE, 0));
                granted += updates.map(|update| update.number(0)).sum::<u32>();
            }
            assert_eq!(granted, 3 * 15_801, "{}", state.name);
        }
    }
    check(SERVER, || server_with(limits()));
    check(CLIENT, || client_with(limits()));
}
