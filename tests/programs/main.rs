//! The examples: that they do what they say, over sockets that the system picks.
//!
//! Those that need other people's software are tested in `interop`.

#![cfg(all(feature = "std", feature = "deflate"))]
#![allow(clippy::duplicate_mod, reason = "programs share modules")]

mod client;
mod echo;
#[cfg(feature = "arbitrary")]
mod fuzz;
mod grpc;
mod grpc_web;
mod llm;
mod mcp;
mod proxy;
mod rooms;
mod tls;
mod url;
