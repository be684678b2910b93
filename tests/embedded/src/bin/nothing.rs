//! The firmware without a protocol, to compare the others with.
#![no_std]
#![no_main]

use embedded::Memory;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[])
}
