//! Both ends of gRPC's own interoperability tests (interop-test-descriptions.md).
//!
//! ```text
//! cargo run --example grpc_interop -- --listen ADDR
//! cargo run --example grpc_interop -- --connect ADDR [CASE]
//! ```
//!
//! A client runs the test cases, or only one, and prints `ok NAME` or `FAILED NAME: WHY` for each. `tests/interop` lets it
//! meet other implementations.

mod cases;
#[path = "../../../../examples/grpc_interop/messages.rs"]
mod messages;
mod service;

use std::error::Error;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use framewright_tokio::grpc::{Encodings, Http2Limits, Options};

/// How long a message may be, which is the library's default.
const MAX_LEN: u64 = 4 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match &*args.iter().map(|arg| &**arg).collect::<Vec<_>>() {
        ["--listen", address] => service::listen(address).await?,
        ["--connect", address, case @ ..] => cases::run(address, case.first().copied()).await?,
        _ => return Err("usage: grpc_interop (--listen ADDR | --connect ADDR [CASE])".into()),
    }
    Ok(())
}

fn options() -> Options {
    Options::new().encodings(Encodings::GZIP).http2(Http2Limits::new().max_streams(1000))
}

/// Compresses a message with `gzip`.
fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a Vec takes everything")
}

/// The bytes of a message, decompressed if it was compressed. `None` if it is malformed or too long.
fn decompress(bytes: &[u8], is_compressed: bool) -> Option<Vec<u8>> {
    if !is_compressed {
        return Some(bytes.to_vec());
    }
    let mut plain = Vec::new();
    GzDecoder::new(bytes).take(MAX_LEN + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= MAX_LEN).then_some(plain)
}
