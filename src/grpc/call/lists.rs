//! The header lists of a response, in storage that the caller lent.
//!
//! One list counts. A head whose status counts if none follows it stays before the list, if there is
//! room for both:
//!
//! ```text
//!            start          start
//!            ▼              ▼
//!   storage: list           head list
//! ```

use super::NamedEncoding;
use crate::append::Append;
use crate::grpc::status::StatusFields;
use crate::grpc::{Code, ContentType, Error};
use crate::http::syntax::{is_field_value, is_lower_token, is_token, list};
use crate::http::{Field, Headers, Name};
use crate::{Buffer, OverLimit};

#[derive(Clone)]
pub(super) struct ReceivedLists<B> {
    storage: B,
    /// Where the list that counts begins.
    start: usize,
    /// The most that storage may hold, in bytes: [`Limits::max_trailers_len`](crate::grpc::Limits).
    max_len: u64,
}

impl<B: Buffer> ReceivedLists<B> {
    pub(super) const fn new(storage: B, max_len: u64) -> Self {
        Self { storage, start: 0, max_len }
    }

    /// The list that counts, if it is one.
    pub(super) fn parse(&self) -> Option<Headers<'_>> {
        Headers::parse_lax(self.storage.as_slice().get(self.start..).unwrap_or_default())
    }

    pub(super) fn clear(&mut self) {
        self.storage.clear();
    }

    /// Makes room for a list of `len` bytes, of which some are still to come. What is in storage is a
    /// head that stays, if `after_head`, and there is room for both.
    pub(super) fn begin(&mut self, len: u64, after_head: bool) {
        let both = len.saturating_add(self.storage.as_slice().len() as u64);
        if !after_head || both > self.max_len {
            self.storage.clear();
        }
        self.start = self.storage.as_slice().len();
    }

    /// Appends bytes to the list that has begun.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.storage.try_append(bytes)?)
    }

    /// Appends a list that lies in `lines` whole.
    pub(super) fn receive_lines(&mut self, lines: &[u8], after_head: bool) -> Result<(), Error> {
        let len = lines.len() as u64;
        if len > self.max_len {
            return Err(Error::TrailersTooLong(OverLimit::new(len, self.max_len)));
        }
        self.begin(len, after_head);
        Ok(self.storage.try_append(lines)?)
    }

    /// Goes through a head or trailers of HTTP, and appends them.
    pub(super) fn receive<'h, H>(&mut self, fields: H, after_head: bool) -> HeadFacts<'h>
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        let (mut facts, mut len) = (HeadFacts::default(), 0_u64);
        self.begin(0, after_head);
        let mut append = Append::new(&mut self.storage);
        for field in fields {
            let (name, value) = field.parts();
            facts.note(name, value);
            // The HTTP stack should have seen to it that neither ends a line.
            let is_name = is_lower_token(name.as_bytes()) || is_token(name.as_bytes());
            if is_name && is_field_value(value) {
                len = len.saturating_add((name.len() + value.len() + 4) as u64);
                if len <= self.max_len {
                    append.put_field(name, value.into());
                }
            }
        }
        let appended = append.finish();
        facts.lost = if len > self.max_len {
            Some(Error::TrailersTooLong(OverLimit::new(len, self.max_len)))
        } else {
            appended.err().map(Error::BufferFull)
        };
        if facts.lost.is_some() {
            self.storage.truncate(self.start);
            self.keep_status(&facts.status);
        }
        facts
    }

    /// Appends the fields of a status, as far as there is room, because there was none for the whole
    /// list.
    fn keep_status(&mut self, status: &StatusFields<'_>) {
        let mut len = 0_u64;
        for (name, value) in status.fields().filter(|(_, value)| is_field_value(value)) {
            let with_this = len.saturating_add((name.len() + value.len() + 4) as u64);
            if with_this <= self.max_len {
                let mut append = Append::new(&mut self.storage);
                append.put_field(name, value.into());
                if append.finish().is_ok() {
                    len = with_this;
                }
            }
        }
    }

    /// Lets the head count, with the list after it if all of that is within the limit.
    pub(super) fn join_head(&mut self) {
        if self.storage.as_slice().len() as u64 > self.max_len {
            self.storage.truncate(self.start);
        }
        self.start = 0;
    }

    /// Lets the head count alone, if it is there.
    pub(super) fn drop_list_after_head(&mut self) {
        if self.start > 0 {
            self.storage.truncate(self.start);
            self.start = 0;
        }
    }
}

/// What a head or trailers say of the call.
#[derive(Default)]
pub(super) struct HeadFacts<'h> {
    status: StatusFields<'h>,
    pub(super) content_type: Option<ContentType>,
    pub(super) encoding: NamedEncoding<'h>,
    /// Why it could not be kept, if it could not.
    pub(super) lost: Option<Error>,
}

impl<'h> HeadFacts<'h> {
    /// Goes through a head or trailers that are not kept.
    pub(super) fn of<H>(fields: H) -> Self
    where
        H: IntoIterator<Item: Field<'h>>,
    {
        let mut facts = Self::default();
        for field in fields {
            let (name, value) = field.parts();
            facts.note(name, value);
        }
        facts
    }

    fn note(&mut self, name: &str, value: &'h [u8]) {
        match Name::of(name) {
            Some(Name::ContentType) => {
                self.content_type =
                    self.content_type.or_else(|| list(value).find_map(ContentType::parse));
            }
            Some(Name::GrpcEncoding) => {
                self.encoding.note(value);
            }
            Some(name) => self.status.note(name, value),
            None => {}
        }
    }

    pub(super) fn code(&self) -> Option<Code> {
        self.status.code()
    }
}
