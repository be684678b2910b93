//! The firmware that speaks WebSocket with its opening handshake.
#![no_std]
#![no_main]

use embedded::{Memory, handshake};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(
        MEMORY,
        &[(&handshake::SESSION, handshake::device), (&handshake::REFUSED, handshake::device)],
    )
}
