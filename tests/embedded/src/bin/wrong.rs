//! The control: the peer gets other bytes than it expects, so this must fail.
#![no_std]
#![no_main]

use embedded::{Memory, Session, ws};

const WRONG: Session = Session { expected: b"\x81\x05hello", ..ws::SESSION };

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&WRONG, ws::device)])
}
