//! Every writer of event streams at the edges of what it takes. What it writes is read by a parser that
//! is made from the grammar of §9.2.5 alone.
#![cfg(feature = "alloc")]

use framewright::sse::{Encoder, EventBuilder, SendError};

/// A field, or a comment with an empty name.
type Line = (String, String);

/// `stream = [ bom ] *event`, with `event = *( comment / field ) end-of-line`. Returns the lines of each
/// event. What an encoder writes ends lines by LF alone.
fn events(stream: &str) -> Vec<Vec<Line>> {
    assert!(!stream.contains('\r'));
    let (mut events, mut lines) = (vec![], vec![]);
    for line in stream.split_inclusive('\n') {
        let line = line.strip_suffix('\n').expect("every line ends");
        if line.is_empty() {
            events.push(std::mem::take(&mut lines));
            continue;
        }
        // `field = 1*name-char [ colon [ space ] *any-char ] end-of-line`, and a comment has no name.
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        assert!(["", "event", "data", "id", "retry"].contains(&name), "{name}");
        lines.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(lines, [], "every event ends");
    events
}

fn lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(str::to_owned).collect()
}

const TEXTS: [&str; 18] = [
    "",
    " ",
    "x",
    " x",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\n\r",
    "\r\r\n",
    "x\n",
    "\nx",
    "x\r\ny",
    ":",
    "data: x",
    "\u{FEFF}",
    "\0",
    "\u{10FFFF}",
];

fn texts() -> Vec<String> {
    let long = "x".repeat(70_000);
    TEXTS.map(str::to_owned).into_iter().chain([long.clone(), format!("{long}\n{long}")]).collect()
}

/// §9.2.5, §9.2.6: each field absent, empty, short and long.
#[test]
fn every_event_is_in_the_grammar() {
    for data in texts().iter().map(Some).chain([None]) {
        for text in texts() {
            for retry in [None, Some(0), Some(1), Some(9), Some(10), Some(u64::MAX)] {
                let with = |event_type: &str, id: Option<&str>| {
                    let mut event = EventBuilder::new().event_type(event_type);
                    let mut expected = vec![];
                    if !event_type.is_empty() {
                        expected.push(("event".to_owned(), event_type.to_owned()));
                    }
                    if let Some(id) = id {
                        event = event.id(id);
                        expected.push(("id".to_owned(), id.to_owned()));
                    }
                    if let Some(ms) = retry {
                        event = event.retry(ms);
                        expected.push(("retry".to_owned(), ms.to_string()));
                    }
                    if let Some(data) = data {
                        event = event.data(data);
                        expected
                            .extend(lines(data).into_iter().map(|line| ("data".to_owned(), line)));
                    }
                    let mut out = vec![];
                    let written = Encoder::new().encode(event, &mut out);
                    let events = events(str::from_utf8(&out).unwrap());
                    assert_eq!(events, if written.is_ok() { vec![expected] } else { vec![] });
                    written
                };
                assert_eq!(with("", None), Ok(()));
                let breaks = text.contains(['\n', '\r', '\0']);
                let expected = if breaks { Err(SendError::TypeInvalid) } else { Ok(()) };
                assert_eq!(with(&text, None), expected);
                // An ID has to come back as the value of a header, from which blanks are taken off.
                let breaks = breaks || text.trim_matches([' ', '\t']) != text;
                let expected = if breaks { Err(SendError::IdInvalid) } else { Ok(()) };
                assert_eq!(with("t", Some(&text)), expected);
            }
        }
    }
}

/// §9.2.5: however its data is cut.
#[test]
fn every_event_in_pieces_is_in_the_grammar() {
    for first in texts() {
        for second in TEXTS {
            let (mut encoder, mut out) = (Encoder::new(), vec![]);
            encoder.begin_event(&first[..], &mut out).unwrap();
            for piece in ["", second, ""] {
                encoder.encode_data(piece, &mut out).unwrap();
            }
            encoder.end_event(&mut out).unwrap();
            let expected = lines(&format!("{first}{second}"));
            let expected: Vec<_> =
                expected.into_iter().map(|line| ("data".to_owned(), line)).collect();
            assert_eq!(events(str::from_utf8(&out).unwrap()), [expected], "{second:?}");
        }
    }
}

/// §9.2.5: what stands alone, and an event after it.
#[test]
fn every_comment_and_reconnection_time_is_in_the_grammar() {
    for text in texts() {
        for ms in [0, 1, 9, 10, u64::from(u32::MAX), u64::MAX] {
            let (mut encoder, mut out) = (Encoder::new(), vec![]);
            encoder.encode_keep_alive(&mut out).unwrap();
            encoder.encode_comment(&text, &mut out).unwrap();
            encoder.encode_retry(ms, &mut out).unwrap();
            encoder.encode(EventBuilder::new(), &mut out).unwrap();
            let comment = |line: String| (String::new(), line);
            let mut expected = vec![comment(String::new())];
            expected.extend(lines(&text).into_iter().map(comment));
            expected.push(("retry".to_owned(), ms.to_string()));
            assert_eq!(events(str::from_utf8(&out).unwrap()), [expected], "{text:?}");
        }
    }
}
