//! The loops for long payloads, for CPUs that turn out to have AVX2.
//!
//! This is the same safe code, compiled a second time. Only the call is `unsafe`: the CPU must have
//! AVX2.
#![allow(unsafe_code)]

use std::is_x86_feature_detected;

use super::{ByteSlot, apply_aligned, copy_aligned};

/// Masks `bytes` in place, if there is AVX2, and returns whether all are ASCII afterwards.
#[inline]
pub(super) fn apply(key: u32, bytes: &mut [u8]) -> Option<bool> {
    #[target_feature(enable = "avx2")]
    fn apply(key: u32, bytes: &mut [u8]) -> bool {
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
        copy_aligned::<NOTING, T>(key, from, to)
    }
    // SAFETY: the CPU has AVX2.
    is_x86_feature_detected!("avx2").then(|| unsafe { copy::<NOTING, T>(key, from, to) })
}
