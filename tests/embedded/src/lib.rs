//! Devices that speak the protocols with fixed buffers, and scripted peers that check them. The bytes
//! that a peer sends and the bytes that it expects are in flash.
//!
//! Each device is written like a real one, with a loop around a blocking socket. Each has a firmware
//! of its own in `bin`, so that the difference in size is the cost of its protocol.
#![no_std]

pub mod grpc;
pub mod grpc_http2;
pub mod grpc_web;
pub mod handshake;
mod host;
pub mod http2;
mod lan9118;
mod session;
mod socket;
pub mod sse;
pub mod stomp;
mod tcp;
pub mod ws;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, STACK_PAINT_VALUE, exception};
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hio;
pub use host::Host;
pub use session::Session;
pub use socket::Socket;
pub use tcp::{Buffers, Tcp};

/// All the memory of a device, except its stack.
pub struct Memory {
    /// The latest read.
    pub read: [u8; 256],
    /// The output.
    pub out: [u8; 512],
    /// A head, a message or an event that did not come in one piece.
    pub storage: [u8; 512],
}

impl Memory {
    pub const fn new() -> Self {
        Self { read: [0; 256], out: [0; 512], storage: [0; 512] }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// What a device reads from and writes to.
pub trait Transport {
    /// Reads as much as fits in `buf`, or nothing once the peer has sent everything.
    fn read<'b>(&mut self, buf: &'b mut [u8]) -> Option<&'b mut [u8]>;

    fn write(&mut self, bytes: &[u8]);
}

/// A session, and the device that has to play it.
pub type Exchange<'a> = (&'a Session, fn(&mut Socket<'_>, &mut Memory));

/// Plays every session in pieces of several sizes. Prints the stack that it took, and ends with success
/// only if all bytes were as expected.
pub fn run(memory: &mut Memory, exchanges: &[Exchange<'_>]) -> ! {
    for (session, device) in exchanges {
        for piece_len in [1, 2, 3, 5, 7, 64, 256] {
            let mut socket = Socket::new(session, piece_len);
            device(&mut socket, memory);
            socket.expect_end();
        }
    }
    print_number(stack_used());
    print(b"\n");
    debug::exit(EXIT_SUCCESS);
    unreachable!("the emulator has ended")
}

/// The number of bytes of stack that have changed since the start-up code painted them.
fn stack_used() -> usize {
    unsafe extern "C" {
        // From the linker's script: where the stack begins, and how far down it may reach.
        static mut _stack_start: u32;
        static mut _stack_end: u32;
    }
    let (start, mut lowest) = (&raw const _stack_start, &raw const _stack_end);
    // SAFETY: these are words of RAM that only the stack uses, and nothing else is running.
    while lowest < start && unsafe { lowest.read_volatile() } == STACK_PAINT_VALUE {
        lowest = lowest.wrapping_add(1);
    }
    start as usize - lowest as usize
}

fn print(text: &[u8]) {
    if let Ok(mut host) = hio::hstdout() {
        let _ = host.write_all(text);
    }
}

/// Without `core::fmt`, which would add to the firmware's size and hide what the protocols use of it.
fn print_number(number: usize) {
    if number >= 10 {
        print_number(number / 10);
    }
    print(&[b'0' + (number % 10) as u8]);
}

fn fail() -> ! {
    debug::exit(EXIT_FAILURE);
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(location) = info.location() {
        print(b"panic at ");
        print(location.file().as_bytes());
        print(b":");
        print_number(location.line() as usize);
        print(b"\n");
    }
    fail()
}

#[exception]
unsafe fn HardFault(_frame: &ExceptionFrame) -> ! {
    print(b"hard fault\n");
    fail()
}
