//! What comes in: heads and trailers (§8.1).

use super::blocks::Outcome;
use super::closed::Absent;
use super::connection::{Connection, State};
use super::part::{BlockFrame, FieldBlockPart};
use super::receive::{Found, INITIAL_WINDOW};
use super::rules::{Asked, Checked, Message};
use super::slot::Half;
use super::window::{ReceiveWindow, SendWindow};
use super::{Error, ErrorCode, Role, Side, Slots, Stream, StreamId};
use crate::Buffer;

/// What a field block is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum BlockTarget {
    /// Nobody: it is decoded for the table's sake.
    Nobody,
    /// A stream that is open.
    Stream(Stream),
    /// A stream that the block fails.
    Failed(Stream, Error),
}

/// What a field block comes to, without its fields.
pub(super) enum BlockEvent {
    Head { stream: Stream, end: bool },
    Informational { stream: Stream },
    Trailers { stream: Stream },
    StreamFailed { stream: Stream, error: Error },
}

impl<R: Side, B: Buffer, S: Slots> Connection<R, B, S> {
    /// Receives a part of a field block.
    pub(super) fn receive_block(
        &mut self,
        part: &FieldBlockPart<'_>,
        head: &mut impl Buffer,
    ) -> Result<Option<BlockEvent>, Error> {
        if let Some(frame) = part.begins {
            if part.bytes.is_empty() && !part.end {
                self.budgets.take_useless()?;
            }
            if let BlockFrame::Headers { self_dependent } = frame {
                let message = self.begin_block(part.stream, self_dependent)?;
                self.block.begin(message, &self.limits, head);
            }
        }
        if let BlockTarget::Stream(_) = self.block_target {
            self.budgets.progress(part.bytes.len() as u32, &self.limits);
        }
        let outcome = self.block.receive(part, &mut self.field_decoder, &self.limits, head)?;
        let Some(outcome) = outcome else { return Ok(None) };
        let target = core::mem::replace(&mut self.block_target, BlockTarget::Nobody);
        let (stream, error) = match (target, outcome) {
            (BlockTarget::Nobody, _) | (BlockTarget::Stream(_), Outcome::Unwanted) => {
                return Ok(None);
            }
            // The caller has reset it since the block began.
            (BlockTarget::Stream(stream) | BlockTarget::Failed(stream, _), _)
                if !self.is_live(stream) =>
            {
                return Ok(None);
            }
            (BlockTarget::Stream(stream), Outcome::Kept(checked)) => {
                return self.receive_checked(stream, checked, part.end_stream);
            }
            (BlockTarget::Stream(stream), Outcome::TooLong(error)) => {
                return self.refuse_head(stream, error).map(Some);
            }
            (BlockTarget::Stream(stream), Outcome::Malformed(error))
            | (BlockTarget::Failed(stream, error), _) => (stream, error),
        };
        self.fail_stream(stream, error)?;
        Ok(Some(BlockEvent::StreamFailed { stream, error }))
    }

    /// Begins a field block. Returns what it has to be, or `None` if nobody wants it.
    fn begin_block(
        &mut self,
        id: StreamId,
        self_dependent: bool,
    ) -> Result<Option<Message>, Error> {
        self.block_target = BlockTarget::Nobody;
        let stream = match self.streams.find(id) {
            Some(_) => match self.find(id)? {
                Found::Open(stream) => stream,
                Found::Failed(_) | Found::Gone => {
                    self.budgets.take_useless()?;
                    return Ok(None);
                }
            },
            None => match self.open_stream(id)? {
                Some(stream) => stream,
                None => return Ok(None),
            },
        };
        let Some(slot) = self.streams.get(stream) else { return Ok(None) };
        let expected = slot.expected(R::ROLE == Role::Server, self.extended_connect);
        let expected =
            if self_dependent { expected.and(Err(Error::SelfDependency)) } else { expected };
        match expected {
            Ok(message) => {
                self.block_target = BlockTarget::Stream(stream);
                Ok(Some(message))
            }
            Err(error) => {
                self.block_target = BlockTarget::Failed(stream, error);
                Ok(None)
            }
        }
    }

    /// Opens the stream of a request, or says what its HEADERS mean. `None` means that nobody wants them.
    fn open_stream(&mut self, id: StreamId) -> Result<Option<Stream>, Error> {
        if R::ROLE == Role::Client || self.absent(id)? != Absent::Idle {
            return match self.find(id)? {
                Found::Failed(error) => self.reset_absent(id, error).map(|()| None),
                Found::Open(_) | Found::Gone => self.budgets.take_useless().map(|()| None),
            };
        }
        if let State::Final { .. } = self.state {
            // It was not the last one any more, which the client knows or is about to.
            self.streams.skip(id);
            self.budgets.stream_reset(self.new_receive_window().left());
            self.budgets.take_useless()?;
            return Ok(None);
        }
        let opened = if self.streams.open_count() < self.max_streams() {
            self.streams.open(id, self.new_send_window(), self.new_receive_window())
        } else {
            self.streams.skip(id);
            None
        };
        if opened.is_none() {
            self.budgets.stream_reset(self.new_receive_window().left());
            self.budgets.take_reset()?;
            self.owed.add_reset(id, ErrorCode::REFUSED_STREAM)?;
        }
        Ok(opened)
    }

    pub(super) const fn new_send_window(&self) -> SendWindow {
        SendWindow::new(self.peer.initial_window_size)
    }

    pub(super) fn new_receive_window(&self) -> ReceiveWindow {
        // Until it knows our settings, the peer may send as much as the standard says.
        let least = if self.acknowledged { 0 } else { INITIAL_WINDOW };
        ReceiveWindow::new(self.limits.stream_window.max(least))
    }

    /// Receives a block that keeps every rule.
    fn receive_checked(
        &mut self,
        stream: Stream,
        checked: Checked,
        end: bool,
    ) -> Result<Option<BlockEvent>, Error> {
        let Some(slot) = self.streams.get_mut(stream) else { return Ok(None) };
        let event = match slot.received {
            Half::Head if checked.is_informational() => {
                return Ok(Some(BlockEvent::Informational { stream }));
            }
            Half::Head => {
                slot.set_body_len(checked.body_len);
                if R::ROLE == Role::Server {
                    slot.asked = checked.asked;
                } else if slot.asked == Asked::Connect && matches!(checked.status, 200..300) {
                    slot.set_tunnel();
                }
                slot.received = Half::Body;
                BlockEvent::Head { stream, end }
            }
            Half::Body | Half::Closed => BlockEvent::Trailers { stream },
        };
        // All that was announced has to be there.
        if end && let Err(error) = slot.take_body(0, true) {
            self.fail_stream(stream, error)?;
            return Ok(Some(BlockEvent::StreamFailed { stream, error }));
        }
        if end {
            slot.received = Half::Closed;
            self.close_if_over(stream);
        }
        Ok(Some(event))
    }

    /// Refuses a head over a limit: a server answers with the status 431 (RFC 6585 §5).
    fn refuse_head(&mut self, stream: Stream, error: Error) -> Result<BlockEvent, Error> {
        let Some(slot) = self.streams.get_mut(stream) else {
            return Ok(BlockEvent::StreamFailed { stream, error });
        };
        let is_request = R::ROLE == Role::Server && slot.received == Half::Head;
        let code = if is_request { ErrorCode::NO_ERROR } else { error.code() };
        slot.set_owes_refusal(is_request);
        self.budgets.take_reset()?;
        self.reset(stream, code);
        Ok(BlockEvent::StreamFailed { stream, error })
    }
}
