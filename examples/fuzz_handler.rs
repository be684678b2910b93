//! Fuzzing a handler of your own: what it does must not depend on how the network cuts the bytes.
//!
//! ```text
//! cargo run --example fuzz_handler --features arbitrary             # a hundred thousand random sessions
//! cargo run --example fuzz_handler --features arbitrary -- FILE...  # what a fuzzer has found
//! ```
//!
//! The handler is a store of keys and values, without any I/O, as all of them should be. After `cargo fuzz init`, copy this file
//! beside the target, and turn on the feature `arbitrary` of this crate. The target is then:
//!
//! ```text
//! #![no_main]
//! mod fuzz_handler;
//! libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_handler::check(data));
//! ```
//!
//! `Arbitrary` turns a fuzzer's bytes into a session. The public values of this crate implement it: here, close codes and headers.
//! So most sessions are valid enough to get far, and some frames are not valid.

use std::collections::HashMap;
use std::error::Error;

use arbitrary::{Arbitrary, Unstructured};
use framewright::ws::{
    CloseCode, CloseFrame, Connection, Encoder, FrameHeader, Inbox, Limits, Message, MessageEvent,
    Server,
};

/// The handler: `SET KEY VALUE` and `GET KEY`.
struct Handler {
    connection: Connection<Server>,
    inbox: Inbox<Vec<u8>>,
    values: HashMap<String, String>,
}

impl Handler {
    fn new() -> Self {
        let connection = Connection::server(Limits::new().max_message_len(4096));
        Self { connection, inbox: Inbox::new(Vec::new()), values: HashMap::new() }
    }

    fn on_readable(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while let Some(event) = self.connection.receive_message(&mut input, &mut self.inbox) {
            if let MessageEvent::Message(_) = event {
                let answer = match self.inbox.message() {
                    Message::Text(text) => answer(&mut self.values, text),
                    Message::Binary(_) => "text only".to_owned(),
                };
                // It fails when the connection is closing, and then the peer waits for no answer.
                let _ = self.connection.send(&*answer, out);
            }
        }
    }
}

fn answer(values: &mut HashMap<String, String>, text: &str) -> String {
    let mut words = text.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("SET"), Some(key), Some(value)) => {
            values.insert(key.to_owned(), value.to_owned());
            "ok".to_owned()
        }
        (Some("GET"), Some(key), None) => values.get(key).cloned().unwrap_or_default(),
        _ => "SET KEY VALUE or GET KEY".to_owned(),
    }
}

/// What a client does.
#[derive(Arbitrary, Debug)]
enum Step {
    Set(u8, String),
    Get(u8),
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(CloseCode, String),
    /// A header that may lie about what follows it.
    Frame(FrameHeader, Vec<u8>),
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Session {
    steps: Vec<Step>,
    /// How many bytes each read brings.
    cuts: Vec<u8>,
}

impl Session {
    /// What goes over the wire. What a client cannot send is left out.
    fn bytes(&self) -> Vec<u8> {
        let (mut encoder, mut out) = (Encoder::client(|| [1, 2, 3, 4]), Vec::new());
        for step in &self.steps {
            let _ = match step {
                Step::Set(key, value) => encoder.encode(&*format!("SET {key} {value}"), &mut out),
                Step::Get(key) => encoder.encode(&*format!("GET {key}"), &mut out),
                Step::Text(text) => encoder.encode(&**text, &mut out),
                Step::Binary(bytes) => encoder.encode(&**bytes, &mut out),
                Step::Ping(payload) => encoder.encode_ping(payload, &mut out),
                Step::Close(code, reason) => {
                    encoder.encode_close(CloseFrame { code: *code, reason }, &mut out)
                }
                Step::Frame(header, payload) => {
                    out.extend_from_slice(&header.to_bytes());
                    out.extend_from_slice(payload);
                    Ok(())
                }
                Step::Bytes(bytes) => {
                    out.extend_from_slice(bytes);
                    Ok(())
                }
            };
        }
        out
    }

    /// What the handler says to all of it, read in these pieces.
    fn run<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, HashMap<String, String>) {
        let (mut handler, mut out) = (Handler::new(), Vec::new());
        pieces.for_each(|piece| handler.on_readable(piece, &mut out));
        // Which pongs are sent depends on when, so that only the last one counts here.
        handler.connection.transmit(&mut out);
        (out, handler.values)
    }
}

/// Plays a session whole, byte by byte and in its own pieces, and reads the answers as a client would.
pub fn check(data: &[u8]) {
    let Ok(session) = Session::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let bytes = session.bytes();
    let whole = Session::run(std::iter::once(&bytes[..]));
    assert_eq!(Session::run(bytes.chunks(1)), whole, "byte by byte: {session:?}");
    let (mut rest, mut cuts) = (&bytes[..], session.cuts.iter().cycle());
    let pieces = std::iter::from_fn(|| {
        let len = cuts.next().map_or(rest.len(), |cut| usize::from(*cut) + 1).min(rest.len());
        let (piece, after) = rest.split_at(len);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(Session::run(pieces), whole, "in pieces: {session:?}");

    let mut client = Connection::client(Limits::new(), || [0; 4]);
    let (mut inbox, mut input) = (Inbox::new(Vec::new()), &whole.0[..]);
    while let Some(event) = client.receive_message(&mut input, &mut inbox) {
        assert!(!matches!(event, MessageEvent::Failed(_)), "{event:?} after {session:?}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1).peekable();
    if files.peek().is_none() {
        let seed = getrandom::u64()? | 1;
        println!("seed {seed}");
        random(100_000, seed);
    }
    for file in files {
        check(&std::fs::read(file)?);
    }
    println!("nothing found");
    Ok(())
}

/// Checks so many random sessions, the same for the same seed.
pub fn random(count: u32, mut seed: u64) {
    let mut next = || {
        // The generator xorshift64.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[0]
    };
    for _ in 0..count {
        check(&[(); 512].map(|()| next()));
    }
}
