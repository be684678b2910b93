//! The grammar that fields share: tokens, values, lists, authorities (RFC 9110 §5.6).

use super::words::{from_to, is_every_byte};

/// Whether `text` is `lower` in any case.
///
/// All bytes are compared at once. That is several times faster than byte by byte, since `lower` is
/// known when this is compiled.
#[inline]
pub(crate) fn is_in_any_case<const LEN: usize>(text: &[u8], lower: &[u8; LEN]) -> bool {
    let Ok(text) = <&[u8; LEN]>::try_from(text) else { return false };
    // The bit that differs between the cases of a letter; none if it is not a letter.
    let case = |lower: &u8| u8::from(lower.is_ascii_lowercase()) << 5;
    text.iter().zip(lower).fold(0, |diff, (a, b)| diff | ((a | case(b)) ^ b)) == 0
}

/// Whether `byte` may be part of a token (RFC 9110 §5.6.2).
#[inline]
pub(crate) fn is_tchar(byte: u8) -> bool {
    TCHARS.get(usize::from(byte)) == Some(&true)
}

static TCHARS: [bool; 256] = table(b"!#$%&'*+-.^_`|~");

/// Whether `byte` may be part of a host's name (RFC 3986 §3.2.2).
#[inline]
fn is_host_char(byte: u8) -> bool {
    HOST_CHARS.get(usize::from(byte)) == Some(&true)
}

static HOST_CHARS: [bool; 256] = table(b"-._~%!$&'()*+,;=");

/// A table of letters, digits and `others`.
#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const fn table(mut others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    while let [byte, rest @ ..] = others {
        table[*byte as usize] = true;
        others = rest;
    }
    table
}

/// Whether `text` is a token.
#[inline]
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| is_tchar(b))
}

/// Whether `text` is a token in lower case, as names are in HTTP/2 (RFC 9113 §8.2.1).
#[inline]
pub(crate) fn is_lower_token(text: &[u8]) -> bool {
    // Nearly all names are of letters and hyphens.
    let is_usual =
        is_every_byte(text, |word| from_to::<b'a', b'z'>(word) | from_to::<b'-', b'-'>(word));
    let is_valid = || text.iter().all(|&b| is_tchar(b) && !b.is_ascii_uppercase());
    !text.is_empty() && (is_usual || is_valid())
}

/// Whether `text` may be the value of a field: it has no control but HTAB, so it ends no line
/// (RFC 9110 §5.5).
///
/// What bytes beyond ASCII mean is up to sender and receiver: browsers send the ID of an event in
/// UTF-8.
pub(crate) fn is_field_value(text: &[u8]) -> bool {
    // Nearly all are short, and of printable ASCII.
    if text.len() < 64 && is_every_byte(text, from_to::<b' ', b'~'>) {
        return true;
    }
    // No early end, so that many are compared at a time.
    text.iter().fold(0, |found, &b| found | u8::from(b != b'\t' && b.is_ascii_control())) == 0
}

/// Whether `text` is of visible ASCII characters only, and at least one.
#[inline]
pub(crate) fn is_visible(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_graphic)
}

/// `bytes`, which are known to be ASCII, as text; empty if they are not UTF-8.
#[inline]
pub(crate) fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// Whether `byte` is a blank, of which optional whitespace consists.
#[inline]
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `bytes` without the optional whitespace around it (RFC 9110 §5.6.3).
#[inline]
pub(crate) const fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

#[inline]
pub(crate) const fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    bytes
}

#[inline]
pub(crate) const fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Yields the elements of a comma-separated list without quoted strings. Empty elements are skipped
/// (RFC 9110 §5.6.1).
#[inline]
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(trim).filter(|element| !element.is_empty())
}

/// The text before the first `separator`, and the text after it.
///
/// It searches for an array of one: in the search for a `char`, the compiler cannot rule out a panic.
#[inline]
pub(crate) fn split_once(text: &str, separator: char) -> Option<(&str, &str)> {
    text.split_once([separator])
}

/// A number of bytes, as `Content-Length` has it (RFC 9110 §8.6).
pub(crate) fn parse_len(digits: &[u8]) -> Option<u64> {
    // `parse` alone would accept a sign.
    digits.iter().all(u8::is_ascii_digit).then(|| ascii(digits).parse().ok()).flatten()
}

/// Splits `host [":" port]`; the port is empty where there is none (RFC 3986 §3.2).
///
/// `None` if `text` is anything else. An empty host is allowed, userinfo is not.
pub(crate) fn authority(text: &str) -> Option<(&str, &str)> {
    let host_len = if text.starts_with('[') {
        let (address, _) = split_once(text.strip_prefix('[')?, ']')?;
        let valid = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
        if address.is_empty() || !address.bytes().all(valid) {
            return None;
        }
        address.len() + 2
    } else {
        text.bytes().position(|b| !is_host_char(b)).unwrap_or(text.len())
    };
    let (host, rest) = text.split_at_checked(host_len)?;
    let port = if rest.is_empty() { "" } else { rest.strip_prefix(':')? };
    let valid = port.is_empty()
        || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    valid.then_some((host, port))
}

/// Splits a target in absolute-form into its authority and what follows that: `http://example.com/a?b`
/// into `example.com` and `/a?b` (RFC 9112 §3.2.2).
///
/// `None` if `target` does not begin with a scheme of HTTP or WebSocket, in any case.
pub(crate) fn split_absolute(target: &str) -> Option<(&str, &str)> {
    // Most targets are paths.
    if target.starts_with('/') {
        return None;
    }
    let (scheme, rest) = split_once(target, ':')?;
    let rest = rest.strip_prefix("//")?;
    if !["http", "https", "ws", "wss"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let len = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    rest.split_at_checked(len)
}

/// Whether `scheme` is `http` or `https`, in any case (RFC 9110 §4.2).
pub(crate) fn is_http_scheme(scheme: &[u8]) -> bool {
    is_in_any_case(scheme, b"http") || is_in_any_case(scheme, b"https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_in_absolute_form_names_an_authority() {
        for (target, parts) in [
            ("http://a/b?c", Some(("a", "/b?c"))),
            ("WSS://a:1", Some(("a:1", ""))),
            ("ws://[::1]:1?c", Some(("[::1]:1", "?c"))),
            ("https://me@a/", Some(("me@a", "/"))),
            ("http:///b", Some(("", "/b"))),
            ("ftp://a/", None),
            ("http:/a", None),
            ("a:80", None),
            ("/http://a/", None),
            ("*", None),
        ] {
            assert_eq!(split_absolute(target), parts, "{target}");
        }
    }

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for (text, parts) in [
            ("example.com", Some(("example.com", ""))),
            ("example.com:", Some(("example.com", ""))),
            ("example.com:8080", Some(("example.com", "8080"))),
            ("[::1]", Some(("[::1]", ""))),
            ("[::ffff:1.2.3.4]:9", Some(("[::ffff:1.2.3.4]", "9"))),
            ("", Some(("", ""))),
            ("example.com:65536", None),
            ("example.com:+1", None),
            ("example.com:1:2", None),
            ("user@example.com", None),
            ("example.com/", None),
            ("a b", None),
            ("::1", None),
            ("[::1", None),
            ("[]", None),
            ("[::1]x", None),
            ("[g]", None),
            ("b\u{fc}cher.example", None),
        ] {
            assert_eq!(authority(text), parts, "{text}");
        }
    }
}
