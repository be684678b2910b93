//! Heads that lie whole in the input and are as most heads are: ASCII, without escapes, in lines ended by LF.
//!
//! They are checked in blocks and copied at once. Whatever is out of the ordinary is left to the way that knows
//! everything, and so are all errors.

use memchr::{memchr, memchr_iter};

use super::Decoder;
use super::head::HeadSoFar;
use crate::Buffer;
use crate::stomp::Inbox;
use crate::stomp::headers::{NAME_END, VALUE_END};

impl Decoder {
    /// Takes a head that is just after its command. Returns whether it did; if not, nothing has changed.
    #[inline]
    pub(super) fn take_plain_head<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> bool {
        let Some(len) = plain_head_len(input) else { return false };
        // All but the LF of the empty line.
        let Some((lines, rest)) = input.split_at_checked(len - 1) else { return false };
        if len as u64 > self.limits.max_head_len || inbox.put_piece(lines).is_err() {
            return false;
        }
        let Some(head) = self.split_lines(inbox.line()) else {
            inbox.begin();
            return false;
        };
        self.head = head;
        inbox.end_lines();
        *input = rest.get(1..).unwrap_or_default();
        true
    }

    /// Ends the names and values of `lines`. `None` if anything is wrong with them.
    #[inline]
    fn split_lines(&self, mut lines: &mut [u8]) -> Option<HeadSoFar> {
        let mut head = HeadSoFar::EMPTY;
        let max_line_len = usize::try_from(self.limits.max_line_len).unwrap_or(usize::MAX);
        while !lines.is_empty() {
            let line_len = memchr(b'\n', lines)?;
            let (line, rest) = lines.split_at_mut_checked(line_len + 1)?;
            let name_len = memchr(b':', line)?;
            if name_len == 0 || line_len > max_line_len || head.headers >= self.limits.max_headers {
                return None;
            }
            *line.get_mut(name_len)? = NAME_END;
            *line.last_mut()? = VALUE_END;
            self.note_content_len(&mut head, line, name_len, line_len - name_len - 1).ok()?;
            head.headers += 1;
            lines = rest;
        }
        Some(head)
    }
}

/// Length of the head at the front of `input`, with its empty line, if all of it is there and every byte is ASCII
/// and neither NUL, CR nor a backslash.
#[inline]
fn plain_head_len(input: &[u8]) -> Option<usize> {
    const STEP: usize = 64;
    if input.first() == Some(&b'\n') {
        return Some(1);
    }
    let mut start = 0;
    // One more byte, so that each is seen together with the one after it.
    while let Some(block) = input.get(start..).and_then(<[u8]>::first_chunk::<{ STEP + 1 }>)
        && let (Some(these), Some(next)) = (block.first_chunk::<STEP>(), block.last_chunk::<STEP>())
    {
        // No early end, so that many are compared at a time.
        let pairs = these.iter().zip(next);
        if pairs.fold(0, |found, (&a, &b)| found | is_special(a) | is_empty_line(a, b)) != 0 {
            break;
        }
        start += STEP;
    }
    let last = input.get(start..)?;
    for lf in memchr_iter(b'\n', last) {
        let end = lf + 2;
        if last.get(lf + 1) == Some(&b'\n') {
            let is_plain = last.get(..end)?.iter().fold(0, |found, &a| found | is_special(a)) == 0;
            return is_plain.then_some(start + end);
        }
        // What ends the loop above is within a block.
        if end > STEP {
            return None;
        }
    }
    None
}

const fn is_special(a: u8) -> u8 {
    (a == 0) as u8 | (a == b'\r') as u8 | (a == b'\\') as u8 | (a >= 0x80) as u8
}

const fn is_empty_line(a: u8, b: u8) -> u8 {
    (a == b'\n') as u8 & (b == b'\n') as u8
}
