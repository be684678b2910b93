//! Event streams for the tests.

use framewright::sse::{Assembler, Event, Item, ItemKind, Limits, Storage};
use framewright::{Buffer, Chunk};

/// An owned item of a stream.
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

/// Adds the items of `pieces` to `got`. Comments are joined, and added once they end.
pub fn receive<B: Buffer, S: Buffer>(
    assembler: &mut Assembler<B, S>,
    pieces: &[&[u8]],
    got: &mut Vec<Got>,
) {
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

/// Adds the items of `pieces` to `got`, from an assembler that is asked for its events. It does not show
/// comments.
pub fn receive_asking<B: Buffer, S: Buffer>(
    assembler: &mut Assembler<B, S>,
    pieces: &[&[u8]],
    got: &mut Vec<Got>,
) {
    for piece in pieces {
        let mut input = *piece;
        while let Some(kind) = assembler.receive_event(&mut input) {
            let event = assembler.event();
            got.push(match kind {
                ItemKind::Event => event.into(),
                ItemKind::NoData => {
                    assert_eq!(event.data, "");
                    no_data(event.event_type, event.last_event_id)
                }
                ItemKind::Comment => continue,
                ItemKind::ReconnectionTime(ms) => Got::ReconnectionTime(ms),
                ItemKind::Lost(error) => Got::Lost(error),
                _ => unreachable!("there are no other kinds"),
            });
        }
        assert!(input.is_empty(), "None means that all was taken");
        let Event { event_type, data, last_event_id } = assembler.event();
        assert_eq!((event_type, data), ("message", ""), "none was announced");
        assert_eq!(last_event_id, assembler.last_event_id());
    }
}

/// An assembler whose storage can grow.
pub fn growing(limits: Limits) -> Assembler<Vec<u8>> {
    Assembler::new(limits, Storage::default())
}

/// HTML standard §9.2.6 for a reader that sees the whole stream, written to be read beside the standard.
///
/// It adds comments, and blocks without data.
pub fn naive(stream: &[u8]) -> (Vec<Got>, String) {
    // "Streams must be decoded using the UTF-8 decode algorithm", which "strips one leading BOM".
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let stream = String::from_utf8_lossy(stream).into_owned();
    // CRLF, LF and CR end a line. What follows the last of them is not a line.
    let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = stream.split('\n').collect();
    lines.pop();

    let mut got = Vec::new();
    let (mut data, mut event_type, mut id_buffer) = (String::new(), String::new(), String::new());
    let (mut last_event_id, mut has_fields) = (String::new(), false);
    for line in lines {
        if line.is_empty() {
            // "Dispatch the event."
            last_event_id.clone_from(&id_buffer);
            let event_type = match std::mem::take(&mut event_type) {
                default if default.is_empty() => "message".to_owned(),
                other => other,
            };
            let has_fields = std::mem::take(&mut has_fields);
            if data.is_empty() {
                if has_fields {
                    got.push(no_data(&event_type, &last_event_id));
                }
                continue;
            }
            let data = std::mem::take(&mut data);
            got.push(event(&event_type, data.strip_suffix('\n').unwrap(), &last_event_id));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => got.push(Got::Comment(value.as_bytes().to_vec())),
            "event" => {
                event_type = value.to_owned();
                has_fields = true;
            }
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" => {
                has_fields = true;
                if !value.contains('\0') {
                    id_buffer = value.to_owned();
                }
            }
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                has_fields = true;
                got.push(Got::ReconnectionTime(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
    (got, last_event_id)
}

fn assembler_without_limits() -> Assembler<Vec<u8>> {
    let limits = Limits::new().max_line_len(u64::MAX).max_data_len(u64::MAX);
    growing(limits.max_type_len(u64::MAX).max_id_len(u64::MAX))
}

/// Checks that an assembler that is asked for its events has the same ones.
pub fn is_same_when_asked_for(mut assembler: Assembler<Vec<u8>>, pieces: &[&[u8]], got: &[Got]) {
    let (mut asked, mut got) = (Vec::new(), got.to_vec());
    receive_asking(&mut assembler, pieces, &mut asked);
    got.retain(|got| !matches!(got, Got::Comment(_)));
    assert_eq!(asked, got);
}

/// The items of a stream in pieces, from an assembler without limits, and the last event ID.
pub fn read(pieces: &[&[u8]]) -> (Vec<Got>, String) {
    let mut assembler = assembler_without_limits();
    let mut got = Vec::new();
    receive(&mut assembler, pieces, &mut got);
    is_same_when_asked_for(assembler_without_limits(), pieces, &got);
    // A comment is bytes, whose meaning is left to the caller.
    for got in &mut got {
        if let Got::Comment(bytes) = got {
            *bytes = String::from_utf8_lossy(bytes).into_owned().into_bytes();
        }
    }
    (got, assembler.last_event_id().to_owned())
}
