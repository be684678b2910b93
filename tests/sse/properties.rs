//! What holds for every event stream: random ones, and those of an encoder.
#![cfg(feature = "alloc")]

use crate::common::same_however_split;
use crate::common::sse::{Got, event, growing, naive, no_data, read as real, receive};
use framewright::sse::{Decoder, Encoder, EventBuilder, Limits, SendError};
use framewright::{BufferFull, SliceBuf};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

/// Streams of pieces that mean something to a parser, and pieces that nearly do.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&[u8]] = &[
        b"data",
        b"data:",
        b"data: ",
        b"\ndata: ",
        b"event",
        b"event:",
        b"\revent: ",
        b"id",
        b"id:",
        b"\nid: ",
        b"retry",
        b"retry:",
        b"\nretry: ",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\r",
        b"\r\n\r\n",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xBB",
        b"\0",
        b"1",
        b"20",
        b"x",
        b"text",
        b"enough text for two vectors, and a few bytes over",
        b"\xE2\x80\xA6\xF0\x9F\xA6\x80",
        b"\xF0\x9F",
        b"\xA6\x80",
        b"\xED\xA0\x80",
        b"\xC3",
        b"\xFF",
        b"18446744073709551616",
        b"dat",
        b"a",
    ];
    let word = prop_oneof![
        12 => sample::select(WORDS).prop_map(<[u8]>::to_vec),
        1 => collection::vec(any::<u8>(), 0..4),
    ];
    collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Random places to cut at.
fn cuts() -> impl Strategy<Value = Vec<sample::Index>> {
    collection::vec(any::<sample::Index>(), 0..12)
}

fn cut<'a>(bytes: &'a [u8], cuts: &[sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

/// Any Unicode, with more of the characters that matter to this protocol.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        sample::select(
            &["\r", "\n", "\r\n", "\0", " ", ":", "data: ", "id: ", "\u{FEFF}", "x"][..]
        )
        .prop_map(str::to_owned),
    ];
    collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Long lines in short reads: their middles and their ends, with and without what makes an end special.
#[test]
fn long_lines_are_the_same_in_reads_of_any_length() {
    let mut stream = Vec::new();
    for (len, end) in (0..120)
        .step_by(7)
        .zip(["\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\n\ndata: x\n\n"].into_iter().cycle())
    {
        for (other, value) in ["", "id: 7\n", "event: e\n", "data: first\n"]
            .iter()
            .zip(["", "…", "\u{1F980}"].iter().cycle())
        {
            stream.extend_from_slice(
                format!("{other}data: {}{value}{}{end}", "a".repeat(len), "b".repeat(len / 2))
                    .as_bytes(),
            );
            stream.extend_from_slice(b"data: \xE2\x80");
            stream.extend_from_slice(format!("{}{end}", "c".repeat(len)).as_bytes());
        }
    }
    let expected = naive(&stream);
    for read_len in 1..200 {
        let pieces: Vec<&[u8]> = stream.chunks(read_len).collect();
        assert_eq!(real(&pieces), expected, "in reads of {read_len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_incremental_machine_agrees_with_the_one_that_sees_everything(stream in stream(), cuts in cuts()) {
        let expected = naive(&stream);
        prop_assert_eq!(&real(&[&stream]), &expected);
        prop_assert_eq!(&real(&stream.chunks(1).collect::<Vec<_>>()), &expected);
        prop_assert_eq!(&real(&cut(&stream, &cuts)), &expected);
    }

    #[test]
    fn noise_is_a_stream_however_it_is_split(stream in collection::vec(any::<u8>(), 0..60), cuts in cuts()) {
        let whole = same_however_split(&stream, real);
        prop_assert_eq!(real(&cut(&stream, &cuts)), whole);
    }

    /// With limits so small that most of the stream exceeds one.
    #[test]
    fn what_is_lost_does_not_depend_on_the_split(stream in stream(), cuts in cuts(), max in 0..12_u64) {
        let limits = Limits::new().max_line_len(max + 3).max_data_len(max).max_type_len(max / 2).max_id_len(max / 3);
        let run = |pieces: &[&[u8]]| {
            let mut assembler = growing(limits);
            let mut got = Vec::new();
            receive(&mut assembler, pieces, &mut got);
            // How much of a comment comes before a limit cuts it off depends only on its bytes.
            (got, assembler.last_event_id().to_owned(), assembler.receive_eof().map(Got::from))
        };
        let whole = run(&[&stream]);
        prop_assert_eq!(&run(&stream.chunks(1).collect::<Vec<_>>()), &whole);
        prop_assert_eq!(&run(&cut(&stream, &cuts)), &whole);
        let longest = |got: &Got| match got {
            Got::Event { data, event_type, last_event_id } => {
                data.len() as u64 <= max
                    && (event_type == "message" || event_type.len() as u64 <= max / 2)
                    && last_event_id.len() as u64 <= max / 3
            }
            _ => true,
        };
        prop_assert!(whole.0.iter().all(longest));
    }

    #[test]
    fn the_decoder_says_whether_an_event_is_cut_off(stream in stream(), cuts in cuts()) {
        let finish = |pieces: &[&[u8]]| {
            let mut decoder = Decoder::new(Limits::new());
            for mut input in pieces.iter().copied() {
                while decoder.decode(&mut input).is_some() {}
            }
            decoder.check_eof()
        };
        prop_assert_eq!(finish(&cut(&stream, &cuts)), finish(&[&stream]));
    }

    /// T14: fields are refused, or arrive as they were encoded, except for the CRs in data.
    #[test]
    fn what_is_encoded_decodes_to_the_same(
        events in collection::vec((text(), proptest::option::of(text()), proptest::option::of(any::<u64>()), proptest::option::of(text()), text()), 0..6),
        cuts in cuts(),
    ) {
        let mut encoder = Encoder::new();
        let mut out = Vec::new();
        let mut expected = Vec::new();
        let mut last_event_id = String::new();
        for (event_type, id, retry, data, comment) in &events {
            let mut fields = EventBuilder::new().event_type(event_type);
            if let Some(id) = id { fields = fields.id(id); }
            if let Some(ms) = retry { fields = fields.retry(*ms); }
            if let Some(data) = data { fields = fields.data(data); }
            let before = out.len();
            let bad_type = event_type.contains(['\r', '\n', '\0']);
            let bad_id = id.as_ref().is_some_and(|id| {
                id.chars().any(|c| c.is_ascii_control() && c != '\t') || id.trim_matches([' ', '\t']) != id
            });
            match encoder.encode(fields, &mut out) {
                Ok(()) => prop_assert!(!bad_type && !bad_id),
                Err(error) => {
                    let expected = if bad_type { SendError::TypeInvalid } else { SendError::IdInvalid };
                    prop_assert!(bad_type || bad_id);
                    prop_assert_eq!((error, out.len()), (expected, before));
                    continue;
                }
            }
            let full = BufferFull { needed: out.len() - before };
            let no_room = encoder.encode(fields, &mut SliceBuf::new(&mut []));
            prop_assert_eq!(no_room, Err(SendError::BufferFull(full)));
            if let Some(id) = id { last_event_id.clone_from(id); }
            expected.extend(retry.map(Got::ReconnectionTime));
            let event_type = if event_type.is_empty() { "message" } else { event_type };
            match data {
                Some(data) => {
                    let data = data.replace("\r\n", "\n").replace('\r', "\n");
                    expected.push(event(event_type, &data, &last_event_id));
                }
                None if id.is_some() || retry.is_some() || event_type != "message" => {
                    expected.push(no_data(event_type, &last_event_id));
                }
                None => {}
            }
            encoder.encode_comment(comment, &mut out).unwrap();
            let comment = comment.replace("\r\n", "\n").replace('\r', "\n");
            expected.extend(comment.split('\n').map(|line| Got::Comment(line.into())));
        }
        prop_assert_eq!(naive(&out), (expected.clone(), last_event_id.clone()));
        prop_assert_eq!(real(&cut(&out, &cuts)), (expected, last_event_id));
    }

    #[test]
    fn data_in_pieces_arrives_as_it_does_in_one(data in text(), cuts in cuts()) {
        let mut whole = Vec::new();
        Encoder::new().encode(&data[..], &mut whole).unwrap();
        let mut out = Vec::new();
        let mut encoder = Encoder::new();
        encoder.begin_event(EventBuilder::new(), &mut out).unwrap();
        let mut from = 0;
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
        ends.push(data.len());
        ends.sort_unstable();
        for to in ends.into_iter().filter(|to| data.is_char_boundary(*to)) {
            encoder.encode_data(&data[from..to], &mut out).unwrap();
            from = to;
        }
        encoder.end_event(&mut out).unwrap();
        prop_assert_eq!(&out, &whole);
    }
}
