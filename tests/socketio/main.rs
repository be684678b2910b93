//! Socket.IO, in the order of the protocol's document.

mod connection;
mod json;
mod packets;
