//! Connections whose field blocks our encoder wrote, for other decoders to read.

use framewright::http::{self, FieldValue};
use framewright::http2::hpack::Encoder;

use crate::{Story, files};

/// A name and a value.
pub type Field = (String, Vec<u8>);

/// A field block, and what came before it.
pub struct Encoded {
    /// The values of SETTINGS_HEADER_TABLE_SIZE that the reader sent since the block before, in order.
    pub limits: Vec<u32>,
    pub block: Vec<u8>,
    pub fields: Vec<Field>,
}

/// The largest tables of the encoder, and what the reader allows, block after block.
const SIZES: [(u32, &[&[u32]]); 7] = [
    (0, &[]),
    (100, &[]),
    (4096, &[]),
    (65_536, &[&[65_536]]),
    (4096, &[&[], &[0], &[], &[4096], &[64], &[], &[1000]]),
    // Two changes between two blocks: both are told (RFC 7541 §4.2).
    (4096, &[&[0, 4096], &[], &[50, 200], &[], &[4096, 70, 300], &[]]),
    (1000, &[&[10_000], &[], &[999], &[31], &[32], &[33], &[]]),
];

/// The blocks of each connection: the fields of every story, and fields at random, with tables of several sizes.
pub fn connections() -> impl Iterator<Item = Vec<Encoded>> {
    let stories = files()
        .into_iter()
        .filter(|file| file.parent().is_some_and(|dir| dir.ends_with("nghttp2")));
    let told = stories.map(|file| {
        let story = Story::read(&file);
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.into());
        story.cases.iter().map(|case| case.fields().into_iter().map(owned).collect()).collect()
    });
    told.chain((1..=40).map(at_random))
        .flat_map(|lists: Vec<Vec<Field>>| SIZES.map(|(size, limits)| encode(&lists, size, limits)))
}

/// Encodes lists of fields one after the other. `limits` repeat.
fn encode(lists: &[Vec<Field>], table_size: u32, limits: &[&[u32]]) -> Vec<Encoded> {
    let mut encoder = Encoder::new(Vec::new(), table_size);
    let block = |(at, list): (usize, &Vec<Field>)| {
        let limits = limits.get(at % limits.len().max(1)).copied().unwrap_or_default();
        for &limit in limits {
            encoder.set_size_limit(limit);
        }
        let fields = http::from_fn(|put| {
            for (at, (name, value)) in list.iter().enumerate() {
                let value = FieldValue::from(&value[..]);
                put(name, if at % 7 == 6 { value.sensitive() } else { value });
            }
        });
        let mut block = Vec::new();
        encoder.encode(&fields, &mut block).expect("a Vec has room");
        Encoded { limits: limits.into(), block, fields: list.clone() }
    };
    lists.iter().enumerate().map(block).collect()
}

/// Lists of fields that share some names and values. Some are empty, some longer than the table, and some have
/// every byte in them.
fn at_random(seed: u64) -> Vec<Vec<Field>> {
    const NAMES: [&str; 12] = [
        ":path",
        ":status",
        "cookie",
        "content-length",
        "x",
        "x-request-id",
        "authorization",
        "te",
        "accept",
        "age",
        "grpc-timeout",
        "a-name-that-is-in-no-table-and-is-rather-long",
    ];
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut field = || {
        let name = match random.below(8) {
            0 => format!("x-{}", random.below(100)),
            _ => NAMES[random.below(NAMES.len())].to_owned(),
        };
        let value = match random.below(8) {
            0 => Vec::new(),
            1 => (0..random.below(300)).map(|_| random.below(256) as u8).collect(),
            2 => vec![b'0' + random.below(10) as u8; random.below(5000)],
            _ => random.below(20).to_string().into_bytes(),
        };
        (name, value)
    };
    let mut lens = Random(seed);
    (0..60).map(|_| (0..lens.below(12)).map(|_| field()).collect()).collect()
}

/// Numbers that are the same in every run (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
