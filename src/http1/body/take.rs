//! Takes counted bytes off the input.

/// Takes up to `remaining` bytes off `input`, and subtracts as many from it.
///
/// `None` if the input is empty and some remain.
#[inline]
pub(super) fn take<'a>(remaining: &mut u64, input: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
    if input.is_empty() && *remaining > 0 {
        return None;
    }
    let len = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
    *remaining -= len as u64;
    input.split_off_mut(..len)
}
