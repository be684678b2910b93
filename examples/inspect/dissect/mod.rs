//! What every protocol looks like on the wire: layers that take bytes, and report each frame with its fields.
//!
//! They sit on one another: `http1` or `http2` at the bottom, then whatever heads and upgrades lead to. Whoever gives them
//! bytes implements [`report::Report`].

mod block;
mod chunks;
mod content;
pub mod engineio;
mod frame;
pub mod grpc;
pub mod http1;
pub mod http2;
pub mod layer;
pub mod preview;
mod protobuf;
pub mod report;
pub mod rule;
pub mod sockjs;
pub mod sse;
pub mod stomp;
pub mod stream;
pub mod upgrade;
pub mod websocket;
