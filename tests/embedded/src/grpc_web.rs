//! A gRPC-Web service that echoes, from the first byte of HTTP/1.1.

use framewright::grpc::{self, CallKind, Request, ResponseHead, ServerConfig, Status, Trailing};
use framewright::http::{Headers, NO_FIELDS};
use framewright::http1::{
    Body, BodyDecoder, BodyEncoder, Decoded, HeadReader, Limits, ResponseWriter,
};
use framewright::{Assembler, Buffer, SliceBuf};

use crate::grpc::echo;
use crate::session::session;
use crate::{Memory, Session, Socket};

/// "Hello" and an empty message, in base64 and in chunks.
pub const SESSION: Session = session!(
    input: &[
        b"POST /echo.Echo/Chat HTTP/1.1\r\n\
          Host: device.example\r\n\
          Content-Type: application/grpc-web-text\r\n\
          Transfer-Encoding: chunked\r\n\
          \r\n",
        b"A\r\nAAAAAAVIZW\r\n",
        b"e;why=not\r\nxsbw==AAAAAAA=\r\n",
        b"0\r\n\r\n",
    ],
    expected: &[
        b"HTTP/1.1 200 OK\r\n\
          content-type: application/grpc-web-text\r\n\
          Transfer-Encoding: chunked\r\n\
          \r\n",
        b"10\r\nAAAAAAVIZWxsbw==\r\n",
        b"8\r\nAAAAAAA=\r\n",
        b"1C\r\ngAAAABBncnBjLXN0YXR1czogMA0K\r\n", // `grpc-status: 0`
        b"0\r\n\r\n",
    ],
);

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, storage } = memory;
    let limits = Limits::new().max_head_len(storage.len());
    let call_limits = grpc::Limits::new().max_message_len(storage.len() as u64);
    let config = ServerConfig::new().limits(call_limits);

    let mut reader = HeadReader::new(SliceBuf::new(storage), limits);
    let (mut call, mut body, after) = loop {
        let mut input = socket.read(read).expect("the head is not over");
        if let Some(request) = reader.read_request(&mut input).expect("it is a head") {
            let call = Request::parse(request.method(), request.target(), request.headers())
                .and_then(|call| call.accept(CallKind::BidiStreaming, &config, 0))
                .expect("it is a call");
            break (call, BodyDecoder::new(request.body(), limits), input);
        }
    };
    let (lines, head) = out.split_at_mut(128);
    let (mut lines, mut head) = (SliceBuf::new(lines), SliceBuf::new(head));
    call.send_head(ResponseHead::new(), &mut lines).expect("there is room");
    let mut response = ResponseWriter::new(200)
        .headers(Headers::parse_lax(&lines).expect("it was just written"))
        .begin(Body::Chunked, &mut head)
        .expect("there is room");
    socket.write(&head);

    let mut assembler = Assembler::new(SliceBuf::new(storage));
    let mut out = SliceBuf::new(out);
    let mut input = after;
    while !body.is_complete() {
        while let Decoded::Part(part) = body.decode(&mut input).expect("it is a body") {
            let mut bytes = call.decode_text_in_place(part.bytes);
            while let Some(event) = call.receive(&mut bytes) {
                echo(event, &mut call, &mut assembler, &mut out);
                write_chunk(&mut response, &mut out, socket);
            }
        }
        if !body.is_complete() {
            input = socket.read(read).expect("the body is not over");
        }
    }
    call.receive_eof();
    assert_eq!(call.trailing(), Trailing::Body);
    call.finish(Status::OK, &mut out).expect("there is room");
    write_chunk(&mut response, &mut out, socket);
    response.finish(NO_FIELDS, &mut out).expect("there is room");
    socket.write(&out);
}

/// Writes the bytes in `out` as a chunk, unless there are none, without another buffer.
fn write_chunk(response: &mut BodyEncoder, out: &mut SliceBuf<'_>, socket: &mut Socket<'_>) {
    let header = response.encode_header(out.len() as u64).expect("the body is open");
    socket.write(&header);
    socket.write(out);
    socket.write(header.end());
    out.clear();
}
