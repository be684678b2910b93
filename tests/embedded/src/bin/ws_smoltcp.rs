//! The firmware that echoes over Ethernet, from the first byte of a client's TCP connection on, with `smoltcp` in between.
#![no_std]
#![no_main]

use cortex_m_semihosting::debug::{self, EXIT_SUCCESS};
use embedded::{Buffers, Memory, Tcp, handshake};
use smoltcp::iface::SocketStorage;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    static mut BUFFERS: Buffers = Buffers::new();
    static mut STORAGE: [SocketStorage<'static>; 1] = [SocketStorage::EMPTY];
    let mut tcp = Tcp::accept(BUFFERS, STORAGE);
    handshake::serve(&mut tcp, MEMORY);
    tcp.close();
    debug::exit(EXIT_SUCCESS);
    unreachable!("the emulator has ended")
}
