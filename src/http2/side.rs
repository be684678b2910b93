//! The two sides of a connection.

/// Which side of a connection an end is.
///
/// A [`Decoder`](super::Decoder) takes it, and has an example.
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
/// use framewright::http2::{Connection, Limits, Side, Slot, Storage};
///
/// /// Whether a connection of either side may be dropped to make room for others.
/// fn is_idle<R: Side>(http2: &Connection<R, Vec<u8>, Vec<Slot>>) -> bool {
///     http2.open_streams() == 0
/// }
///
/// assert!(is_idle(&Connection::server(Storage::new(), Limits::new())));
/// assert!(is_idle(&Connection::client(Storage::new(), Limits::new())));
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
