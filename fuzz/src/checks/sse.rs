//! Event streams, against a naive reader of the whole stream by §9.2.6 of the HTML standard; what
//! is lost to limits; and the output of an encoder (T14).

use framewright::sse::{Decoder, Encoder, EventBuilder, Limits, SendError};
use framewright::{BufferFull, SliceBuf};

use super::common::sse::{
    Got, event, growing, is_same_when_asked_for, naive, no_data, read, receive,
};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | cuts: 4 | limits: 4 | length of the stream: 2 | stream ... | fields ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (cuts, small) = (Cuts(input.bytes()), input.bytes::<4>());
    let len = u16::from_be_bytes(input.bytes());
    let stream = input.take(len.into());

    // Every beginning of a stream is a stream too, so this also shows that nothing is late.
    assert_eq!(same_however_cut(stream, cuts, read), naive(stream));
    is_bounded(stream, cuts, small);
    without_allocating(|| {
        let mut decoder = Decoder::new(Limits::new());
        let mut input = stream;
        while !input.is_empty() {
            let before = input.len();
            let part = decoder.decode(&mut input);
            assert!(input.len() < before, "{part:?} took nothing");
        }
    });
    comes_back(input, cuts);
}

/// With limits so small that most of the stream exceeds one: what is lost does not depend on the split,
/// and the events keep to the limits.
fn is_bounded(stream: &[u8], cuts: Cuts, [line, data, event_type, id]: [u8; 4]) {
    let [line, data, event_type, id] = [line, data, event_type, id].map(u64::from);
    let limits =
        Limits::new().max_line_len(line).max_data_len(data).max_type_len(event_type).max_id_len(id);
    let (got, last_event_id, cut_off) = same_however_cut(stream, cuts, |pieces| {
        let mut assembler = growing(limits);
        let mut got = Vec::new();
        receive(&mut assembler, pieces, &mut got);
        is_same_when_asked_for(growing(limits), pieces, &got);
        (got, assembler.last_event_id().to_owned(), assembler.receive_eof().map(Got::from))
    });
    assert!(last_event_id.len() as u64 <= id);
    for got in got.iter().chain(&cut_off) {
        if let Got::Event { data: d, event_type: t, last_event_id: i } = got {
            assert!(d.len() as u64 <= data);
            assert!(t == "message" || t.len() as u64 <= event_type);
            assert!(i.len() as u64 <= id);
        }
    }
}

/// Fields are refused, or arrive as they were encoded, except for the CRs in data.
fn comes_back(mut input: Input<'_>, cuts: Cuts) {
    let mut encoder = Encoder::new();
    let (mut stream, mut expected, mut last_event_id) = (Vec::new(), Vec::new(), String::new());
    while !input.is_empty() {
        let what = input.byte();
        let (event_type, id, data) = (input.text(), input.text(), input.text());
        let mut fields = EventBuilder::new().event_type(event_type);
        let has = |bit: u8| what & bit != 0;
        if has(1) {
            fields = fields.id(id);
        }
        let retry = u64::from(what).pow(u32::from(what % 9));
        if has(2) {
            fields = fields.retry(retry);
        }
        let arrived = data.replace("\r\n", "\n").replace('\r', "\n");
        if has(4) {
            let before = stream.len();
            encoder.encode_comment(data, &mut stream).expect("nothing is unfinished");
            assert!(stream.len() > before);
            expected.extend(arrived.split('\n').map(|line| Got::Comment(line.into())));
        }

        let before = stream.len();
        let result = if has(8) {
            let fields = fields.data(data);
            let result = encoder.encode(fields, &mut stream);
            let full = BufferFull { needed: stream.len() - before };
            let no_room = encoder.encode(fields, &mut SliceBuf::new(&mut []));
            assert_eq!(no_room, result.and(Err(SendError::BufferFull(full))));
            result
        } else if has(16) {
            in_pieces(&mut encoder, fields, data, cuts, &mut stream)
        } else {
            encoder.encode(fields, &mut stream)
        };
        let bad_type = event_type.contains(['\r', '\n', '\0']);
        let bad_id = has(1)
            && (id.chars().any(|c| c.is_ascii_control() && c != '\t')
                || id.trim_matches([' ', '\t']) != id);
        let judged = match (bad_type, bad_id) {
            (true, _) => Err(SendError::TypeInvalid),
            (_, true) => Err(SendError::IdInvalid),
            _ => Ok(()),
        };
        assert_eq!(result, judged);
        if result.is_err() {
            assert_eq!(stream.len(), before);
            continue;
        }

        if has(1) {
            id.clone_into(&mut last_event_id);
        }
        expected.extend(has(2).then_some(Got::ReconnectionTime(retry)));
        let named = if event_type.is_empty() { "message" } else { event_type };
        if has(8) || has(16) {
            expected.push(event(named, &arrived, &last_event_id));
        } else if has(1) || has(2) || !event_type.is_empty() {
            expected.push(no_data(named, &last_event_id));
        }
    }
    assert_eq!(read(&cuts.pieces(&stream)), (expected, last_event_id));
}

fn in_pieces(
    encoder: &mut Encoder,
    fields: EventBuilder<'_>,
    data: &str,
    cuts: Cuts,
    out: &mut Vec<u8>,
) -> Result<(), SendError> {
    encoder.begin_event(fields, out)?;
    assert_eq!(encoder.encode_keep_alive(out), Err(SendError::EventUnfinished));
    let mut from = 0;
    let mut to = 0;
    for piece in cuts.pieces(data.as_bytes()) {
        to += piece.len();
        if let Some(piece) = data.get(from..to) {
            encoder.encode_data(piece, out)?;
            from = to;
        }
    }
    encoder.end_event(out)
}
