//! Shows what a peer sends and receives to the page that watches. Without one, bytes only pass through here.

use super::{Peer, State};
use crate::Shared;
use crate::dissect::report::Sender;
use crate::http1::Next;
use crate::wire::Tap;

impl Peer {
    /// Receives a head, or a piece of a body. Returns what comes next, and how many bytes it took.
    pub(super) fn receive_http1(&mut self, input: &mut [u8], shared: &mut Shared) -> (Next, usize) {
        let State::Http1(http1) = &mut self.state else { return (Next::Same, input.len()) };
        let from = self.out.pending();
        // A head is seen whole, or not at all.
        let is_whole = !http1.is_within_head() || !self.head.is_empty();
        // Bodies are decoded in place.
        let copy = self.tap.is_some().then(|| input.to_vec());
        let mut rest = &mut *input;
        let next = http1.receive(&mut rest, &mut self.out, shared);
        let left = rest.len();
        let taken = input.len() - left;
        let asked = shared.wires.take_asked().pop();
        if let Some(mut copy) = copy {
            self.show_input(&mut copy[..taken], shared);
        } else if let Some(asked) = asked
            && is_whole
        {
            self.tap = Tap::exchange(asked, &shared.wires).map(Box::new);
            self.shown = from;
            let mut head = std::mem::take(&mut self.head);
            head.extend_from_slice(&input[..taken]);
            self.show_input(&mut head, shared);
        } else if !http1.is_within_head() {
            self.head.clear();
        } else if is_whole && shared.wires.has_readers() {
            self.head.extend_from_slice(&input[..taken]);
        }
        self.show_output(shared);
        (next, taken)
    }

    /// Receives what was read of HTTP/2.
    pub(super) fn receive_http2(&mut self, input: &mut [u8], shared: &mut Shared) {
        let State::Http2(http2) = &mut self.state else { return };
        let copy = self.tap.is_some().then(|| input.to_vec());
        let requests = shared.figures.requests;
        http2.receive(input, shared);
        let asked = shared.wires.take_asked();
        let (Some(tap), Some(mut copy)) = (&mut self.tap, copy) else { return };
        // Before the first request, nobody knows.
        if !tap.note(asked, &shared.wires, shared.now) && shared.figures.requests > requests {
            self.tap = None;
        }
        self.show_input(&mut copy, shared);
    }

    /// Receives frames of WebSocket.
    pub(super) fn receive_frames(&mut self, input: &mut [u8], shared: &mut Shared) {
        let State::WebSocket(session) = &mut self.state else { return };
        let copy = self.tap.is_some().then(|| input.to_vec());
        session.receive(input, &mut self.out, shared);
        if let Some(mut copy) = copy {
            self.show_input(&mut copy, shared);
        }
    }

    /// Ends what is watched of HTTP/1.1 once the request is answered.
    pub(super) fn end_tap(&mut self) {
        if self.tap.is_some() && matches!(&self.state, State::Http1(http1) if http1.is_between()) {
            self.tap = None;
        }
    }

    /// Shows output that has not been seen.
    pub(super) fn show_output(&mut self, shared: &Shared) {
        let Some(tap) = &mut self.tap else { return };
        let mut unseen = self.out.unsent()[self.shown..].to_vec();
        self.shown = self.out.pending();
        if !unseen.is_empty()
            && !tap.receive(Sender::Server, &mut unseen, &shared.wires, shared.now)
        {
            self.tap = None;
        }
    }

    fn show_input(&mut self, input: &mut [u8], shared: &Shared) {
        let Some(tap) = &mut self.tap else { return };
        if !tap.receive(Sender::Client, input, &shared.wires, shared.now) {
            self.tap = None;
        }
    }
}
