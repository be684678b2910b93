//! The options of the command line.

use std::io::IsTerminal;
use std::path::PathBuf;

use crate::inspector::{Form, Format, Protocol, Sender, Settings};

pub struct Options {
    /// `None` is the standard input.
    pub file: Option<PathBuf>,
    pub settings: Settings,
}

const USAGE: &str = "usage: inspect [--format FORMAT] [--protocol PROTOCOL] [--client | --server] [--bytes N] \
    [--color | --no-color | --json] [FILE]

Reads what went over a wire, and tells frame by frame what it is, and where it breaks a rule.
FILE is a capture (pcap, pcapng), a hex dump (xxd, hexdump -C, Wireshark, plain), or the bytes themselves; - is the
standard input.

--format FORMAT: pcap, hex or raw, if the first bytes do not tell
--protocol PROTOCOL: http1, http2, websocket, sse, grpc, stomp or engineio, if the first bytes do not tell
--client, --server: who sent the bytes, where the file has one direction
--bytes N: how many bytes of each payload to show (256)
--color, --no-color: whether to colour. By default, if the output is a terminal and NO_COLOR is not set
--json: one object for each line

The exit status is 1 if a rule was broken, and 2 if the file could not be read.";

impl Options {
    pub fn parse() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::{Long, Value, ValueExt};
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = std::io::stdout().is_terminal() && !no_color;
        let mut settings = Settings {
            format: None,
            protocol: None,
            sender: None,
            form: Form::Text { color },
            preview_len: 256,
        };
        let mut file = None;
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("format") => settings.format = Some(named(&mut parser, Format::parse)?),
                Long("protocol") => settings.protocol = Some(named(&mut parser, Protocol::parse)?),
                Long("client") => settings.sender = Some(Sender::Client),
                Long("server") => settings.sender = Some(Sender::Server),
                Long("bytes") => settings.preview_len = parser.value()?.parse()?,
                Long("color") => settings.form = Form::Text { color: true },
                Long("no-color") => settings.form = Form::Text { color: false },
                Long("json") => settings.form = Form::Json,
                Long("help") => {
                    println!("{USAGE}");
                    std::process::exit(0);
                }
                Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self { file: file.filter(|file| file.as_os_str() != "-"), settings })
    }
}

/// A value that is one of a few names.
fn named<T>(parser: &mut lexopt::Parser, parse: fn(&str) -> Option<T>) -> Result<T, lexopt::Error> {
    use lexopt::prelude::ValueExt;
    let name = parser.value()?.string()?;
    parse(&name).ok_or_else(|| format!("{name:?} is none of the names: see --help").into())
}
