//! The firmware that speaks Server-Sent Events.
#![no_std]
#![no_main]

use embedded::{Memory, sse};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&sse::SESSION, sse::device)])
}
