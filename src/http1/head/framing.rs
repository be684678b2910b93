//! The fields of a head that say where the message goes and where it ends.

use crate::http::Name;
use crate::http::syntax::{ascii, authority};
use crate::http1::{Body, Error, Version};

/// What the headers say about where a message goes and where it ends.
///
/// With one of these headers too many, two servers read two different requests.
#[derive(Default)]
pub(super) struct Framing<'a> {
    host: Option<&'a [u8]>,
    host_repeated: bool,
    content_len: Option<u64>,
    chunked: bool,
}

impl<'a> Framing<'a> {
    /// Takes notice of a header.
    #[inline]
    pub(super) fn see(&mut self, name: Option<Name>, value: &'a [u8]) -> Result<(), Error> {
        match name {
            Some(Name::Host) => {
                self.host_repeated |= self.host.replace(value).is_some();
            }
            Some(Name::ContentLength) => {
                // `parse` alone would accept a sign.
                let digits = ascii(value);
                let len = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok());
                match (self.content_len, len.flatten()) {
                    (None, Some(len)) => self.content_len = Some(len),
                    _ => return Err(Error::ContentLength),
                }
            }
            Some(Name::TransferEncoding) => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Error::TransferEncoding);
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// The host of a request. In a response, `Host` means nothing.
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

    /// How the end of the body is known, if a header says so.
    pub(super) fn body(&self, version: Version) -> Result<Option<Body>, Error> {
        match (self.chunked, self.content_len) {
            (true, Some(_)) => Err(Error::AmbiguousLength),
            (true, None) if version == Version::Http10 => Err(Error::AmbiguousLength),
            (true, None) => Ok(Some(Body::Chunked)),
            (false, len) => Ok(len.map(Body::Len)),
        }
    }
}
