//! The same inputs, as other crates read them. Each module says where the crate differs, and why.

use crate::checks::Check;

pub mod grpc_message;
pub mod handshake_client;
pub mod handshake_server;
pub mod sse;
pub mod ws_decoder;

/// All comparisons.
pub const ALL: [Check; 5] = [
    Check { name: "grpc_message", run: grpc_message::check },
    Check { name: "handshake_client", run: handshake_client::check },
    Check { name: "handshake_server", run: handshake_server::check },
    Check { name: "sse", run: sse::check },
    Check { name: "ws_decoder", run: ws_decoder::check },
];
