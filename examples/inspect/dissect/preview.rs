//! The beginning of a payload, as text or in hex.

use std::fmt::Write;

/// The first bytes of a payload, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Preview {
    head: Vec<u8>,
    max_len: usize,
    len: u64,
}

impl Preview {
    pub const fn new(max_len: usize) -> Self {
        Self { head: Vec::new(), max_len, len: 0 }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let room = self.max_len - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len += bytes.len() as u64;
    }

    pub fn of(mut self, bytes: &[u8]) -> Self {
        self.push(bytes);
        self
    }

    /// Whether more bytes would not be shown.
    pub fn is_full(&self) -> bool {
        self.head.len() == self.max_len
    }

    /// How many bytes there are, shown or not.
    pub const fn len(&self) -> u64 {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets how many bytes there are, where only the first of them were pushed.
    pub const fn announced(mut self, len: u64) -> Self {
        self.len = len;
        self
    }

    /// How many bytes are not shown.
    pub const fn hidden(&self) -> u64 {
        self.len.saturating_sub(self.head.len() as u64)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.head
    }

    /// The lines to show: text if it is text, else hex.
    pub fn lines(&self) -> Vec<String> {
        match self.text() {
            Some(text) => text.split('\n').map(escaped).collect(),
            None => self.head.chunks(16).map(hex_line).collect(),
        }
    }

    /// The text, if it is text. A character that is cut off at the end is left out.
    pub fn text(&self) -> Option<&str> {
        let text = match std::str::from_utf8(&self.head) {
            Ok(text) => text,
            Err(e) if e.error_len().is_none() && self.hidden() > 0 => {
                std::str::from_utf8(&self.head[..e.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        let is_binary = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        (!text.contains(is_binary)).then_some(text)
    }
}

/// Bytes in hex, with blanks between them.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (i, byte) in bytes.iter().enumerate() {
        let gap = if i > 0 { " " } else { "" };
        write!(text, "{gap}{byte:02x}").expect("a string takes everything");
    }
    text
}

/// Sixteen bytes in hex, and those that are printable beside them.
fn hex_line(bytes: &[u8]) -> String {
    let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
    format!("{:<47}  {}", hex(bytes), bytes.iter().map(printable).collect::<String>())
}

/// Text without what a terminal would obey, or show as something else.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || steers {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Bytes of a header as text, with those escaped that are not UTF-8.
pub fn lossy(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += &escaped(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a string takes everything");
        }
    }
    text
}

/// A number of bytes, in words.
pub fn bytes(len: u64) -> String {
    if len == 1 { "1 byte".to_owned() } else { format!("{len} bytes") }
}

/// How much shorter something became: "25 bytes, 31 % of 80".
pub fn shrunk(short: u64, long: u64) -> String {
    if long == 0 {
        return format!("{}, nothing inside", bytes(short));
    }
    let percent = u128::from(short) * 100 / u128::from(long);
    format!("{}, {percent} % of {long}", bytes(short))
}
