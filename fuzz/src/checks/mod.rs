//! The checks that need nothing but this crate and its tests' own models.
//!
//! The crate's `tests/corpus.rs` includes this module and runs every check on its corpus.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "what is shared with tests is not used whole by each"
)]

#[path = "../../../tests/common/mod.rs"]
pub(crate) mod common;
#[path = "../../../tests/common/counting.rs"]
mod counting;
pub(crate) mod input;

pub mod deflate;
pub mod engineio_pair;
pub mod engineio_payload;
pub mod engineio_session;
pub mod grpc_call;
pub mod grpc_connection;
pub mod grpc_message;
pub mod grpc_pair;
pub mod grpc_web;
pub mod handshake_client;
pub mod handshake_server;
pub mod hpack;
pub mod http1_body;
pub mod http1_head;
mod http2_any;
pub mod http2_calls;
pub mod http2_client;
pub mod http2_frames;
pub mod http2_pair;
pub mod http2_server;
pub mod socketio;
pub mod sockjs_messages;
pub mod sockjs_session;
pub mod sse;
pub mod stomp_decoder;
pub mod stomp_pair;
pub mod ws_connection;
pub mod ws_decoder;
pub mod ws_inbox;
pub mod ws_pair;

/// The check of the target with this name, and of the corpus with this name.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// All checks. T17 holds in each: a call takes a byte, yields something, or asks for more.
pub const ALL: [Check; 29] = [
    Check { name: "deflate", run: deflate::check },
    Check { name: "engineio_pair", run: engineio_pair::check },
    Check { name: "engineio_payload", run: engineio_payload::check },
    Check { name: "engineio_session", run: engineio_session::check },
    Check { name: "grpc_call", run: grpc_call::check },
    Check { name: "grpc_connection", run: grpc_connection::check },
    Check { name: "grpc_message", run: grpc_message::check },
    Check { name: "grpc_pair", run: grpc_pair::check },
    Check { name: "grpc_web", run: grpc_web::check },
    Check { name: "handshake_client", run: handshake_client::check },
    Check { name: "handshake_server", run: handshake_server::check },
    Check { name: "hpack", run: hpack::check },
    Check { name: "http1_body", run: http1_body::check },
    Check { name: "http1_head", run: http1_head::check },
    Check { name: "http2_calls", run: http2_calls::check },
    Check { name: "http2_client", run: http2_client::check },
    Check { name: "http2_frames", run: http2_frames::check },
    Check { name: "http2_pair", run: http2_pair::check },
    Check { name: "http2_server", run: http2_server::check },
    Check { name: "sockjs_messages", run: sockjs_messages::check },
    Check { name: "sockjs_session", run: sockjs_session::check },
    Check { name: "socketio", run: socketio::check },
    Check { name: "sse", run: sse::check },
    Check { name: "stomp_decoder", run: stomp_decoder::check },
    Check { name: "stomp_pair", run: stomp_pair::check },
    Check { name: "ws_connection", run: ws_connection::check },
    Check { name: "ws_decoder", run: ws_decoder::check },
    Check { name: "ws_inbox", run: ws_inbox::check },
    Check { name: "ws_pair", run: ws_pair::check },
];
