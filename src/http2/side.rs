//! The two sides of a connection.

/// Which side of a connection an end is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Role {
    /// The side that opened the connection. It sends requests, on streams with odd identifiers.
    Client,
    /// The side that accepted the connection. It sends responses.
    Server,
}

/// A [`Role`] that the compiler knows: [`Server`] or [`Client`].
///
/// There are no other sides, so other crates cannot implement this.
pub trait Side: sealed::Sealed {
    /// The same as a value.
    const ROLE: Role;
}

/// The server's side.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Server;

/// The client's side.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Client;

impl Side for Server {
    const ROLE: Role = Role::Server;
}

impl Side for Client {
    const ROLE: Role = Role::Client;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Server {}

    impl Sealed for super::Client {}
}
