//! SockJS (sockjs-protocol 0.3.3).

#[path = "../common/mod.rs"]
mod common;

mod frames;
mod messages;
#[cfg(feature = "alloc")]
mod properties;
mod replies;
mod routes;
#[cfg(feature = "alloc")]
mod session;
