//! The sessions of Socket.IO and SockJS that the gateway and two examples have, without sockets.

#![cfg(feature = "alloc")]

mod chaos;
#[path = "../../examples/hub/mod.rs"]
mod hub;
mod rooms;
#[path = "../../examples/socketio_server/socketio/mod.rs"]
mod socketio;
mod socketio_sessions;
#[path = "../../examples/sockjs_server/sockjs/mod.rs"]
mod sockjs;
mod sockjs_sessions;
mod world;
