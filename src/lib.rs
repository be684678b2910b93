//! Sans-IO state machines for the framing of the real-time web.
#![no_std]
#![warn(missing_debug_implementations, missing_docs, unreachable_pub)]
#![warn(clippy::pedantic, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// The input slice advances by itself: that is the shape of every loop.
#![allow(clippy::mut_mut)]
// The variants of an error are documented where it is; `expect` says why it holds.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc)]
#![allow(clippy::module_name_repetitions, clippy::must_use_candidate, clippy::single_match_else)]
// A limit is a maximum, and says so.
#![allow(clippy::struct_field_names)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
#[cfg_attr(test, macro_use)]
extern crate std;

mod assemble;
mod buffer;
mod chunk;
pub mod grpc;
pub mod http1;
mod utf8;
pub mod ws;

pub use assemble::Assembler;
pub use buffer::{Buffer, BufferFull, SliceBuf};
pub use chunk::{Chunk, Truncated};
