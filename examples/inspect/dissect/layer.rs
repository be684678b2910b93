//! What every protocol here is: a layer that takes the bytes of two senders, and reports what they are.

use super::preview::Preview;
use super::report::{Item, Place, Report};

/// One protocol, on a connection or within another protocol.
pub trait Layer {
    /// Receives the next bytes of `place.sender`, the first of which stands at `place`.
    fn receive(&mut self, place: Place, bytes: &mut [u8], report: &mut dyn Report);

    /// Receives the end of what `place.sender` sends. `place` is where it ends.
    fn end(&mut self, place: Place, report: &mut dyn Report);
}

/// One value for each sender.
#[derive(Debug, Default)]
pub struct Both<T> {
    pub client: T,
    pub server: T,
}

impl<T> Both<T> {
    pub const fn of(&mut self, sender: super::report::Sender) -> &mut T {
        match sender {
            super::report::Sender::Client => &mut self.client,
            super::report::Sender::Server => &mut self.server,
        }
    }
}

/// Bytes without a protocol of their own: a body, or what nobody knows.
pub struct Plain {
    title: &'static str,
    so_far: Both<Option<(Place, Preview)>>,
}

impl Plain {
    pub fn new(title: &'static str) -> Self {
        Self { title, so_far: Both::default() }
    }
}

impl Layer for Plain {
    fn receive(&mut self, place: Place, bytes: &mut [u8], report: &mut dyn Report) {
        let so_far = self.so_far.of(place.sender);
        so_far.get_or_insert_with(|| (place, report.preview())).1.push(bytes);
    }

    fn end(&mut self, place: Place, report: &mut dyn Report) {
        if let Some((start, preview)) = self.so_far.of(place.sender).take() {
            let title = super::preview::bytes(preview.len());
            report.item(&Item::new(start, self.title, title).payload(preview));
        }
    }
}

/// Finds the byte at which `decoder` fails, by giving it one at a time. It failed within `bytes`, which it got whole.
pub fn failing_byte<D: Clone>(
    decoder: &D,
    bytes: &[u8],
    mut fails: impl FnMut(&mut D, &mut [u8]) -> bool,
) -> usize {
    let mut decoder = decoder.clone();
    let fails_at = |byte: &u8| fails(&mut decoder, &mut [*byte]);
    bytes.iter().position(fails_at).unwrap_or(0)
}
