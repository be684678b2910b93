//! No layer of STOMP allocates by itself. Everything that is kept is in the caller's storage.

use crate::counting::allocations;
use framewright::stomp::{
    Command, Connection, Delivery, FrameBuilder, FrameEvent, HeartBeat, Inbox, Limits,
    SharedMessage, Version,
};
use framewright::{ArrayBuf, Buffer};

#[test]
fn a_whole_session_in_arrays_allocates_nothing() {
    let mut messages = 0;
    let count = allocations(|| {
        let beat = HeartBeat::new(10, 10);
        let mut server = Connection::server(Limits::new(), 0).heart_beat(beat);
        let mut client = Connection::client(Limits::new(), 0).heart_beat(beat);
        let mut at_server = Inbox::new(ArrayBuf::<256>::new());
        let mut at_client = Inbox::new(ArrayBuf::<256>::new());
        let (mut to_server, mut to_client) = (ArrayBuf::<1024>::new(), ArrayBuf::<1024>::new());
        client.connect(FrameBuilder::connect("a").login("me", "b:c"), &mut to_server).unwrap();
        for now in 0..100 {
            for mut input in to_server.chunks(7) {
                while let Some(event) = server.receive_frame(&mut input, &mut at_server, now) {
                    let (headers, body) = (at_server.headers(), at_server.body());
                    match event {
                        FrameEvent::Frame(Command::Connect) => {
                            server.accept(FrameBuilder::connected(), &mut to_client).unwrap();
                        }
                        FrameEvent::Frame(Command::Send) => {
                            let message = FrameBuilder::shared_message("/a:b");
                            let message = message.headers(headers.of_message()).body(body);
                            let buffer = ArrayBuf::<128>::new();
                            let shared = SharedMessage::encode(message, Version::V1_2, buffer);
                            let delivery = Delivery::new("0", "1").ack("2");
                            let shared = shared.unwrap();
                            server.send_message(delivery, &shared, &mut to_client).unwrap();
                            server.send_receipt(&headers, &mut to_client).unwrap();
                        }
                        FrameEvent::Frame(_) => {
                            server.send_receipt(&headers, &mut to_client).unwrap()
                        }
                        FrameEvent::Failed(e) => panic!("{e}"),
                    }
                }
            }
            to_server.clear();
            assert!(server.transmit(&mut to_client, now));
            for mut input in to_client.chunks(5) {
                while let Some(event) = client.receive_frame(&mut input, &mut at_client, now) {
                    match event {
                        FrameEvent::Frame(Command::Connected) => {
                            let subscribe = FrameBuilder::subscribe("0", "/a:b");
                            client.send(subscribe, &mut to_server).unwrap();
                            let send = FrameBuilder::send("/a:b").receipt("1");
                            let send = send.headers([("foo", "a\nb")]).body(b"he\0lo");
                            client.send(send, &mut to_server).unwrap();
                        }
                        FrameEvent::Frame(Command::Message) => {
                            messages += 1;
                            assert_eq!(at_client.headers().get("foo"), Some("a\nb"));
                            let ack = client.ack(&at_client.headers()).unwrap();
                            client.send(ack, &mut to_server).unwrap();
                        }
                        FrameEvent::Frame(_) => {}
                        FrameEvent::Failed(e) => panic!("{e}"),
                    }
                }
            }
            to_client.clear();
            if now == 90 {
                client.send(FrameBuilder::disconnect().receipt("bye"), &mut to_server).unwrap();
            }
            assert!(client.transmit(&mut to_server, now) && client.poll(now).is_none());
        }
        assert!(client.receive_eof().clean);
    });
    assert_eq!((count, messages), (0, 1));
}

/// T2: endless line ends, heads and bodies cost no memory.
#[test]
fn endless_input_allocates_nothing() {
    let count = allocations(|| {
        for endless in [&b"\r\n"[..], b"x", b"SEND\n", b"SEND\na:b\n"] {
            let mut server = Connection::server(Limits::new(), 0);
            let mut inbox = Inbox::new(ArrayBuf::<100>::new());
            let mut out = ArrayBuf::<256>::new();
            for now in 0..10_000 {
                let mut input = endless;
                while server.receive_frame(&mut input, &mut inbox, now).is_some() {}
                out.clear();
                assert!(server.transmit(&mut out, now));
            }
        }
    });
    assert_eq!(count, 0);
}
