//! Compressed messages, made and read by another DEFLATE: zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use framewright::ws::deflate::{Config, Inflater, Params};
use framewright::ws::handshake::Extensions;
use framewright::ws::{
    Assembler, Connection, Error, Event, Inbox, Kind, Limits, Message, MessageEvent, Part, Role,
    Side,
};

/// The parameters that a server and a client of this configuration agree on, after each has checked
/// the other.
pub fn agreed(config: Config) -> Params {
    let offer = config.offer();
    let offers = Extensions::parse(offer.as_str().as_bytes()).unwrap();
    let (params, answer) = config.negotiate(offers).unwrap();
    let extensions = Extensions::parse(answer.as_str().as_bytes()).unwrap();
    assert_eq!(config.check(extensions), Ok(Some(params)));
    params
}

/// A message's payload, compressed by zlib.
pub struct Zlib {
    stream: Compress,
    takeover: bool,
}

impl Zlib {
    pub fn new(level: u32, window_bits: u8, takeover: bool) -> Self {
        let stream = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
        Self { stream, takeover }
    }

    /// The payload with its tail.
    pub fn flush(&mut self, bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() * 2 + 100);
        let before = self.stream.total_in();
        self.stream.compress_vec(bytes, &mut out, flush).unwrap();
        assert_eq!(self.stream.total_in() - before, bytes.len() as u64);
        assert!(out.len() < out.capacity());
        out
    }

    pub fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        if !self.takeover {
            self.stream.reset();
        }
        if bytes.is_empty() {
            return vec![0];
        }
        let mut out = self.flush(bytes, FlushCompress::Sync);
        assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xFF, 0xFF]);
        out
    }

    pub fn reset(&mut self) {
        self.stream.reset();
    }
}

/// Reads compressed payloads with a window of exactly that many bits. It takes the output byte by
/// byte, so that nothing outside the window can be referred to.
pub struct Unzlib {
    stream: Decompress,
    window_bits: u8,
    takeover: bool,
}

impl Unzlib {
    pub fn new(window_bits: u8, takeover: bool) -> Self {
        let stream = Decompress::new_with_window_bits(false, window_bits);
        Self { stream, window_bits, takeover }
    }

    pub fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        if !self.takeover {
            self.stream = Decompress::new_with_window_bits(false, self.window_bits);
        }
        let input = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let (mut out, mut byte, start) = (Vec::new(), [0], self.stream.total_in());
        loop {
            let before = (self.stream.total_in(), self.stream.total_out());
            let rest = &input[(before.0 - start) as usize..];
            self.stream.decompress(rest, &mut byte, FlushDecompress::None).unwrap();
            let after = (self.stream.total_in(), self.stream.total_out());
            if after.1 > before.1 {
                out.push(byte[0]);
            } else if after == before {
                assert!(rest.is_empty(), "{} bytes are left", rest.len());
                return out;
            }
        }
    }
}

/// An end that inflates, and the messages it has received.
pub struct Receiver<S> {
    pub connection: Connection<S>,
    pub assembler: Assembler<Vec<u8>>,
    pub inflater: Inflater,
    pub scratch: Vec<u8>,
    pub got: Vec<(Kind, Vec<u8>)>,
    pub controls: usize,
}

impl<S: Side> Receiver<S> {
    pub fn new(connection: Connection<S>, agreed: Params, limits: Limits, scratch: usize) -> Self {
        Self {
            connection: connection.accept_compressed(true),
            assembler: Assembler::new(Vec::new()),
            inflater: Inflater::new(S::ROLE, agreed, limits),
            scratch: vec![0xAA; scratch],
            got: Vec::new(),
            controls: 0,
        }
    }

    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = self.connection.receive(&mut input) {
            match event {
                Event::Part(Part::Ping(_) | Part::Pong(_)) => self.controls += 1,
                Event::Part(part) => match self.assembler.push_inflated(
                    part,
                    Some(&mut self.inflater),
                    &mut self.scratch,
                ) {
                    Ok(None) => {}
                    Ok(Some(Message::Text(text))) => self.got.push((Kind::Text, text.into())),
                    Ok(Some(Message::Binary(bytes))) => {
                        self.got.push((Kind::Binary, bytes.into()));
                    }
                    Err(error) => self.connection.fail(error),
                },
                Event::Close(_) => {}
                Event::Failed(e) => assert_eq!(self.connection.error(), Some(e)),
            }
        }
        self.connection.error().map_or(Ok(()), Err)
    }
}

/// Receives a server's `pieces` at a client: the messages, and the error that ended them. Both ways to
/// receive have to agree: parts and an assembler that inflates, and whole messages in an inbox.
#[allow(clippy::type_complexity, reason = "it is taken apart at once")]
pub fn receive(
    config: Config,
    limits: Limits,
    scratch: usize,
    pieces: &[&[u8]],
) -> (Vec<(Kind, Vec<u8>)>, Result<(), Error>) {
    let client = Connection::client(limits, || [1, 2, 3, 4]);
    let mut receiver = Receiver::new(client, agreed(config), limits, scratch);
    let result = pieces.iter().try_for_each(|piece| receiver.receive(piece));
    let whole = receive_whole(config, limits, pieces);
    assert_eq!(whole, (receiver.got.clone(), result), "parts and whole messages");
    (receiver.got, result)
}

/// Receives a server's `pieces` at a client that inflates by itself.
#[allow(clippy::type_complexity, reason = "it is taken apart at once")]
fn receive_whole(
    config: Config,
    limits: Limits,
    pieces: &[&[u8]],
) -> (Vec<(Kind, Vec<u8>)>, Result<(), Error>) {
    let mut client =
        Connection::client(limits, || [1, 2, 3, 4]).compression(Some(agreed(config)), config);
    let mut inbox = Inbox::new(Vec::new());
    let mut got = Vec::new();
    for mut input in pieces.iter().copied() {
        while let Some(event) = client.receive_message(&mut input, &mut inbox) {
            match event {
                MessageEvent::Message(kind) => {
                    let message = inbox.message();
                    assert_eq!(message.kind(), kind);
                    got.push((kind, message.as_bytes().to_vec()));
                }
                MessageEvent::Failed(e) => assert_eq!(client.error(), Some(e)),
                MessageEvent::Ping | MessageEvent::Pong | MessageEvent::Close(_) => {}
            }
        }
        assert!(input.is_empty());
    }
    (got, client.error().map_or(Ok(()), Err))
}

/// The first byte and the unmasked payload of the one frame in `bytes`.
pub fn payload(role: Role, bytes: &[u8]) -> (u8, Vec<u8>) {
    let (header, len) = framewright::ws::FrameHeader::parse(bytes).unwrap().unwrap();
    assert_eq!(header.key().is_some(), role == Role::Client);
    let mut payload = bytes[len..].to_vec();
    assert_eq!(payload.len() as u64, header.len(), "one frame");
    if let Some(mut mask) = header.mask() {
        mask.apply(&mut payload);
    }
    (bytes[0], payload)
}
