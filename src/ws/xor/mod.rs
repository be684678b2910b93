//! How [`Mask`](super::Mask) works: XOR with a key of four bytes, repeated.
//!
//! Keys are little-endian: the lowest byte is for the first byte of the payload. Up to 256 bytes need
//! no loop: two blocks that overlap cover them. Longer payloads are masked in a loop over aligned blocks,
//! and overlap them with their first line and their last block. The loop is flat, over words, because the
//! compiler turns that shape into the widest vectors of the target. With blocks nested inside, AVX-512
//! makes it ten times slower. More than 32 bytes take AVX2, if there is any.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod avx2;

use core::mem::MaybeUninit;
use core::ops::Range;

/// Bytes of the widest vector, and of a cache line.
const LINE: usize = 64;

/// Bytes that a loop masks at once: four vectors of AVX2.
const BLOCK: usize = 128;

/// A byte to copy to: one that holds something already, or one that does not.
pub(crate) trait ByteSlot: Copy {
    fn of(byte: u8) -> Self;

    /// Writes all of `bytes`.
    fn write<const N: usize>(to: &mut [Self; N], bytes: &[u8; N]);
}

impl ByteSlot for u8 {
    #[inline(always)]
    fn of(byte: u8) -> Self {
        byte
    }

    #[inline(always)]
    fn write<const N: usize>(to: &mut [Self; N], bytes: &[u8; N]) {
        *to = *bytes;
    }
}

impl ByteSlot for MaybeUninit<u8> {
    #[inline(always)]
    fn of(byte: u8) -> Self {
        Self::new(byte)
    }

    #[inline(always)]
    fn write<const N: usize>(to: &mut [Self; N], bytes: &[u8; N]) {
        *to = bytes.map(Self::new);
    }
}

/// Masks `bytes` in place, and returns whether all are ASCII afterwards.
///
/// The shortest payloads are masked in the caller, as a call would cost more than masking.
#[inline(always)]
pub(super) fn apply(key: u32, bytes: &mut [u8]) -> bool {
    match bytes.len() {
        8..=16 => apply_ends::<8>(key, bytes),
        _ => apply_any(key, bytes),
    }
}

/// Copies `from` to `to`, which has the same length, and masks it. Every byte of `to` is written.
#[inline(always)]
pub(super) fn copy<T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) {
    copy_as::<false, T>(key, from, to);
}

/// Copies `from` to `to`, which has the same length, and masks it. Returns whether all bytes are ASCII
/// afterwards.
#[inline(always)]
pub(super) fn copy_noting_ascii(key: u32, from: &[u8], to: &mut [u8]) -> bool {
    copy_as::<true, u8>(key, from, to)
}

/// Copies and masks. Returns whether all bytes are ASCII afterwards if `NOTING`, else `true`.
#[inline(always)]
fn copy_as<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    debug_assert_eq!(from.len(), to.len());
    match from.len() {
        8..=16 => copy_ends::<8, NOTING, T>(key, from, to),
        _ => copy_any::<NOTING, T>(key, from, to),
    }
}

/// Masks `bytes` of any length, although [`apply`] handles 8 to 16 bytes itself.
#[inline(never)]
fn apply_any(key: u32, bytes: &mut [u8]) -> bool {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if bytes.len() > 32
        && let Some(ascii) = avx2::apply(key, bytes)
    {
        return ascii;
    }
    match bytes.len() {
        33.. => apply_wide(key, bytes),
        17.. => apply_ends::<16>(key, bytes),
        8.. => apply_ends::<8>(key, bytes),
        _ => apply_bytes(key, bytes),
    }
}

/// Copies and masks any length, although [`copy_as`] handles 8 to 16 bytes itself.
#[inline(never)]
fn copy_any<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if from.len() > 32
        && let Some(ascii) = avx2::copy::<NOTING, T>(key, from, to)
    {
        return ascii;
    }
    match from.len() {
        33.. => copy_wide::<NOTING, T>(key, from, to),
        17.. => copy_ends::<16, NOTING, T>(key, from, to),
        8.. => copy_ends::<8, NOTING, T>(key, from, to),
        _ => copy_bytes::<NOTING, T>(key, from, to),
    }
}

/// Masks 33 bytes or more. Out of line, so that shorter payloads do not save the registers that this needs.
#[inline(never)]
fn apply_wide(key: u32, bytes: &mut [u8]) -> bool {
    match bytes.len() {
        257.. => apply_long(key, bytes),
        129.. => apply_ends::<128>(key, bytes),
        65.. => apply_ends::<64>(key, bytes),
        _ => apply_ends::<32>(key, bytes),
    }
}

/// Copies and masks 33 bytes or more. Out of line, as [`apply_wide`] is.
#[inline(never)]
fn copy_wide<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    match from.len() {
        257.. => copy_long::<NOTING, T>(key, from, to),
        129.. => copy_ends::<128, NOTING, T>(key, from, to),
        65.. => copy_ends::<64, NOTING, T>(key, from, to),
        _ => copy_ends::<32, NOTING, T>(key, from, to),
    }
}

/// Masks 257 bytes or more. Out of line, as [`apply_wide`] is.
#[inline(never)]
fn apply_long(key: u32, bytes: &mut [u8]) -> bool {
    apply_aligned(key, bytes)
}

/// Copies and masks 257 bytes or more. Out of line, as [`apply_wide`] is.
#[inline(never)]
fn copy_long<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    copy_aligned::<NOTING, T>(key, from, to)
}

/// The key for the byte that is `len` bytes further on.
#[inline]
pub(super) const fn key_after(key: u32, len: u64) -> u32 {
    key.rotate_right(8 * (len % 4) as u32)
}

/// Eight bytes of a key, as they lie in memory.
#[inline]
const fn word(key: u32) -> u64 {
    (key as u64 | (key as u64) << 32).to_le()
}

/// The eight bytes of a key that are `len` bytes further on.
#[inline]
const fn word_after(word: u64, len: u64) -> u64 {
    u64::from_le(word).rotate_right(8 * (len % 8) as u32).to_le()
}

#[inline]
fn apply_bytes(key: u32, bytes: &mut [u8]) -> bool {
    let mut seen = 0_u8;
    for (byte, key) in bytes.iter_mut().zip(word(key).to_ne_bytes()) {
        *byte ^= key;
        seen |= *byte;
    }
    seen.is_ascii()
}

#[inline]
fn copy_bytes<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    let mut seen = 0_u8;
    for ((from, to), key) in from.iter().zip(to).zip(word(key).to_ne_bytes()) {
        let byte = from ^ key;
        seen |= byte;
        *to = T::of(byte);
    }
    !NOTING || seen.is_ascii()
}

/// Masks whole words, and returns whether all are ASCII afterwards.
#[inline(always)]
fn apply_whole(key: u64, bytes: &mut [u8]) -> bool {
    let mut seen = 0;
    for chunk in bytes.as_chunks_mut::<8>().0 {
        let word = u64::from_ne_bytes(*chunk) ^ key;
        seen |= word;
        *chunk = word.to_ne_bytes();
    }
    seen & 0x8080_8080_8080_8080 == 0
}

/// Copies whole words, masking them. Returns whether all are ASCII afterwards, if `NOTING`.
#[inline(always)]
fn copy_whole<const NOTING: bool, T: ByteSlot>(key: u64, from: &[u8], to: &mut [T]) -> bool {
    let mut seen = 0;
    for (from, to) in from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0) {
        let word = u64::from_ne_bytes(*from) ^ key;
        seen |= word;
        T::write(to, &word.to_ne_bytes());
    }
    !NOTING || seen & 0x8080_8080_8080_8080 == 0
}

/// The first and the last `N` bytes, masked. Of `N` to `2 * N` bytes, these are all. `N` is a multiple
/// of a word.
#[inline(always)]
fn masked_ends<const N: usize>(key: u32, bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    let mut first = *bytes.first_chunk::<N>()?;
    let mut last = *bytes.last_chunk::<N>()?;
    let key = word(key);
    apply_whole(key, &mut first);
    apply_whole(word_after(key, bytes.len() as u64), &mut last);
    Some((first, last))
}

/// Writes the first and the last `N` bytes.
#[inline(always)]
fn write_ends<const N: usize, T: ByteSlot>(first: &[u8; N], last: &[u8; N], bytes: &mut [T]) {
    if let Some(to) = bytes.first_chunk_mut() {
        T::write(to, first);
    }
    if let Some(to) = bytes.last_chunk_mut() {
        T::write(to, last);
    }
}

/// Masks `N` to `2 * N` bytes.
#[inline(always)]
fn apply_ends<const N: usize>(key: u32, bytes: &mut [u8]) -> bool {
    debug_assert!((N..=2 * N).contains(&bytes.len()));
    let Some((first, last)) = masked_ends::<N>(key, bytes) else { return true };
    write_ends(&first, &last, bytes);
    are_ascii(&first, &last)
}

/// Copies `N` to `2 * N` bytes, masking them.
#[inline(always)]
fn copy_ends<const N: usize, const NOTING: bool, T: ByteSlot>(
    key: u32,
    from: &[u8],
    to: &mut [T],
) -> bool {
    debug_assert!((N..=2 * N).contains(&from.len()));
    let Some((first, last)) = masked_ends::<N>(key, from) else { return true };
    write_ends(&first, &last, to);
    !NOTING || are_ascii(&first, &last)
}

/// Whether both are ASCII.
#[inline(always)]
fn are_ascii<const N: usize>(first: &[u8; N], last: &[u8; N]) -> bool {
    if N <= 32 {
        // OR-ing them would make the compiler take them one by one instead of as vectors.
        return first.is_ascii() & last.is_ascii();
    }
    let mut either = *first;
    for (either, last) in either.iter_mut().zip(last) {
        *either |= last;
    }
    either.is_ascii()
}

/// Where the aligned blocks of `len` bytes begin and end, if the first is aligned `at` bytes later.
#[inline(always)]
const fn whole_blocks(at: usize, len: usize) -> Range<usize> {
    at..at + len.saturating_sub(at) / BLOCK * BLOCK
}

/// Masks a block or more: the first line, the last block, and between them the aligned blocks.
///
/// Always inlined, so that it is compiled for the vectors that its caller may use.
#[inline(always)]
fn apply_aligned(key: u32, bytes: &mut [u8]) -> bool {
    let word = word(key);
    let (Some(&(mut first)), Some(&(mut last))) =
        (bytes.first_chunk::<LINE>(), bytes.last_chunk::<BLOCK>())
    else {
        return true;
    };
    apply_whole(word, &mut first);
    apply_whole(word_after(word, bytes.len() as u64), &mut last);
    // Any place in the first line is right, as that line is masked by itself.
    let at = bytes.as_ptr().align_offset(LINE) % LINE;
    let middle = bytes.get_mut(whole_blocks(at, bytes.len())).unwrap_or_default();
    let ascii = apply_whole(word_after(word, at as u64), middle);
    if let Some(to) = bytes.first_chunk_mut() {
        *to = first;
    }
    if let Some(to) = bytes.last_chunk_mut() {
        *to = last;
    }
    ascii & first.is_ascii() & last.is_ascii()
}

/// Copies a block or more and masks it, as [`apply_aligned`] does, to aligned places.
#[inline(always)]
fn copy_aligned<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
    let mut ascii = true;
    if let (Some(from), Some(to)) = (from.first_chunk::<LINE>(), to.first_chunk_mut::<LINE>()) {
        ascii = copy_ends::<{ LINE / 2 }, NOTING, T>(key, from, to);
    }
    let at = to.as_ptr().align_offset(LINE) % LINE;
    let middle = whole_blocks(at, from.len());
    if let (Some(from), Some(to)) = (from.get(middle.clone()), to.get_mut(middle)) {
        ascii &= copy_whole::<NOTING, T>(word_after(word(key), at as u64), from, to);
    }
    let key = key_after(key, from.len() as u64);
    if let (Some(from), Some(to)) = (from.last_chunk::<BLOCK>(), to.last_chunk_mut::<BLOCK>()) {
        ascii &= copy_ends::<{ BLOCK / 2 }, NOTING, T>(key, from, to);
    }
    ascii
}
