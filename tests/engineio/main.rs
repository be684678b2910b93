//! Engine.IO, in the order of its document (Engine.IO protocol 4).

#[path = "../common/mod.rs"]
mod common;

mod client;
mod codec;
mod requests;
mod session;
