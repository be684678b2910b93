//! Whole frames.

use super::Connection;
use crate::Buffer;
use crate::stomp::{Command, Error, Inbox, Side};

use super::Event;

/// What has come from the peer, where frames are received whole.
///
/// The [module](crate::stomp) has the loop, and [`Connection`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrameEvent {
    /// A frame is in the inbox: [`Inbox::headers`] and [`Inbox::body`] have it.
    Frame(Command),
    /// The peer broke a rule or a limit, or its frame found no room: nothing more will be read.
    Failed(Error),
}

impl<S: Side> Connection<S> {
    /// Receives the next event at `now`, advancing `input` past it. Frames are put in the `inbox`, whole.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After the end, whatever comes is
    /// taken and ignored. Call it until it returns `None`, then call [`transmit`](Self::transmit).
    ///
    /// If the inbox has no room for a frame, the connection fails with [`Error::BufferFull`]. A connection has
    /// to be given the same inbox until a frame is whole.
    pub fn receive_frame<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
        now: u64,
    ) -> Option<FrameEvent> {
        loop {
            match self.receive(input, inbox, now)? {
                Event::Head(_) => inbox.begin_body(),
                Event::Body(chunk) => {
                    let joined = match inbox.put_body(self.joined, chunk.bytes) {
                        None => Err(Error::BeginningMissing),
                        Some(result) => result.map_err(Error::BufferFull),
                    };
                    if let Err(e) = joined {
                        self.fail_in_frame(e, inbox);
                        inbox.abandon();
                        return Some(FrameEvent::Failed(e));
                    }
                    self.joined += chunk.bytes.len() as u64;
                    if chunk.end {
                        inbox.end_body();
                        return Some(FrameEvent::Frame(self.current));
                    }
                }
                Event::Failed(e) => {
                    inbox.abandon();
                    return Some(FrameEvent::Failed(e));
                }
            }
        }
    }
}
