//! Socket.IO, in the order of its document (Socket.IO protocol 5).

#[cfg(feature = "alloc")]
mod connection;
mod json;
#[cfg(feature = "alloc")]
mod packets;
