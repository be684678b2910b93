//! A gRPC service that echoes, on top of an HTTP/2 stack that delivers heads and bodies.

use framewright::grpc::{
    CallKind, Event, Limits, Message, Request, ResponseHead, ServerCall, ServerConfig, Status,
    Trailing,
};
use framewright::{Assembler, Buffer, SliceBuf};

use crate::session::session;
use crate::{Memory, Session, Socket};

/// The body of the request, and the head, body and trailers of the response.
pub const SESSION: Session = session!(
    input: &[b"\0\0\0\0\x05Hello\0\0\0\0\0\0\0\0\x01\0", &[0x5A; 256]],
    expected: &[
        b"content-type: application/grpc\r\n",
        b"\0\0\0\0\x05Hello\0\0\0\0\0\0\0\0\x01\0",
        &[0x5A; 256],
        b"grpc-status: 0\r\n",
    ],
);

/// A message over the limit, as its prefix alone shows.
pub const BROKEN: Session = session!(
    input: &[b"\0\xFF\xFF\xFF\xFFHello"],
    expected: &[
        b"content-type: application/grpc\r\n",
        b"grpc-status: 8\r\ngrpc-message: message is too long\r\n",
    ],
);

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, storage } = memory;
    let headers = [("te", &b"trailers"[..]), ("content-type", b"application/grpc")];
    let limits = Limits::new().max_message_len(storage.len() as u64);
    let config = ServerConfig::new().limits(limits);
    let mut out = SliceBuf::new(out);
    let mut call = Request::parse("POST", "/echo.Echo/Chat", headers)
        .and_then(|request| request.accept(CallKind::BidiStreaming, &config, 0))
        .expect("it is a call");
    let mut assembler = Assembler::new(SliceBuf::new(storage));

    call.send_head(ResponseHead::new(), &mut out).expect("there is room");
    socket.write(&out);
    out.clear();
    while let Some(input) = socket.read(read) {
        let mut input = &*input;
        while let Some(event) = call.receive(&mut input) {
            echo(event, &mut call, &mut assembler, &mut out);
            socket.write(&out);
            out.clear();
        }
    }
    call.receive_eof();
    if call.owes() {
        assert!(call.transmit(&mut out), "there is room");
    } else {
        call.finish(Status::OK, &mut out).expect("there is room");
    }
    assert_eq!(call.trailing(), Trailing::Trailers);
    socket.write(&out);
}

/// Answers a message with itself.
pub fn echo(
    event: Event<'_>,
    call: &mut ServerCall,
    assembler: &mut Assembler<SliceBuf<'_>>,
    out: &mut SliceBuf<'_>,
) {
    let Event::Message { chunk, .. } = event else { return };
    if let Some(message) = assembler.push(chunk).expect("its limit is the storage's") {
        call.send(message, out).expect("there is room for the longest message");
    }
}
