/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Role {
    /// The end that opened the connection. Its frames are masked.
    Client,
    /// The end that accepted the connection. Its frames are not masked.
    Server,
}

/// Where the masking keys of outgoing frames come from (§5.3).
///
/// A server uses [`NoMask`]. A client gives a closure that takes each key fresh from a generator
/// fit for cryptography; there is no default. Where the type of the connection has to be written
/// down, a function is as good: `Connection<fn() -> [u8; 4]>`.
///
/// There are no other ways to mask, so nobody else can implement this.
pub trait Masking: Sealed {
    /// The end that masks like this.
    const ROLE: Role;

    /// The key for the next frame: always one at a client, never one at a server.
    #[doc(hidden)]
    fn next_key(&mut self) -> Option<[u8; 4]>;
}

/// Keeps [`Masking`] from being implemented in a way that contradicts the role.
pub trait Sealed {}

impl Sealed for NoMask {}

impl<F: FnMut() -> [u8; 4]> Sealed for F {}

/// A server's frames are not masked (§5.1).
#[derive(Clone, Copy, Debug)]
pub struct NoMask;

impl Masking for NoMask {
    const ROLE: Role = Role::Server;

    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        None
    }
}

impl<F: FnMut() -> [u8; 4]> Masking for F {
    const ROLE: Role = Role::Client;

    #[inline]
    fn next_key(&mut self) -> Option<[u8; 4]> {
        Some(self())
    }
}
