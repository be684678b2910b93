//! WebSocket, in the order of RFC 6455 and RFC 7692.

#[path = "../common/mod.rs"]
mod common;

mod assemble;
mod codec;
mod compression;
#[cfg(feature = "alloc")]
mod connect;
mod connect_refusals;
mod connect_sessions;
mod connection;
mod deflate;
mod deflate_properties;
mod handshake;
mod inbox;
mod keepalive;
mod owned;
mod properties;
mod writers;
