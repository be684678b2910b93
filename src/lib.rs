//! Sans-IO state machines for the framing of the real-time web.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod buffer;
mod chunk;
pub mod http1;
mod utf8;
pub mod ws;

pub use buffer::{Buffer, BufferFull, SliceBuf};
pub use chunk::Chunk;
