//! Reads what went over a wire, and tells frame by frame what it is.

mod capture;
mod conversation;
#[path = "../dissect/mod.rs"]
mod dissect;
mod guess;
mod hex;
mod json;
mod tcp;
mod text;
mod written;

use std::io::{self, BufRead, BufReader, Cursor, Read, Write};

use capture::Capture;
use conversation::Conversation;
pub use dissect::report::Sender;
pub use guess::Protocol;
use hex::HexDump;
pub use written::Form;
use written::Written;

/// How the bytes are written in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Capture,
    Hex,
    Raw,
}

impl Format {
    /// The names that `--format` takes.
    pub const NAMES: [(&'static str, Self); 3] =
        [("pcap", Self::Capture), ("hex", Self::Hex), ("raw", Self::Raw)];

    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

/// What to read, and how to tell it.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Guessed from the first bytes if it is not given, as the other two are.
    pub format: Option<Format>,
    pub protocol: Option<Protocol>,
    /// Who sent the bytes of a file that has one direction.
    pub sender: Option<Sender>,
    pub form: Form,
    /// How many bytes of each payload are shown.
    pub preview_len: usize,
}

/// What is read at once, and what is read to guess the format.
const READ_LEN: usize = 64 * 1024;
const GUESSED_FROM: u64 = 4096;

/// Reads `input` to its end, and writes what it is to `out`. Returns how many rules were broken.
pub fn inspect(
    input: impl Read + Send,
    settings: Settings,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut beginning = Vec::new();
    let mut input = input;
    input.by_ref().take(GUESSED_FROM).read_to_end(&mut beginning)?;
    let format = settings.format.unwrap_or_else(|| {
        if capture::is_capture(&beginning) {
            Format::Capture
        } else if hex::is_dump(&beginning) {
            Format::Hex
        } else {
            Format::Raw
        }
    });
    let input = BufReader::with_capacity(READ_LEN, Cursor::new(beginning).chain(input));
    let mut report = Written::new(out, settings.form, settings.preview_len);
    let result = match format {
        Format::Capture => Capture::new(settings.protocol).read(input, &mut report),
        Format::Hex => read_hex(input, settings, &mut report),
        Format::Raw => read_raw(input, settings, &mut report),
    };
    let problems = report.finish()?;
    result.map(|()| problems)
}

/// Reads a hex dump. What Wireshark has indented was sent by the server.
fn read_hex(input: impl BufRead, settings: Settings, report: &mut Written<'_>) -> io::Result<()> {
    let mut dump = HexDump::new(input);
    let mut conversation = Conversation::new(settings.protocol, settings.sender.is_some());
    let one = settings.sender.unwrap_or(Sender::Client);
    let result = loop {
        let next = dump.next(|mut line| {
            let sender = if line.indented { one.other() } else { one };
            conversation.receive(sender, &mut line.bytes, report);
        });
        match next {
            Ok(true) if !report.is_broken() => {}
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    conversation.end(one, report);
    conversation.end(one.other(), report);
    result
}

fn read_raw(mut input: impl Read, settings: Settings, report: &mut Written<'_>) -> io::Result<()> {
    let mut conversation = Conversation::new(settings.protocol, settings.sender.is_some());
    let sender = settings.sender.unwrap_or(Sender::Client);
    let mut buffer = vec![0; READ_LEN];
    loop {
        let len = input.read(&mut buffer)?;
        if len == 0 || report.is_broken() {
            break;
        }
        conversation.receive(sender, &mut buffer[..len], report);
    }
    conversation.end(sender, report);
    Ok(())
}
