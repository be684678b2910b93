//! Heads and bodies of HTTP/1.1, in the order of RFC 9112.

#[path = "../common/mod.rs"]
mod common;

mod body;
mod head;
mod recipient;
mod writers;
