//! Engine.IO, in the order of the protocol's document.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod codec;
mod requests;
mod session;
