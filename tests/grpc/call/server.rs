//! A server's calls, in the order of PROTOCOL-HTTP2 and PROTOCOL-WEB.

use super::{GRPC, PATH, Seen, WEB, frame, headers, server, server_of, whole};
use crate::common::same_however_split;
use framewright::SliceBuf;
use framewright::grpc::{
    CallKind, Code, Encodings, Error, Event, Request, Reset, ResponseHead, SendError, ServerConfig,
    Status, Trailing, Value,
};

// -- Requests

#[test]
fn a_server_takes_a_request_however_it_is_split() {
    let body = [frame(0, "a"), frame(1, "bcd"), frame(0, "")].concat();
    let text = b"AAAAAAFhAQ==AAAAA2JjZA==AAAAAAA=";
    for (content_type, body) in [
        ("application/grpc", &body[..]),
        ("application/grpc-web", &body),
        ("application/grpc-web-text", text),
    ] {
        let seen = same_however_split(body, |pieces| {
            let mut call = server_of(content_type, CallKind::ClientStreaming);
            let mut seen = Seen::default();
            for piece in pieces {
                let mut read = piece.to_vec();
                let mut input = call.decode_text_in_place(&mut read);
                while let Some(event) = call.receive(&mut input) {
                    seen.see(Some(event));
                }
            }
            seen.see(call.receive_eof());
            assert_eq!((call.code(), call.owes()), (None, false));
            seen
        });
        let mut messages = whole(&["a", "bcd", ""]);
        messages[1].0 = true;
        assert_eq!(seen, Seen { messages, end: None, half_closed: true });
    }
}

/// A body that ends in its padding, or before it, is cut off, although all of its bytes came.
#[test]
fn text_that_is_cut_in_its_padding_is_an_error() {
    for (body, padding) in
        [(&b"AAAAAAJhYg=="[..], 2), (b"AAAAAANhYmM=", 1), (b"AAAAAAJhYg==AAAAAAA=", 1)]
    {
        for cut in 1..=padding {
            let body = &body[..body.len() - cut];
            let (code, text) =
                refused("application/grpc-web-text", CallKind::ClientStreaming, body, true);
            assert_eq!(
                (code, text.contains("ended inside a message")),
                (Code::Internal, true),
                "{text}"
            );
        }
    }
}

/// A server's own answer to a request that breaks a rule.
fn refused(content_type: &str, kind: CallKind, body: &[u8], end: bool) -> (Code, String) {
    same_however_split(body, |pieces| {
        let mut call = server_of(content_type, kind);
        let mut seen = Seen::default();
        for piece in pieces {
            let mut read = piece.to_vec();
            let mut input = call.decode_text_in_place(&mut read);
            while let Some(event) = call.receive(&mut input) {
                seen.see(Some(event));
            }
            assert!(input.is_empty());
        }
        if end {
            seen.see(call.receive_eof());
        }
        let code = seen.end.unwrap();
        assert_eq!((call.code(), call.owes()), (Some(code), true));
        let mut out = Vec::new();
        let mut finished = Vec::new();
        assert_eq!(call.clone().finish(Status::OK, &mut finished), Ok(()));
        assert!(call.transmit(&mut out));
        assert_eq!(finished, out, "it ends as it has to, whatever it is finished with");
        assert_eq!(call.trailing(), Trailing::TrailersOnly);
        let written = out.len();
        assert_eq!((call.code(), call.owes(), call.transmit(&mut out)), (Some(code), false, true));
        assert_eq!(out.len(), written, "once");
        let reset = (!end).then_some(Reset::AfterDraining(0));
        assert_eq!(call.reset_code(), reset, "NO_ERROR if the request goes on");
        (code, String::from_utf8(out).unwrap())
    })
}

#[test]
fn a_server_answers_a_violation_by_itself() {
    let head = "content-type: application/grpc\r\ngrpc-accept-encoding: gzip\r\n";
    for (kind, body, end, status) in [
        (CallKind::Unary, frame(2, ""), false, "13\r\ngrpc-message: unknown flag before a message"),
        (
            CallKind::Unary,
            frame(0x80, ""),
            false,
            "13\r\ngrpc-message: unknown flag before a message",
        ),
        (CallKind::Unary, frame(0, [0; 101]), false, "8\r\ngrpc-message: message is too long"),
        (CallKind::Unary, vec![0, 0, 0, 0, 101], false, "8\r\ngrpc-message: message is too long"),
        (CallKind::Unary, vec![], true, "12\r\ngrpc-message: no message where one was expected"),
        (
            CallKind::ServerStreaming,
            frame(0, "a").repeat(2),
            false,
            "12\r\ngrpc-message: more than one message where one was expected",
        ),
        (
            CallKind::Unary,
            frame(0, "abc")[..7].to_vec(),
            true,
            "13\r\ngrpc-message: stream ended inside a message",
        ),
        (
            CallKind::BidiStreaming,
            vec![0],
            true,
            "13\r\ngrpc-message: stream ended inside a message",
        ),
    ] {
        let (_, out) = refused("application/grpc", kind, &body, end);
        assert_eq!(out, format!("{head}grpc-status: {status}\r\n"));
    }
    let (code, _) = refused("application/grpc-web-text", CallKind::Unary, b"AAAA*", false);
    assert_eq!(code, Code::Internal);
    let (code, _) = refused("application/grpc-web-text", CallKind::BidiStreaming, b"AAAAAAA", true);
    assert_eq!(code, Code::Internal, "a message and half a group");
}

#[test]
fn a_flag_without_an_encoding_is_refused() {
    let request = Request::parse("POST", PATH, headers(&[GRPC])).unwrap();
    let mut call = request
        .accept(CallKind::Unary, &ServerConfig::new().encodings(Encodings::GZIP), 0)
        .unwrap();
    assert_eq!(call.receive(&mut &b"\x01\0\0\0\0"[..]), Some(Event::End(Code::Internal)));
    assert_eq!(call.error(), Some(Error::CompressedUnexpected));
}

// -- Responses

/// PROTOCOL-HTTP2, *Outline*, *Response-Headers*, *Trailers*.
#[test]
fn a_server_sends_a_head_and_messages_and_trailers() {
    let mut call = server(CallKind::Unary);
    let mut out = Vec::new();
    assert_eq!(call.send(b"x", &mut out), Err(SendError::HeadUnsent));
    assert_eq!(
        call.body().and_then(|encoder| encoder.begin_message(1, false, &mut out)),
        Err(SendError::HeadUnsent)
    );
    let head = ResponseHead::new().encoding("gzip").metadata(&[("x-id", Value::Text("7"))]);
    call.send_head(head, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(std::mem::take(&mut out)).unwrap(),
        "content-type: application/grpc\r\n\
         grpc-encoding: gzip\r\n\
         grpc-accept-encoding: gzip\r\n\
         x-id: 7\r\n"
    );
    assert_eq!(call.send_head(head, &mut out), Err(SendError::HeadSent));
    assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::MessageMissing));
    assert_eq!(
        call.body().and_then(|encoder| encoder.encode_prefix(3, true)).unwrap().to_bytes(),
        [1, 0, 0, 0, 3]
    );
    assert_eq!(call.send(b"x", &mut out), Err(SendError::MessageUnexpected));
    assert_eq!(out, b"", "nothing was written");
    assert_eq!(call.finish(Status::OK, &mut out), Ok(()));
    assert_eq!(call.trailing(), Trailing::Trailers);
    assert_eq!(out, b"grpc-status: 0\r\n");
    assert_eq!(call.code(), Some(Code::Ok));
    assert_eq!(call.send(b"x", &mut out), Err(SendError::Ended));
    assert_eq!(call.send_head(head, &mut out), Err(SendError::Ended));
    assert_eq!(call.finish(Status::OK, &mut out), Ok(()));
    assert_eq!(out, b"grpc-status: 0\r\n", "once");
}

#[test]
fn a_head_that_cannot_be_written_is_named() {
    let mut call = server(CallKind::Unary);
    let mut out = Vec::new();
    for encoding in ["", "a b", "gzip\r\nx: y"] {
        let head = ResponseHead::new().encoding(encoding);
        assert_eq!(call.send_head(head, &mut out), Err(SendError::Encoding));
    }
    for (metadata, error) in [
        (("a b", Value::Text("1")), SendError::MetadataName(1)),
        (("x", Value::Text("1\r\ny: z")), SendError::MetadataValue(1)),
    ] {
        let list = [("x-id", Value::Text("7")), metadata];
        let head = ResponseHead::new().metadata(&list);
        assert_eq!(call.send_head(head, &mut out), Err(error));
    }
    assert_eq!(out, b"");
    call.send_head(ResponseHead::new(), &mut out).unwrap();
}

/// PROTOCOL-HTTP2, *Trailers-Only*.
#[test]
fn a_server_without_a_head_sends_trailers_only() {
    for content_type in ["application/grpc", "application/grpc-web", "application/grpc-web-text"] {
        let mut call = server_of(content_type, CallKind::Unary);
        let mut out = Vec::new();
        let status = Status::new(Code::NotFound, "gone");
        assert_eq!(call.finish(status, &mut out), Ok(()));
        assert_eq!(call.trailing(), Trailing::TrailersOnly);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "content-type: {content_type}\r\n\
                 grpc-accept-encoding: gzip\r\n\
                 grpc-status: 5\r\n\
                 grpc-message: gone\r\n"
            )
        );
    }
}

#[test]
fn a_server_in_grpc_web_sends_its_trailers_in_the_body() {
    for (content_type, body) in [
        ("application/grpc-web", &b"\0\0\0\0\x02\x08\x01\x80\0\0\0\x10grpc-status: 0\r\n"[..]),
        ("application/grpc-web-text", b"AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogMA0K"),
    ] {
        let mut call = server_of(content_type, CallKind::Unary);
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
        call.send(b"\x08\x01", &mut out).unwrap();
        assert_eq!(call.finish(Status::OK, &mut out), Ok(()));
        assert_eq!(call.trailing(), Trailing::Body);
        assert_eq!(out, body);
    }
}

#[test]
fn trailers_wait_for_the_end_of_a_message_and_for_room() {
    for content_type in ["application/grpc", "application/grpc-web"] {
        let mut call = server_of(content_type, CallKind::Unary);
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
        call.body().and_then(|encoder| encoder.begin_message(3, false, &mut out)).unwrap();
        assert_eq!(call.finish(Status::OK, &mut out), Err(SendError::MessageUnfinished));
        assert_eq!(call.poll(0), None, "no deadline");
        call.set_deadline(10);
        assert_eq!((call.deadline(), call.poll(9)), (Some(10), None));
        assert_eq!(call.poll(10), Some(Event::End(Code::DeadlineExceeded)));
        assert_eq!((call.deadline(), call.poll(11)), (None, None), "once");
        assert!(!call.transmit(&mut out), "inside a message");
        let mut copy = call.clone();
        let body = copy.body().unwrap();
        body.encode_payload(b"abc", &mut Vec::new()).unwrap();
        let another = body.begin_message(1, false, &mut Vec::new());
        assert_eq!(another, Err(SendError::Ended), "no other message may begin");
        assert_eq!(copy.send(b"x", &mut Vec::new()), Err(SendError::Ended));
        call.body().and_then(|encoder| encoder.encode_payload(b"abc", &mut out)).unwrap();
        assert_eq!(
            call.body().and_then(|encoder| encoder.encode_payload(b"d", &mut out)),
            Err(SendError::Ended)
        );
        let mut room = [0; 20];
        assert!(!call.transmit(&mut SliceBuf::new(&mut room)), "no room");
        assert!(call.owes());
        out.clear();
        assert!(call.transmit(&mut out));
        let trailing = call.trailing();
        let block = b"grpc-status: 4\r\ngrpc-message: deadline exceeded\r\n";
        match trailing {
            Trailing::Trailers => assert_eq!(out, block),
            _ => assert_eq!(out, frame(0x80, block)),
        }
        assert_eq!(trailing == Trailing::Body, content_type == "application/grpc-web");
        assert!(!call.owes() && call.transmit(&mut out), "nothing is left");
    }
}

// -- gRPC-Web over WebSocket

#[test]
fn a_server_over_websocket_sends_a_stream() {
    let list = headers(&[WEB, ("x-grpc-web", "1")]);
    let request = Request::parse_socket(PATH, list).unwrap();
    let mut call = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let mut out = Vec::new();
    call.send_head(ResponseHead::new(), &mut out).unwrap();
    call.send(b"\x08\x01", &mut out).unwrap();
    assert_eq!(call.finish(Status::OK, &mut out), Ok(()));
    assert_eq!(call.trailing(), Trailing::Body);
    let expected = [
        frame(0x80, "content-type: application/grpc-web+proto\r\n"),
        frame(0, b"\x08\x01"),
        frame(0x80, "grpc-status: 0\r\n"),
    ];
    assert_eq!(out, expected.concat());

    let mut only = request.accept(CallKind::Unary, &ServerConfig::new(), 0).unwrap();
    let mut out = Vec::new();
    assert_eq!(only.finish(Status::new(Code::Aborted, ""), &mut out), Ok(()));
    assert_eq!(only.trailing(), Trailing::Body);
    assert_eq!(out, frame(0x80, "grpc-status: 10\r\n"));
    let mut out = Vec::new();
    request.unimplemented().write(&mut out).unwrap();
    let block = "grpc-status: 12\r\ngrpc-message: unknown service or method\r\n";
    assert_eq!(out, frame(0x80, block));
}

/// This framing has only one form.
#[test]
fn over_websocket_it_is_grpc_web_whatever_was_asked_for() {
    for (content_type, answer) in [
        ("application/grpc-web-text+json", "application/grpc-web+json"),
        ("application/grpc", "application/grpc-web"),
    ] {
        let list = headers(&[("content-type", content_type)]);
        let request = Request::parse_socket(PATH, list).unwrap();
        let mut call =
            request.accept(CallKind::Unary, &ServerConfig::new().any_subtype(), 0).unwrap();
        let mut read = frame(0, "ab");
        let mut input = call.decode_text_in_place(&mut read);
        let event = call.receive(&mut input);
        assert!(matches!(event, Some(Event::Message { chunk, .. }) if chunk.bytes == b"ab"));
        let mut out = Vec::new();
        call.send_head(ResponseHead::new(), &mut out).unwrap();
        assert_eq!(out, frame(0x80, format!("content-type: {answer}\r\n")));
        call.send(b"\x08\x01", &mut out).unwrap();
        assert!(out.ends_with(&frame(0, b"\x08\x01")));
    }
}
