//! A device that subscribes to a topic, sends back each message that it receives, acknowledges it, and leaves (STOMP 1.2).

use framewright::stomp::{
    AckMode, Command, Connection, FrameBuilder, FrameEvent, HeartBeat, Inbox, Limits,
};
use framewright::{Buffer, SliceBuf};

use crate::session::session;
use crate::{Memory, Session, Socket};

pub const SESSION: Session = session!(
    input: &[
        b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0\n",
        b"MESSAGE\nsubscription:0\nmessage-id:1\nack:1\ndestination:/topic/a\n\nhello\0\n",
        b"MESSAGE\nsubscription:0\nmessage-id:2\nack:2\\c\ndestination:/topic/a\ncolour:re\\nd\n",
        b"content-length:3\n\na\0b\0",
        b"MESSAGE\nsubscription:0\nmessage-id:3\nack:3\ndestination:/topic/a\n\nbye\0",
        b"RECEIPT\nreceipt-id:gone\n\n\0",
    ],
    expected: &[
        b"CONNECT\nhost:a\nlogin:device\npasscode:se:cret\naccept-version:1.0,1.1,1.2\nheart-beat:0,0\n\n\0",
        b"SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\n\n\0",
        b"SEND\ndestination:/topic/b\ncontent-length:5\n\nhello\0ACK\nid:1\n\n\0",
        b"SEND\ndestination:/topic/b\ncolour:re\\nd\ncontent-length:3\n\na\0b\0ACK\nid:2\\c\n\n\0",
        b"SEND\ndestination:/topic/b\ncontent-length:3\n\nbye\0ACK\nid:3\n\n\0",
        b"DISCONNECT\nreceipt:gone\n\n\0",
    ],
);

const LIMITS: Limits = Limits::new().max_head_len(256).max_line_len(64).max_body_len(256);

pub fn device(socket: &mut Socket<'_>, memory: &mut Memory) {
    let Memory { read, out, storage } = memory;
    let mut connection = Connection::client(LIMITS, 0).heart_beat(HeartBeat::NONE);
    let mut inbox = Inbox::new(SliceBuf::new(storage));
    let mut out = SliceBuf::new(out);
    let connect = FrameBuilder::connect("a").login("device", "se:cret");
    connection.connect(connect, &mut out).expect("there is room");
    socket.write(&out);
    out.clear();
    while let Some(mut input) = socket.read(read).map(|input| &*input) {
        while let Some(event) = connection.receive_frame(&mut input, &mut inbox, 0) {
            let FrameEvent::Frame(command) = event else { panic!("the peer follows the rules") };
            match command {
                Command::Connected => {
                    let subscribe = FrameBuilder::subscribe("0", "/topic/a");
                    let subscribe = subscribe.ack_mode(AckMode::ClientIndividual);
                    connection.send(subscribe, &mut out).expect("there is room");
                }
                Command::Message => {
                    let (headers, body) = (inbox.headers(), inbox.body());
                    let send = FrameBuilder::send("/topic/b").headers(headers.of_message());
                    connection.send(send.body(body), &mut out).expect("there is room");
                    let ack = connection.ack(&headers).expect("it has the header");
                    connection.send(ack, &mut out).expect("there is room");
                    if body == b"bye" {
                        let disconnect = FrameBuilder::disconnect().receipt("gone");
                        connection.send(disconnect, &mut out).expect("there is room");
                    }
                }
                _ => {}
            }
        }
        connection.transmit(&mut out, 0);
        socket.write(&out);
        out.clear();
    }
    assert!(connection.receive_eof().clean);
}
