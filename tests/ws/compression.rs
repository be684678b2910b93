//! Compression as the handshake agrees on it, with nothing wired by hand (RFC 7692).
#![cfg(feature = "deflate")]

use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::handshake::{ClientRequest, Origins, Reply, Server};
use framewright::ws::{self, Client, Connection, Error, Inbox, Limits, Message, MessageEvent};
use framewright::{ArrayBuf, Buffer, BufferFull, http1};

const HTTP: http1::Limits = http1::Limits::new();

/// The connections that a handshake makes of what each end wants, and the head of the response.
fn handshake(
    client_config: Option<Config>,
    server_config: Option<Config>,
    limits: Limits,
) -> (Connection<Client>, Connection<ws::Server>, String) {
    let (mut request, mut response) = (Vec::new(), Vec::new());
    let asks = ClientRequest::new("a", "/").compression(client_config);
    let mut client = asks.write([7; 16], Vec::new(), HTTP, &mut request).unwrap();
    let mut server = Server::new(Origins::any(), Vec::new(), HTTP);
    let offer = server.receive(&mut &mut request[..]).unwrap().unwrap();
    let acceptance = offer.accept().compression(server_config);
    acceptance.write(&mut response).unwrap();
    let server = acceptance.connection(limits);
    let head = String::from_utf8(response.clone()).unwrap();
    let Some(Reply::Accepted(accepted)) = client.receive(&mut &mut response[..]).unwrap() else {
        panic!("it is accepted")
    };
    (accepted.connection(limits, || [1, 2, 3, 4]), server, head)
}

/// What arrives of a message, and how many bytes it took.
fn sent<A: ws::Side, B: ws::Side>(
    from: &mut Connection<A>,
    to: &mut Connection<B>,
    message: Message<'_>,
) -> usize {
    let mut wire = Vec::new();
    from.send(message, &mut wire).unwrap();
    let mut inbox = Inbox::new(Vec::new());
    let mut input = &wire[..];
    let event = to.receive_message(&mut input, &mut inbox);
    assert_eq!(event, Some(MessageEvent::Message(message.kind())));
    assert_eq!(inbox.message(), message);
    wire.len()
}

#[test]
fn both_ends_compress_exactly_if_both_want_to() {
    let text = "the same words, the same words, the same words";
    let message = Message::Text(text);
    for (client, server, compressed) in [
        (Some(Config::new()), Some(Config::new()), true),
        (Some(Config::new()), None, false),
        (None, Some(Config::new()), false),
        (None, None, false),
    ] {
        let (mut client, mut server, head) = handshake(client, server, Limits::new());
        assert_eq!(head.contains("Sec-WebSocket-Extensions: permessage-deflate"), compressed);
        let up = sent(&mut client, &mut server, message);
        let down = sent(&mut server, &mut client, message);
        assert_eq!((up < text.len(), down < text.len()), (compressed, compressed));
        // The second one refers to the first.
        assert_eq!(sent(&mut server, &mut client, message) < down, compressed);
    }
}

#[test]
fn what_was_asked_for_holds_at_both_ends() {
    let lean = Config::new()
        .server_no_context_takeover(true)
        .client_no_context_takeover(true)
        .server_max_window_bits(10)
        .min_len(0);
    let (mut client, mut server, head) = handshake(Some(lean), Some(Config::new()), Limits::new());
    assert!(head.contains("server_no_context_takeover; client_no_context_takeover"), "{head}");
    for _ in 0..2 {
        let first = sent(&mut client, &mut server, Message::Binary(&[7; 5000]));
        client.release_compression();
        server.release_compression();
        assert_eq!(sent(&mut client, &mut server, Message::Binary(&[7; 5000])), first);
        let first = sent(&mut server, &mut client, Message::Text("no context"));
        assert_eq!(sent(&mut server, &mut client, Message::Text("no context")), first);
    }
}

/// A list of other extensions stays, and the line is one.
#[test]
fn other_extensions_are_negotiated_beside_it() {
    let mut request = Vec::new();
    let asks = ClientRequest::new("a", "/").extensions(Some("x-other")).compression(Config::new());
    let _client = asks.write([7; 16], Vec::new(), HTTP, &mut request).unwrap();
    let text = String::from_utf8(request.clone()).unwrap();
    assert!(text.contains(
        "Sec-WebSocket-Extensions: x-other, permessage-deflate; client_max_window_bits\r\n"
    ));
    let mut server = Server::new(Origins::any(), Vec::new(), HTTP);
    let offer = server.receive(&mut &mut request[..]).unwrap().unwrap();
    let mut response = Vec::new();
    let acceptance = offer.accept().extensions(Some("x-other")).compression(Config::new());
    acceptance.write(&mut response).unwrap();
    let text = String::from_utf8(response).unwrap();
    assert!(text.contains("Sec-WebSocket-Extensions: x-other, permessage-deflate\r\n"), "{text}");
}

/// What comes out of an inflater counts, and not what went in.
#[test]
fn limits_apply_to_what_is_inflated() {
    let limits = Limits::new().max_message_len(1000);
    for (len, fits) in [(1000, true), (1001, false)] {
        let (mut client, _, _) = handshake(Some(Config::new()), Some(Config::new()), Limits::new());
        let (_, mut server, _) = handshake(Some(Config::new()), Some(Config::new()), limits);
        let mut wire = Vec::new();
        client.send(&vec![0; len], &mut wire).unwrap();
        assert!(wire.len() < 100);
        let mut inbox = Inbox::new(Vec::new());
        let event = server.receive_message(&mut &wire[..], &mut inbox);
        if fits {
            assert!(matches!(event, Some(MessageEvent::Message(_))), "{event:?}");
        } else {
            let Some(MessageEvent::Failed(error)) = event else { panic!("{event:?}") };
            assert_eq!(error.close_code(), ws::CloseCode::TOO_BIG);
        }
    }
}

/// A fixed inbox holds a message of exactly its length, and no longer one.
#[test]
fn a_fixed_inbox_holds_what_has_room() {
    for (len, fits) in [(63, true), (64, true), (65, false)] {
        let (mut client, _, _) = handshake(Some(Config::new()), Some(Config::new()), Limits::new());
        let mut wire = Vec::new();
        client.send(&vec![b'x'; len], &mut wire).unwrap();
        for cut in 0..wire.len() {
            let (_, mut server, _) =
                handshake(Some(Config::new()), Some(Config::new()), Limits::new());
            let mut inbox = Inbox::new(ArrayBuf::<64>::new());
            let events: Vec<_> = [&wire[..cut], &wire[cut..]]
                .into_iter()
                .filter_map(|mut piece| server.receive_message(&mut piece, &mut inbox))
                .collect();
            if fits {
                assert_eq!(events, [MessageEvent::Message(ws::Kind::Binary)], "{len} cut at {cut}");
                assert_eq!(inbox.message(), Message::Binary(&vec![b'x'; len]));
            } else {
                assert!(
                    matches!(events[..], [MessageEvent::Failed(Error::BufferFull(_))]),
                    "{events:?}"
                );
            }
        }
    }
}

/// Without an agreement, a compressed message breaks a rule (RFC 6455 §5.2).
#[test]
fn a_compressed_message_that_nobody_agreed_on_fails() {
    let (_, mut server, _) = handshake(None, Some(Config::new()), Limits::new());
    let mut wire = &b"\xC1\x87\0\0\0\0\xF2\x48\xCD\xC9\xC9\x07\0"[..];
    let event = server.receive_message(&mut wire, &mut Inbox::new(Vec::new()));
    assert_eq!(event, Some(MessageEvent::Failed(Error::ReservedBits)));
}

/// A message cannot be received half as parts and half whole: what comes out of its beginning is elsewhere.
#[test]
fn a_compressed_message_has_to_begin_where_it_ends() {
    let (_, mut server, _) = handshake(Some(Config::new()), Some(Config::new()), Limits::new());
    let mut beginning = *b"\x41\x83\0\0\0\0\xF2\x48\xCD"; // RFC 7692 §7.2.3.1, in two fragments
    assert!(matches!(server.receive(&mut &mut beginning[..]), Some(ws::Event::Part(_))));
    let mut rest = &b"\x80\x84\0\0\0\0\xC9\xC9\x07\0"[..];
    let event = server.receive_message(&mut rest, &mut Inbox::new(Vec::new()));
    assert_eq!(event, Some(MessageEvent::Failed(Error::BeginningMissing)));
}

/// Storage that can grow never holds more than a message may have.
#[test]
fn an_inbox_does_not_grow_beyond_the_limit() {
    struct Watched(Vec<u8>);

    impl Buffer for Watched {
        fn try_grow(&mut self, len: usize) -> Result<&mut [u8], BufferFull> {
            assert!(self.0.len() + len <= 1000, "{} bytes and {len}", self.0.len());
            self.0.try_grow(len)
        }

        fn as_slice(&self) -> &[u8] {
            &self.0
        }

        fn as_mut_slice(&mut self) -> &mut [u8] {
            &mut self.0
        }

        fn truncate(&mut self, len: usize) {
            self.0.truncate(len);
        }
    }

    let config = Some(Config::new());
    let limits = Limits::new().max_message_len(1000);
    let (mut client, _, _) = handshake(config, config, Limits::new());
    let (_, mut server, _) = handshake(config, config, limits);
    let mut inbox = Inbox::new(Watched(Vec::new()));
    let mut wire = Vec::new();
    for len in [999, 1000, 5000] {
        wire.clear();
        client.send(&vec![0; len], &mut wire).unwrap();
        let event = server.receive_message(&mut &wire[..], &mut inbox);
        let fits = matches!(event, Some(MessageEvent::Message(_)));
        assert_eq!(fits, len <= 1000, "{event:?}");
    }
}

/// One compressor writes for every connection whose window is wide enough.
#[test]
fn frames_that_are_compressed_once_go_to_many() {
    let mut shared = Deflater::shared(12, Config::new());
    let narrow = Config::new().server_max_window_bits(11);
    for (config, admitted) in [(Some(Config::new()), true), (Some(narrow), false), (None, false)] {
        let (mut client, mut server, _) = handshake(config, config, Limits::new());
        let text = "to all, to all, to all, to all, to all, to all, to all, to all, to all, to all";
        sent(&mut server, &mut client, Message::Text(text));
        assert_eq!(server.admit(&shared), admitted);
        if admitted {
            let mut wire = Vec::new();
            shared.encode(text, &mut ws::Encoder::server(), &mut wire).unwrap();
            let mut inbox = Inbox::new(Vec::new());
            let event = client.receive_message(&mut &wire[..], &mut inbox);
            assert_eq!(event, Some(MessageEvent::Message(ws::Kind::Text)));
            assert_eq!(inbox.message(), Message::Text(text));
        }
        // What follows does not refer to what only some have seen.
        sent(&mut server, &mut client, Message::Text(text));
    }
}

/// A connection takes no more room for what it may agree on than a pointer.
#[test]
fn a_connection_stays_small() {
    assert!(size_of::<Connection<ws::Server>>() < 512);
}
