//! A gRPC server over HTTP/2, from the bytes of TCP ("prior knowledge", RFC 9113 §3.3), in memory of a fixed size.

use framewright::grpc::{CallKind, Fixed, Limits, Server, ServerConfig, ServerEvent};
use framewright::{Buffer, SliceBuf, http2};

use crate::session::session;
use crate::{Memory, Session, Socket};

/// A unary call, and one of a method that there is not. Python's `h2` reads in the answers what the comments say.
pub const SESSION: Session = session!(
    input: &[
        PREFACE,
        SETTINGS,
        SETTINGS_ACK,
        // The table has 1024 bytes from here on (RFC 7541 §4.2). Then POST /a.B/C from `a`, with
        // `content-type: application/grpc` and `te: trailers`.
        b"\0\0\x30\x01\x04\0\0\0\x01\x3F\xE1\x07\x83\x86\x04\x06/a.B/C\x01\x01a\x0F\x10\x10application/grpc\0\x02te\x08trailers",
        b"\0\0\x08\0\x01\0\0\0\x01\0\0\0\0\x03you",
        b"\0\0\x2D\x01\x04\0\0\0\x03\x83\x86\x04\x06/a.B/D\x01\x01a\x0F\x10\x10application/grpc\0\x02te\x08trailers",
        b"\0\0\x08\0\x01\0\0\0\x03\0\0\0\0\x03you",
    ],
    expected: &[
        OPENING,
        SETTINGS_ACK,
        // `:status` 200, `content-type` application/grpc, in a table of 1024 bytes.
        b"\0\0\x11\x01\x04\0\0\0\x01?\xE1\x07\x88_\x8B\x1Du\xD0b\x0D&=LMed",
        b"\0\0\x0B\0\0\0\0\0\x01\0\0\0\0\x06hi you",
        // `grpc-status` 0, and the end.
        b"\0\0\x0C\x01\x05\0\0\0\x01@\x88\x9A\xCA\xC8\xB2\x124\xDA\x8F\x010",
        // `:status` 200, `content-type` application/grpc, `grpc-status` 12, `grpc-message` "unknown service or method", and
        // the end.
        b"\0\0$\x01\x05\0\0\0\x03\x88\xBF~\x0212@\x89\x9A\xCA\xC8\xB5%B\x071\x7F\x92\xB6\xAE\xB5\x1F\xC5J \xB6w1\x0A\xA1\xECR\x92\xA6s\xC9",
    ],
);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const SETTINGS_ACK: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";
/// SETTINGS: a table of 1024 bytes, two streams, windows of 1024 bytes, heads of 512.
const OPENING: &[u8] =
    b"\0\0\x18\x04\0\0\0\0\0\0\x01\0\0\x04\0\0\x03\0\0\0\x02\0\x04\0\0\x04\0\0\x06\0\0\x02\0";

const HTTP2: http2::Limits = http2::Limits::new()
    .max_head_len(512)
    .stream_window(1024)
    .connection_window(65_535)
    .max_send_len(128);
const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new().max_message_len(64));

/// Two calls at once, with messages of up to 64 bytes. The tables of HPACK have 1024 bytes.
type Grpc = Server<Fixed<2, 128, 1280, 512>>;

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, .. } = memory;
    let mut grpc = Grpc::new(CONFIG, HTTP2, 0);
    let mut out = SliceBuf::new(out);
    write_all(socket, &mut grpc, &mut out);
    while let Some(mut input) = socket.read(read) {
        while let Some(event) = grpc.receive(&mut input, 0) {
            answer(&mut grpc, event, &mut out);
            write_all(socket, &mut grpc, &mut out);
        }
        write_all(socket, &mut grpc, &mut out);
    }
}

/// Writes what was appended, and what is owed.
fn write_all(socket: &mut Socket<'_>, grpc: &mut Grpc, out: &mut SliceBuf<'_>) {
    assert!(grpc.transmit(out), "there is room");
    socket.write(out);
    out.clear();
}

/// What the application does: it greets.
fn answer(grpc: &mut Grpc, event: ServerEvent, out: &mut SliceBuf<'_>) {
    match event {
        ServerEvent::Call(call) if grpc.path() == "/a.B/C" => {
            grpc.accept(call, CallKind::Unary).expect("it was just announced");
        }
        ServerEvent::Message(call) => {
            let mut reply = [0; 64 + 3];
            let mut reply = SliceBuf::new(&mut reply);
            reply.try_append_both(b"hi ", grpc.message(call).bytes).expect("there is room");
            grpc.reply(call, &*reply, out).expect("there is room");
        }
        _ => {}
    }
}
