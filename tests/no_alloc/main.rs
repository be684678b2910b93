//! The codecs and connections of every protocol never allocate. A counting allocator checks that.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/counting.rs"]
mod counting;

mod engineio;
mod grpc;
mod http1;
mod http2;
mod sockjs;
mod sse;
mod stomp;
mod ws;
