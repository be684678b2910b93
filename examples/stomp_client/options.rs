//! The options of the command line.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use framewright::stomp::{AckMode, Versions};
use lexopt::prelude::{Long, Value, ValueExt};

/// What the user asked for.
pub struct Options {
    /// `HOST:PORT`, or the URL of a WebSocket.
    pub url: String,
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
        let mut values: Vec<OsString> = Vec::new();
        let mut host = None;
        let mut options = Self {
            url: String::new(),
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
                Long("nack") => options.nack = true,
                Long("heart-beat") => options.heart_beat = parser.value()?.parse()?,
                Long("file") => options.file = Some(parser.value()?.into()),
                Long("save") => options.save = Some(parser.value()?.into()),
                Value(value) => values.push(value),
                arg => return Err(arg.unexpected().into()),
            }
        }
        let [url, destination] = <[OsString; 2]>::try_from(values)
            .map_err(|_| "usage: stomp_client [OPTIONS] HOST:PORT DESTINATION")?;
        (options.url, options.destination) = (url.string()?, destination.string()?);
        let address = options.url.strip_prefix("ws://").unwrap_or(&options.url);
        let name = address.split([':', '/']).next().unwrap_or_default();
        options.host = host.unwrap_or_else(|| name.to_owned());
        Ok(options)
    }
}
