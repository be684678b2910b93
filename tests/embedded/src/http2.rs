//! An HTTP/2 server that answers GET, over TCP as it is ("prior knowledge", RFC 9113 §3.3).

use framewright::http::NO_FIELDS;
use framewright::http2::{Connection, Event, Head, Limits, Server, Slot, Storage, Stream, hpack};
use framewright::{Buffer, SliceBuf};

use crate::session::session;
use crate::{Memory, Session, Socket};

/// Two requests, one of which is for a method that there is not. Then a ping.
pub const SESSION: Session = session!(
    input: &[
        PREFACE,
        SETTINGS,
        b"\0\0\0\x04\x01\0\0\0\0",
        // GET / from `a`, with all of its fields but the authority in the static table.
        b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a",
        // POST / from the same, which is in the dynamic table if it was put there before.
        b"\0\0\x04\x01\x05\0\0\0\x03\x83\x86\x84\xBE",
        b"\0\0\x08\x06\0\0\0\0\0pingpong",
    ],
    expected: &[
        OPENING,
        SETTINGS_ACK,
        // A table of 0 bytes, the status 200, and `content-length: 6`.
        b"\0\0\x06\x01\x04\0\0\0\x01\x20\x88\x0F\x0D\x01\x36",
        b"\0\0\x06\0\x01\0\0\0\x01Hello\n",
        // The status 405.
        b"\0\0\x05\x01\x05\0\0\0\x03\x08\x03\x34\x30\x35",
        b"\0\0\x08\x06\x01\0\0\0\0pingpong",
    ],
);

/// A frame over the limit, as its header alone shows. The answer is a GOAWAY with FRAME_SIZE_ERROR.
pub const BROKEN: Session = session!(
    input: &[PREFACE, SETTINGS, b"\xFF\xFF\xFF\0\0\0\0\0\x01Hello"],
    expected: &[
        OPENING,
        SETTINGS_ACK,
        b"\0\0\x19\x07\0\0\0\0\0\0\0\0\0\0\0\0\x06frame is too long",
    ],
);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const SETTINGS_ACK: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";
/// SETTINGS: two streams, windows of 1024 bytes, heads of 512.
const OPENING: &[u8] = b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x02\0\x04\0\0\x04\0\0\x06\0\0\x02\0";

const GREETING: &[u8] = b"Hello\n";
/// Until a client knows our settings, it may fill a table of 4096 bytes.
const TABLE_SIZE: u32 = 4096;
const LIMITS: Limits =
    Limits::new().max_head_len(512).stream_window(1024).connection_window(65_535).max_send_len(256);

/// A connection in storage of fixed length.
type Http2<'a> = Connection<Server, SliceBuf<'a>, &'a mut [Slot]>;

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, storage: head } = memory;
    let mut table = [0; hpack::storage_len(TABLE_SIZE)];
    let mut slots = [const { Slot::new() }; 2];
    let storage = Storage {
        decoder_table: SliceBuf::new(&mut table),
        decoder_table_size: TABLE_SIZE,
        encoder_table: SliceBuf::new(&mut []),
        encoder_table_size: 0,
        slots: &mut slots[..],
    };
    let mut http2 = Http2::server(storage, LIMITS);
    let (mut head, mut out) = (SliceBuf::new(head), SliceBuf::new(out));
    while let Some(mut input) = socket.read(read) {
        while let Some(event) = http2.receive(&mut input, &mut head) {
            if let Event::Head { stream, head, .. } = event {
                answer(&mut http2, stream, &head, &mut out);
            }
            write_all(socket, &mut http2, &mut out);
        }
        write_all(socket, &mut http2, &mut out);
    }
}

/// Writes what was appended, and what is owed.
fn write_all(socket: &mut Socket<'_>, http2: &mut Http2<'_>, out: &mut SliceBuf<'_>) {
    assert!(http2.transmit(out), "there is room");
    socket.write(out);
    out.clear();
}

/// What the application does: it answers a request.
fn answer(http2: &mut Http2<'_>, stream: Stream, head: &Head<'_>, out: &mut SliceBuf<'_>) {
    if head.request().method() != "GET" {
        return http2.send_head(stream, 405, NO_FIELDS, true, out).expect("there is room");
    }
    let fields = [("content-length", "6")];
    http2.send_head(stream, 200, fields, false, out).expect("there is room");
    let sent = http2.send(stream, GREETING, true, out).expect("there is room");
    assert_eq!(sent, GREETING.len(), "the window is larger");
}
