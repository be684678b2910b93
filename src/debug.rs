//! How `Debug` shows payload: escaped, cut, and with its length.

use core::fmt;

/// Shows the first bytes of a payload, and how many it has.
pub(crate) struct Payload<'a>(pub(crate) &'a [u8]);

impl Payload<'_> {
    /// How many bytes are shown, at most.
    const SHOWN: usize = 64;
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.0.len();
        match self.0.get(..Self::SHOWN) {
            Some(first) if len > Self::SHOWN => {
                write!(f, "\"{}\"… ({len} bytes)", first.escape_ascii())
            }
            _ => write!(f, "\"{}\" ({len} bytes)", self.0.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn a_payload_is_escaped_and_cut() {
        assert_eq!(format!("{:?}", Payload(b"")), "\"\" (0 bytes)");
        assert_eq!(format!("{:?}", Payload(b"a\"\n\xFF")), "\"a\\\"\\n\\xff\" (4 bytes)");
        let shown = format!("\"{}\"", "x".repeat(64));
        assert_eq!(format!("{:?}", Payload(&[b'x'; 64])), format!("{shown} (64 bytes)"));
        assert_eq!(format!("{:?}", Payload(&[b'x'; 65])), format!("{shown}… (65 bytes)"));
    }
}
