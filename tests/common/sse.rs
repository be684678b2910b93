//! Event streams, as a test sees them.

use framewright::sse::{Assembler, Event, Item, Limits, Storage};
use framewright::{Buffer, Chunk};

/// What has come of a stream, to keep.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Got {
    Event { event_type: String, data: String, last_event_id: String },
    NoData { event_type: String, last_event_id: String },
    Comment(Vec<u8>),
    ReconnectionTime(u64),
    Lost(framewright::sse::Error),
}

pub fn event(event_type: &str, data: &str, last_event_id: &str) -> Got {
    Got::Event {
        event_type: event_type.to_owned(),
        data: data.to_owned(),
        last_event_id: last_event_id.to_owned(),
    }
}

pub fn message(data: &str) -> Got {
    event("message", data, "")
}

pub fn no_data(event_type: &str, last_event_id: &str) -> Got {
    Got::NoData { event_type: event_type.to_owned(), last_event_id: last_event_id.to_owned() }
}

impl From<Event<'_>> for Got {
    fn from(e: Event<'_>) -> Self {
        event(e.event_type, e.data, e.last_event_id)
    }
}

/// Adds what `assembler` makes of `pieces` to `got`. Comments are joined, and shown once they end.
pub fn receive<B: Buffer>(assembler: &mut Assembler<B>, pieces: &[&[u8]], got: &mut Vec<Got>) {
    let mut comment = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            let item = assembler.receive(&mut input);
            got.push(match item {
                Some(Item::Event(event)) => event.into(),
                Some(Item::NoData(Event { event_type, data, last_event_id })) => {
                    assert_eq!(data, "");
                    no_data(event_type, last_event_id)
                }
                Some(Item::Comment(Chunk { bytes, start, end })) => {
                    if start {
                        comment.clear();
                    }
                    comment.extend_from_slice(bytes);
                    if !end {
                        continue;
                    }
                    Got::Comment(comment.clone())
                }
                Some(Item::ReconnectionTime(ms)) => Got::ReconnectionTime(ms),
                Some(Item::Lost(error)) => Got::Lost(error),
                Some(_) => unreachable!("there are no other items"),
                None => break,
            });
        }
        assert!(input.is_empty(), "None means that all was taken");
    }
}

/// An assembler whose storage can grow.
pub fn growing(limits: Limits) -> Assembler<Vec<u8>> {
    Assembler::new(limits, Storage::default())
}
