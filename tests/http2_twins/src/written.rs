//! What an end has written, as values that can be compared.

use std::collections::BTreeMap;

use framewright::http2::hpack;

use crate::end::{List, sorted};
use crate::http2_peer::{self as peer, ACK, Frame, frames};

/// Reads what one end writes.
pub struct Reader {
    fields: hpack::Decoder<Vec<u8>>,
    /// The field block under way: its stream, whether the stream ends with it, and its bytes.
    block: Option<(u32, bool, Vec<u8>)>,
}

/// What an end has written. Frames may be cut in any way, and windows may grow in any steps: they are told apart.
#[derive(Debug, Default)]
pub struct Written {
    pub said: Said,
    /// Heads and trailers, with whether they end the stream.
    pub heads: Vec<(u32, List, bool)>,
    /// Bytes of bodies for each stream, and whether the stream ends with them.
    pub data: BTreeMap<u32, (usize, bool)>,
    pub grants: Vec<(u32, u32)>,
    pub pings: Vec<[u8; 8]>,
    /// The debug data of a GOAWAY.
    pub reason: String,
}

/// What an end says about connection and streams.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Said {
    pub goaway: Option<u32>,
    pub resets: BTreeMap<u32, u32>,
    pub pongs: Vec<Vec<u8>>,
    pub settings_acks: usize,
}

impl Reader {
    pub fn new() -> Self {
        Self { fields: hpack::Decoder::new(Vec::new(), 4096), block: None }
    }

    /// Reads whole frames, and the preface if it is there.
    pub fn read(&mut self, bytes: &[u8]) -> Written {
        let mut written = Written::default();
        for frame in frames(bytes.strip_prefix(peer::PREFACE).unwrap_or(bytes)) {
            self.take(&frame, &mut written);
        }
        written
    }

    fn take(&mut self, frame: &Frame, written: &mut Written) {
        let Frame { kind, flags, stream, payload } = frame;
        let ends = flags & peer::END_STREAM != 0;
        let said = &mut written.said;
        match *kind {
            // Only the first goodbye counts.
            peer::GOAWAY => {
                said.goaway.get_or_insert(frame.number(4));
                written.reason = String::from_utf8_lossy(&payload[8..]).into_owned();
            }
            peer::RST_STREAM => {
                said.resets.entry(*stream).or_insert(frame.number(0));
            }
            peer::PING if *flags == ACK => said.pongs.push(payload.clone()),
            peer::PING => written.pings.push(payload[..].try_into().expect("eight bytes")),
            peer::SETTINGS if *flags == ACK => said.settings_acks += 1,
            peer::WINDOW_UPDATE => written.grants.push((*stream, frame.number(0))),
            peer::DATA => {
                assert_eq!(flags & peer::PADDED, 0, "nobody pads here");
                let (len, has_ended) = written.data.entry(*stream).or_default();
                *len += payload.len();
                *has_ended |= ends;
            }
            peer::HEADERS => {
                let skipped = if flags & peer::PRIORITIZED != 0 { 5 } else { 0 };
                self.block = Some((*stream, ends, payload[skipped..].to_vec()));
            }
            peer::CONTINUATION => {
                self.block.as_mut().expect("there is one to continue").2.extend(payload);
            }
            _ => {}
        }
        if matches!(*kind, peer::HEADERS | peer::CONTINUATION) && flags & peer::END_HEADERS != 0 {
            let (stream, ends, bytes) = self.block.take().expect("it was begun");
            written.heads.push((stream, sorted(self.decode(&bytes)), ends));
        }
    }

    fn decode(&mut self, mut block: &[u8]) -> List {
        let (mut room, mut list) = (Vec::new(), List::new());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        while let Some(field) =
            self.fields.decode(&mut block, &mut room, 1 << 20).expect("it is right")
        {
            list.push((text(field.name), text(field.value)));
        }
        self.fields.end_block().expect("it is whole");
        list
    }
}
