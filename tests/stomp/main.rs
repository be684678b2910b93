//! STOMP, in the order of the STOMP 1.2 specification.

#[path = "../common/mod.rs"]
mod common;

mod codec;
mod connection;
mod encode;
mod properties;
mod timing;
