//! The lines of a head (RFC 9112 §3 to §5). They have no control bytes but HTAB: the search for the end of
//! the head has looked for them.

use memchr::memchr;

use crate::http::Name;
use crate::http::syntax::{ascii, is_space, is_token, is_visible, trim, trim_end, trim_start};
use crate::http1::{Error, Version};

/// Takes a line off `lines`, without its end, which may be LF alone.
#[inline]
pub(super) fn next_line<'a>(lines: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (line, rest) = lines.split_at_checked(find_near(b'\n', lines)? + 1)?;
    *lines = rest;
    let line = line.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Takes the lines off the front of `lines` that begin with a blank. They follow the start line of a
/// response and continue no header, so they mean nothing (§2.2).
pub(super) fn skip_first_blank_lines(lines: &mut &[u8]) {
    while lines.first().is_some_and(|&b| is_space(b)) && next_line(lines).is_some() {}
}

/// The method, target and version in a request line (§3).
#[inline]
pub(super) fn request_line(line: &[u8]) -> Result<(&str, &str, Version), Error> {
    let mut rest = line;
    let (Some(method), Some(target)) = (word(&mut rest), word(&mut rest)) else {
        return Err(Error::RequestLine);
    };
    let method = match method {
        b"GET" => "GET",
        b"POST" => "POST",
        _ if is_token(method) => ascii(method),
        _ => return Err(Error::RequestLine),
    };
    if !is_visible(target) {
        return Err(Error::RequestLine);
    }
    match version(&mut rest) {
        Some(version) if rest.is_empty() => Ok((method, ascii(target), version)),
        Some(_) => Err(Error::RequestLine),
        None if line == b"PRI * HTTP/2.0" => Err(Error::Http2),
        None => Err(Error::Version),
    }
}

/// Takes what is before the first space off `line`, with the space.
#[inline]
fn word<'a>(line: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (word, rest) = line.split_at_checked(line.iter().position(|&b| b == b' ')?)?;
    *line = rest.get(1..)?;
    Some(word)
}

/// The version, status and reason in a status line (§4).
///
/// Laxer than the grammar, as §4 allows: there may be more than one blank before the status, a blank may
/// be a tab, and the space before the reason may be missing with it.
#[inline]
pub(super) fn status_line(line: &[u8]) -> Result<(Version, u16, &[u8]), Error> {
    let mut rest = line;
    let version = version(&mut rest).ok_or(Error::Version)?;
    let after_version = rest;
    rest = trim_start(rest);
    if rest.len() == after_version.len() {
        return Err(Error::StatusLine);
    }
    let [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = rest else {
        return Err(Error::StatusLine);
    };
    let status =
        [a, b, c].into_iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    let reason = match rest {
        [] => rest,
        [b' ' | b'\t', reason @ ..] => reason,
        _ => return Err(Error::StatusLine),
    };
    Ok((version, status, reason))
}

/// Takes a version off `line`. A minor version above 1 counts as 1 (RFC 9110 §2.5).
#[inline]
fn version(line: &mut &[u8]) -> Option<Version> {
    let (&minor, rest) = line.strip_prefix(b"HTTP/1.")?.split_first()?;
    if !minor.is_ascii_digit() {
        return None;
    }
    *line = rest;
    Some(if minor == b'0' { Version::Http10 } else { Version::Http11 })
}

/// The name and the value in a header line, and which name it is. A lax parser allows blanks between the
/// name and its colon (§5.1).
#[inline]
pub(super) fn field(line: &[u8], is_lax: bool) -> Option<(Option<Name>, &[u8])> {
    let (name, value) = line.split_at_checked(find_near(b':', line)?)?;
    let name = if is_lax { trim_end(name) } else { name };
    let value = value.get(1..)?;
    let known = Name::of_bytes(name);
    // A name that is known is a token.
    (known.is_some() || is_token(name)).then_some((known, trim(value)))
}

/// The first position of `byte`, which is expected to be near. To look at a few words takes less than to
/// call `memchr`, which goes on if they do not have it.
#[inline]
fn find_near(byte: u8, bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 6;
    const ONES: u64 = u64::from_ne_bytes([1; 8]);

    let (words, _) = bytes.as_chunks::<8>();
    for (at, &word) in (0..).step_by(8).zip(words.iter().take(NEAR)) {
        let differing = u64::from_le_bytes(word) ^ (ONES * u64::from(byte));
        // Sets the highest bit of each byte that is zero, and maybe that of bytes after the first one.
        let zero = differing.wrapping_sub(ONES) & !differing & (ONES * 0x80);
        if zero != 0 {
            return Some(at + (zero.trailing_zeros() / 8) as usize);
        }
    }
    let near = words.len().min(NEAR) * 8;
    Some(near + memchr(byte, bytes.get(near..)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn a_byte_is_found_wherever_it_is() {
        for len in 0..if cfg!(miri) { 20 } else { 80 } {
            assert_eq!(find_near(b':', &vec![b'a'; len]), None);
            for at in 0..len {
                let mut bytes = vec![b'a'; len];
                bytes[at] = b':';
                // The neighbours of the colon, the byte that differs in the highest bit, and another colon.
                for after in [b':' + 1, b':' - 1, b':' | 0x80, b':'] {
                    bytes[at + 1..].fill(after);
                    assert_eq!(find_near(b':', &bytes), Some(at), "{bytes:?}");
                }
                bytes[at] = b':' | 0x80;
                bytes[at + 1..].fill(b'a');
                assert_eq!(find_near(b':', &bytes), None, "{bytes:?}");
            }
        }
    }
}
