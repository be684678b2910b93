//! gRPC needs no allocator.

use crate::counting::allocations;
use framewright::grpc::web::{SocketDecoder, SocketPart, TextDecoder, encode_text};
use framewright::grpc::{
    CallKind, ClientRequest, Code, ContentType, Decoder, Encoder, Encodings, Event, Inbox, Limits,
    MessageEvent, Path, Request, ResponseHead, ServerCall, ServerConfig, Status, Timeout, Trailers,
    Trailing, Value, metadata,
};
use framewright::http::Headers;
use framewright::http2;
use framewright::{ArrayBuf, Assembler, Buffer, Chunk, SliceBuf};

fn without_allocator<T>(run: impl FnOnce() -> T) -> T {
    let mut result = None;
    assert_eq!(allocations(|| result = Some(run())), 0);
    result.expect("it was run")
}

#[test]
fn messages_need_no_allocator() {
    without_allocator(|| {
        let mut bytes = [0; 64];
        let mut out = SliceBuf::new(&mut bytes);
        let mut encoder = Encoder::new();
        encoder.encode(b"abc", &mut out).unwrap();
        encoder.begin_message(2, true, &mut out).unwrap();
        encoder.encode_payload(b"de", &mut out).unwrap();
        encoder.encode_trailers(b"grpc-status: 0\r\n", &mut out).unwrap();
        let mut decoder = Decoder::new(Limits::new()).accept_compressed(true).with_trailers();
        let mut storage = [0; 8];
        let mut assembler = Assembler::new(SliceBuf::new(&mut storage));
        let mut messages = 0;
        for mut input in out.as_slice().chunks(1) {
            while let Some(part) = decoder.decode(&mut input).unwrap() {
                let message = assembler.push(part.chunk());
                messages += usize::from(matches!(message, Ok(Some(_))));
            }
        }
        assert_eq!(messages, 2);
    });
}

#[test]
fn whole_messages_need_no_allocator() {
    without_allocator(|| {
        let request =
            Request::parse("POST", "/p.S/M", [("content-type", &b"application/grpc"[..])]).unwrap();
        let config = ServerConfig::new();
        let mut call = request.accept(CallKind::BidiStreaming, &config, 0).unwrap();
        let mut inbox = Inbox::new(ArrayBuf::<4>::new());
        let mut lens = [0; 3];
        let mut found = lens.iter_mut();
        for mut input in b"\0\0\0\0\x03abc\0\0\0\0\x04defg\0\0\0\0\x05hijkl".chunks(2) {
            while let Some(event) = call.receive_message(&mut input, &mut inbox) {
                if let MessageEvent::Message = event {
                    *found.next().unwrap() = inbox.message().bytes.len();
                }
            }
        }
        assert_eq!(lens, [3, 4, 0]);
        let mut out = ArrayBuf::<{ ServerCall::MAX_TRANSMIT_LEN }>::new();
        assert!(call.owes() && call.transmit(&mut out));
    });
}

#[test]
fn heads_and_trailers_need_no_allocator() {
    without_allocator(|| {
        let mut bytes = [0; 512];
        let mut out = SliceBuf::new(&mut bytes);
        let status = Status::new(Code::NotFound, "caf\u{e9}").with_details(&[1, 2, 3]);
        let list = [("x-bin", Value::Bytes(&[0; 100])), ("x", Value::Text("7"))];
        Trailers::new(status).metadata(&list).write(&mut out).unwrap();
        let fields = Headers::parse_lax(out.as_slice()).unwrap();
        let status = Status::parse(fields).unwrap();
        let mut decoded = [0; 128];
        let mut decoded = SliceBuf::new(&mut decoded);
        status.message.decode(&mut decoded).unwrap();
        status.details.unwrap().decode(&mut decoded).unwrap();
        for (_, value) in metadata(fields) {
            value.decode(&mut decoded).unwrap();
        }
        assert_eq!(decoded.as_slice().len(), 5 + 3 + 100 + 1);
    });
}

#[test]
fn text_and_sockets_need_no_allocator() {
    without_allocator(|| {
        let mut bytes = [0; 2048];
        let mut out = SliceBuf::new(&mut bytes);
        encode_text(&[7; 700], &mut out).unwrap();
        encode_text(&[7; 500], &mut out).unwrap();
        let len = out.as_slice().len();
        let mut text = TextDecoder::new();
        let mut input = &mut bytes[..len];
        let decoded = text.decode(&mut input).unwrap().unwrap();
        assert_eq!(decoded, [7; 1200]);
        let mut socket = SocketDecoder::new();
        socket.decode(Chunk::whole(b"a: b\r\n")).unwrap();
        let data = socket.decode(Chunk::whole(b"\0abc")).unwrap();
        assert_eq!(data, Some(SocketPart::Data(b"abc")));
    });
}

#[test]
fn calls_need_no_allocator() {
    without_allocator(|| {
        for content_type in [ContentType::GRPC, ContentType::WEB, ContentType::WEB_TEXT] {
            let (mut head, mut up, mut down, mut rest) = ([0; 512], [0; 512], [0; 512], [0; 512]);
            let (mut head, mut up) = (SliceBuf::new(&mut head), SliceBuf::new(&mut up));
            let mut storage = [0; 256];
            let request = ClientRequest::new(Path::parse("/p.S/M").unwrap())
                .content_type(content_type)
                .timeout(Timeout::parse(b"1S").unwrap());
            let storage = SliceBuf::new(&mut storage);
            request.write(&mut head).unwrap();
            let mut client = request.call(CallKind::Unary, Limits::new(), storage, 0);
            client.send(b"hello", &mut up).unwrap();
            client.half_close(&mut up).unwrap();

            let fields = Headers::parse_lax(head.as_slice()).unwrap();
            let request = Request::parse("POST", "/p.S/M", fields).unwrap();
            let mut server = request
                .accept(CallKind::Unary, &ServerConfig::new().encodings(Encodings::GZIP), 0)
                .unwrap();
            let mut answer = SliceBuf::new(&mut rest);
            server.send_head(ResponseHead::new(), &mut answer).unwrap();
            let answer = Headers::parse_lax(answer.as_slice()).unwrap();
            assert_eq!(client.receive_head(200, answer, false), Some(Event::Head));

            let mut read = [0; 512];
            let len = up.as_slice().len();
            read[..len].copy_from_slice(up.as_slice());
            let mut body = SliceBuf::new(&mut down);
            let mut input = server.decode_text_in_place(&mut read[..len]);
            while let Some(event) = server.receive(&mut input) {
                let Event::Message { chunk, .. } = event else { continue };
                server.send(chunk.bytes, &mut body).unwrap();
            }
            server.receive_eof();
            let mut trailers = [0; 256];
            let mut trailers = SliceBuf::new(&mut trailers);
            let status = Status::new(Code::Ok, "fine");
            let trailing = server.trailing();
            match trailing {
                Trailing::Body => server.finish(status, &mut body).unwrap(),
                _ => server.finish(status, &mut trailers).unwrap(),
            }
            let len = body.as_slice().len();
            let mut input = client.decode_text_in_place(&mut down[..len]);
            let mut end = None;
            while let Some(event) = client.receive(&mut input) {
                end = Some(event);
            }
            if trailing == Trailing::Trailers {
                end = client.receive_trailers(Headers::parse_lax(trailers.as_slice()).unwrap());
            }
            assert_eq!(end, Some(Event::End(Code::Ok)));
            assert_eq!(client.status().unwrap().code, Code::Ok);
        }
    });
}

/// A unary call over HTTP/2, and a stream of responses whose window is short, from connections of a fixed size.
#[test]
fn calls_over_http2_need_no_allocator() {
    use framewright::grpc::{Client, ClientEvent, Fixed, SendError, Server, ServerEvent};

    let limits = http2::Limits::new().max_head_len(2048).max_send_len(256).stream_window(50);
    without_allocator(|| {
        let mut client = Client::<Fixed<2, 256, 0>>::new(Limits::new(), limits, 0);
        let mut server = Server::<Fixed<2, 64>>::new(ServerConfig::new(), limits, 0);
        let (mut up, mut down) = (ArrayBuf::<1024>::new(), ArrayBuf::<1024>::new());
        let (mut left, mut messages, mut ends) = ([0; 2], 0, 0);
        for (kind, count) in [(CallKind::Unary, 1), (CallKind::ServerStreaming, 20)] {
            let request = ClientRequest::new(Path::parse("/p.S/M").unwrap()).authority("host");
            let call = client.call(&request, kind, &mut up).unwrap();
            client.send(call, &[count], &mut up).unwrap();
            client.half_close(call, &mut up).unwrap();
        }
        for _ in 0..100 {
            client.transmit(&mut up);
            let mut input = up.as_mut_slice();
            while let Some(event) = server.receive(&mut input, 0) {
                let call = match event {
                    ServerEvent::Call(call) => {
                        server.accept(call, CallKind::ServerStreaming).unwrap();
                        continue;
                    }
                    ServerEvent::Message(call) => {
                        left[call.slot()] = server.message(call).bytes[0];
                        call
                    }
                    ServerEvent::Writable(call) => call,
                    _ => continue,
                };
                let left = &mut left[call.slot()];
                while *left > 0 {
                    match server.send(call, &[*left; 40], &mut down) {
                        Ok(()) => *left -= 1,
                        Err(e) => {
                            assert_eq!(e, SendError::Busy);
                            break;
                        }
                    }
                }
                if *left == 0 {
                    server.finish(call, Status::OK, &mut down).unwrap();
                }
            }
            up.clear();
            server.transmit(&mut down);
            let mut input = down.as_mut_slice();
            while let Some(event) = client.receive(&mut input, 0) {
                match event {
                    ClientEvent::Message(call) => {
                        assert_eq!(client.message(call).bytes.len(), 40);
                        messages += 1;
                    }
                    ClientEvent::End { code, .. } => {
                        assert_eq!(code, Code::Ok);
                        ends += 1;
                    }
                    _ => {}
                }
            }
            down.clear();
        }
        assert_eq!((messages, ends), (21, 2));
    });
}
