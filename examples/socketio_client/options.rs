//! What the command line asks for.

use std::error::Error;

use framewright::engineio::Transport;
use lexopt::{Arg, Parser, ValueExt};

use crate::client::socket::Target;

pub struct Options {
    /// How the session begins.
    pub transport: Transport,
    /// Whether it moves to WebSocket.
    pub upgrade: bool,
    pub namespace: String,
    pub auth: Option<String>,
    pub target: Target,
    pub path: String,
}

impl Options {
    pub fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parser = Parser::from_env();
        let (mut transport, mut upgrade) = (Transport::Polling, true);
        let (mut namespace, mut auth) = ("/".to_owned(), None);
        let (mut path, mut url, mut ca) = ("/socket.io/".to_owned(), None, None);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("transport") => {
                    (transport, upgrade) = match parser.value()?.string()?.as_str() {
                        "websocket" => (Transport::WebSocket, false),
                        "polling" => (Transport::Polling, false),
                        "upgrade" => (Transport::Polling, true),
                        other => return Err(format!("no transport is called {other}").into()),
                    }
                }
                Arg::Long("namespace") => namespace = parser.value()?.string()?,
                Arg::Long("auth") => auth = Some(parser.value()?.string()?),
                Arg::Long("ca") => ca = Some(parser.value()?.into()),
                Arg::Long("path") => path = parser.value()?.string()?,
                Arg::Value(value) if url.is_none() => url = Some(value.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let url = url.ok_or("the last argument is the server's URL")?;
        let target = Target::parse(&url)?.with_ca(ca);
        Ok(Self { transport, upgrade, namespace, auth, target, path })
    }
}
