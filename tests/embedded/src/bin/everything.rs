//! The firmware with all protocols.
#![no_std]
#![no_main]

use embedded::{Memory, grpc, grpc_web, handshake, sse, stomp, ws};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    embedded::run(
        MEMORY,
        &[
            (&ws::SESSION, ws::device),
            (&handshake::SESSION, handshake::device),
            (&sse::SESSION, sse::device),
            (&stomp::SESSION, stomp::device),
            (&grpc::SESSION, grpc::device),
            (&grpc_web::SESSION, grpc_web::device),
        ],
    )
}
