//! The firmware that speaks HTTP/2.
#![no_std]
#![no_main]

use embedded::{Memory, http2};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&http2::SESSION, http2::device), (&http2::BROKEN, http2::device)])
}
