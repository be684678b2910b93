//! The namespaces of a connection, in one buffer.

use crate::append::Append;
use crate::{Buffer, BufferFull};

/// Names with their states: for each a byte for the state, the name, and a comma, which no name has.
pub(super) struct Names<B> {
    storage: B,
}

/// How far a namespace has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamespaceState {
    Pending,
    Connected,
    /// We left it, and the peer may not know.
    Left,
}

impl NamespaceState {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Pending => b'?',
            Self::Connected => b'+',
            Self::Left => b'-',
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            b'+' => Self::Connected,
            b'-' => Self::Left,
            _ => Self::Pending,
        }
    }
}

impl<B: Buffer> Names<B> {
    pub(super) fn new(mut storage: B) -> Self {
        storage.clear();
        Self { storage }
    }

    pub(super) fn state(&self, name: &str) -> Option<NamespaceState> {
        let mut all = entries(self.storage.as_slice()).filter_map(parse);
        all.find(|(_, other)| *other == name.as_bytes()).map(|(state, _)| state)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (NamespaceState, &str)> {
        let all = entries(self.storage.as_slice()).filter_map(parse);
        all.filter_map(|(state, name)| Some((state, core::str::from_utf8(name).ok()?)))
    }

    /// Adds a name that is not there, or sets the state of one that is: to pending.
    pub(super) fn add(&mut self, name: &str) -> Result<(), BufferFull> {
        if self.set(name, NamespaceState::Pending) {
            return Ok(());
        }
        let mut append = Append::new(&mut self.storage);
        append.put(&[NamespaceState::Pending.to_byte()]);
        append.put(name.as_bytes());
        append.put(b",");
        append.finish()
    }

    /// Sets the state of a name. Returns whether it is there.
    pub(super) fn set(&mut self, name: &str, state: NamespaceState) -> bool {
        let Some(at) = self.find(name) else { return false };
        if let Some(byte) = self.storage.as_mut_slice().get_mut(at) {
            *byte = state.to_byte();
        }
        true
    }

    pub(super) fn remove(&mut self, name: &str) {
        let Some(at) = self.find(name) else { return };
        let names = self.storage.as_mut_slice();
        let (len, removed) = (names.len(), name.len().saturating_add(2));
        if let Some(rest) = names.get_mut(at..)
            && removed <= rest.len()
        {
            rest.copy_within(removed.., 0);
            self.storage.truncate(len - removed);
        }
    }

    /// Where the entry of a name begins.
    fn find(&self, name: &str) -> Option<usize> {
        let mut at = 0;
        for entry in entries(self.storage.as_slice()) {
            if parse(entry).is_some_and(|(_, other)| other == name.as_bytes()) {
                return Some(at);
            }
            at += entry.len();
        }
        None
    }
}

/// The entries, each with its comma.
fn entries(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let comma = bytes.iter().position(|byte| *byte == b',')?;
        let (entry, rest) = bytes.split_at_checked(comma + 1)?;
        bytes = rest;
        Some(entry)
    })
}

fn parse(entry: &[u8]) -> Option<(NamespaceState, &[u8])> {
    let [state, name @ .., b','] = entry else { return None };
    Some((NamespaceState::from_byte(*state), name))
}
