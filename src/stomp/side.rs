//! The two sides of a connection.

/// One side of a connection: [`Client`] or [`Server`]. There are no others.
///
/// ```
/// use framewright::stomp::{Client, Connection, Server, Side};
///
/// fn describe<S: Side>(connection: &Connection<S>) -> String {
///     let side = if S::IS_SERVER { "server" } else { "client" };
///     format!("{side}, {:?}", connection.agreed_version())
/// }
///
/// let client: Connection<Client> = Connection::client(Default::default(), 0);
/// let server: Connection<Server> = Connection::server(Default::default(), 0);
/// assert_eq!((describe(&client), describe(&server)), ("client, None".into(), "server, None".into()));
/// ```
pub trait Side: sealed::Sealed {
    /// Whether it is the server's side.
    const IS_SERVER: bool;
}

/// The side that connects, sends, subscribes and acknowledges.
///
/// [`Side`] has an example.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Client;

/// The side that accepts, delivers messages and confirms.
///
/// [`Side`] has an example.
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
