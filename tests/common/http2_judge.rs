//! A strict reader of what an end of HTTP/2 writes: each frame is checked against all that went before it, both ways
//! (RFC 9113).

use std::collections::{BTreeMap, VecDeque};

use framewright::http2::{Role, hpack};

use super::http2_peer::*;

/// What one end has written and was told.
pub struct Judge {
    role: Role,
    fields: hpack::Decoder<Vec<u8>>,
    /// SETTINGS that the end got, whose acknowledgement is to come. They hold from there on (§6.5.3).
    settings: VecDeque<Vec<(u16, u32)>>,
    /// PINGs that the end got, whose answer is to come.
    pings: VecDeque<Vec<u8>>,
    /// What holds for the end.
    initial_window: i64,
    max_frame_len: usize,
    /// Of the connection: bytes of bodies that were sent, and that the end may send.
    sent: i64,
    granted: i64,
    streams: BTreeMap<u32, Judged>,
    /// What the end has written: its settings, the last stream of its GOAWAY, and whether that was an error.
    is_open: bool,
    last: u32,
    has_failed: bool,
    /// The end's PINGs that the peer may answer, and whether its SETTINGS were acknowledged.
    pub to_answer: VecDeque<[u8; 8]>,
    pub owes_ack: bool,
}

/// What was written on a stream.
#[derive(Default)]
struct Judged {
    sent: i64,
    granted: i64,
    has_head: bool,
    has_ended: bool,
    is_reset: bool,
    /// What the peer did.
    peer_has_ended: bool,
    peer_has_reset: bool,
}

impl Judge {
    /// Judges the end that has `role`.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            fields: hpack::Decoder::new(Vec::new(), 4096),
            settings: VecDeque::new(),
            pings: VecDeque::new(),
            initial_window: 65_535,
            max_frame_len: 16_384,
            sent: 0,
            granted: 65_535,
            streams: BTreeMap::new(),
            is_open: false,
            last: u32::MAX,
            has_failed: false,
            to_answer: VecDeque::new(),
            owes_ack: false,
        }
    }

    /// The streams that were opened.
    pub fn streams(&self) -> impl Iterator<Item = u32> {
        self.streams.keys().copied()
    }

    /// The end has got the header of a HEADERS that may open this stream.
    pub fn tell_beginning(&mut self, id: u32) {
        self.streams.entry(id).or_default();
    }

    /// The end has got all of this frame.
    pub fn tell(&mut self, frame: &Frame) {
        let Frame { kind, flags, stream: id, payload } = frame;
        match *kind {
            SETTINGS if *flags == 0 && payload.len().is_multiple_of(6) => {
                let id = |at| u16::from_be_bytes([payload[at], payload[at + 1]]);
                let values = (0..payload.len()).step_by(6).map(|at| (id(at), frame.number(at + 2)));
                self.settings.push_back(values.collect());
            }
            PING if *flags == 0 => self.pings.push_back(payload.clone()),
            WINDOW_UPDATE if *id == 0 => self.granted += i64::from(frame.number(0)),
            _ => {}
        }
        let Some(judged) = self.streams.get_mut(id) else { return };
        match *kind {
            WINDOW_UPDATE => judged.granted += i64::from(frame.number(0)),
            RST_STREAM => judged.peer_has_reset = true,
            DATA | HEADERS => judged.peer_has_ended |= flags & END_STREAM != 0,
            _ => {}
        }
    }

    /// The end has written these bytes.
    pub fn read(&mut self, bytes: &[u8]) {
        let bytes = match bytes.strip_prefix(PREFACE) {
            Some(rest) => {
                assert!(!self.is_open && self.role == Role::Client, "one preface, of a client");
                rest
            }
            None => bytes,
        };
        let mut block: Option<(u32, u8, Vec<u8>)> = None;
        for frame in frames(bytes) {
            let Frame { kind, flags, stream: id, ref payload } = frame;
            assert!(!self.has_failed, "nothing follows a failure: {frame:?}");
            assert!(
                self.is_open || (kind, flags) == (SETTINGS, 0),
                "first are settings: {frame:?}"
            );
            assert!(payload.len() <= self.max_frame_len, "longer than the peer takes: {frame:?}");
            assert_eq!(block.is_some(), kind == CONTINUATION, "blocks are not interrupted");
            match kind {
                HEADERS => block = Some((id, flags & END_STREAM, payload.clone())),
                CONTINUATION => block.as_mut().expect("as was checked").2.extend(payload),
                _ => self.judge(&frame),
            }
            if matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0 {
                let (same, flags, bytes) = block.take().expect("one was begun");
                assert_eq!(same, id);
                self.judge_head(id, flags & END_STREAM != 0, &bytes);
            }
        }
        assert!(block.is_none(), "blocks are written whole");
    }

    fn judge(&mut self, frame: &Frame) {
        let Frame { kind, flags, stream: id, ref payload } = *frame;
        match kind {
            SETTINGS if flags == ACK => {
                let values = self.settings.pop_front().expect("it answers settings");
                for (id, value) in values {
                    match id {
                        INITIAL_WINDOW_SIZE => self.initial_window = i64::from(value),
                        MAX_FRAME_SIZE => self.max_frame_len = value as usize,
                        _ => {}
                    }
                }
            }
            SETTINGS => {
                assert!(!self.is_open, "they never change");
                (self.is_open, self.owes_ack) = (true, true);
            }
            PING if flags == ACK => {
                assert_eq!(self.pings.pop_front().as_ref(), Some(payload), "in their order");
            }
            PING => self.to_answer.push_back(payload[..].try_into().expect("eight bytes")),
            GOAWAY => {
                assert!(frame.number(0) <= self.last, "the last stream never rises");
                (self.last, self.has_failed) = (frame.number(0), frame.number(4) != NO_ERROR);
            }
            WINDOW_UPDATE => {
                assert!(frame.number(0) > 0);
                if id > 0 {
                    let judged = self.streams.get(&id).expect("it was opened");
                    let is_over = judged.is_reset || judged.peer_has_reset || judged.peer_has_ended;
                    assert!(!is_over, "nothing can come that would need it: {frame:?}");
                }
            }
            RST_STREAM => {
                let judged = self.streams.get_mut(&id).expect("it was opened");
                assert!(
                    !judged.is_reset || judged.peer_has_reset,
                    "one reset is enough: {frame:?}"
                );
                judged.is_reset = true;
            }
            DATA => {
                let len = payload.len() as i64;
                let judged = self.streams.get_mut(&id).expect("it was opened");
                assert!(judged.has_head && !judged.has_ended && !judged.is_reset, "{frame:?}");
                assert!(!judged.peer_has_reset, "{frame:?}");
                judged.has_ended = flags & END_STREAM != 0;
                judged.sent += len;
                self.sent += len;
                if len > 0 {
                    let window = self.initial_window + judged.granted - judged.sent;
                    assert!(window >= 0, "{id}: {} bytes more than it may", -window);
                    assert!(self.sent <= self.granted, "more than the connection may");
                }
            }
            _ => panic!("{frame:?} is never sent"),
        }
    }

    /// A field block was written.
    fn judge_head(&mut self, id: u32, end: bool, mut bytes: &[u8]) {
        let (mut arena, mut status, mut has_pseudo) = (Vec::new(), 0, false);
        while let Some(field) =
            self.fields.decode(&mut bytes, &mut arena, 1 << 20).expect("it is right")
        {
            has_pseudo |= field.name.starts_with(b":");
            if field.name == b":status" {
                status = std::str::from_utf8(field.value).expect("digits").parse().expect("digits");
            }
        }
        self.fields.end_block().expect("it is whole");
        if self.role == Role::Client && !self.streams.contains_key(&id) {
            assert!(id % 2 == 1 && self.streams.keys().all(|before| *before < id));
            assert!(has_pseudo);
            self.streams.entry(id).or_default();
        }
        let judged = self.streams.get_mut(&id).expect("it was opened");
        assert!(!judged.has_ended && !judged.is_reset && !judged.peer_has_reset, "{id}");
        let is_informational = self.role == Role::Server && status < 200 && has_pseudo;
        assert_eq!(has_pseudo, !judged.has_head, "{id}: trailers have no pseudo-fields");
        assert!(!(is_informational && end), "{id}: a final head follows");
        assert!(!judged.has_head || end, "{id}: trailers end the stream");
        judged.has_head |= !is_informational;
        judged.has_ended = end;
    }
}
