//! Messages without a body, and those that never end: HEAD, 204, 304, and CONNECT (RFC 9113 §8.1.1, §8.5; RFC 8441).

use framewright::http::NO_FIELDS;
use framewright::http2::{
    Client, Connection, Error, Limits, Request, SendError, Server, Storage, Stream,
};

use super::common::http2_peer::*;
use super::common::http2_session::{Reaction, Seen, Session, client, reaction_to, server};

const HEAD: List<'_> =
    &[(":method", "HEAD"), (":scheme", "http"), (":authority", "a.example"), (":path", "/")];
const CONNECT: List<'_> = &[(":method", "CONNECT"), (":authority", "a.example:443")];
const WEBSOCKET: List<'_> = &[
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/"),
    (":authority", "a.example"),
];
const TRAILERS: List<'_> = &[("x", "y")];

/// A server that has got this request, and answered it with this status.
fn answered(request: List<'_>, flags: u8, status: u16) -> (Session<Server>, Stream) {
    let mut server = server();
    server.open();
    server.receive(&headers(1, flags, request));
    let stream = *server.streams.first().expect("it is right");
    server
        .h2
        .send_head(stream, status, NO_FIELDS, false, &mut server.out)
        .expect("it is the first");
    server.take_frames();
    (server, stream)
}

/// A client that has opened stream 5 with this request, at a server that offers extended CONNECT.
fn asked(request: Request<'_>, end: bool) -> (Session<Client>, Stream) {
    let mut client = client();
    client.open();
    client.receive(&settings(&[(ENABLE_CONNECT_PROTOCOL, 1)]));
    let opened = client.h2.open(request, NO_FIELDS, end, &mut client.out);
    client.take_frames();
    (client, opened.expect("it is right"))
}

/// RFC 9110 §6.4.
#[test]
fn responses_that_have_no_body_get_none() {
    for (request, status) in [(HEAD, 200), (HEAD, 404), (GET, 204), (GET, 304)] {
        let (mut server, stream) = answered(request, END_STREAM, status);
        let sent = server.h2.send(stream, b"x", true, &mut server.out);
        assert_eq!(sent, Err(SendError::NoBody), "{status}");
        assert_eq!(server.h2.send(stream, b"", true, &mut server.out), Ok(0), "{status}");
        let frames = server.take_frames();
        assert_eq!((frames[0].kind, frames[0].flags), (DATA, END_STREAM), "{status}");
    }
}

/// §8.1.1: a `content-length` there is of the body that a GET would get.
#[test]
fn a_length_without_a_body_counts_nothing() {
    let ok = [(":status", "200"), ("content-length", "5")];
    for (frames, error) in [
        (vec![headers(5, END_STREAM, &ok)], None),
        (vec![headers(5, 0, &ok), data(5, END_STREAM, b"")], None),
        (vec![headers(5, 0, &ok), headers(5, END_STREAM, TRAILERS)], None),
        (vec![headers(5, 0, &ok), data(5, END_STREAM, b"hello")], Some(Error::ContentLength)),
    ] {
        let (mut client, _) = asked(Request::new("HEAD", "http", "a.example", "/"), true);
        client.receive(&frames.concat());
        let failed = client.seen.iter().find_map(|seen| match seen {
            Seen::StreamFailed { error, .. } => Some(*error),
            _ => None,
        });
        assert_eq!(failed, error, "{frames:?}");
    }
    // Of a 1xx it is ignored, and the final one's counts.
    let early = headers(1, 0, &[(":status", "103"), ("content-length", "9")]);
    let frames = [early, headers(1, 0, OK), data(1, END_STREAM, b"any")];
    assert_eq!(reaction_to(client, &frames), Reaction::Fine);
}

/// §8.5.
#[test]
fn a_tunnel_is_of_data_alone() {
    for request in [CONNECT, WEBSOCKET] {
        let (mut server, stream) = answered(request, 0, 200);
        server.receive(&data(1, 0, b"any"));
        assert!(matches!(server.seen.last(), Some(Seen::Data { stream: 1, end: false, .. })));
        assert_eq!(server.h2.send(stream, b"thing", false, &mut server.out), Ok(5));
        let sent = server.h2.send_trailers(stream, [("x", "y")], &mut server.out);
        assert_eq!(sent, Err(SendError::TrailersInTunnel));
        server.receive(&headers(1, END_STREAM, TRAILERS));
        let failed = Seen::StreamFailed { stream: 1, error: Error::HeadUnexpected };
        assert_eq!(server.seen.last(), Some(&failed));
    }
    for request in [
        Request::connect("a.example:443"),
        Request::extended_connect("websocket", "https", "a.example", "/"),
    ] {
        let (mut client, stream) = asked(request, false);
        // It is no length of anything.
        client.receive(&headers(5, 0, &[(":status", "200"), ("content-length", "1")]));
        client.receive(&data(5, 0, b"any"));
        assert!(matches!(client.seen.last(), Some(Seen::Data { stream: 5, end: false, .. })));
        assert_eq!(client.h2.send(stream, b"thing", false, &mut client.out), Ok(5));
        let sent = client.h2.send_trailers(stream, [("x", "y")], &mut client.out);
        assert_eq!(sent, Err(SendError::TrailersInTunnel));
        client.receive(&headers(5, END_STREAM, TRAILERS));
        let failed = Seen::StreamFailed { stream: 5, error: Error::HeadUnexpected };
        assert_eq!(client.seen.last(), Some(&failed));
    }
}

/// §8.5.
#[test]
fn a_connect_that_is_refused_is_like_any_request() {
    let (mut server, stream) = answered(CONNECT, 0, 403);
    server.receive(&headers(1, END_STREAM, TRAILERS));
    assert!(matches!(server.seen.last(), Some(Seen::Trailers { stream: 1, .. })));
    server.h2.send_trailers(stream, [("x", "y")], &mut server.out).expect("it is no tunnel");
    let (mut client, _) = asked(Request::connect("a.example:443"), false);
    client.receive(
        &[headers(5, 0, &[(":status", "403")]), headers(5, END_STREAM, TRAILERS)].concat(),
    );
    assert!(matches!(client.seen.last(), Some(Seen::Trailers { stream: 5, .. })));
}

/// RFC 8441 §3: the server offers it. It does not ask for the setting of a client: browsers send none (haproxy/haproxy#3355).
#[test]
fn extended_connect_is_offered_first() {
    let frames = [headers(1, 0, WEBSOCKET)];
    assert_eq!(reaction_to(server, &frames), Reaction::Fine);
    let mut plain = Connection::server(Storage::new(), Limits::new());
    let mut bytes = [PREFACE, &settings(&[]), &frames[0]].concat();
    let (mut input, mut head) = (&mut bytes[..], Vec::new());
    let mut failed = None;
    while let Some(event) = plain.receive(&mut input, &mut head) {
        if let framewright::http2::Event::StreamFailed { error, .. } = event {
            failed = Some(error);
        }
    }
    assert_eq!(failed, Some(Error::PseudoField));

    let mut client = client();
    client.open();
    let request = Request::extended_connect("websocket", "https", "a.example", "/");
    let opened = client.h2.open(request, NO_FIELDS, false, &mut client.out);
    assert_eq!(opened, Err(SendError::ConnectNotOffered));
    // An offer may be declined, made, and made again, but not taken back.
    for (value, error) in [(0, None), (1, None), (1, None), (0, Some(Error::EnableConnectProtocol))]
    {
        client.receive(&settings(&[(ENABLE_CONNECT_PROTOCOL, value)]));
        assert_eq!(client.h2.error(), error);
    }
}
