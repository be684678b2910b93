//! The content of messages: never the same twice in a run, always the same in every run.

use fastrand::Rng;

pub fn random_bytes(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes);
    bytes
}

/// Words.
pub fn ascii(rng: &mut Rng, len: usize) -> String {
    let letter = |rng: &mut Rng| if rng.u8(..6) == 0 { ' ' } else { rng.lowercase() };
    (0..len).map(|_| letter(rng)).collect()
}

/// Ideographs of three bytes, and one emoji of four in every eight characters.
pub fn cjk_and_emoji(rng: &mut Rng, len: usize) -> String {
    let mut text = String::with_capacity(len);
    while text.len() + 4 <= len {
        text.push(match rng.u8(..8) {
            0 => rng.char('\u{1F600}'..='\u{1F64F}'),
            _ => rng.char('\u{4E00}'..='\u{9FFF}'),
        });
    }
    text.extend(std::iter::repeat_n('.', len - text.len()));
    text
}

/// An event of Socket.IO with one record, as an array of JSON of `len` bytes.
pub fn event(rng: &mut Rng, len: usize) -> String {
    let record = json(rng, 120);
    let record = record[1..].split_inclusive('}').next().unwrap_or_default();
    let mut text = format!("[\"message\",{record},\"");
    text += &ascii(rng, len.saturating_sub(text.len() + 2)).replace(['"', '\\'], "-");
    text + "\"]"
}

/// Records of a feed, as similar as such records are.
pub fn json(rng: &mut Rng, len: usize) -> String {
    let mut text = String::from("[");
    while text.len() < len {
        text += &format!(
            "{{\"id\":{},\"symbol\":\"{}\",\"price\":{}.{:02},\"size\":{},\"side\":\"{}\",\"ts\":17{}}},",
            rng.u32(..1_000_000_000),
            rng.choice(["AAPL", "MSFT", "NVDA", "GOOG", "AMZN", "META"]).unwrap_or_default(),
            rng.u16(..1000),
            rng.u8(..100),
            rng.u16(..5000),
            if rng.bool() { "buy" } else { "sell" },
            rng.u64(..100_000_000_000),
        );
    }
    text.truncate(len - 1);
    text + "]"
}
