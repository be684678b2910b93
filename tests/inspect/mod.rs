//! The frame inspector: captures of other people's software, streams that break a rule, and whatever bytes there are.

mod breaks;
mod formats;
mod nested;
mod packets;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::inspector::{Form, Format, Protocol, Sender, Settings, inspect};

/// What the program does without options.
const SETTINGS: Settings = Settings {
    format: None,
    protocol: None,
    sender: None,
    form: Form::Text { color: false },
    preview_len: 256,
};

fn captures() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inspect/captures");
    let files = fs::read_dir(directory).expect("it is there").map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == "pcap")).collect();
    files.sort();
    files
}

/// The report, or how reading failed.
fn report(input: impl Read + Send, settings: Settings) -> String {
    let mut out = Vec::new();
    let result = inspect(input, settings, &mut out);
    let mut report = String::from_utf8(out).expect("reports are text");
    if let Err(error) = result {
        report += &format!("error: {error}\n");
    }
    report
}

/// Yields one byte at a time.
struct ByteByByte<'a>(&'a [u8]);

impl Read for ByteByByte<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(1);
        self.0.read(&mut buffer[..len])
    }
}

/// Set `UPDATE` to write the reports anew, and read them.
#[test]
fn captures_of_other_software_are_told_as_before() {
    assert!(captures().len() >= 3);
    for path in captures() {
        let told = report(fs::File::open(&path).unwrap(), SETTINGS);
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        assert_eq!(told, fs::read_to_string(&expected).unwrap(), "{}", path.display());
        assert!(!told.contains('✗'), "nothing breaks a rule in {}", path.display());
    }
}

#[test]
fn a_capture_that_comes_byte_by_byte_is_told_alike() {
    for path in captures() {
        let bytes = fs::read(&path).unwrap();
        assert_eq!(report(ByteByByte(&bytes), SETTINGS), report(&bytes[..], SETTINGS));
    }
}

#[test]
fn reports_for_programs_are_a_json_object_for_each_line() {
    for path in captures() {
        let settings = Settings { form: Form::Json, ..SETTINGS };
        let told = report(fs::File::open(&path).unwrap(), settings);
        let text = report(fs::File::open(&path).unwrap(), SETTINGS);
        let items: Vec<serde_json::Value> =
            told.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
        let arrows = text.lines().filter(|line| line.starts_with(['→', '←', '─'])).count();
        assert_eq!(items.len(), arrows);
    }
}

#[test]
fn whatever_the_bytes_are_nothing_panics() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let senders = [None, Some(Sender::Client), Some(Sender::Server)];
    for corpus in fs::read_dir(corpora).expect("it is there") {
        // A few of each will do: the decoders have seen them all.
        for file in fs::read_dir(corpus.unwrap().path()).unwrap().step_by(16) {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let names = Protocol::NAMES.iter().map(|(name, _)| Protocol::parse(name));
            for (index, protocol) in names.chain([None]).enumerate() {
                let sender = senders[index % senders.len()];
                let settings =
                    Settings { format: Format::parse("raw"), protocol, sender, ..SETTINGS };
                let whole = report(&bytes[..], settings);
                assert_eq!(report(ByteByByte(&bytes), settings), whole, "{protocol:?} {sender:?}");
            }
            for format in ["hex", "pcap"].map(Format::parse) {
                report(&bytes[..], Settings { format, ..SETTINGS });
            }
        }
    }
}

#[test]
fn a_damaged_capture_is_told_as_far_as_it_goes() {
    for path in captures() {
        let bytes = fs::read(&path).unwrap();
        for (at, bit) in (0..bytes.len()).step_by(11).zip((0..8).cycle()) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            report(&damaged[..], SETTINGS);
        }
        for len in (0..bytes.len()).step_by(97) {
            report(&bytes[..len], SETTINGS);
        }
    }
}
