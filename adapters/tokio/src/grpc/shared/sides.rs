//! What only a server's end does with its calls, and only a client's.

use std::task::{Context, Poll};

use framewright::grpc::{
    CallKind, Client, ClientRequest, Code, Heap, Message, ResponseHead, SendError, Server, Trailers,
};

use super::super::Status;
use super::super::entry::{Entry, Tickets};
use super::{ENOUGH, State};

impl State<Server<Heap>> {
    /// Sends the head of the response.
    pub fn send_head(&mut self, key: usize, head: ResponseHead<'_>) -> Result<(), Status> {
        let entry = &self.entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Err(entry.why_over().unwrap_or(Code::Cancelled.into()));
        };
        self.end.send_head(id, head, &mut self.out).map_err(Status::of_send)?;
        self.wake_driver();
        Ok(())
    }

    /// Ends the call with a status.
    pub fn finish(&mut self, key: usize, trailers: Trailers<'_>) -> Result<(), Status> {
        let entry = &mut self.entries[key];
        let (Some(id), None) = (entry.id, entry.why_over()) else {
            return Err(entry.why_over().unwrap_or(Code::Cancelled.into()));
        };
        self.end.finish(id, trailers, &mut self.out).map_err(Status::of_send)?;
        entry.end = Some(Code::Ok.into());
        entry.wake_all(&mut self.woken);
        self.one_is_over();
        self.wake_driver();
        Ok(())
    }
}

/// Why a call did not begin.
#[derive(Debug)]
pub enum NotBegun {
    /// Another one has to end before.
    TooMany,
    Failed(Status),
}

impl State<Client<Heap>> {
    /// Begins a call, with its only message if that is known, once there is room for output.
    pub fn poll_begin(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        message: Option<Message<'_>>,
        tickets: &mut Tickets,
        cx: &Context<'_>,
    ) -> Poll<Result<usize, NotBegun>> {
        if self.out.len() >= ENOUGH {
            let len = message.map_or(0, |message| message.bytes.len());
            self.room.register(&mut tickets.room, len.max(1), cx, &mut self.woken);
            return Poll::Pending;
        }
        let begun = self.begin(request, kind, message);
        match &begun {
            Ok(_) => self.room.used(&mut tickets.room),
            Err(_) => {
                let waker = self.room.leave(&mut tickets.room, &mut self.woken);
                self.woken.extend(waker);
            }
        }
        Poll::Ready(begun)
    }

    fn begin(
        &mut self,
        request: &ClientRequest<'_>,
        kind: CallKind,
        message: Option<Message<'_>>,
    ) -> Result<usize, NotBegun> {
        // Its time-out counts from the time of this.
        let now = self.now();
        self.receive(&mut [], now);
        let id = self.end.call(request, kind, &mut self.out).map_err(|e| match e {
            SendError::TooManyCalls => NotBegun::TooMany,
            error => {
                self.is_closed |= error == SendError::Closing;
                NotBegun::Failed(Status::of_send(error))
            }
        })?;
        if let Some(message) = message
            && let Err(error) = self.end.send_last(id, message, &mut self.out)
        {
            self.end.cancel(id);
            self.wake_driver();
            return Err(NotBegun::Failed(Status::of_send(error)));
        }
        self.wake_driver();
        Ok(self.insert(id))
    }

    /// Ends the request.
    pub fn half_close(&mut self, key: usize) {
        if let Entry { id: Some(id), end: None, .. } = self.entries[key] {
            // If the call has just ended, there is nothing to end.
            let _ = self.end.half_close(id, &mut self.out);
            self.wake_driver();
        }
    }
}
