//! The two sides of a connection.

/// One side of a connection: [`Client`] or [`Server`]. There are no others.
pub trait Side: sealed::Sealed {
    /// Whether it is the server's side.
    const IS_SERVER: bool;
}

/// The side that connects, sends, subscribes and acknowledges.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Client;

/// The side that accepts, delivers messages and confirms.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Server;

impl Side for Client {
    const IS_SERVER: bool = false;
}

impl Side for Server {
    const IS_SERVER: bool = true;
}

mod sealed {
    /// Keeps other crates from implementing [`Side`](super::Side).
    pub trait Sealed {}

    impl Sealed for super::Client {}
    impl Sealed for super::Server {}
}
