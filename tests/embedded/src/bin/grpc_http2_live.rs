//! The firmware that serves gRPC over HTTP/2, for a peer at the other end of the emulator's standard input and output.
#![no_std]
#![no_main]

use cortex_m_semihosting::debug::{self, EXIT_SUCCESS};
use embedded::{Host, Memory, grpc_http2};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    grpc_http2::serve(&mut Host::open(), MEMORY);
    debug::exit(EXIT_SUCCESS);
    unreachable!("the emulator has ended")
}
