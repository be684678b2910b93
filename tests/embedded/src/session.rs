//! Conversations in flash.

/// A conversation, as bytes on the wire.
pub struct Session {
    /// The bytes that the peer sends.
    pub input: &'static [u8],
    /// The bytes that the device has to answer.
    pub expected: &'static [u8],
}

/// Makes a [`Session`] of pieces, in a section that does not count as the program's size.
macro_rules! session {
    (input: $input:expr, expected: $expected:expr $(,)?) => {{
        const INPUT: &[&[u8]] = $input;
        const EXPECTED: &[&[u8]] = $expected;
        #[unsafe(link_section = ".session")]
        static INPUT_BYTES: [u8; $crate::session::len(INPUT)] = $crate::session::concat(INPUT);
        #[unsafe(link_section = ".session")]
        static EXPECTED_BYTES: [u8; $crate::session::len(EXPECTED)] =
            $crate::session::concat(EXPECTED);
        $crate::Session { input: &INPUT_BYTES, expected: &EXPECTED_BYTES }
    }};
}
pub(crate) use session;

pub(crate) const fn len(mut pieces: &[&[u8]]) -> usize {
    let mut len = 0;
    while let [piece, rest @ ..] = pieces {
        len += piece.len();
        pieces = rest;
    }
    len
}

pub(crate) const fn concat<const LEN: usize>(mut pieces: &[&[u8]]) -> [u8; LEN] {
    let (mut bytes, mut at) = ([0; LEN], 0);
    while let [piece, rest @ ..] = pieces {
        let mut from = *piece;
        while let [byte, others @ ..] = from {
            bytes[at] = *byte;
            at += 1;
            from = others;
        }
        pieces = rest;
    }
    bytes
}
