//! A service like those that people write, with all four kinds of call: its server on `mio`, its client on a blocking socket.
//!
//! ```text
//! cargo run --example user_service -- server --listen ADDR
//! cargo run --example user_service -- client [--ca FILE] URL
//! ```

#[path = "../grpc_blocking/mod.rs"]
mod channel;
mod client;
#[path = "../grpc_mio/mod.rs"]
mod event_loop;
mod messages;
mod server;
#[path = "../socket/mod.rs"]
mod socket;

use std::error::Error;

use socket::Target;

const USAGE: &str =
    "usage: user_service server --listen ADDR | user_service client [--ca FILE] URL";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match &*args.iter().map(|arg| &**arg).collect::<Vec<_>>() {
        ["server", "--listen", address] => {
            event_loop::serve(address.parse()?, server::Users::new())
        }
        ["client", url] => client::run(&Target::parse(url)?),
        ["client", "--ca", file, url] => {
            client::run(&Target::parse(url)?.with_ca(Some(file.into())))
        }
        _ => Err(USAGE.into()),
    }
}
