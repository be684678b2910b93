//! The fields of a head that say where the message goes and where it ends.

use crate::http::Name;
use crate::http::syntax::{authority, is_in_any_case, list, parse_len};
use crate::http1::{Body, Error, Version};

/// What the headers say about where a message goes and where it ends.
///
/// With one of these headers too many, two servers read two different requests.
#[derive(Default)]
pub(super) struct Framing<'a> {
    host: Option<&'a [u8]>,
    host_repeated: bool,
    len: ContentLength,
    codings: TransferEncoding,
    expects_continue: bool,
}

/// What all `Content-Length` together say.
#[derive(Clone, Copy, Default)]
enum ContentLength {
    #[default]
    Absent,
    /// Lists without an element, which say nothing.
    Empty,
    One(u64),
    /// A list, or several headers, and the same length each time.
    Repeated(u64),
    Invalid,
}

/// What all `Transfer-Encoding` together say.
#[derive(Clone, Copy, Default)]
struct TransferEncoding {
    is_present: bool,
    /// As they were sent.
    strict: Codings,
    /// As a response is read: without `identity`, which is none, and without a `chunked` that repeats the
    /// one before it.
    lax: Codings,
}

#[derive(Clone, Copy, Default)]
struct Codings {
    /// Whether `chunked` is the last one.
    chunked: bool,
    /// Whether there are others.
    others: bool,
    /// Whether anything follows `chunked`, perhaps itself.
    misplaced: bool,
}

impl ContentLength {
    fn add(&mut self, value: &[u8]) {
        // The usual value is not taken for a list.
        let first = parse_len(value).map_or(Self::Invalid, Self::One);
        *self = match (*self, first) {
            (Self::Absent, Self::One(len)) => Self::One(len),
            (before, _) => before.and_list(value),
        };
    }

    fn and_list(self, value: &[u8]) -> Self {
        let mut lens = list(value).map(parse_len);
        let first = match self {
            Self::Absent | Self::Empty => match lens.next() {
                None => return Self::Empty,
                Some(None) => return Self::Invalid,
                Some(Some(len)) => len,
            },
            Self::One(len) | Self::Repeated(len) => len,
            Self::Invalid => return Self::Invalid,
        };
        if lens.all(|len| len == Some(first)) { Self::Repeated(first) } else { Self::Invalid }
    }
}

impl TransferEncoding {
    fn add(&mut self, value: &[u8]) {
        self.is_present = true;
        for coding in list(value) {
            let chunked = is_in_any_case(coding, b"chunked");
            self.strict.add(chunked);
            let is_repeated = chunked && self.lax.chunked;
            if !is_repeated && !is_in_any_case(coding, b"identity") {
                self.lax.add(chunked);
            }
        }
    }
}

impl Codings {
    fn add(&mut self, chunked: bool) {
        self.misplaced |= self.chunked;
        self.chunked = chunked;
        self.others |= !chunked;
    }
}

impl<'a> Framing<'a> {
    /// Notes a header.
    #[inline]
    pub(super) fn see(&mut self, name: Option<Name>, value: &'a [u8]) {
        match name {
            Some(Name::Host) => self.host_repeated |= self.host.replace(value).is_some(),
            Some(Name::ContentLength) => self.len.add(value),
            Some(Name::TransferEncoding) => self.codings.add(value),
            Some(Name::Expect) => {
                let mut expectations = list(value);
                self.expects_continue |=
                    expectations.any(|expected| is_in_any_case(expected, b"100-continue"));
            }
            _ => {}
        }
    }

    /// The host of a request, as `Host` has it. In a response, `Host` means nothing.
    pub(super) fn host(&self, version: Version) -> Result<Option<&'a str>, Error> {
        if self.host_repeated {
            return Err(Error::RepeatedHost);
        }
        let Some(host) = self.host else {
            return if version == Version::Http10 { Ok(None) } else { Err(Error::MissingHost) };
        };
        let host = core::str::from_utf8(host).map_err(|_| Error::BadHost)?;
        authority(host).ok_or(Error::BadHost)?;
        Ok(Some(host))
    }

    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    pub(super) fn expects_continue(&self, version: Version, body: Body) -> bool {
        self.expects_continue && version > Version::Http10 && body != Body::Len(0)
    }

    /// How the end of a request's body is known. Whatever another server might read differently is an
    /// error.
    pub(super) fn of_request(&self, version: Version) -> Result<Body, Error> {
        let Codings { chunked, others, misplaced } = self.codings.strict;
        if !self.codings.is_present {
            return match self.len {
                ContentLength::Absent => Ok(Body::Len(0)),
                ContentLength::One(len) => Ok(Body::Len(len)),
                _ => Err(Error::ContentLength),
            };
        }
        let alone = matches!(self.len, ContentLength::Absent) && version > Version::Http10;
        if !alone || !chunked || misplaced {
            return Err(Error::AmbiguousLength);
        }
        if others { Err(Error::TransferEncoding) } else { Ok(Body::Chunked) }
    }

    /// How the end of a response's body is known, if it has a body. `Transfer-Encoding` overrides
    /// `Content-Length` (§6.3).
    pub(super) const fn of_response(&self) -> Result<Body, Error> {
        let Codings { chunked, others, misplaced } = self.codings.lax;
        match self.len {
            _ if misplaced => Err(Error::AmbiguousLength),
            _ if others => Err(Error::TransferEncoding),
            _ if chunked => Ok(Body::Chunked),
            ContentLength::Absent => Ok(Body::UntilClose),
            ContentLength::One(len) | ContentLength::Repeated(len) => Ok(Body::Len(len)),
            ContentLength::Empty | ContentLength::Invalid => Err(Error::ContentLength),
        }
    }

    /// Whether both headers that announce a body are there. The connection must not be used again
    /// after such a message (§6.1).
    pub(super) const fn contradicts_itself(&self) -> bool {
        self.codings.is_present && !matches!(self.len, ContentLength::Absent)
    }
}
