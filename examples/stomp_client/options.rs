//! The options of the command line.

use std::error::Error;
use std::path::PathBuf;

use framewright::stomp::{AckMode, Versions};
use lexopt::prelude::{Long, Value, ValueExt};

use crate::client::socket::Target;

/// What the user asked for.
pub struct Options {
    pub target: Target,
    /// Whether STOMP is in the messages of a WebSocket.
    pub websocket: bool,
    pub destination: String,
    pub login: Option<String>,
    pub passcode: String,
    pub host: String,
    pub versions: Versions,
    pub ack_mode: AckMode,
    pub nack: bool,
    /// In ms.
    pub heart_beat: u64,
    pub file: Option<PathBuf>,
    pub save: Option<PathBuf>,
}

impl Options {
    pub fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parser = lexopt::Parser::from_env();
        let (mut values, mut host, mut ca) = (Vec::new(), None, None);
        let mut options = Self {
            target: Target::parse("localhost:61613")?,
            websocket: false,
            destination: String::new(),
            login: None,
            passcode: std::env::var("STOMP_PASSCODE").unwrap_or_default(),
            host: String::new(),
            versions: Versions::ALL,
            ack_mode: AckMode::Auto,
            nack: false,
            heart_beat: 10_000,
            file: None,
            save: None,
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Long("login") => options.login = Some(parser.value()?.string()?),
                Long("host") => host = Some(parser.value()?.string()?),
                Long("versions") => options.versions = Versions::parse(&parser.value()?.string()?),
                Long("ack") => options.ack_mode = AckMode::parse(&parser.value()?.string()?)?,
                Long("ca") => ca = Some(parser.value()?.into()),
                Long("nack") => options.nack = true,
                Long("heart-beat") => options.heart_beat = parser.value()?.parse()?,
                Long("file") => options.file = Some(parser.value()?.into()),
                Long("save") => options.save = Some(parser.value()?.into()),
                Value(value) => values.push(value.string()?),
                arg => return Err(arg.unexpected().into()),
            }
        }
        let [url, destination] = <[String; 2]>::try_from(values)
            .map_err(|_| "usage: stomp_client [OPTIONS] URL DESTINATION")?;
        options.websocket = url.contains("://");
        options.target = Target::parse(&url)?.with_ca(ca);
        options.destination = destination;
        options.host = host.unwrap_or_else(|| options.target.host().to_owned());
        Ok(options)
    }
}
