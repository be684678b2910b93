//! The firmware that speaks gRPC-Web.
#![no_std]
#![no_main]

use embedded::{Memory, grpc_web};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(MEMORY, &[(&grpc_web::SESSION, grpc_web::device)])
}
