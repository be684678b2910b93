//! Prints what our encoder wrote, for `python_reader.py`: a line for each connection, limit, block and field.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use hpack_stories::encoded::connections;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for connection in connections() {
        writeln!(out, "connection")?;
        for encoded in connection {
            for limit in encoded.limits {
                writeln!(out, "limit {limit}")?;
            }
            writeln!(out, "block {}", hex(&encoded.block))?;
            for (name, value) in encoded.fields {
                writeln!(out, "field {} {}", hex(name.as_bytes()), hex(&value))?;
            }
        }
    }
    out.flush()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String has room");
        text
    })
}
