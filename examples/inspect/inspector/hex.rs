//! Hex dumps: those of xxd, `hexdump -C`, `od -A x -t x1` and Wireshark, and hex without anything else.

use std::io::{self, BufRead};

/// The longest line that is read. `xxd -p` of a whole file in one line is cut into pieces.
const MAX_LINE_LEN: u64 = 64 * 1024;
/// How many bytes a `*` may stand for.
const MAX_REPEATED_LEN: u64 = 1 << 30;

/// Reads a dump line by line.
pub struct HexDump<R> {
    input: R,
    line: u64,
    /// What the next offset of each sender has to be, once one was there.
    next: [Option<u64>; 2],
    /// The bytes of the last line, and whether a `*` follows it.
    last: Vec<u8>,
    repeats: bool,
}

/// The bytes of a line, and whether it is indented, as Wireshark does with what a server sends.
pub struct DumpLine {
    pub indented: bool,
    pub bytes: Vec<u8>,
}

impl<R: BufRead> HexDump<R> {
    pub const fn new(input: R) -> Self {
        Self { input, line: 0, next: [None; 2], last: Vec::new(), repeats: false }
    }

    /// Reads the next bytes; `None` at the end.
    pub fn next(&mut self, mut take: impl FnMut(DumpLine)) -> io::Result<bool> {
        let mut line = Vec::new();
        let len = io::Read::take(&mut self.input, MAX_LINE_LEN).read_until(b'\n', &mut line)?;
        if len == 0 {
            return Ok(false);
        }
        self.line += 1;
        let text = String::from_utf8_lossy(&line);
        let (indented, parsed) = parse(&text, self.next, self.repeats)
            .ok_or_else(|| self.wrong("it is neither hex nor a line of a hex dump"))?;
        let side = usize::from(indented);
        match parsed {
            Parsed::Nothing => {}
            Parsed::Repeat => self.repeats = !self.last.is_empty(),
            Parsed::Bytes { offset, bytes } => {
                if self.repeats {
                    self.repeat(side, offset, indented, &mut take)?;
                }
                if let Some(offset) = offset {
                    self.next[side] = Some(offset.saturating_add(bytes.len() as u64));
                    self.last.clone_from(&bytes);
                }
                if !bytes.is_empty() {
                    take(DumpLine { indented, bytes });
                }
            }
        }
        Ok(true)
    }

    /// Repeats the last line up to `offset`.
    fn repeat(
        &mut self,
        side: usize,
        offset: Option<u64>,
        indented: bool,
        take: &mut impl FnMut(DumpLine),
    ) -> io::Result<()> {
        self.repeats = false;
        let offset = offset.ok_or_else(|| self.wrong("an offset has to follow a `*`"))?;
        let missing = offset.saturating_sub(self.next[side].unwrap_or(offset));
        if missing > MAX_REPEATED_LEN {
            return Err(self.wrong("a `*` stands for more than a GiB"));
        }
        for _ in 0..missing / self.last.len().max(1) as u64 {
            take(DumpLine { indented, bytes: self.last.clone() });
        }
        Ok(())
    }

    fn wrong(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {what}", self.line))
    }
}

enum Parsed {
    Nothing,
    Repeat,
    Bytes { offset: Option<u64>, bytes: Vec<u8> },
}

/// Parses a line, after lines of which `next` are the offsets to come, without and with indentation. `repeats` is whether
/// a `*` is before it.
fn parse(line: &str, next: [Option<u64>; 2], repeats: bool) -> Option<(bool, Parsed)> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return Some((false, Parsed::Nothing));
    }
    if text == "*" {
        return Some((false, Parsed::Repeat));
    }
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let indented = line.starts_with("    ") || line.starts_with('\t');
    if let Some(offset) = offset(first, rest, next[usize::from(indented)], repeats) {
        let bytes = digits(without_text(rest, first.ends_with(':')))?;
        return Some((indented, Parsed::Bytes { offset: Some(offset), bytes }));
    }
    Some((false, Parsed::Bytes { offset: None, bytes: digits(text)? }))
}

/// The offset that a line begins with, if it begins with one: `next` is what has to come.
fn offset(first: &str, rest: &str, next: Option<u64>, repeats: bool) -> Option<u64> {
    let value = u64::from_str_radix(first.trim_end_matches(':'), 16).ok()?;
    let is_offset = if first.ends_with(':') {
        true
    } else if rest.is_empty() {
        // The end of `hexdump -C`.
        next == Some(value) || repeats
    } else if rest.starts_with([' ', '\t']) {
        first.len() >= 4
    } else {
        // One blank is between bytes too.
        first.len() >= 6 && value == next.unwrap_or(0)
    };
    is_offset.then_some(value)
}

/// The bytes of a line without the text beside them. `is_xxd` is whether two blanks already begin it.
fn without_text(rest: &str, is_xxd: bool) -> &str {
    let rest = rest.trim_start();
    let rest = rest.split_once("  |").map_or(rest, |(hex, _)| hex);
    let gap = if is_xxd { "  " } else { "   " };
    rest.split_once(gap).map_or(rest, |(hex, _)| hex)
}

/// The bytes that hex digits stand for. Blanks, commas, `0x` and `\x` between them do not count.
fn digits(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '\\')) {
        let word = word.strip_prefix("0x").or(word.strip_prefix('x')).unwrap_or(word);
        let (pairs, []) = word.as_bytes().as_chunks::<2>() else { return None };
        for pair in pairs {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            bytes.push(u8::try_from(high? << 4 | low?).ok()?);
        }
    }
    Some(bytes)
}

/// Whether a file that begins with `bytes` is a hex dump.
pub fn is_dump(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    let is_hex = |line| matches!(parse(line, [None; 2], false), Some((_, Parsed::Bytes { bytes, .. })) if !bytes.is_empty());
    // One line without an end may be cut off inside a byte.
    let cut = first.get(..first.len() - 1).filter(|_| !text.contains('\n'));
    is_hex(first) || cut.is_some_and(is_hex)
}
