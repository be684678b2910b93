//! The two sides of a connection: which one an end is, and where its masking keys come from.

use core::fmt;

/// Which side of a connection an end is, for a [`Decoder`](super::Decoder).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Role {
    /// The side that opened the connection. Its frames are masked (§5.1).
    Client,
    /// The side that accepted the connection. Its frames are not masked (§5.1).
    Server,
}

/// A [`Role`] that the compiler knows: [`Server`] or [`Client`].
///
/// There are no other sides, so other crates cannot implement this.
///
/// ```
/// use framewright::ws::{Connection, SendError, Side};
///
/// fn greet<S: Side>(connection: &mut Connection<S>, out: &mut Vec<u8>) -> Result<(), SendError> {
///     connection.send(if S::ROLE == framewright::ws::Role::Server { "welcome" } else { "hello" }, out)
/// }
/// # let mut out = Vec::new();
/// # greet(&mut Connection::server(framewright::ws::Limits::new()), &mut out)?;
/// # assert_eq!(out, b"\x81\x07welcome");
/// # Ok::<(), SendError>(())
/// ```
pub trait Side: sealed::MaskingKeys {
    /// The same as a value.
    const ROLE: Role;
}

/// The server's side: its frames are not masked.
///
/// ```
/// use framewright::ws::{Connection, Inbox, Limits, Server};
///
/// struct Peer {
///     connection: Connection<Server>,
///     inbox: Inbox<Vec<u8>>,
/// }
///
/// let connection = Connection::server(Limits::new());
/// let peer = Peer { connection, inbox: Inbox::new(Vec::new()) };
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Server;

/// The client's side: each of its frames is masked with the next key from `K`.
///
/// Without a parameter it is a side whose keys come from a plain function or from a closure that
/// captures nothing. This is the type to name in a struct:
///
/// ```
/// use framewright::ws::{Client, Connection, Limits};
///
/// struct Session {
///     connection: Connection<Client>,
/// }
///
/// let session = Session {
///     connection: Connection::client(Limits::new(), || {
///         let mut key = [0; 4];
///         getrandom::fill(&mut key).expect("the system has randomness");
///         key
///     }),
/// };
/// // Where another method follows, the compiler has to be told:
/// let session = Session {
///     connection: Connection::<Client>::client(Limits::new(), || {
///         let mut key = [0; 4];
///         getrandom::fill(&mut key).expect("the system has randomness");
///         key
///     })
///     .accept_compressed(true),
/// };
/// ```
///
/// For keys from a generator with a state, the struct can have a parameter of its own, or name
/// `Client<Box<dyn FnMut() -> [u8; 4]>>`.
#[derive(Clone)]
pub struct Client<K = fn() -> [u8; 4]>(pub(super) K);

impl Side for Server {
    const ROLE: Role = Role::Server;
}

impl<K: FnMut() -> [u8; 4]> Side for Client<K> {
    const ROLE: Role = Role::Client;
}

pub(super) mod sealed {
    /// Where the masking keys of outgoing frames come from (§5.3).
    pub trait MaskingKeys {
        /// The key for the next frame: always one at a client, never one at a server.
        fn next_key(&mut self) -> Option<[u8; 4]>;
    }
}

impl sealed::MaskingKeys for Server {
    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<K: FnMut() -> [u8; 4]> sealed::MaskingKeys for Client<K> {
    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        Some(self.0())
    }
}

/// Random bytes from the operating system, for masking keys and for the key of a handshake.
///
/// Masking keys must be unpredictable (§5.3), and these are. Each call asks the system, which takes
/// longer than masking a small frame does: clients that send many frames a second are faster with
/// a generator of their own that is fit for cryptography.
///
/// ```
/// use framewright::ws::{self, Client, Connection, Limits};
///
/// let connection: Connection<Client> = Connection::client(Limits::new(), ws::random);
/// ```
///
/// # Panics
///
/// If the system has no randomness.
#[cfg(feature = "getrandom")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

impl<K> fmt::Debug for Client<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[cfg(test)]
#[cfg(feature = "getrandom")]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_are_others_each_time() {
        assert_ne!(random::<32>(), random());
    }
}
