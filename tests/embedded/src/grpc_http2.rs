//! A gRPC server over HTTP/2, from the bytes of TCP ("prior knowledge", RFC 9113 §3.3), in memory of a fixed size.

use femtopb::Message as _;
use framewright::grpc::{
    CallId, CallKind, Code, Fixed, Limits, SendError, Server, ServerConfig, ServerEvent, Status,
};
use framewright::{Buffer, SliceBuf, http2};

use crate::session::session;
use crate::{Memory, Session, Socket, Transport};

/// A unary call, one for a user that there is not, and one of a method that there is not. Python's `h2` reads in the
/// answers what the comments say.
pub const SESSION: Session = session!(
    input: &[
        PREFACE,
        SETTINGS,
        SETTINGS_ACK,
        // The table has 1024 bytes from here on (RFC 7541 §4.2). Then POST /user.UserService/GetUser from `a`, with
        // `content-type: application/grpc` and `te: trailers`.
        b"\0\0\x43\x01\x04\0\0\0\x01\x3F\xE1\x07\x83\x86\x04\x19/user.UserService/GetUser\x01\x01a\x0F\x10\x10application/grpc\0\x02te\x08trailers",
        b"\0\0\x07\0\x01\0\0\0\x01\0\0\0\0\x02\x08\x01",
        b"\0\0\x40\x01\x04\0\0\0\x03\x83\x86\x04\x19/user.UserService/GetUser\x01\x01a\x0F\x10\x10application/grpc\0\x02te\x08trailers",
        b"\0\0\x07\0\x01\0\0\0\x03\0\0\0\0\x02\x08\x09",
        b"\0\0\x3C\x01\x04\0\0\0\x05\x83\x86\x04\x15/user.UserService/Get\x01\x01a\x0F\x10\x10application/grpc\0\x02te\x08trailers",
        b"\0\0\x05\0\x01\0\0\0\x05\0\0\0\0\0",
    ],
    expected: &[
        OPENING,
        SETTINGS_ACK,
        // `:status` 200, `content-type` application/grpc, in a table of 1024 bytes.
        b"\0\0\x11\x01\x04\0\0\0\x01?\xE1\x07\x88_\x8B\x1Du\xD0b\x0D&=LMed",
        b"\0\0\x1D\0\0\0\0\0\x01\0\0\0\0\x18\x08\x01\x12\x03Ada\x1A\x0Fada@example.com",
        // `grpc-status` 0, and the end.
        b"\0\0\x0C\x01\x05\0\0\0\x01@\x88\x9A\xCA\xC8\xB2\x124\xDA\x8F\x010",
        // `:status` 200, `content-type` application/grpc, `grpc-status` 5, `grpc-message` "no such user", and the end.
        b"\0\0\x1A\x01\x05\0\0\0\x03\x88\xBF~\x015@\x89\x9A\xCA\xC8\xB5%B\x071\x7F\x89\xA8\xEA\"\xD2N\xA5\xA8-\x9F",
        // The same with `grpc-status` 12, `grpc-message` "unknown service or method".
        b"\0\0\x1C\x01\x05\0\0\0\x05\x88\xC1\x7F\0\x0212\x0F0\x92\xB6\xAE\xB5\x1F\xC5J \xB6w1\x0A\xA1\xECR\x92\xA6s\xC9",
    ],
);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const SETTINGS_ACK: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";
/// SETTINGS: a table of 1024 bytes, two streams, windows of 1024 bytes, heads of 768.
const OPENING: &[u8] =
    b"\0\0\x18\x04\0\0\0\0\0\0\x01\0\0\x04\0\0\x03\0\0\0\x02\0\x04\0\0\x04\0\0\x06\0\0\x03\0";

const HTTP2: http2::Limits = http2::Limits::new()
    .max_head_len(768)
    .stream_window(1024)
    .connection_window(65_535)
    .max_send_len(128);
const CONFIG: ServerConfig = ServerConfig::new().limits(Limits::new().max_message_len(64));

/// Two calls at once, with messages of up to 64 bytes. The tables of HPACK have 1024 bytes.
type Grpc = Server<Fixed<2, 128, 1280, 768>>;

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    serve(socket, memory);
}

/// Serves one client.
pub fn serve(transport: &mut impl Transport, memory: &mut Memory) {
    let Memory { read, out, .. } = memory;
    let mut grpc = Grpc::new(CONFIG, HTTP2, 0);
    let mut out = SliceBuf::new(out);
    write_all(transport, &mut grpc, &mut out);
    while let Some(mut input) = transport.read(read) {
        while let Some(event) = grpc.receive(&mut input, 0) {
            answer(&mut grpc, event, &mut out);
            write_all(transport, &mut grpc, &mut out);
        }
        write_all(transport, &mut grpc, &mut out);
    }
}

/// Writes what was appended, and what is owed.
fn write_all(transport: &mut impl Transport, grpc: &mut Grpc, out: &mut SliceBuf<'_>) {
    assert!(grpc.transmit(out), "there is room");
    transport.write(out);
    out.clear();
}

#[derive(Clone, femtopb::Message)]
struct GetUserRequest<'a> {
    #[femtopb(int64, tag = 1)]
    id: i64,
    #[femtopb(unknown_fields)]
    unknown: femtopb::UnknownFields<'a>,
}

#[derive(Clone, femtopb::Message)]
struct User<'a> {
    #[femtopb(int64, tag = 1)]
    id: i64,
    #[femtopb(string, tag = 2)]
    name: &'a str,
    #[femtopb(string, tag = 3)]
    email: &'a str,
    #[femtopb(unknown_fields)]
    unknown: femtopb::UnknownFields<'a>,
}

/// What the application does: it knows one user.
fn answer(grpc: &mut Grpc, event: ServerEvent, out: &mut SliceBuf<'_>) {
    let done = match event {
        ServerEvent::Call(call) if grpc.path() == "/user.UserService/GetUser" => {
            grpc.accept(call, CallKind::Unary)
        }
        ServerEvent::Message(call) => match GetUserRequest::decode(grpc.message(call).bytes) {
            Ok(GetUserRequest { id: id @ 1, .. }) => {
                let (name, email, unknown) = ("Ada", "ada@example.com", <_>::default());
                reply(grpc, call, &User { id, name, email, unknown }, out)
            }
            Ok(_) => grpc.finish(call, Status::new(Code::NotFound, "no such user"), out),
            Err(_) => grpc.finish(call, Status::new(Code::Internal, "malformed message"), out),
        },
        _ => Ok(()),
    };
    done.expect("there is room");
}

/// Answers a unary call.
fn reply<'m>(
    grpc: &mut Grpc,
    call: CallId,
    message: &impl femtopb::Message<'m>,
    out: &mut SliceBuf<'_>,
) -> Result<(), SendError> {
    let mut bytes = [0; 64];
    let mut rest = &mut bytes[..];
    message.encode(&mut rest).expect("there is room");
    let left = rest.len();
    grpc.reply(call, &bytes[..bytes.len() - left], out)
}
