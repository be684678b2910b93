//! The long loops once more, for CPUs that turn out to have AVX2.
//!
//! It is the same safe code, compiled once more. What is `unsafe` is to call it: it has to be certain
//! that the CPU has AVX2.
#![allow(unsafe_code)]

use std::is_x86_feature_detected;

use super::{apply_aligned, copy_aligned};

/// Masks `bytes` in place and tells whether all are ASCII afterwards, if there is AVX2.
#[inline]
pub(super) fn apply(key: u32, bytes: &mut [u8]) -> Option<bool> {
    #[target_feature(enable = "avx2")]
    fn apply(key: u32, bytes: &mut [u8]) -> bool {
        apply_aligned(key, bytes)
    }
    // SAFETY: the CPU has AVX2.
    is_x86_feature_detected!("avx2").then(|| unsafe { apply(key, bytes) })
}

/// Copies `from` to `to`, masking it, and says so, if there is AVX2.
#[inline]
pub(super) fn copy(key: u32, from: &[u8], to: &mut [u8]) -> bool {
    #[target_feature(enable = "avx2")]
    fn copy(key: u32, from: &[u8], to: &mut [u8]) {
        copy_aligned(key, from, to);
    }
    let detected = is_x86_feature_detected!("avx2");
    if detected {
        // SAFETY: the CPU has AVX2.
        unsafe { copy(key, from, to) }
    }
    detected
}
