//! Batches: messages that share a DATA frame (RFC 9113 §6.1, PROTOCOL-HTTP2).

use framewright::grpc::{
    CallId, CallKind, Client, ClientEvent, Heap, Limits, Message, ResponseHead, SendError, Server,
    ServerConfig, ServerEvent, Status,
};
use framewright::http2::{self, FrameHeader, FrameType};
use framewright::{Buffer, SliceBuf};

use super::pair::request;

/// Both ends, with a call that the server has accepted and whose head it has sent.
struct Ends {
    client: Client<Heap>,
    server: Server<Heap>,
    /// The call, as each of the two names it.
    call: CallId,
    called: CallId,
}

/// `client` are the limits of the client: they say what the server may send.
fn ends(client: http2::Limits) -> Ends {
    let mut client = Client::<Heap>::new(Limits::new(), client, 0);
    let mut server = Server::<Heap>::new(ServerConfig::new(), http2::Limits::new(), 0);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let call = client.call(&request("/t.T/Bidi"), CallKind::BidiStreaming, &mut up).unwrap();
    client.transmit(&mut up);
    let mut input = &mut up[..];
    let Some(ServerEvent::Call(called)) = server.receive(&mut input, 0) else { panic!("no call") };
    server.accept(called, CallKind::BidiStreaming).unwrap();
    assert_eq!(server.receive(&mut input, 0), None);
    server.send_head(called, ResponseHead::new(), &mut down).unwrap();
    server.transmit(&mut down);
    receive(&mut client, &mut down);
    up.clear();
    client.transmit(&mut up);
    assert_eq!(server.receive(&mut &mut up[..], 0), None);
    Ends { client, server, call, called }
}

/// What the client hears, which are messages alone.
fn receive(client: &mut Client<Heap>, mut input: &mut [u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some(event) = client.receive(&mut input, 0) {
        if let ClientEvent::Message(call) = event {
            messages.push(client.message(call).bytes.to_vec());
        }
    }
    messages
}

/// The payloads of the frames, all of which are DATA.
fn data(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some((header, rest)) = wire.split_first_chunk() {
        let header = FrameHeader::parse(*header);
        assert_eq!(header.frame_type(), FrameType::DATA);
        let (payload, rest) = rest.split_at(header.len() as usize);
        frames.push(payload);
        wire = rest;
    }
    assert!(wire.is_empty());
    frames
}

const COUNT: u8 = 24;

/// Messages of different lengths, which begin with their number.
fn message(number: u8) -> Vec<u8> {
    let len = [0, 1, 100, 7000, 16_379, 16_380, 20_000, 3][usize::from(number) % 8];
    let mut message = vec![number; len];
    message.push(number);
    message
}

#[test]
fn short_messages_share_a_frame() {
    let Ends { mut client, mut server, called, .. } = ends(http2::Limits::new());
    let mut out = Vec::new();
    let mut batch = server.batch(called, &mut out);
    for text in ["one", "two", "three"] {
        batch.send(text.as_bytes()).unwrap();
    }
    assert_eq!(data(&out), [b"\0\0\0\0\x03one\0\0\0\0\x03two\0\0\0\0\x05three"]);
    // The output may have been written since then.
    server.batch(called, &mut out).send(b"four").unwrap();
    server.send(called, b"five", &mut out).unwrap();
    assert_eq!(data(&out)[1..], [b"\0\0\0\0\x04four", b"\0\0\0\0\x04five"]);
    server.finish(called, Status::OK, &mut out).unwrap();
    assert_eq!(
        receive(&mut client, &mut out),
        ["one", "two", "three", "four", "five"].map(|s| s.as_bytes())
    );
}

#[test]
fn the_head_goes_before_the_first_message_of_a_batch() {
    let mut client = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
    let mut server = Server::<Heap>::new(ServerConfig::new(), http2::Limits::new(), 0);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    client.call(&request("/t.T/Count"), CallKind::ServerStreaming, &mut up).unwrap();
    let Some(ServerEvent::Call(called)) = server.receive(&mut &mut up[..], 0) else { panic!() };
    server.accept(called, CallKind::ServerStreaming).unwrap();
    let mut batch = server.batch(called, &mut down);
    batch.send(b"a").unwrap();
    batch.send(b"b").unwrap();
    assert!(down.ends_with(b"\0\0\x0C\0\0\0\0\0\x01\0\0\0\0\x01a\0\0\0\0\x01b"));
    assert_eq!(receive(&mut client, &mut down), [b"a", b"b"]);
}

/// Whatever the windows and the longest frame are, the body is that of messages that were sent one by one.
#[test]
fn a_batch_is_as_long_as_windows_and_frames_allow() {
    for window in [300, 1000, 16_384, 70_000, 1 << 20] {
        for max_frame_len in [16_384, 16_385, 40_000] {
            let limits = http2::Limits::new().stream_window(window).max_frame_len(max_frame_len);
            let (in_batches, frames) =
                send_all(limits, max_frame_len as usize, |server, call, sent, out| {
                    let mut batch = server.batch(call, out);
                    while *sent < COUNT {
                        batch.send(&message(*sent))?;
                        *sent += 1;
                    }
                    Ok(())
                });
            let (alone, more_frames) =
                send_all(limits, max_frame_len as usize, |server, call, sent, out| {
                    while *sent < COUNT {
                        server.send(call, &message(*sent), out)?;
                        *sent += 1;
                    }
                    Ok(())
                });
            let expected: Vec<_> = (0..COUNT).map(message).collect();
            assert_eq!(in_batches, expected, "{window} {max_frame_len}");
            assert_eq!(alone, expected, "{window} {max_frame_len}");
            assert!(frames <= more_frames, "{frames} {more_frames}");
        }
    }
}

/// Sends as often as it can go on, until all is received. Returns that, and how many DATA it took.
fn send_all(
    limits: http2::Limits,
    max_frame_len: usize,
    mut send: impl FnMut(&mut Server<Heap>, CallId, &mut u8, &mut Vec<u8>) -> Result<(), SendError>,
) -> (Vec<Vec<u8>>, usize) {
    let Ends { mut client, mut server, called, .. } = ends(limits);
    let (mut sent, mut received, mut frames) = (0, Vec::new(), 0);
    while received.len() < usize::from(COUNT) {
        let (mut out, mut up) = (Vec::new(), Vec::new());
        match send(&mut server, called, &mut sent, &mut out) {
            Ok(()) | Err(SendError::Busy) => {}
            Err(e) => panic!("{e}"),
        }
        server.transmit(&mut out);
        let payloads = data(&out);
        frames += payloads.len();
        assert!(payloads.iter().all(|payload| payload.len() <= max_frame_len));
        received.extend(receive(&mut client, &mut out));
        client.transmit(&mut up);
        let mut input = &mut up[..];
        while server.receive(&mut input, 0).is_some() {}
    }
    (received, frames)
}

/// An output without room for a message has none of it, and the message is kept.
#[test]
fn an_output_of_any_length() {
    for len in 0..60 {
        let Ends { mut client, mut server, called, .. } = ends(http2::Limits::new());
        let mut room = vec![0; len];
        let mut out = SliceBuf::new(&mut room);
        let mut batch = server.batch(called, &mut out);
        let mut sent = 0;
        while sent < 3 && batch.send(&[sent; 5]).is_ok() {
            sent += 1;
        }
        let mut wire = out.to_vec();
        let whole: usize = data(&wire).iter().map(|payload| payload.len()).sum();
        assert_eq!(whole % 10, 0);
        out.clear();
        // What was kept follows.
        let mut rest = Vec::new();
        server.transmit(&mut rest);
        wire.extend(rest);
        let expected: Vec<_> = (0..sent).map(|number| vec![number; 5]).collect();
        assert_eq!(receive(&mut client, &mut wire), expected, "{len}");
        assert!(sent > 0, "the first is sent or kept");
    }
}

#[test]
fn a_client_sends_batches_too() {
    let Ends { mut client, mut server, call, .. } = ends(http2::Limits::new());
    let mut out = Vec::new();
    let mut batch = client.batch(call, &mut out);
    batch.send(b"one").unwrap();
    batch.send(b"").unwrap();
    assert_eq!(data(&out), [b"\0\0\0\0\x03one\0\0\0\0\0"]);
    client.send_last(call, b"two", &mut out).unwrap();
    let (mut input, mut events) = (&mut out[..], Vec::new());
    while let Some(event) = server.receive(&mut input, 0) {
        if let ServerEvent::Message(call) = event {
            events.push(server.message(call).bytes.to_vec());
        }
    }
    assert_eq!(events, [&b"one"[..], b"", b"two"]);
    assert_eq!(client.batch(call, &mut out).send(b"late"), Err(SendError::HalfClosed));
}

/// Some calls have one message only, and what may be sent compressed is asked of each.
#[test]
fn a_batch_checks_what_a_call_does() {
    let mut client = Client::<Heap>::new(Limits::new(), http2::Limits::new(), 0);
    let mut server = Server::<Heap>::new(ServerConfig::new(), http2::Limits::new(), 0);
    let (mut up, mut out) = (Vec::new(), Vec::new());
    let unary = client.unary(&request("/t.T/Unary"), b"", &mut up).unwrap();
    assert_eq!(client.batch(unary, &mut up).send(b""), Err(SendError::HalfClosed));
    let mut input = &mut up[..];
    let Some(ServerEvent::Call(called)) = server.receive(&mut input, 0) else { panic!("no call") };
    server.accept(called, CallKind::Unary).unwrap();
    while server.receive(&mut input, 0).is_some() {}
    let mut batch = server.batch(called, &mut out);
    batch.send(b"one").unwrap();
    assert_eq!(batch.send(b"two"), Err(SendError::MessageUnexpected));
    server.finish(called, Status::OK, &mut out).unwrap();
    assert_eq!(server.batch(called, &mut out).send(b"late"), Err(SendError::Ended));
    assert_eq!(receive(&mut client, &mut out), [b"one"]);

    let Ends { mut client, mut server, called, .. } = ends(http2::Limits::new());
    let mut out = Vec::new();
    let mut batch = server.batch(called, &mut out);
    batch.send(b"plain").unwrap();
    assert_eq!(
        batch.send(Message { compressed: true, bytes: b"?" }),
        Err(SendError::EncodingMissing)
    );
    batch.send(b"too").unwrap();
    assert_eq!(receive(&mut client, &mut out), [&b"plain"[..], b"too"]);
}
