//! A peer outside of the emulator, at the other end of its standard input and output.

use core::ffi::CStr;

use cortex_m_semihosting::{nr, syscall};

use crate::Transport;

/// Standard input and output, through the host calls of the emulator.
pub struct Host {
    input: usize,
    output: usize,
}

impl Host {
    pub fn open() -> Self {
        Self { input: open(nr::open::R), output: open(nr::open::W_TRUNC) }
    }
}

impl Transport for Host {
    /// Waits for bytes. `None` once the peer is gone.
    fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]> {
        // SAFETY: the host writes at most as many bytes to `buf` as it has.
        let missing = unsafe { syscall!(READ, self.input, buf.as_mut_ptr(), buf.len()) };
        let len = buf.len().checked_sub(missing)?;
        buf.get_mut(..len).filter(|read| !read.is_empty())
    }

    fn write(&mut self, bytes: &[u8]) {
        // SAFETY: the host reads the bytes.
        let missing = unsafe { syscall!(WRITE, self.output, bytes.as_ptr(), bytes.len()) };
        assert!(missing == 0, "the host takes everything");
    }
}

fn open(mode: usize) -> usize {
    const CONSOLE: &CStr = c":tt";
    // SAFETY: the host reads the name.
    unsafe { syscall!(OPEN, CONSOLE.as_ptr(), mode, CONSOLE.to_bytes().len()) }
}
