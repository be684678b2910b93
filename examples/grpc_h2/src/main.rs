//! gRPC on the `h2` crate: the Echo service with its four kinds of call, and a client for it.
//!
//! ```text
//! cargo run --release --manifest-path examples/grpc_h2/Cargo.toml -- --listen ADDR
//! cargo run --release --manifest-path examples/grpc_h2/Cargo.toml -- --connect ADDR
//! ```
//!
//! The server runs until it is interrupted. The client checks the answers of a server, prints a
//! line for each check, and fails if an answer is wrong.

mod client;
#[path = "../../echo/mod.rs"]
mod echo;
mod script;
mod server;

use framewright::http::FieldValue;
use http::{HeaderMap, HeaderName};

/// How much `h2` may spend on frames that wait to be read: enough for a window of 64 KiB of frames
/// with a message of one byte each. By default, a hundred of them would end the connection.
const DATA_FRAME_BUDGET: usize = 4 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--listen", address] => server::listen(address).await,
        ["--connect", address] => script::run(address).await,
        _ => Err("usage: grpc_h2 --listen ADDR | --connect ADDR".into()),
    }
}

/// Adds a field that `framewright` has checked to the headers of `http`.
fn append(headers: &mut HeaderMap, name: &str, value: FieldValue<'_>) {
    let name = HeaderName::from_bytes(name.as_bytes()).expect("a valid name");
    headers.append(name, value.to_vec().try_into().expect("a valid value"));
}
