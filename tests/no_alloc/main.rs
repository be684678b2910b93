//! What never allocates: the codecs and connections of every protocol, with an allocator that counts.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/counting.rs"]
mod counting;

mod grpc;
mod http1;
mod sse;
mod ws;
