//! Payloads of more than 32 bytes, for CPUs that turn out to have AVX2.
//!
//! This is the same safe code, compiled a second time. Only the call is `unsafe`: the CPU must have
//! AVX2.
#![allow(unsafe_code)]

use std::is_x86_feature_detected;

use super::{ByteSlot, apply_aligned, apply_ends, copy_aligned, copy_ends};

/// Masks `bytes` in place, if there is AVX2, and returns whether all are ASCII afterwards.
#[inline]
pub(super) fn apply(key: u32, bytes: &mut [u8]) -> Option<bool> {
    #[target_feature(enable = "avx2")]
    fn apply(key: u32, bytes: &mut [u8]) -> bool {
        match bytes.len() {
            257.. => apply_long(key, bytes),
            129.. => apply_ends::<128>(key, bytes),
            65.. => apply_ends::<64>(key, bytes),
            _ => apply_ends::<32>(key, bytes),
        }
    }
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn apply_long(key: u32, bytes: &mut [u8]) -> bool {
        apply_aligned(key, bytes)
    }
    // SAFETY: the CPU has AVX2.
    is_x86_feature_detected!("avx2").then(|| unsafe { apply(key, bytes) })
}

/// Copies `from` to `to` and masks it, if there is AVX2. Returns whether all bytes are ASCII afterwards
/// if `NOTING`, else `true`.
#[inline]
pub(super) fn copy<const NOTING: bool, T: ByteSlot>(
    key: u32,
    from: &[u8],
    to: &mut [T],
) -> Option<bool> {
    #[target_feature(enable = "avx2")]
    fn copy<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
        match from.len() {
            257.. => copy_long::<NOTING, T>(key, from, to),
            129.. => copy_ends::<128, NOTING, T>(key, from, to),
            65.. => copy_ends::<64, NOTING, T>(key, from, to),
            _ => copy_ends::<32, NOTING, T>(key, from, to),
        }
    }
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn copy_long<const NOTING: bool, T: ByteSlot>(key: u32, from: &[u8], to: &mut [T]) -> bool {
        copy_aligned::<NOTING, T>(key, from, to)
    }
    // SAFETY: the CPU has AVX2.
    is_x86_feature_detected!("avx2").then(|| unsafe { copy::<NOTING, T>(key, from, to) })
}
