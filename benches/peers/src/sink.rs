//! The place where contestants deliver.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;

/// Counts what is delivered. On the lap that is not timed, it also inspects every byte.
#[derive(Default)]
pub struct Sink {
    pub items: u64,
    pub bytes: u64,
    inspection: Option<Inspection>,
}

#[derive(Default)]
struct Inspection {
    digest: DefaultHasher,
    wire: Vec<u8>,
}

impl Sink {
    /// A sink that inspects.
    pub fn inspecting() -> Self {
        Self { inspection: Some(Inspection::default()), ..Self::default() }
    }

    pub const fn inspects(&self) -> bool {
        self.inspection.is_some()
    }

    /// A message that the user can read.
    #[inline]
    pub fn binary(&mut self, bytes: &[u8]) {
        black_box(bytes);
        self.items += 1;
        self.bytes += bytes.len() as u64;
        if self.inspects() {
            self.inspect("binary", bytes);
        }
    }

    /// A message that the user can read as text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        black_box(text);
        self.items += 1;
        self.bytes += text.len() as u64;
        if self.inspects() {
            self.inspect("text", text.as_bytes());
        }
    }

    /// The same for a contestant that has checked the text but delivers bytes.
    #[inline]
    pub fn checked_text(&mut self, bytes: &[u8]) {
        black_box(bytes);
        self.items += 1;
        self.bytes += bytes.len() as u64;
        if self.inspects() {
            self.inspect("text", bytes);
        }
    }

    /// Output that is ready for a socket, with `items` in it.
    #[inline]
    pub fn sent(&mut self, items: u64, wire: &[u8]) {
        black_box(wire);
        self.items += items;
        self.bytes += wire.len() as u64;
        if let Some(inspection) = &mut self.inspection {
            inspection.wire.extend_from_slice(wire);
        }
    }

    #[cold]
    fn inspect(&mut self, kind: &str, bytes: &[u8]) {
        if let Some(inspection) = &mut self.inspection {
            (kind, bytes).hash(&mut inspection.digest);
        }
    }

    /// Everything that was sent.
    pub fn wire(&self) -> &[u8] {
        self.inspection.as_ref().map_or(&[], |inspection| &inspection.wire)
    }

    /// A digest of all messages.
    pub fn digest(&self) -> u64 {
        self.inspection.as_ref().map_or(0, |inspection| inspection.digest.finish())
    }
}
