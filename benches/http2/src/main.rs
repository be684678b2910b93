//! Races HPACK against nghttp2, connections against a memcpy, and calls against `h2` and nghttp2, in memory and on one
//! thread.
//!
//! Both do the same work in turns of a few milliseconds. A ratio is the median, over the rounds, of our time divided by
//! the other's in the same round.

mod calls;
mod connection;
mod nghttp2;
mod race;
mod sessions;

use std::hint::black_box;

use framewright::http2::hpack::{Decoder, Encoder};
use hpack_stories::{Story, files};

use crate::race::{Row, begin_table, race};

type Field = (String, String);
type Lists = Vec<Vec<Field>>;

fn main() {
    println!("## Field blocks, per field\n");
    begin_table();
    let repeats = "a gRPC request that repeats";
    decode(repeats, 0.6, &[blocks(&vec![grpc_request(); 200])]);
    decode("nghttp2's stories", 0.6, &stories("nghttp2"));
    decode("go's stories", 0.6, &stories("go-hpack"));
    decode("stories in Huffman code, no table", 0.6, &stories("haskell-http2-naive-huffman"));
    encode(repeats, Some(0.35), &[vec![grpc_request(); 200]]);
    encode("requests with changing values", Some(0.6), &[changing()]);
    encode("the stories", None, &fields("nghttp2"));
    println!("\n## Connections\n");
    begin_table();
    connection::rows();
    calls::rows();
}

/// A request as gRPC's clients send it.
fn grpc_request() -> Vec<Field> {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/user.UserService/GetUser"),
        (":authority", "localhost:50051"),
        ("te", "trailers"),
        ("content-type", "application/grpc+proto"),
        ("user-agent", "grpc-go/1.33.3"),
        ("grpc-accept-encoding", "identity, deflate, gzip"),
        ("grpc-timeout", "1S"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into()
}

/// The same request, with a deadline, a trace and a token that change.
fn changing() -> Lists {
    let request = |number: u32| {
        let mut fields = grpc_request();
        fields.last_mut().expect("it has fields").1 = format!("{}m", 1000 + number % 997);
        let trace = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        fields.push(("x-request-id".into(), format!("{trace:016x}")));
        fields.push(("authorization".into(), format!("Bearer {trace:016x}{number:08x}")));
        fields
    };
    (0..200).map(request).collect()
}

/// What nghttp2 makes of lists of fields.
fn blocks(lists: &Lists) -> Vec<Vec<u8>> {
    let mut deflater = nghttp2::Deflater::new();
    let deflate = |list: &Vec<Field>| {
        let mut block = vec![0; 4096];
        let len = deflater.deflate(&mut nghttp2::fields(list), &mut block);
        block.truncate(len);
        block
    };
    lists.iter().map(deflate).collect()
}

fn stories(encoder: &str) -> Vec<Vec<Vec<u8>>> {
    let files =
        files().into_iter().filter(|file| file.parent().is_some_and(|dir| dir.ends_with(encoder)));
    files.map(|file| Story::read(&file).cases.iter().map(|case| case.block()).collect()).collect()
}

fn fields(encoder: &str) -> Vec<Lists> {
    let files =
        files().into_iter().filter(|file| file.parent().is_some_and(|dir| dir.ends_with(encoder)));
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    files
        .map(|file| {
            let story = Story::read(&file);
            story.cases.iter().map(|case| case.fields().into_iter().map(owned).collect()).collect()
        })
        .collect()
}

/// Decodes the blocks of some connections, each with a new decoder.
fn decode(what: &str, goal: f64, connections: &[Vec<Vec<u8>>]) {
    let mut buffer = Vec::with_capacity(1 << 16);
    let ours = || {
        let mut count = 0;
        for blocks in connections {
            let mut decoder = Decoder::new(Vec::new(), 4096);
            for block in blocks {
                buffer.clear();
                let mut input = &block[..];
                while let Some(field) =
                    decoder.decode(&mut input, &mut buffer, 1 << 16).expect("it is right")
                {
                    black_box(field);
                    count += 1;
                }
                decoder.end_block().expect("it is whole");
            }
        }
        count
    };
    let theirs = || {
        let mut count = 0;
        for blocks in connections {
            let mut inflater = nghttp2::Inflater::new();
            for block in blocks {
                count += inflater.inflate(block);
            }
        }
        count
    };
    let name = &format!("decode {what}");
    race(Row { name, peer: "nghttp2", goal: Some(goal) }, ours, theirs);
}

/// Encodes the fields of some connections, each with a new encoder.
fn encode(what: &str, goal: Option<f64>, connections: &[Lists]) {
    let mut block = Vec::with_capacity(1 << 16);
    let pairs: Vec<Vec<Vec<(&str, &str)>>> = connections
        .iter()
        .map(|lists| {
            let pairs =
                |list: &'_ Vec<Field>| list.iter().map(|(n, v)| (leak(n), leak(v))).collect();
            lists.iter().map(pairs).collect()
        })
        .collect();
    let ours = || {
        let mut count = 0;
        for lists in &pairs {
            let mut encoder = Encoder::new(Vec::new(), 4096);
            for list in lists {
                block.clear();
                encoder.encode(&list.iter(), &mut block).expect("a Vec has room");
                black_box(&block);
                count += list.len();
            }
        }
        count
    };
    let mut prepared: Vec<Vec<_>> = connections
        .iter()
        .map(|lists| lists.iter().map(|list| nghttp2::fields(list)).collect())
        .collect();
    let mut out = vec![0; 1 << 16];
    let theirs = || {
        let mut count = 0;
        for lists in &mut prepared {
            let mut deflater = nghttp2::Deflater::new();
            for list in lists {
                black_box(deflater.deflate(list, &mut out));
                count += list.len();
            }
        }
        count
    };
    let name = &format!("encode {what}");
    race(Row { name, peer: "nghttp2", goal }, ours, theirs);
}

/// The text for as long as the program runs.
fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
