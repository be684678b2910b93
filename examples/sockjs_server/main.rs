//! A SockJS server with the services that SockJS's own tests need, and a chat room, in one thread:
//! `cargo run --example sockjs_server -- [--listen ADDR] [--script URL] [--hold BYTES]`.
//!
//! `/echo` sends messages back, `/disabled_websocket_echo` does so without WebSocket, `/cookie_needed_echo` with a cookie,
//! `/close` closes each session, and at `/chat` everybody gets each message. `--script` is where the page for iframes
//! finds the client. `--hold` is how much all sessions may hold together, 256 MiB by default. When it is more, those that
//! hold most are ended.

#[path = "../hub/mod.rs"]
mod hub;
#[path = "../hub_server/mod.rs"]
mod hub_server;
mod sockjs;

use std::error::Error;

use lexopt::ValueExt;

use hub_server::OwnRoom;
use sockjs::{Chat, Hub, Mount};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = lexopt::Parser::from_env();
    let mut addr = ([127, 0, 0, 1], 8081).into();
    let mut hold = hub::MAX_HELD;
    let mut script = "/sockjs.min.js".to_owned();
    while let Some(arg) = options.next()? {
        match arg {
            lexopt::Arg::Long("listen") => addr = options.value()?.parse()?,
            lexopt::Arg::Long("script") => script = options.value()?.string()?,
            lexopt::Arg::Long("hold") => hold = options.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let chat = Mount::new("/chat", Chat::new(OwnRoom::default()));
    let mounts = sockjs::for_tests("").into_iter().chain([chat]);
    let hub = Hub::new(mounts, &script).ok_or("--script takes a URL")?;
    hub_server::run(addr, hub.max_held(hold))
}
