//! What a client sends first (§3.4), and how to know it on a port that serves HTTP/1.1 too.

/// The first 24 bytes of a client, before its first SETTINGS (§3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Returns whether a client that began with `bytes` speaks HTTP/2. `None` means that it takes more
/// bytes to know: four are enough.
///
/// A port that serves both versions asks this once, before it picks the machine for the connection.
/// No request of HTTP/1.1 begins so, because the method `PRI` is reserved for it (RFC 7540
/// §11.6).
///
/// ```
/// use framewright::http2::is_preface;
///
/// assert_eq!(is_preface(b"PR"), None);
/// assert_eq!(is_preface(b"PRI *"), Some(true));
/// assert_eq!(is_preface(b"PRINT / HTTP/1.1"), Some(false));
/// assert_eq!(is_preface(b"G"), Some(false));
/// ```
pub const fn is_preface(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [b'P', b'R', b'I', b' ', ..] => Some(true),
        [] | [b'P'] | [b'P', b'R'] | [b'P', b'R', b'I'] => None,
        _ => Some(false),
    }
}
