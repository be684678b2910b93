//! What comes in: heads and trailers (§8.1).

use super::blocks::{Block, Outcome};
use super::closed::Absent;
use super::connection::{Connection, Current, State};
use super::part::{BlockFrame, FieldBlockPart};
use super::receive::{Found, INITIAL_WINDOW};
use super::rules::{Asked, Checked, Message};
use super::slot::Half;
use super::window::{ReceiveWindow, SendWindow};
use super::{Error, ErrorCode, Role, Side, Slots, Stream, StreamId};
use crate::Buffer;

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
                self.budgets.take_useless(&self.limits)?;
            }
            if let BlockFrame::Headers { self_dependent } = frame {
                let target = self.find_or_open(part.stream)?;
                let message = target.and_then(|stream| self.expected(stream, self_dependent));
                let block = Block::new(message, &self.limits, head);
                self.current = Current::Block { block, target };
            }
        }
        let Current::Block { block, target } = &mut self.current else { return Ok(None) };
        let target = *target;
        if target.is_some() {
            self.budgets.progress(part.bytes.len() as u32, &self.limits);
        }
        let outcome = block.receive(part, &mut self.field_decoder, &self.limits, head)?;
        let (Some(outcome), Some(stream)) = (outcome, target) else { return Ok(None) };
        // The caller may have reset it since the block began.
        if !self.is_live(stream) {
            return Ok(None);
        }
        match outcome {
            Outcome::Kept(checked) => self.receive_checked(stream, checked, part.end_stream),
            Outcome::TooLong(error) => self.refuse_head(stream, error).map(Some),
            Outcome::Malformed(error) => {
                self.fail_stream(stream, error)?;
                Ok(Some(BlockEvent::StreamFailed { stream, error }))
            }
            Outcome::Unwanted => Ok(None),
        }
    }

    /// Finds the stream of a field block, or opens it. `None` means that nobody wants the block.
    fn find_or_open(&mut self, id: StreamId) -> Result<Option<Stream>, Error> {
        match self.streams.find(id) {
            None => self.open_stream(id),
            Some(stream) if self.is_live(stream) => Ok(Some(stream)),
            Some(_) => self.budgets.take_useless(&self.limits).map(|()| None),
        }
    }

    /// What a field block on the stream has to be, or the error that its stream fails for.
    fn expected(&self, stream: Stream, self_dependent: bool) -> Option<Result<Message, Error>> {
        let slot = self.streams.get(stream)?;
        let expected = slot.expected(R::ROLE == Role::Server, self.extended_connect);
        Some(if self_dependent { expected.and(Err(Error::SelfDependency)) } else { expected })
    }

    /// Opens the stream of a request, or says what its HEADERS mean. `None` means that nobody wants them.
    fn open_stream(&mut self, id: StreamId) -> Result<Option<Stream>, Error> {
        if R::ROLE == Role::Client || self.absent(id)? != Absent::Idle {
            return match self.find(id)? {
                Found::Failed(error) => self.reset_absent(id, error).map(|()| None),
                Found::Open(_) | Found::Gone => {
                    self.budgets.take_useless(&self.limits).map(|()| None)
                }
            };
        }
        if let State::Final { .. } = self.state {
            // The GOAWAY named an earlier stream as the last: the client knows that, or soon will.
            self.streams.skip(id);
            self.budgets.stream_reset(self.new_receive_window().left());
            self.budgets.take_useless(&self.limits)?;
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
            self.budgets.take_reset(&self.limits)?;
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
        self.budgets.take_reset(&self.limits)?;
        self.reset(stream, code);
        Ok(BlockEvent::StreamFailed { stream, error })
    }
}
