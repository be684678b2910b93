//! The firmware that speaks gRPC.
#![no_std]
#![no_main]

use embedded::{Memory, grpc};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&grpc::SESSION, grpc::device), (&grpc::BROKEN, grpc::device)])
}
