//! The framing of a chunked body of HTTP/1.1: what stands between its bytes (RFC 9112 §7.1).

use super::http1::NAME;
use super::preview::{bytes, lossy};
use super::report::{Item, Place, Report};

/// How much of it is kept: extensions and trailers may be long.
const MAX_KEPT_LEN: usize = 256;

/// What has come of the framing since the last byte of the body.
#[derive(Default)]
pub struct Framing {
    is_chunked: bool,
    start: Option<Place>,
    kept: Vec<u8>,
    len: u64,
}

impl Framing {
    pub fn new(is_chunked: bool) -> Self {
        Self { is_chunked, ..Self::default() }
    }

    /// Takes bytes that are not of the body, the first of which stands at `place`.
    pub fn push(&mut self, place: Place, framing: &[u8]) {
        if !self.is_chunked || framing.is_empty() {
            return;
        }
        self.start.get_or_insert(place);
        let room = MAX_KEPT_LEN - self.kept.len();
        self.kept.extend_from_slice(&framing[..framing.len().min(room)]);
        self.len += framing.len() as u64;
    }

    /// Reports it, once the body goes on or has ended.
    pub fn show(&mut self, report: &mut dyn Report) {
        let Some(start) = self.start.take() else { return };
        let (kept, len) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.len));
        // The line break after the chunk before it belongs to that.
        let before = if kept.starts_with(b"\r\n") { 2 } else { 0 };
        let line = kept[before..].split(|byte| *byte == b'\r').next().unwrap_or_default();
        let (size, extensions) =
            match line.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t')) {
                Some(at) => line.split_at(at),
                None => (line, &[][..]),
            };
        let digits = str::from_utf8(size).unwrap_or_default();
        let count = u64::from_str_radix(digits, 16).unwrap_or_default();
        let title =
            if count == 0 { "last chunk".to_owned() } else { format!("chunk, {}", bytes(count)) };
        let mut item = Item::new(start.after(before), NAME, title).len(len - before as u64 + count);
        item = item.wire("size", size, format!("{digits} in hex: {}", bytes(count)));
        if !extensions.is_empty() {
            item = item.fact("extensions", lossy(extensions));
        }
        let rest = &kept[before + line.len()..];
        if count == 0 && rest.len() > 4 {
            item = item.fact("trailers", lossy(rest.trim_ascii()));
        }
        report.item(&item.wire("line end", &rest[..rest.len().min(2)], "CR LF"));
    }
}
