//! The key of a handshake, and the value that accepts it (RFC 6455 §4.1, §4.2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// The length in bytes of a `Sec-WebSocket-Key`: 16 bytes in base64.
pub(super) const KEY_LEN: usize = 24;

/// The `Sec-WebSocket-Accept` that answers `key`, which is hashed as it is (§4.2.2).
///
/// ```
/// let accept = framewright::ws::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
// Inlined into code that is compiled for AVX-512, hashing takes twenty times as long: the SHA-1
// instructions have an older encoding, and wait for the upper halves of registers.
#[inline(never)]
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    // The usual key is hashed faster in one piece than in two.
    let mut text = [0; KEY_LEN + GUID.len()];
    let digest = if let Some((start, end)) = text.split_first_chunk_mut::<KEY_LEN>()
        && let Ok(key) = key.try_into()
    {
        *start = key;
        end.copy_from_slice(GUID);
        Sha1::digest(text)
    } else {
        Sha1::new().chain_update(key).chain_update(GUID).finalize()
    };
    let mut accept = [0; 28];
    STANDARD.encode_slice(digest, &mut accept).expect("20 bytes are 28 in base64");
    accept
}

/// A client's key: its nonce in base64 (§4.1).
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; KEY_LEN] {
    let mut key = [0; KEY_LEN];
    STANDARD.encode_slice(nonce, &mut key).expect("16 bytes are 24 in base64");
    key
}

/// Checks that `value` is 16 bytes in canonical base64 (§4.2.1).
pub(super) fn parse_key(value: &[u8]) -> Option<&[u8; KEY_LEN]> {
    let key: &[u8; KEY_LEN] = value.try_into().ok()?;
    // 126 bits, then 2 bits and 4 that must be zero, then padding.
    let (sextets, last) = key.split_last_chunk::<3>()?;
    // Without an early exit, the compiler can check many at a time.
    let is_sextet = |b: &u8| b.is_ascii_alphanumeric() | matches!(b, b'+' | b'/');
    let valid = sextets.iter().fold(true, |valid, b| valid & is_sextet(b));
    (valid && matches!(last, [b'A' | b'Q' | b'g' | b'w', b'=', b'='])).then_some(key)
}
