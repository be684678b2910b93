//! Server-Sent Events, in the order of the HTML standard §9.2.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod codec;
mod encode;
mod events;
mod properties;
mod writers;
