//! gRPC and gRPC-Web, in the order of PROTOCOL-HTTP2 and PROTOCOL-WEB.

#[path = "../common/mod.rs"]
mod common;

mod call;
#[cfg(feature = "alloc")]
mod connection;
mod details;
mod message;
mod metadata;
mod status;
mod web;
mod writers;
