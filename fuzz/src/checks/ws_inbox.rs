//! Frames of a peer, received as whole messages: in storage that grows, in a slice, and read to where the
//! connection wants them. All must agree with parts and an assembler.

use framewright::SliceBuf;
use framewright::ws::{Connection, Error, Inbox, Role, Side};

use super::common::inbox::{
    Outcome, Received, receive_messages, receive_parts, receive_to_targets,
};
use super::common::ws::Rules;
use super::input::{Cuts, Input, same_however_cut, without_allocating};
use super::ws_decoder::rules;

/// ```text
/// | options | frame limit | message limit | fragment limit | cuts: 4 | room | buffer | read | wire ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let rules = Rules { compressed: false, ..rules(&mut input) };
    let sizes = Sizes {
        cuts: Cuts(input.bytes()),
        room: input.byte().into(),
        buffer: usize::from(input.byte()).max(1),
        read: usize::from(input.byte()).max(1),
    };
    let limits = rules.limits();
    match rules.role {
        Role::Server => run(|| Connection::server(limits), &sizes, input.rest()),
        Role::Client => run(|| Connection::client(limits, || [0; 4]), &sizes, input.rest()),
    }
}

struct Sizes {
    cuts: Cuts,
    /// Of the slice that messages are joined in.
    room: usize,
    /// Of the read buffer, and of a read.
    buffer: usize,
    read: usize,
}

fn run<S: Side>(connection: impl Fn() -> Connection<S>, sizes: &Sizes, wire: &[u8]) {
    let expected = receive_parts(connection(), &[wire]);
    let got = same_however_cut(wire, sizes.cuts, |pieces| {
        let mut storage = Vec::new();
        let got = receive_messages(connection(), &mut Inbox::new(&mut storage), pieces);
        assert!(storage.len() <= wire.len(), "it holds what has come");
        got
    });
    assert_eq!(got, expected);

    let mut storage = Vec::new();
    let mut inbox = Inbox::new(&mut storage);
    let (got, _) = receive_to_targets(connection(), &mut inbox, wire, sizes.read, sizes.buffer);
    assert_eq!(got, expected);
    assert!(storage.len() <= wire.len() + (64 << 10), "it grows by one read at most");

    let got = same_however_cut(wire, sizes.cuts, |pieces| {
        let mut room = vec![0xAA; sizes.room];
        receive_messages(connection(), &mut Inbox::new(SliceBuf::new(&mut room)), pieces)
    });
    fits(&got, &expected, sizes.room);
    let mut room = vec![0xAA; sizes.room];
    let mut inbox = Inbox::new(SliceBuf::new(&mut room));
    let (in_place, _) =
        receive_to_targets(connection(), &mut inbox, wire, sizes.read, sizes.buffer);
    assert_eq!(in_place, got);

    let mut inbox = Inbox::new(SliceBuf::new(&mut room));
    without_allocating(|| {
        let mut connection = connection();
        for mut input in wire.chunks(64) {
            while connection.receive_message(&mut input, &mut inbox).is_some() {}
        }
    });
}

/// A message that is longer than `room` fails the connection, and nothing else makes a difference.
fn fits(got: &Outcome, expected: &Outcome, room: usize) {
    let is_longer =
        |event: &Received| matches!(event, Received::Message(_, bytes) if bytes.len() > room);
    if let Some((Received::Failed(error @ Error::BufferFull(full)), before)) =
        got.events.split_last()
    {
        assert!(full.needed > room);
        assert_eq!(got.error, Some(*error));
        assert!(expected.events.starts_with(before));
        assert!(!before.iter().any(is_longer));
    } else {
        assert_eq!(got, expected);
        assert!(!expected.events.iter().any(is_longer));
    }
}
