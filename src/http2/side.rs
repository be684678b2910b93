//! The two sides of a connection.

/// Which side of a connection an end is.
///
/// ```
/// use framewright::http2::{Decoder, Limits, Role};
///
/// let mut decoder = Decoder::new(Role::Server, Limits::new()); // of what a client sends
/// assert!(decoder.decode(&mut &mut b"GET / HTTP/1.1\r\n".to_vec()[..]).is_err());
/// ```
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
///
/// ```
/// use framewright::http2::{Client, Role, Server, Side};
///
/// assert_eq!((Client::ROLE, Server::ROLE), (Role::Client, Role::Server));
/// ```
pub trait Side: sealed::Sealed {
    /// The same as a value.
    const ROLE: Role;
}

/// The server's side.
///
/// ```
/// use framewright::http2::{Connection, Server, Slot};
///
/// struct Peer {
///     http2: Connection<Server, Vec<u8>, Vec<Slot>>,
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Server;

/// The client's side.
///
/// A field for a client's end is a [`Connection<Client, …>`](super::Connection), as with [`Server`], which has an
/// example.
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
