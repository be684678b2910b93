//! A server of Socket.IO, and of bare Engine.IO: `cargo run --example socketio_server -- [--listen ADDR] [--hold BYTES]`.
//!
//! Under `/socket.io/` there are the namespaces `/` and `/custom`. Each answers a client with the event `auth` and what
//! the client sent to connect, `message` with `message-back`, and `message-with-ack` with an acknowledgement. In the
//! namespace `/chat`, everybody gets each `message`. Under `/engine.io/` each message is sent back.
//!
//! `--hold` is how much all sessions may hold together, 256 MiB by default. When it is more, those that hold most are ended.

#[path = "../hub/mod.rs"]
mod hub;
#[path = "../hub_server/mod.rs"]
mod hub_server;
mod socketio;

use std::error::Error;

use lexopt::ValueExt;

use hub_server::OwnRoom;
use socketio::Hub;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = lexopt::Parser::from_env();
    let mut addr = ([127, 0, 0, 1], 3000).into();
    let (mut quick, mut hold) = (false, hub::MAX_HELD);
    while let Some(arg) = options.next()? {
        match arg {
            lexopt::Arg::Long("listen") => addr = options.value()?.parse()?,
            lexopt::Arg::Long("hold") => hold = options.value()?.parse()?,
            // What the protocols' own test suites want: they wait for pings and time-outs.
            lexopt::Arg::Long("quick") => quick = true,
            other => return Err(other.unexpected().into()),
        }
    }
    hub_server::run(addr, Hub::new(OwnRoom::default(), quick).max_held(hold))
}
