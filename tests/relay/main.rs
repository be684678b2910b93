//! The gateway's relay: gateways that share the topics of one broker, without sockets.

#![cfg(feature = "alloc")]

#[path = "../../examples/stomp_server/alone.rs"]
mod alone;
#[path = "../../examples/stomp_server/broker.rs"]
mod broker;
mod connection;
mod idle;
mod model;
mod names;
mod random;
#[allow(dead_code, reason = "nobody shuts down")]
#[path = "../../examples/gateway/relay/mod.rs"]
mod relay;
#[path = "../../examples/stomp_server/session.rs"]
mod session;
mod sharing;
mod world;
