//! Engine.IO, in the order of its document (Engine.IO protocol 4).

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "alloc")]
mod client;
#[cfg(feature = "alloc")]
mod client_polling;
#[cfg(feature = "alloc")]
mod codec;
mod requests;
#[cfg(feature = "alloc")]
mod session;
