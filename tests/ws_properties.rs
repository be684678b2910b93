//! What holds for every stream: whole sessions, noise, and two ends joined.
#![cfg(feature = "alloc")]

mod common;

use common::same_however_split;
use common::ws::{Got, decode, frame, masked};
use framewright::ws::{
    Assembler, CloseCode, Connection, Error, Event, Kind, Limits, Masking, Message, Role, SendError,
};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

/// The rules of RFC 6455 for somebody who sees the whole stream, written for nothing but to be read.
///
/// It has no limits, and judges a text when it is there as far as it came.
fn naive(role: Role, mut bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    let mut got: Vec<Got> = Vec::new();
    let mut open: Option<usize> = None;
    loop {
        let [first, rest @ ..] = bytes else { return (got, Ok(())) };
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
        let control = opcode >= 8;
        let error = if matches!(opcode, 3..=7 | 11..=15) {
            Some(Error::ReservedOpcode(opcode))
        } else if control && !fin {
            Some(Error::ControlFragmented)
        } else if first & 0x70 != 0 {
            Some(Error::ReservedBits)
        } else if opcode == 0 && open.is_none() {
            Some(Error::ContinuationUnexpected)
        } else if matches!(opcode, 1 | 2) && open.is_some() {
            Some(Error::ContinuationMissing)
        } else {
            None
        };
        if let Some(e) = error {
            return (got, Err(e));
        }
        let [second, rest @ ..] = rest else { return (got, Ok(())) };
        let short = second & 0x7F;
        if control && short > 125 {
            return (got, Err(Error::ControlTooLong));
        }
        match (role, second & 0x80 != 0) {
            (Role::Server, false) => return (got, Err(Error::MaskMissing)),
            (Role::Client, true) => return (got, Err(Error::MaskUnexpected)),
            _ => {}
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((extension, rest)) = rest.split_at_checked(extended) else { return (got, Ok(())) };
        let len = extension.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
        let len = if extended == 0 { u64::from(short) } else { len };
        if len >= 1 << 63 {
            return (got, Err(Error::LengthTopBit));
        }
        if (extended == 2 && len < 126) || (extended == 8 && len < 65_536) {
            return (got, Err(Error::LengthNotMinimal));
        }
        let Some((key, rest)) = rest.split_at_checked(if role == Role::Server { 4 } else { 0 })
        else {
            return (got, Ok(()));
        };
        let there = rest.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let payload: Vec<u8> = (0..there)
            .map(|i| if key.is_empty() { rest[i] } else { rest[i] ^ key[i % 4] })
            .collect();
        let over = there as u64 == len;
        bytes = &rest[there..];

        let kind = match opcode {
            0 => "",
            1 => "text",
            2 => "binary",
            8 => "close",
            9 => "ping",
            _ => "pong",
        };
        if control {
            if over || there > 0 {
                got.push(Got { kind, bytes: payload, end: over });
            }
            if opcode == 8 && over {
                return (got, Ok(()));
            }
            continue;
        }
        let mut message = match open.take() {
            Some(at) if at < got.len() => got.remove(at),
            _ => Got { kind, bytes: vec![], end: false },
        };
        message.bytes.extend(payload);
        message.end = over && fin;
        let mut failed = false;
        if message.kind == "text" {
            // As much as some text could have there; the byte after that is the impossible one.
            let possible = (0..=message.bytes.len())
                .rev()
                .find(|n| could_be_text(&message.bytes[..*n]))
                .unwrap();
            failed = possible < message.bytes.len()
                || message.end && str::from_utf8(&message.bytes).is_err();
            message.bytes.truncate(possible);
            message.end &= !failed;
        }
        let at = got.len();
        if !message.end {
            open = Some(at);
        }
        got.push(message);
        if failed {
            return (got, Err(Error::InvalidUtf8));
        }
    }
}

fn could_be_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|_| true)
        || str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none())
}

/// Both sort what came in the order in which it began, and an empty beginning is no news.
fn comparable(mut got: Vec<Got>) -> Vec<Got> {
    got.retain(|g| g.end || !g.bytes.is_empty());
    got.sort_by_key(|g| (g.kind, g.bytes.clone()));
    got
}

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

/// What one end does of its own accord.
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

/// One end: what it sent, what it got, and what is on its way to the other.
struct End<M> {
    connection: Connection<M>,
    assembler: Assembler<Vec<u8>>,
    sent: Vec<(Kind, Vec<u8>)>,
    got: Vec<(Kind, Vec<u8>)>,
    closes: usize,
    out: Vec<u8>,
}

impl<M: Masking> End<M> {
    fn new(connection: Connection<M>) -> Self {
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
            (Act::Close(..), Err(SendError::Closing)) => {}
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

/// Moves a random piece of what is on its way.
fn deliver<A: Masking, B: Masking>(from: &mut End<A>, to: &mut End<B>, at: &sample::Index) {
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
        let limits = Limits::new().max_frame_len(u64::MAX).max_message_len(u64::MAX);
        let (got, result) = same_however_split(&bytes, |pieces| {
            let (got, result) = decode(role, limits, pieces);
            (comparable(got), result)
        });
        let (expected, verdict) = naive(role, &bytes);
        prop_assert_eq!(result, verdict);
        prop_assert_eq!(got, comparable(expected));
    }

    #[test]
    fn noise_is_judged_alike_by_both(bytes in collection::vec(any::<u8>(), 0..60)) {
        for role in [Role::Client, Role::Server] {
            let limits = Limits::new().max_frame_len(u64::MAX).max_message_len(u64::MAX);
            let (got, result) = decode(role, limits, &[&bytes]);
            let (expected, verdict) = naive(role, &bytes);
            prop_assert_eq!(result, verdict);
            prop_assert_eq!(comparable(got), comparable(expected));
        }
    }

    /// T-CONN: two ends joined through random cuts, calls at random.
    #[test]
    fn t_conn_two_ends_say_everything_and_close_cleanly(
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
        prop_assert!(server.connection.finish().code != CloseCode::ABNORMAL);
        prop_assert!(client.connection.finish().code != CloseCode::ABNORMAL);
        // What was sent before the sender's close frame has arrived: all of it, in order.
        prop_assert_eq!(&client.got, &server.sent);
        prop_assert_eq!(&server.got, &client.sent);
    }
}
