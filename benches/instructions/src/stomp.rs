//! Frames of STOMP.

use std::hint::black_box;

use framewright::stomp::{
    Client, Connection, Delivery, Encoder, FrameBuilder, FrameEvent, Inbox, Limits, SharedMessage,
    Version,
};

use crate::ITEMS;

const HEADERS: [(&str, &str); 6] = [
    ("content-type", "application/json"),
    ("timestamp", "1700000000000"),
    ("priority", "4"),
    ("expires", "0"),
    ("x-origin", "gateway-17.example.com"),
    ("x-trace", "0123456789abcdef"),
];

/// A client that was accepted.
fn client() -> Connection<Client> {
    let mut client = Connection::client(Limits::new(), 0);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).expect("it is the first");
    let mut input = &b"CONNECTED\nversion:1.2\n\n\0"[..];
    client.receive_frame(&mut input, &mut Inbox::new(Vec::new()), 0).expect("it is whole");
    client
}

/// Receives messages of ten headers and 256 B, whole.
pub fn receive(laps: usize) {
    let mut wire = Vec::new();
    for _ in 0..ITEMS {
        let message = FrameBuilder::message("sub-0", "12345678", "/topic/messages");
        let message = message.headers(HEADERS).body(&[b'x'; 256]);
        Encoder::new(Version::V1_2).encode(message, &mut wire).expect("it can be sent");
    }
    let (mut client, mut inbox) = (client(), Inbox::new(Vec::new()));
    let mut buf = vec![0; wire.len()];
    for _ in 0..laps {
        buf.copy_from_slice(&wire);
        let mut input = &buf[..];
        let mut count = 0;
        while let Some(event) = client.receive_frame(&mut input, &mut inbox, 0) {
            assert!(matches!(event, FrameEvent::Frame(_)));
            black_box(inbox.body());
            count += 1;
        }
        assert_eq!(count, ITEMS);
    }
}

/// Sends messages of four headers and 256 B.
pub fn send(laps: usize) {
    let mut client = client();
    let mut out = Vec::new();
    for _ in 0..laps {
        out.clear();
        for _ in 0..ITEMS {
            let frame = FrameBuilder::send("/topic/messages").content_type("application/json");
            let frame = frame.headers([("priority", "4")]).body(&[b'x'; 256]);
            client.send(black_box(frame), &mut out).expect("it can be sent");
        }
        black_box(&out);
    }
}

/// Passes a message of 256 B on to subscribers.
pub fn deliver(laps: usize) {
    let message = FrameBuilder::shared_message("/topic/messages").headers(HEADERS);
    let shared = SharedMessage::encode(message.body(&[b'x'; 256]), Version::V1_2, Vec::new());
    let shared = shared.expect("it can be sent");
    let mut out = Vec::new();
    for _ in 0..laps {
        out.clear();
        for _ in 0..ITEMS {
            let delivery = Delivery::new("sub-0", "12345678").ack("12345678");
            shared.write(black_box(delivery), &mut out).expect("it can be sent");
        }
        black_box(&out);
    }
}
