//! Whole sessions of WebSocket on a stream of HTTP/2 (RFC 8441 §5).

#![cfg(feature = "alloc")]

use framewright::http2::{self, ErrorCode, Event, Slot, Storage, Stream};
use framewright::ws::handshake::{ClientRequest, Offer, Origins};
use framewright::ws::{self, CloseCode, Connection, Inbox, Kind, Limits, MessageEvent};

/// One end: HTTP/2, and the WebSocket on its only stream.
struct End<R, S> {
    http2: http2::Connection<R, Vec<u8>, Vec<Slot>>,
    ws: Option<(Stream, Connection<S>)>,
    inbox: Inbox<Vec<u8>>,
    /// What the WebSocket has written and the stream has not taken.
    pending: Vec<u8>,
    got: Vec<Vec<u8>>,
    /// Whether it sends messages back.
    echoes: bool,
    ended: bool,
    out: Vec<u8>,
}

impl<R: http2::Side, S: ws::Side> End<R, S> {
    fn new(http2: http2::Connection<R, Vec<u8>, Vec<Slot>>, echoes: bool) -> Self {
        let (inbox, pending, got, out) =
            (Inbox::new(Vec::new()), Vec::new(), Vec::new(), Vec::new());
        Self { http2, ws: None, inbox, pending, got, echoes, ended: false, out }
    }

    fn data(&mut self, mut input: &[u8]) {
        let Some((_, ws)) = &mut self.ws else { panic!("it is open") };
        while let Some(event) = ws.receive_message(&mut input, &mut self.inbox) {
            match event {
                MessageEvent::Message(_) if self.echoes => {
                    ws.send(self.inbox.message(), &mut self.pending).unwrap();
                }
                MessageEvent::Message(_) => self.got.push(self.inbox.message().as_bytes().to_vec()),
                _ => {}
            }
            ws.transmit(&mut self.pending);
        }
    }

    /// Sends what the windows allow, and ends the stream once the closing handshake is over.
    fn flush(&mut self) {
        if let Some((stream, ws)) = &mut self.ws {
            ws.transmit(&mut self.pending);
            let end = ws.close_expected().is_some();
            while !self.ended {
                let sent = self.http2.send(*stream, &self.pending, end, &mut self.out).unwrap();
                self.pending.drain(..sent);
                self.ended = end && self.pending.is_empty();
                if sent == 0 || self.pending.is_empty() {
                    break;
                }
            }
        }
        self.http2.transmit(&mut self.out);
    }
}

fn cut(bytes: &mut [u8], len: usize, mut each: impl FnMut(&mut [u8])) {
    bytes.chunks_mut(len).for_each(&mut each);
}

/// A whole session in pieces of `len` bytes, closed by either end. Returns the messages that came back.
fn session(len: usize, compressed: bool, server_closes: bool) -> Vec<Vec<u8>> {
    // A small window, so that messages are cut short and go on.
    let limits = http2::Limits::new().stream_window(100).max_send_len(30);
    let mut client = End::new(http2::Connection::client(Storage::new(), limits), false);
    let server = http2::Connection::server(Storage::new(), limits).extended_connect();
    let mut server = End::new(server, true);
    let request = ClientRequest::new("a", "/");
    #[cfg(feature = "deflate")]
    let request = request.compression(compressed.then(ws::deflate::Config::new));
    let (request, fields, check) = request.connect("http").unwrap();
    let (mut client_head, mut server_head) = (Vec::new(), Vec::new());
    let mut closed = false;
    server.flush();
    for round in 0.. {
        assert!(round < 10_000, "it goes on for ever");
        let mut read = std::mem::take(&mut server.out);
        let idle = read.is_empty();
        cut(&mut read, len, |mut input| {
            while let Some(event) = client.http2.receive(&mut input, &mut client_head) {
                match event {
                    Event::Settings => {
                        client.http2.open(request, fields, false, &mut client.out).unwrap();
                    }
                    Event::Head { stream, head, .. } => {
                        let accepted = check.check_connect(head.status(), head.headers()).unwrap();
                        let mut ws = accepted.connection(Limits::new(), || [1, 2, 3, 4]);
                        for message in messages() {
                            ws.send(&message[..], &mut client.pending).unwrap();
                        }
                        // A message in fragments, with a ping between them.
                        for (message, end) in [("Hel", false), ("lo", true)] {
                            let encoder = ws.encoder().unwrap();
                            let piece = message.as_bytes();
                            encoder
                                .encode_fragment(Kind::Text, piece, end, &mut client.pending)
                                .unwrap();
                            ws.ping(b"?", &mut client.pending).unwrap();
                        }
                        client.ws = Some((stream, ws));
                    }
                    Event::Data(data) => client.data(data.bytes),
                    Event::Reset { .. } | Event::StreamFailed { .. } | Event::Failed(_) => {
                        panic!("{event:?}")
                    }
                    _ => {}
                }
            }
        });
        if client.got.len() == messages().len() + 1 && !std::mem::replace(&mut closed, true) {
            if server_closes {
                let (_, ws) = server.ws.as_mut().unwrap();
                ws.close(CloseCode::NORMAL, "", &mut server.pending).unwrap();
            } else {
                let (_, ws) = client.ws.as_mut().unwrap();
                ws.close(CloseCode::NORMAL, "", &mut client.pending).unwrap();
            }
        }
        client.flush();
        let mut read = std::mem::take(&mut client.out);
        cut(&mut read, len, |mut input| {
            while let Some(event) = server.http2.receive(&mut input, &mut server_head) {
                match event {
                    Event::Head { stream, head, .. } => {
                        let origins = Origins::any().or_absent();
                        let offer =
                            Offer::from_connect(&head.request(), head.headers(), origins).unwrap();
                        let acceptance = offer.accept();
                        #[cfg(feature = "deflate")]
                        let acceptance = acceptance.compression(ws::deflate::Config::new());
                        let fields = acceptance.to_fields().unwrap();
                        server
                            .http2
                            .send_head(stream, 200, fields, false, &mut server.out)
                            .unwrap();
                        server.ws = Some((stream, acceptance.connection(Limits::new())));
                    }
                    Event::Data(data) => server.data(data.bytes),
                    Event::Reset { .. } | Event::StreamFailed { .. } | Event::Failed(_) => {
                        panic!("{event:?}")
                    }
                    _ => {}
                }
            }
        });
        server.flush();
        if idle && read.is_empty() && server.out.is_empty() {
            break;
        }
    }
    for ws in
        [client.ws.as_ref().unwrap().1.receive_eof(), server.ws.as_ref().unwrap().1.receive_eof()]
    {
        assert_eq!((ws.code, ws.truncated), (CloseCode::NORMAL, false));
    }
    assert_eq!((client.http2.open_streams(), server.http2.open_streams()), (0, 0));
    assert_eq!(compressed, compressed && cfg!(feature = "deflate"));
    client.got
}

fn messages() -> [Vec<u8>; 3] {
    [b"a".to_vec(), b"bc".repeat(200), Vec::new()]
}

/// RFC 8441 §5: the stream is what the TCP connection was, in any pieces, compressed or not, closed by either end.
#[test]
fn a_stream_carries_a_websocket() {
    let mut expected = messages().to_vec();
    expected.push(b"Hello".to_vec());
    for len in (1..40).chain([1000, 100_000]) {
        for compressed in [false, cfg!(feature = "deflate")] {
            for server_closes in [false, true] {
                let got = session(len, compressed, server_closes);
                assert_eq!(got, expected, "{len} {compressed} {server_closes}");
            }
        }
    }
}

/// RFC 8441 §5: a reset with CANCEL is the loss of the transport.
#[test]
fn a_reset_is_the_loss_of_the_transport() {
    let mut client = http2::Connection::client(Storage::new(), http2::Limits::new());
    let mut server =
        http2::Connection::server(Storage::new(), http2::Limits::new()).extended_connect();
    let (mut to_client, mut to_server, mut head) = (Vec::new(), Vec::new(), Vec::new());
    server.transmit(&mut to_client);
    let event = client.receive(&mut &mut to_client[..], &mut head);
    assert!(matches!(event, Some(Event::Settings)));
    let request = ClientRequest::new("a", "/");
    let (request, fields, _) = request.connect("https").unwrap();
    let stream = client.open(request, fields, false, &mut to_server).unwrap();
    client.reset(stream, ErrorCode::CANCEL);
    client.transmit(&mut to_server);
    let mut input = &mut to_server[..];
    let mut reset = None;
    let connection = Connection::server(Limits::new());
    while let Some(event) = server.receive(&mut input, &mut head) {
        if let Event::Reset { code, .. } = event {
            reset = Some((code, connection.receive_eof().code));
        }
    }
    assert_eq!(reset, Some((ErrorCode::CANCEL, CloseCode::ABNORMAL)));
}
