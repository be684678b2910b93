//! The firmware that serves gRPC over HTTP/2.
#![no_std]
#![no_main]

use embedded::{Memory, grpc_http2};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&grpc_http2::SESSION, grpc_http2::device)])
}
