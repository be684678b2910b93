//! A device that decodes the events of a stream and encodes them again (HTML standard §9.2).

use framewright::sse::{Assembler, Encoder, EventBuilder, Item, Limits, Storage};
use framewright::{Buffer, SliceBuf};

use crate::session::session;
use crate::{Memory, Session, Socket};

pub const SESSION: Session = session!(
    input: &[
        b"\xEF\xBB\xBFretry: 3000\n",
        b"id: 1\nevent: add\ndata: 73857293\n\n",
        b": nobody is to see this\n",
        b"data: YHOO\rdata: +2\rdata: 10\r\r", // §9.2.6
        b"data: Gr\xFC\xDFe\r\n\r\n",
        b"data: ",
        &[b'x'; 300],
        b"\n\nid\ndata\n\n",
        b"data: cut off\n",
    ],
    expected: &[
        b"retry: 3000\n",
        b"event: add\nid: 1\ndata: 73857293\n\n",
        b"event: message\nid: 1\ndata: YHOO\ndata: +2\ndata: 10\n\n",
        "event: message\nid: 1\ndata: Gr\u{FFFD}\u{FFFD}e\n\n".as_bytes(),
        b": lost\n",
        b"event: message\nid\ndata: \n\n",
    ],
);

const LIMITS: Limits = Limits::new().max_type_len(32).max_id_len(32).max_data_len(256);

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, storage } = memory;
    let mut assembler = Assembler::new(LIMITS, Storage::in_slice(storage, &LIMITS));
    let mut encoder = Encoder::new();
    let mut out = SliceBuf::new(out);
    while let Some(input) = socket.read(read) {
        let mut input = &*input;
        while let Some(item) = assembler.receive(&mut input) {
            match item {
                Item::Event(event) => {
                    let fields = EventBuilder::new()
                        .event_type(event.event_type)
                        .id(event.last_event_id)
                        .data(event.data);
                    encoder.encode(fields, &mut out)
                }
                Item::ReconnectionTime(ms) => encoder.encode_retry(ms, &mut out),
                Item::Lost(_) => encoder.encode_comment("lost", &mut out),
                _ => Ok(()),
            }
            .expect("there is room for the longest event");
            socket.write(&out);
            out.clear();
        }
    }
    assert_eq!(assembler.receive_eof().map(|event| event.data), Some("cut off"));
}
