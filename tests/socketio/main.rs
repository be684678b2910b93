//! Socket.IO, in the order of its document (Socket.IO protocol 5).

mod connection;
mod json;
mod packets;
