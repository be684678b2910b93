//! gRPC on this crate's own HTTP/2: a connection and all of its calls in one value.

mod calls;
mod client;
mod memory;
mod outbox;
mod ping_policy;
mod server;
mod server_call;
mod shared;
mod time;

// After `server` and `client`: rustdoc shows a type's methods in the order of the modules, and `new` comes first.
mod batch;

pub use batch::Batch;
pub use calls::CallId;
pub use client::{Client, ClientEvent};
#[cfg(feature = "alloc")]
pub use memory::Heap;
pub use memory::{Fixed, Memory};
pub use server::{Server, ServerEvent};
