//! The firmware that speaks WebSocket after the opening handshake.
#![no_std]
#![no_main]

use embedded::{Memory, ws};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&ws::SESSION, ws::device), (&ws::BROKEN, ws::device)])
}
