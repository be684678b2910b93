//! The firmware that speaks STOMP.
#![no_std]
#![no_main]

use embedded::{Memory, stomp};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&stomp::SESSION, stomp::device)])
}
