//! What a decoder demands of a frame's header: the rules of the standard, and the limits.

use super::header::{FirstByte, PartialHeader};
use super::incoming::IncomingMessage;
use super::{Error, FrameHeader, Limits, Opcode, Role};
use crate::OverLimit;

/// The rules that do not change while a connection lasts.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) role: Role,
    pub(super) limits: Limits,
    /// Length in bytes of the longest message that fits in one frame without a 64-bit length.
    pub(super) max_short_len: u16,
    /// Whether RSV1 has a meaning.
    pub(super) accept_compressed: bool,
}

impl Rules {
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 65 535")]
    pub(super) const fn new(role: Role, limits: Limits) -> Self {
        let Limits { max_frame_len, max_message_len, .. } = limits;
        let max_len = if max_frame_len < max_message_len { max_frame_len } else { max_message_len };
        let max_short_len = if max_len < 0xFFFF { max_len as u16 } else { 0xFFFF };
        // The field may hold 0, although its setter does not.
        let limits = limits.max_fragments(limits.max_fragments);
        Self { role, limits, max_short_len, accept_compressed: false }
    }

    /// Parses the header at the beginning of `bytes` and checks it as far as it goes.
    ///
    /// The checks go in the order of the bytes, so that the verdict does not depend on how many are
    /// there. Returns the header and its length once it is complete.
    #[inline(always)]
    pub(super) fn check(
        &self,
        message: &IncomingMessage,
        bytes: &[u8],
    ) -> Result<Option<(FrameHeader, usize)>, Error> {
        let partial = PartialHeader::parse(bytes);
        let Some(first) = partial.first else { return partial.header };
        self.check_first(message, first)?;
        if let Some(masked) = partial.masked {
            self.check_masked(masked)?;
        }
        if let Some(len) = partial.len
            && !first.opcode.is_control()
        {
            self.check_len(message, first, len)?;
        }
        partial.header
    }

    fn check_first(&self, message: &IncomingMessage, first: FirstByte) -> Result<(), Error> {
        let FirstByte { opcode, rsv, .. } = first;
        let begins = matches!(opcode, Opcode::Text | Opcode::Binary);
        match rsv {
            [false, false, false] => {}
            // On the first frame of a message, and nowhere else (RFC 7692 §6).
            [true, false, false] if self.accept_compressed && begins => {}
            _ => return Err(Error::ReservedBits),
        }
        if opcode == Opcode::Continuation && message.frames == 0 {
            return Err(Error::ContinuationUnexpected);
        }
        if begins && message.frames > 0 {
            return Err(Error::ContinuationMissing);
        }
        if !opcode.is_control() && message.frames >= self.limits.max_fragments {
            return Err(Error::TooManyFragments { limit: self.limits.max_fragments });
        }
        Ok(())
    }

    const fn check_masked(&self, masked: bool) -> Result<(), Error> {
        match (self.role, masked) {
            (Role::Server, false) => Err(Error::MaskMissing),
            (Role::Client, true) => Err(Error::MaskUnexpected),
            _ => Ok(()),
        }
    }

    /// Checks the announced length of a data frame, so that a liar is refused before it costs
    /// anything.
    fn check_len(
        &self,
        message: &IncomingMessage,
        first: FirstByte,
        len: u64,
    ) -> Result<(), Error> {
        let [rsv1, ..] = first.rsv;
        let limits = self.limits.of_frames(rsv1 || message.compressed);
        if len > limits.max_frame_len {
            return Err(Error::FrameTooLong(OverLimit::new(len, limits.max_frame_len)));
        }
        let message_len = message.len.saturating_add(len);
        if message_len > limits.max_message_len {
            let over = OverLimit::new(message_len, limits.max_message_len);
            return Err(Error::MessageTooLong(over));
        }
        Ok(())
    }
}
