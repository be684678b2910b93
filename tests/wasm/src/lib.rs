//! A WebSocket server that echoes, as a WebAssembly module. Bytes go through its memory, and it imports
//! nothing from its host.
//!
//! Without the feature `deflate`, it has neither `std` nor an allocator.
#![cfg_attr(not(feature = "deflate"), no_std)]

#[cfg_attr(feature = "deflate", path = "deflate.rs")]
#[cfg_attr(not(feature = "deflate"), path = "plain.rs")]
mod server;

use framewright::{Buffer, SliceBuf};
use server::Server;

/// Room for input and for output, in bytes.
const CAPACITY: usize = 4096;

struct Module {
    server: Option<Server>,
    input: [u8; CAPACITY],
    output: [u8; CAPACITY],
}

static mut MODULE: Module = Module { server: None, input: [0; CAPACITY], output: [0; CAPACITY] };

/// Begins a connection, after the opening handshake.
#[unsafe(no_mangle)]
pub extern "C" fn open() {
    module().server = Some(Server::new());
}

/// The address for the caller's input.
#[unsafe(no_mangle)]
pub extern "C" fn input() -> *mut u8 {
    module().input.as_mut_ptr()
}

/// The address of the output.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    module().output.as_ptr()
}

/// Receives that many bytes of input, and returns the number of bytes of output.
#[unsafe(no_mangle)]
pub extern "C" fn receive(len: usize) -> usize {
    let Module { server, input, output } = module();
    let server = server.as_mut().expect("open() comes first");
    let mut out = SliceBuf::new(output);
    server.receive(&mut input[..len], &mut out);
    out.as_slice().len()
}

fn module() -> &'static mut Module {
    // SAFETY: the module has one thread, and no exported function calls another or is called by it.
    unsafe { &mut *(&raw mut MODULE) }
}

#[cfg(not(feature = "deflate"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
