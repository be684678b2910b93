//! What holds for a call on either side: resets, lost connections, and events out of order.

use super::{GRPC, OK, answered, client, frame, headers, server};
use framewright::SliceBuf;
use framewright::grpc::{
    CallKind, ClientCall, Code, Error, Event, Reset, ResponseHead, SendError, ServerCall, Status,
};

// -- Early Server Closure

/// PROTOCOL-HTTP2, *Early Server Closure*.
#[test]
fn a_call_that_ends_early_is_reset_without_an_error() {
    let mut call = answered(CallKind::BidiStreaming);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(call.reset_code(), Some(Reset::Now(0)), "NO_ERROR: the request has not ended");
    assert_eq!(call.send(b"x", &mut Vec::new()), Err(SendError::Ended));
    let mut call = answered(CallKind::BidiStreaming);
    call.half_close(&mut Vec::new()).unwrap();
    assert_eq!(call.reset_code(), None);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(call.reset_code(), None, "both have ended");

    let mut call = server(CallKind::BidiStreaming);
    assert_eq!(call.reset_code(), None);
    call.finish(Status::OK, &mut Vec::new()).unwrap();
    assert_eq!(call.reset_code(), Some(Reset::AfterDraining(0)), "some proxies lose the status");
    assert_eq!(call.reset_code().map(Reset::code), Some(0), "NO_ERROR");
    assert_eq!(call.receive(&mut &b"\xFF\xFF"[..]), None, "what comes then is ignored");
    assert_eq!(call.receive_eof(), None);
    assert_eq!(call.reset_code(), None);
}

/// However it stands, one call ends it.
#[test]
fn a_server_ends_a_call_however_it_stands() {
    let status = Status::new(Code::NotFound, "gone");
    let mut open = server(CallKind::Unary);
    let mut failed = server(CallKind::Unary);
    failed.receive(&mut &b"\xFF"[..]);
    let mut lost = server(CallKind::Unary);
    lost.receive_disconnect();
    for (call, code, trailers) in [
        (&mut open, Code::NotFound, "grpc-status: 5\r\ngrpc-message: gone\r\n"),
        (
            &mut failed,
            Code::Internal,
            "grpc-status: 13\r\ngrpc-message: unknown flag before a message\r\n",
        ),
        (&mut lost, Code::Cancelled, ""),
    ] {
        let mut small = [0; 3];
        let full = call.clone().finish(status, &mut SliceBuf::new(&mut small));
        assert_eq!(full.is_err(), !trailers.is_empty());
        let (mut out, mut fields) = (Vec::new(), Vec::new());
        let mut twin = call.clone();
        assert_eq!(call.finish(status, &mut out), Ok(()));
        assert!(String::from_utf8(out.clone()).unwrap().ends_with(trailers));
        assert_eq!((call.code(), call.owes()), (Some(code), false));
        let put = |name: &str, value: framewright::http::FieldValue<'_>| {
            fields.extend([name.as_bytes(), b": ", &value.to_vec(), b"\r\n"].concat());
        };
        assert_eq!(twin.finish_fields(status, &mut Vec::new(), put), Ok(()));
        assert_eq!(fields, out);
        assert_eq!((call.finish(status, &mut out), out), (Ok(()), fields), "once");
    }
    let mut call = server(CallKind::Unary);
    call.send_head(ResponseHead::new(), &mut Vec::new()).unwrap();
    call.body().and_then(|body| body.begin_message(3, false, &mut Vec::new())).unwrap();
    call.set_deadline(1);
    call.poll(1);
    assert_eq!(call.finish(status, &mut Vec::new()), Err(SendError::MessageUnfinished));
}

/// statuscodes.md: a message that cannot be parsed is INTERNAL.
#[test]
fn a_message_that_cannot_be_used_changes_a_call_that_ended_ok() {
    let mut call = answered(CallKind::ServerStreaming);
    call.receive_trailers(headers(&[OK]));
    assert_eq!(call.reject(Code::Internal), None, "the call has ended before");
    assert_eq!(call.status().unwrap(), Status::new(Code::Internal, ""));
    let mut call = answered(CallKind::ServerStreaming);
    call.receive_trailers(headers(&[("grpc-status", "5")]));
    assert_eq!(call.reject(Code::Internal), None);
    assert_eq!(call.status().unwrap().code, Code::NotFound, "an error stays");
    let mut call = answered(CallKind::ServerStreaming);
    assert_eq!(call.reject(Code::Internal), Some(Event::End(Code::Internal)));
    assert_eq!(call.reset_code(), Some(Reset::Now(8)), "CANCEL");
}

// -- Errors: RST_STREAM and lost connections

#[test]
fn a_reset_ends_the_call() {
    for (error, code) in [(0, Code::Internal), (7, Code::Unavailable), (8, Code::Cancelled)] {
        let mut call = answered(CallKind::Unary);
        assert_eq!(call.receive_reset(error), Some(Event::End(code)));
        assert_eq!((call.error(), call.reset_code()), (Some(Error::Reset(error)), None));
        let mut call = server(CallKind::Unary);
        assert_eq!(call.receive_reset(error), Some(Event::End(code)));
        assert_eq!((call.code(), call.owes(), call.reset_code()), (Some(code), false, None));
    }
}

/// PROTOCOL-HTTP2, *Connection failure*.
#[test]
fn a_lost_connection_is_unavailable_to_a_client_and_a_cancellation_to_a_server() {
    assert_eq!(client(CallKind::Unary).receive_disconnect(), Some(Event::End(Code::Unavailable)));
    let mut call = server(CallKind::Unary);
    assert_eq!(call.receive_disconnect(), Some(Event::End(Code::Cancelled)));
    assert!(!call.owes());
    let mut call = server(CallKind::Unary);
    assert_eq!(call.receive(&mut &b"\xFF"[..]), Some(Event::End(Code::Internal)));
    assert!(call.owes());
    assert_eq!((call.receive_disconnect(), call.owes()), (None, false), "there is nobody to tell");
}

// -- Outline

#[test]
fn events_out_of_order_end_the_call() {
    let mut call = client(CallKind::Unary);
    assert_eq!(call.receive(&mut &b""[..]), None);
    assert_eq!(call.receive(&mut &b"\0"[..]), Some(Event::End(Code::Unknown)), "a body first");
    let mut call = client(CallKind::Unary);
    assert_eq!(
        call.receive_trailers(headers(&[OK])),
        Some(Event::End(Code::Unknown)),
        "trailers first"
    );
    let mut call = answered(CallKind::Unary);
    let again = call.receive_head(200, headers(&[GRPC]), false);
    assert_eq!((again, call.error()), (Some(Event::End(Code::Internal)), Some(Error::OutOfOrder)));
    let mut call = server(CallKind::BidiStreaming);
    assert_eq!(call.receive_eof(), Some(Event::HalfClose));
    assert_eq!(call.receive(&mut &b""[..]), None);
    assert_eq!(call.receive(&mut &b"\0"[..]), Some(Event::End(Code::Internal)), "after the end");
    for bytes in [frame(0, ""), frame(0, "whole")] {
        let mut call = server(CallKind::BidiStreaming);
        assert_eq!(call.receive_eof(), Some(Event::HalfClose));
        assert_eq!(call.receive(&mut &bytes[..]), Some(Event::End(Code::Internal)), "all of it");
    }
    let mut call = server(CallKind::BidiStreaming);
    call.receive_eof();
    assert_eq!(call.receive_eof(), Some(Event::End(Code::Internal)), "a second end");
}

// -- Size

/// A call owns no heap except its storage, and is small.
#[test]
fn a_call_is_small_and_so_is_what_it_returns() {
    assert!(size_of::<ClientCall<SliceBuf<'_>>>() <= 256);
    assert!(size_of::<ServerCall>() <= 256);
    assert!(size_of::<Option<Event<'_>>>() <= 32);
}
