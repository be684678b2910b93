//! The bytes that contestants get, written and read by code that belongs to none of them.

use bytes::Bytes;
use fastrand::Rng;
use zlib_rs::{Deflate, DeflateFlush};

use crate::{BUFFER, MAX_READ, text};

/// The kind of content of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    Binary,
    Ascii,
    Cjk,
}

/// The input of a lap: whole items from first to last.
pub struct Wire {
    pub bytes: Vec<u8>,
    pub items: u64,
    /// The longest read for contestants whose user brings the buffer.
    pub read_len: usize,
    /// The longest read for contestants with a buffer of their own.
    pub max_read: usize,
    pub content: Content,
    /// All payloads, one after the other.
    pub payloads: Vec<u8>,
}

impl Wire {
    /// Bytes that are one item.
    pub fn once(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            items: 1,
            read_len: BUFFER,
            max_read: MAX_READ,
            content: Content::Binary,
            payloads: Vec::new(),
        }
    }

    /// The same in reads of at most that many bytes, for all contestants.
    #[must_use]
    pub fn in_reads_of(mut self, len: usize) -> Self {
        (self.read_len, self.max_read) = (len, len);
        self
    }

    /// The reads.
    pub fn reads(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.read_len)
    }

    /// Messages of a client, each of that many fragments of `len` bytes. If there is more than one
    /// fragment, a ping comes in the middle.
    pub fn websocket(content: Content, fragments: usize, len: usize, count: usize) -> Self {
        let mut rng = Rng::with_seed(1);
        let (mut bytes, mut payloads) = (Vec::new(), Vec::new());
        let opcode = if content == Content::Binary { 2 } else { 1 };
        for _ in 0..count {
            let message = match content {
                Content::Binary => text::random_bytes(&mut rng, len * fragments),
                Content::Ascii => text::ascii(&mut rng, len * fragments).into_bytes(),
                Content::Cjk => text::cjk_and_emoji(&mut rng, len * fragments).into_bytes(),
            };
            for (n, fragment) in message.chunks(len).enumerate() {
                if n > 0 && n == fragments / 2 {
                    frame(&mut bytes, 0x89, Some(rng.u32(..)), b"ping");
                }
                let fin = if n + 1 == fragments { 0x80 } else { 0 };
                let opcode = if n == 0 { opcode } else { 0 };
                frame(&mut bytes, fin | opcode, Some(rng.u32(..)), fragment);
            }
            payloads.extend_from_slice(&message);
        }
        Self { bytes, items: count as u64, read_len: BUFFER, max_read: MAX_READ, content, payloads }
    }

    /// Compressed messages of a client. Each can refer to those before it.
    pub fn deflated(messages: &[Bytes], level: u8) -> Self {
        let mut rng = Rng::with_seed(1);
        let mut deflate = Deflate::new(i32::from(level), false, 15);
        let (mut bytes, mut room) = (Vec::new(), vec![0; BUFFER]);
        for message in messages {
            let before = deflate.total_out();
            deflate.compress(message, &mut room, DeflateFlush::SyncFlush).expect("there is room");
            let len = usize::try_from(deflate.total_out() - before).expect("it is short");
            let payload = room[..len].strip_suffix(&[0, 0, 0xFF, 0xFF]).expect("it was flushed");
            frame(&mut bytes, 0xC2, Some(rng.u32(..)), payload);
        }
        Self {
            bytes,
            items: messages.len() as u64,
            read_len: BUFFER,
            max_read: MAX_READ,
            content: Content::Binary,
            payloads: messages.concat(),
        }
    }

    /// That many events of `len` bytes.
    pub fn sse(len: usize, count: usize, read_len: usize) -> Self {
        let mut rng = Rng::with_seed(1);
        let (mut bytes, mut payloads) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let data = text::ascii(&mut rng, len - b"data: \n\n".len());
            bytes.extend_from_slice(b"data: ");
            bytes.extend_from_slice(data.as_bytes());
            bytes.extend_from_slice(b"\n\n");
            payloads.extend_from_slice(data.as_bytes());
        }
        Self {
            bytes,
            items: count as u64,
            read_len,
            max_read: MAX_READ,
            content: Content::Ascii,
            payloads,
        }
    }

    /// That many `MESSAGE` frames with ten headers and a body of `len` bytes.
    pub fn stomp(len: usize, count: usize, read_len: usize) -> Self {
        let mut rng = Rng::with_seed(1);
        let (mut bytes, mut payloads) = (Vec::new(), Vec::new());
        for n in 0..count {
            let body = text::ascii(&mut rng, len);
            let head = format!(
                "MESSAGE\nsubscription:sub-0\nmessage-id:{n:08}\ndestination:/topic/messages\n\
                content-type:application/json\nack:{n:08}-1\ntimestamp:1700000000000\npriority:4\n\
                expires:0\nx-origin:gateway-17.example.com\ncontent-length:{len}\n\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(body.as_bytes());
            bytes.push(0);
            payloads.extend_from_slice(body.as_bytes());
        }
        let (items, content) = (count as u64, Content::Ascii);
        Self { bytes, items, read_len, max_read: MAX_READ, content, payloads }
    }

    /// That many messages of `len` bytes, each after its prefix.
    pub fn grpc(len: usize, count: usize) -> Self {
        let mut rng = Rng::with_seed(1);
        let (mut bytes, mut payloads) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let message = text::random_bytes(&mut rng, len);
            bytes.push(0);
            bytes.extend_from_slice(&u32::try_from(len).expect("it is short").to_be_bytes());
            bytes.extend_from_slice(&message);
            payloads.extend_from_slice(&message);
        }
        let content = Content::Binary;
        Self { bytes, items: count as u64, read_len: BUFFER, max_read: MAX_READ, content, payloads }
    }
}

/// Writes a frame.
pub fn frame(out: &mut Vec<u8>, first: u8, mask: Option<u32>, payload: &[u8]) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    out.push(first);
    match payload.len() {
        len @ 0..126 => out.push(masked | len as u8),
        len @ 126..0x1_0000 => {
            out.push(masked | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let key = mask.map_or([0; 4], u32::to_be_bytes);
    if mask.is_some() {
        out.extend_from_slice(&key);
    }
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// A frame that was sent.
pub struct Frame {
    pub first: u8,
    pub mask: Option<[u8; 4]>,
    pub payload: Vec<u8>,
}

/// Reads frames, one by one and byte by byte.
pub fn frames(mut wire: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((&first, rest)) = wire.split_first() {
        wire = rest;
        let mut take = |len: usize| wire.split_off(..len).expect("the frame is whole");
        let second = take(1)[0];
        let len = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes(take(2).try_into().expect("it is 2"))),
            127 => u64::from_be_bytes(take(8).try_into().expect("it is 8")),
            len => u64::from(len),
        };
        let mask = (second & 0x80 != 0).then(|| take(4).try_into().expect("it is 4"));
        let key: [u8; 4] = mask.unwrap_or_default();
        let payload = take(usize::try_from(len).expect("it is in memory"));
        let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
        frames.push(Frame { first, mask, payload: payload.collect() });
    }
    frames
}
