//! HTTP/2, in the order of RFC 9113.

#[path = "../common/mod.rs"]
mod common;

mod frames;
mod frames_properties;
mod keepalive;
mod small_frames;
mod writers;
