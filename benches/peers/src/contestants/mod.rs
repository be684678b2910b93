//! The contestants. Each uses its API as a user would, and delivers to a [`Sink`].

use crate::sink::Sink;

pub mod framewright;
pub mod limits;
#[cfg(feature = "peers")]
pub mod peers;
#[cfg(not(feature = "peers"))]
#[path = "nobody.rs"]
pub mod peers;

/// The role of a contestant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// What the machine could do. It is not a peer and delivers nothing.
    Limit,
    Ours,
    Peer,
}

/// One way to do a task, ready to run.
pub struct Contestant {
    pub kind: Kind,
    pub name: &'static str,
    /// What it leaves out or leaves to its user.
    pub caveat: &'static str,
    /// Does the whole task once.
    pub lap: Box<dyn FnMut(&mut Sink)>,
}

impl Contestant {
    pub fn new(kind: Kind, name: &'static str, lap: impl FnMut(&mut Sink) + 'static) -> Self {
        Self { kind, name, caveat: "", lap: Box::new(lap) }
    }

    #[must_use]
    pub const fn with(mut self, caveat: &'static str) -> Self {
        self.caveat = caveat;
        self
    }
}
