//! Both ends of gRPC's own interoperability tests, and the Echo service of the other examples, on this crate's HTTP/2.
//!
//! ```text
//! cargo run --example grpc_interop -- --listen ADDR
//! cargo run --example grpc_interop -- --connect URL [CASE]
//! ```
//!
//! A client runs the test cases, or only one, and prints `ok NAME` or `FAILED NAME: WHY` for each.

mod cases;
#[path = "../grpc_blocking/mod.rs"]
mod channel;
#[path = "../echo/mod.rs"]
mod echo;
#[path = "../grpc_mio/mod.rs"]
mod event_loop;
mod messages;
mod service;
#[path = "../socket/mod.rs"]
mod socket;

use std::error::Error;

use socket::Target;

const USAGE: &str = "usage: grpc_interop (--listen ADDR | --connect URL [CASE])";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match &*args.iter().map(|arg| &**arg).collect::<Vec<_>>() {
        ["--listen", address] => event_loop::serve(address.parse()?, service::Services),
        ["--connect", url, case @ ..] if case.len() <= 1 => {
            cases::run(&Target::parse(url)?, case.first().copied())
        }
        _ => Err(USAGE.into()),
    }
}
