//! Races framewright against the crates that its users would pick instead. `README.md` has the rules.

pub mod contestants;
pub mod growth;
pub mod machine;
pub mod plot;
pub mod race;
pub mod report;
pub mod sink;
pub mod task;
pub mod text;
pub mod wire;
pub mod worker;

/// Length in bytes of the buffer for reads and of that for writes, where the user brings them: what
/// the examples have, and what stays in a first-level cache with whatever else is done.
pub const BUFFER: usize = 16 * 1024;

/// The most that one `recv` gives to those who have a larger buffer, in bytes.
pub const MAX_READ: usize = 64 * 1024;

/// Copies what `recv` would have copied.
#[inline]
pub fn recv<'a>(read: &[u8], buf: &'a mut [u8]) -> &'a mut [u8] {
    let input = &mut buf[..read.len()];
    input.copy_from_slice(read);
    input
}
