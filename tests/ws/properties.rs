//! What holds for every stream: whole sessions, noise, and two joined ends.
#![cfg(feature = "alloc")]

use crate::common::inbox::{receive_messages, receive_parts, receive_to_targets};
use crate::common::same_however_split;
use crate::common::ws::{Rules, comparable, decode, frame, masked, naive};
use framewright::ws::{
    Assembler, CloseCode, Connection, Event, Inbox, Kind, Limits, Message, Role, SendError, Side,
};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

fn first_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        12 => sample::select(&[0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A][..]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any::<String>().prop_map(String::into_bytes),
        1 => collection::vec(any::<u8>(), 0..20),
        1 => collection::vec(any::<u8>(), 120..130),
    ]
}

/// Frames that mostly follow the rules, with a few bytes changed.
fn stream(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let frames = collection::vec((first_byte(), payload()), 0..8);
    let noise = collection::vec((any::<sample::Index>(), any::<u8>()), 0..3);
    (frames, noise).prop_map(move |(frames, noise)| {
        let put = if role == Role::Server { masked } else { frame };
        let mut bytes: Vec<u8> =
            frames.iter().flat_map(|(first, payload)| put(*first, payload)).collect();
        for (at, byte) in noise {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

/// An action of one end.
#[derive(Clone, Debug)]
enum Act {
    Text(String),
    Binary(Vec<u8>),
    Fragments(Vec<String>),
    Ping(Vec<u8>),
    Close(u16, String),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<String>().prop_map(Act::Text),
        4 => collection::vec(any::<u8>(), 0..300).prop_map(Act::Binary),
        2 => collection::vec(any::<String>(), 1..4).prop_map(Act::Fragments),
        2 => collection::vec(any::<u8>(), 0..130).prop_map(Act::Ping),
        1 => (sample::select(&[1000_u16, 1001, 1005, 3000, 4999][..]), "[a-z]{0,20}").prop_map(|(c, r)| Act::Close(c, r)),
    ]
}

/// One end: what it sent, what it got, and its output in flight.
struct End<S> {
    connection: Connection<S>,
    assembler: Assembler<Vec<u8>>,
    sent: Vec<(Kind, Vec<u8>)>,
    got: Vec<(Kind, Vec<u8>)>,
    closes: usize,
    out: Vec<u8>,
}

impl<S: Side> End<S> {
    fn new(connection: Connection<S>) -> Self {
        let assembler = Assembler::new(Vec::new());
        Self { connection, assembler, sent: vec![], got: vec![], closes: 0, out: vec![] }
    }

    fn act(&mut self, act: &Act) {
        let before = self.out.len();
        let ready = self.connection.ready();
        let result = match act {
            Act::Text(text) => self.connection.send(&**text, &mut self.out),
            Act::Binary(bytes) => self.connection.send(&**bytes, &mut self.out),
            Act::Ping(payload) => self.connection.ping(payload, &mut self.out),
            Act::Close(code, reason) => {
                let reason = if *code == 1005 { "" } else { reason };
                self.connection.close(CloseCode(*code), reason, &mut self.out)
            }
            Act::Fragments(pieces) => self.connection.encoder().map(|encoder| {
                for (i, piece) in pieces.iter().enumerate() {
                    let fin = i + 1 == pieces.len();
                    encoder
                        .encode_fragment(Kind::Text, piece.as_bytes(), fin, &mut self.out)
                        .expect("it was ready");
                }
            }),
        };
        match (act, result) {
            (Act::Text(text), Ok(())) => self.sent.push((Kind::Text, text.clone().into_bytes())),
            (Act::Binary(bytes), Ok(())) => self.sent.push((Kind::Binary, bytes.clone())),
            (Act::Fragments(pieces), Ok(())) => {
                self.sent.push((Kind::Text, pieces.concat().into_bytes()))
            }
            (Act::Ping(_) | Act::Close(..), Ok(())) => {}
            (Act::Ping(payload), Err(SendError::ControlTooLong)) => assert!(payload.len() > 125),
            (_, Err(e)) => assert_eq!(Err(e), ready, "nothing else keeps it from sending"),
        }
        if result.is_err() {
            assert_eq!(self.out.len(), before, "nothing was written");
        }
    }

    fn receive(&mut self, bytes: &mut [u8]) {
        let mut input = bytes;
        while let Some(event) = self.connection.receive(&mut input) {
            match event {
                Event::Part(part) => match self.assembler.push(part).unwrap() {
                    Some(Message::Text(text)) => self.got.push((Kind::Text, text.into())),
                    Some(Message::Binary(bytes)) => self.got.push((Kind::Binary, bytes.into())),
                    None => {}
                },
                Event::Close(_) => self.closes += 1,
                event => panic!("{event:?}"),
            }
        }
    }
}

/// Delivers a random piece of the output in flight.
fn deliver<A: Side, B: Side>(from: &mut End<A>, to: &mut End<B>, at: &sample::Index) {
    let n = at.index(from.out.len() + 1);
    let mut piece: Vec<u8> = from.out.drain(..n).collect();
    to.receive(&mut piece);
    to.connection.transmit(&mut to.out);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_sees_the_whole_stream_agrees_and_so_does_every_split(
        (role, bytes) in prop_oneof![Just(Role::Server), Just(Role::Client)]
            .prop_flat_map(|role| (Just(role), stream(role))),
    ) {
        let rules = Rules::unlimited(role);
        let (got, result) = same_however_split(&bytes, |pieces| {
            let (got, result) = decode(role, rules.limits(), pieces);
            (comparable(got), result)
        });
        let (expected, verdict) = naive(&rules, &bytes);
        prop_assert_eq!(result, verdict);
        prop_assert_eq!(got, comparable(expected));
    }

    /// In storage that grows, and read to where the connection wants it.
    #[test]
    fn messages_come_as_their_parts_do(
        (role, bytes) in prop_oneof![Just(Role::Server), Just(Role::Client)]
            .prop_flat_map(|role| (Just(role), stream(role))),
        read_len in 1_usize..100,
        buffer_len in 1_usize..50,
    ) {
        fn agree<S: Side>(connection: impl Fn() -> Connection<S>, bytes: &[u8], read_len: usize, buffer_len: usize) {
            let expected = receive_parts(connection(), &[bytes]);
            let got = same_however_split(bytes, |pieces| {
                receive_messages(connection(), &mut Inbox::new(Vec::new()), pieces)
            });
            assert_eq!(got, expected);
            let mut inbox = Inbox::new(Vec::new());
            let (got, _) = receive_to_targets(connection(), &mut inbox, bytes, read_len, buffer_len);
            assert_eq!(got, expected);
        }
        match role {
            Role::Server => agree(|| Connection::server(Limits::new()), &bytes, read_len, buffer_len),
            Role::Client => agree(|| Connection::client(Limits::new(), || [0; 4]), &bytes, read_len, buffer_len),
        }
    }

    #[test]
    fn noise_is_judged_alike_by_both(bytes in collection::vec(any::<u8>(), 0..60)) {
        for role in [Role::Client, Role::Server] {
            let rules = Rules::unlimited(role);
            let (got, result) = decode(role, rules.limits(), &[&bytes]);
            let (expected, verdict) = naive(&rules, &bytes);
            prop_assert_eq!(result, verdict);
            prop_assert_eq!(comparable(got), comparable(expected));
        }
    }

    /// T-CONN: two ends joined through random cuts, with random calls.
    #[test]
    fn two_ends_say_everything_and_close_cleanly(
        acts in collection::vec((any::<bool>(), act(), any::<sample::Index>(), any::<sample::Index>()), 0..30),
        key in any::<[u8; 4]>(),
    ) {
        let mut server = End::new(Connection::server(Limits::new()));
        let mut client = End::new(Connection::client(Limits::new(), move || key));
        for (from_server, act, a, b) in &acts {
            if *from_server { server.act(act) } else { client.act(act) }
            deliver(&mut server, &mut client, a);
            deliver(&mut client, &mut server, b);
        }
        server.act(&Act::Close(1000, String::new()));
        while !(server.out.is_empty() && client.out.is_empty()) {
            let (mut a, mut b) = (std::mem::take(&mut server.out), std::mem::take(&mut client.out));
            client.receive(&mut a);
            server.receive(&mut b);
            client.connection.transmit(&mut client.out);
            server.connection.transmit(&mut server.out);
        }
        prop_assert_eq!((server.closes, client.closes), (1, 1));
        prop_assert!(server.connection.receive_eof().code != CloseCode::ABNORMAL);
        prop_assert!(client.connection.receive_eof().code != CloseCode::ABNORMAL);
        // Everything that was sent before the sender's close frame has arrived, in order.
        prop_assert_eq!(&client.got, &server.sent);
        prop_assert_eq!(&server.got, &client.sent);
    }
}
