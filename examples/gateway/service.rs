//! The interface between a service and its connection, for both versions of HTTP.
//!
//! ```text
//!                 ┌── receive, receive_eof, cut_off ──▶ ┌─────────┐
//!      Connection │                                     │ Service │
//!                 └◀── Response: head, body, trailers ──└─────────┘
//!                                 fill
//! ```

use crate::Shared;
use crate::response::Response;

/// What answers one request.
///
/// It is dropped after its [end](Filled::End), and before it if the client does not wait for it.
pub trait Service {
    /// Whether it reads the body of the request. If not, it is asked to say something once the request is complete.
    fn takes_body(&self) -> bool {
        false
    }

    /// Whether it may have something to say because of what others do.
    fn hears_others(&self) -> bool {
        false
    }

    /// Whether it waits for something to say. Such a service ends when the client stops sending, even if the client still
    /// reads.
    fn ends_with_input(&self) -> bool {
        false
    }

    /// Receives a piece of the request's body.
    fn receive(&mut self, _bytes: &mut [u8], _shared: &mut Shared) {}

    /// Receives the end of the request's body.
    fn receive_eof(&mut self, _shared: &mut Shared) {}

    /// Notes that the rest of the request's body will not come. The client may still wait for an answer.
    fn cut_off(&mut self) {}

    /// Says what there is to say, until about `room` bytes of the body wait.
    ///
    /// The head has to be written before the first byte of the body, or at the end if there is none. If the gateway ends, the
    /// head may be missing: the answer is 503 then.
    fn fill(&mut self, room: usize, response: &mut Response, shared: &mut Shared) -> Filled;

    /// Notes that the gateway ends. The service writes its last bytes, or goes on for a moment.
    fn shut_down(&mut self, _response: &mut Response, _shared: &mut Shared) -> Filled {
        Filled::End
    }
}

/// How far a service has come.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Filled {
    /// It has said as much as it may, and has more to say.
    Enough,
    /// It has said everything before this time, in ms since the start, unless something happens.
    Until(u64),
    /// It has said everything.
    End,
}

impl Filled {
    /// Everything, unless something happens.
    pub const ALL: Self = Self::Until(u64::MAX);
}
