//! Turns the bytes of a fuzzer into what a check needs.

use std::fmt::Debug;

use super::counting::allocations;

/// The bytes of a fuzzer, taken from the front. After their end, there are zeros.
///
/// It is not an `arbitrary::Unstructured`, so that the corpora keep their meaning, and the crate's own
/// tests can replay them without a dependency.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        [(); N].map(|()| self.byte())
    }

    /// That many bytes, or all that are left.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        self.0.split_off(..len.min(self.0.len())).unwrap_or_default()
    }

    /// A length, and that many bytes.
    pub fn block(&mut self) -> &'a [u8] {
        let len = self.byte();
        self.take(len.into())
    }

    /// A block, up to where it is not text.
    pub fn text(&mut self) -> &'a str {
        as_text(self.block())
    }

    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// A limit, mostly one that matters to an input of some hundred bytes.
    pub fn limit(&mut self) -> u64 {
        match self.byte() {
            u8::MAX => u64::MAX,
            byte @ 0..=159 => byte.into(),
            byte => (u64::from(byte) - 159).pow(3) + 160,
        }
    }
}

/// The first bytes, up to where they are not text.
pub fn as_text(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// Where to cut: into pieces of these lengths, repeated. If all are zero, there is one piece.
#[derive(Clone, Copy, Debug)]
pub struct Cuts(pub [u8; 4]);

impl Cuts {
    pub fn pieces(self, bytes: &[u8]) -> Vec<&[u8]> {
        if self.0 == [0; 4] {
            return vec![bytes];
        }
        let (mut rest, mut pieces) = (bytes, Vec::new());
        for len in self.0.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min((*len).into()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        pieces
    }
}

/// Runs `run` on `bytes` whole, byte by byte, and in the pieces that the fuzzer chose. The result
/// must be the same.
pub fn same_however_cut<T: Debug + PartialEq>(
    bytes: &[u8],
    cuts: Cuts,
    run: impl Fn(&[&[u8]]) -> T,
) -> T {
    let whole = run(&[bytes]);
    if !bytes.is_empty() {
        assert_eq!(run(&bytes.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    }
    assert_eq!(run(&cuts.pieces(bytes)), whole, "in pieces of {:?}", cuts.0);
    whole
}

/// Runs a function that must not allocate.
pub fn without_allocating<T>(run: impl FnOnce() -> T) -> T {
    let mut result = None;
    let count = allocations(|| result = Some(run()));
    assert_eq!(count, 0, "it allocated");
    result.expect("it ran")
}
