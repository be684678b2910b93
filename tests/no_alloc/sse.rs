//! No layer of an event stream allocates by itself. Everything that is kept is in the caller's storage.

use crate::counting::allocations;
use framewright::sse::{
    Action, Assembler, Client, Decoder, Encoder, EventBuilder, Item, ItemKind, Limits, Part,
    Policy, Response, Storage, Verdict,
};
use framewright::{Buffer, SliceBuf};

#[test]
fn a_whole_session_in_slices_allocates_nothing() {
    const LIMITS: Limits = Limits::new().max_type_len(16).max_id_len(16);
    let (mut sent, mut memory) = ([0; 1024], [0; 256]);
    let mut events = 0;
    let count = allocations(|| {
        let mut out = SliceBuf::new(&mut sent);
        let mut encoder = Encoder::new();
        encoder.encode_retry(1000, &mut out).unwrap();
        encoder
            .encode(EventBuilder::new().event_type("add").id("1").data("Grüße 🦀"), &mut out)
            .unwrap();
        encoder.encode_comment("two\nlines", &mut out).unwrap();
        encoder.begin_event("a\r", &mut out).unwrap();
        encoder.encode_data("\nb", &mut out).unwrap();
        encoder.end_event(&mut out).unwrap();
        encoder.encode(EventBuilder::new().data(&TOO_LONG[..200]), &mut out).unwrap();
        out.try_append(b"data: \xFF\xF0\x9F\n\nid: 2\n\n").unwrap();

        let storage = Storage::in_slice(&mut memory, &LIMITS);
        let mut client = Client::new(Policy::new(), Assembler::new(LIMITS, storage), 1);
        assert_eq!(client.poll(0), Some(Action::Connect));
        let response = Response::new(200, &[("content-type", "text/event-stream")]);
        assert_eq!(client.receive_response(response, 0), Verdict::Stream);
        let mut lost = 0;
        for mut input in out.as_slice().chunks(7) {
            while let Some(item) = client.receive(&mut input, 0) {
                events += usize::from(matches!(item, Item::Event(_)));
                lost += usize::from(matches!(item, Item::Lost(_)));
            }
        }
        assert_eq!(lost, 1, "192 bytes are there for data");
        let mut asked = 0;
        let mut more = &b"data: a\n\ndata: b\ndata: c\n\n"[..];
        while let Some(kind) = client.receive_event(&mut more, 0) {
            assert_eq!(kind, ItemKind::Event);
            asked += client.event().data.len();
        }
        assert_eq!(asked, 4);
        let mut input = &b"data: cut"[..];
        assert_eq!(client.receive(&mut input, 0), None);
        assert_eq!(client.receive_eof(0).map(|event| event.data), Some("cut"));
        assert_eq!(client.last_event_id_header(), Ok(Some("2")));
    });
    assert_eq!((count, events), (0, 3));
}

const TOO_LONG: &str = match str::from_utf8(&[b'x'; 1000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// T15: endless input costs no memory.
#[test]
fn endless_lines_and_events_allocate_nothing() {
    let endless: [&[u8]; 5] = [b"x", b":", b"data: x\n", b"id: x", b"event\r"];
    let mut memory = [0; 1024];
    let mut lost = 0;
    let count = allocations(|| {
        for line in endless {
            let limits = Limits::new().max_line_len(1000).max_data_len(100).max_id_len(100);
            let mut decoder = Decoder::new(limits);
            let mut assembler = Assembler::new(limits, Storage::in_slice(&mut memory, &limits));
            for _ in 0..10_000 {
                let mut input = line;
                while let Some(part) = decoder.decode(&mut input) {
                    lost += usize::from(matches!(part, Part::Lost(_)));
                }
                let mut input = line;
                while let Some(item) = assembler.receive(&mut input) {
                    lost += usize::from(matches!(item, Item::Lost(_)));
                }
            }
        }
    });
    assert_eq!((count, lost), (0, 4 * 2));
}
