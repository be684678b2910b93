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
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let mut accept = [0; 28];
    STANDARD.encode_slice(digest, &mut accept).expect("20 bytes are 28 in base64");
    accept
}

/// The key of a client: its nonce in base64 (§4.1).
pub(super) fn encode_key(nonce: [u8; 16]) -> [u8; KEY_LEN] {
    let mut key = [0; KEY_LEN];
    STANDARD.encode_slice(nonce, &mut key).expect("16 bytes are 24 in base64");
    key
}

/// Checks that `value` is 16 bytes in base64, in the only way to write them (§4.2.1).
pub(super) fn parse_key(value: &[u8]) -> Option<[u8; KEY_LEN]> {
    let key = value.try_into().ok()?;
    // Room for what 24 characters could be at most.
    let len = STANDARD.decode_slice(value, &mut [0; 18]).ok()?;
    (len == 16).then_some(key)
}
