//! The options of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use framewright::ws::deflate::Config;
use framewright::ws::handshake::Origins;

use crate::hub::MAX_HELD;
use crate::stomp::relay;

pub struct Options {
    pub listen: SocketAddr,
    /// The files with the certificate and its key, for TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    pub max_message: u64,
    /// How messages are compressed with clients that offer it.
    pub deflate: Option<Config>,
    /// The origins whose pages may open a WebSocket.
    pub origins: Origins<'static>,
    /// The broker whose topics are shared.
    pub stomp_relay: Option<String>,
    /// How many bytes are held for the broker.
    pub stomp_hold: usize,
    /// How many bytes the sessions of Socket.IO may hold together, and those of SockJS.
    pub hub_hold: usize,
    /// Whether pings of Engine.IO come often.
    pub quick: bool,
    /// Where pages in iframes find the client of SockJS.
    pub sockjs_script: String,
}

const USAGE: &str = "usage: gateway [--listen ADDR] [--tls CERT KEY] [--max-message BYTES] \
    [--no-deflate | --no-context-takeover] [--origin ORIGIN]... [--forwarded-host] \
    [--stomp-relay ADDR] [--stomp-hold BYTES] [--hub-hold BYTES] [--quick] [--sockjs-script URL]

--tls CERT KEY: a certificate with its chain, and its key, in PEM. Browsers speak HTTP/2 only over TLS.
--stomp-relay ADDR: topics of STOMP, and the chat room, are those of all gateways at this broker of STOMP. Its user,
  passcode and virtual host come from the environment: STOMP_RELAY_LOGIN, STOMP_RELAY_PASSCODE, STOMP_RELAY_HOST (/).
--stomp-hold BYTES: how much may wait until the broker has confirmed it
--hub-hold BYTES: how much the sessions of Socket.IO may hold together for clients that do not take it, and those of SockJS
  (256 MiB). When it is more, those that hold most are ended
--quick: pings of Engine.IO come often, as the tests of its authors want
--sockjs-script URL: where the client of SockJS is, for pages in iframes";

impl Options {
    pub fn parse() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::{Long, ValueExt};
        let mut options = Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            tls: None,
            max_message: 64 << 20,
            deflate: Some(Config::new()),
            // No cookies are used here, but pages of other sites should not speak in this chat.
            origins: Origins::same_host().or_absent(),
            stomp_relay: None,
            stomp_hold: relay::HELD_BYTES,
            hub_hold: MAX_HELD,
            quick: false,
            sockjs_script: "/sockjs.min.js".to_owned(),
        };
        let mut listed = Vec::new();
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("listen") => options.listen = parser.value()?.parse()?,
                Long("tls") => {
                    options.tls = Some((parser.value()?.into(), parser.value()?.into()));
                }
                Long("max-message") => options.max_message = parser.value()?.parse()?,
                Long("no-deflate") => options.deflate = None,
                Long("no-context-takeover") => {
                    let alone = Config::new();
                    let alone =
                        alone.server_no_context_takeover(true).client_no_context_takeover(true);
                    options.deflate = Some(alone);
                }
                Long("origin") => listed.push(&*parser.value()?.string()?.leak()),
                // Behind a proxy that sets X-Forwarded-Host. Clients must not be able to.
                Long("forwarded-host") => {
                    options.origins = options.origins.forwarded_host("X-Forwarded-Host");
                }
                Long("stomp-relay") => options.stomp_relay = Some(parser.value()?.string()?),
                Long("hub-hold") => options.hub_hold = parser.value()?.parse()?,
                Long("stomp-hold") => options.stomp_hold = parser.value()?.parse()?,
                Long("quick") => options.quick = true,
                Long("sockjs-script") => options.sockjs_script = parser.value()?.string()?,
                Long("help") => {
                    println!("{USAGE}");
                    std::process::exit(0);
                }
                other => return Err(other.unexpected()),
            }
        }
        options.origins = options.origins.or_exact(listed.leak());
        Ok(options)
    }
}
