//! HTTP/2, in the order of RFC 9113.

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "alloc")]
mod attacks;
#[cfg(feature = "alloc")]
mod calls;
#[cfg(feature = "alloc")]
mod client;
#[cfg(feature = "alloc")]
mod closing;
#[cfg(feature = "alloc")]
mod errors;
#[cfg(feature = "alloc")]
mod faults;
#[cfg(feature = "alloc")]
mod flow;
mod frames;
mod frames_properties;
mod keepalive;
#[cfg(feature = "alloc")]
mod messages;
#[cfg(feature = "alloc")]
mod pair;
#[cfg(feature = "alloc")]
mod repeated;
#[cfg(feature = "alloc")]
mod server;
#[cfg(feature = "alloc")]
mod settings;
mod small_frames;
#[cfg(feature = "alloc")]
mod states;
#[cfg(feature = "alloc")]
mod tls;
#[cfg(feature = "alloc")]
mod tunnels;
#[cfg(feature = "alloc")]
mod writers;
