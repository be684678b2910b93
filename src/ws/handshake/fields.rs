//! The fields of a head that the handshake needs, gathered in one pass.

use super::{Error, Extension, Extensions};
use crate::http::syntax::{ascii, is_in_any_case, is_token, list};
use crate::http::{Field, Name};

/// The values of all fields of one name: none, one, or the first of several.
#[derive(Clone, Copy, Default)]
pub(super) enum FieldValues<'a> {
    #[default]
    None,
    One(&'a [u8]),
    Several(&'a [u8]),
}

impl<'a> FieldValues<'a> {
    pub(super) fn add(&mut self, value: &'a [u8]) {
        *self = match *self {
            Self::None => Self::One(value),
            Self::One(first) | Self::Several(first) => Self::Several(first),
        };
    }

    /// The only value.
    ///
    /// # Errors
    ///
    /// `none` without a value, `several` if there is more than one.
    pub(super) fn only(self, none: Error, several: Error) -> Result<&'a [u8], Error> {
        match self {
            Self::None => Err(none),
            Self::One(value) => Ok(value),
            Self::Several(_) => Err(several),
        }
    }

    /// All values, which are those of `name` in `headers`. The list is searched again only if there
    /// are several.
    pub(super) fn all<H>(
        self,
        name: &'static str,
        headers: &H,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, H>
    where
        H: Clone + IntoIterator<Item: Field<'a>>,
    {
        let (one, several) = match self {
            Self::None => (None, None),
            Self::One(value) => (Some(value), None),
            Self::Several(_) => (None, Some(headers.clone())),
        };
        let several = several.into_iter().flatten().map(Field::parts);
        let several = several.filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        one.into_iter().chain(several.map(|(_, value)| value))
    }
}

pub(super) const PROTOCOL: &str = "Sec-WebSocket-Protocol";
pub(super) const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// The fields that either side needs.
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
#[derive(Clone, Copy, Default)]
pub(super) struct HandshakeFields<'a> {
    pub(super) host: FieldValues<'a>,
    /// Whether `Upgrade` lists `websocket`.
    pub(super) upgrade: bool,
    /// Whether `Upgrade` lists anything else.
    pub(super) other_upgrade: bool,
    /// Whether `Connection` lists `upgrade`.
    pub(super) connection: bool,
    /// Whether a field announces a body. A length of 0 does not.
    pub(super) body: bool,
    pub(super) origin: FieldValues<'a>,
    pub(super) key: FieldValues<'a>,
    pub(super) version: FieldValues<'a>,
    pub(super) accept: FieldValues<'a>,
    pub(super) protocol: FieldValues<'a>,
    pub(super) extensions: FieldValues<'a>,
}

impl<'a> HandshakeFields<'a> {
    pub(super) fn gather(headers: impl IntoIterator<Item: Field<'a>>) -> Self {
        let mut fields = Self::default();
        for field in headers {
            let (name, value) = field.parts();
            fields.add(Name::of(name), value);
        }
        fields
    }

    #[inline]
    pub(super) fn add(&mut self, name: Option<Name>, value: &'a [u8]) {
        match name {
            Some(Name::Host) => self.host.add(value),
            Some(Name::Origin) => self.origin.add(value),
            Some(Name::Upgrade) => {
                self.upgrade |= lists(value, b"websocket");
                self.other_upgrade |= lists_others(value, b"websocket");
            }
            Some(Name::Connection) => self.connection |= lists(value, b"upgrade"),
            Some(Name::ContentLength) => self.body |= !is_zero(value),
            Some(Name::TransferEncoding) => self.body = true,
            Some(Name::SecWebSocketKey) => self.key.add(value),
            Some(Name::SecWebSocketAccept) => self.accept.add(value),
            Some(Name::SecWebSocketVersion) => self.version.add(value),
            Some(Name::SecWebSocketProtocol) => self.protocol.add(value),
            Some(Name::SecWebSocketExtensions) => self.extensions.add(value),
            _ => {}
        }
    }

    /// Checks that the message switches protocols, which both sides must do.
    pub(super) fn check_upgrade(&self) -> Result<(), Error> {
        if !self.upgrade {
            return Err(Error::NotAnUpgrade);
        }
        if !self.connection {
            return Err(Error::Connection);
        }
        Ok(())
    }
}

/// Whether the list in `value` has `token`, in any case.
fn lists<const LEN: usize>(value: &[u8], token: &[u8; LEN]) -> bool {
    is_in_any_case(value, token) || list(value).any(|element| is_in_any_case(element, token))
}

/// Whether the list in `value` has anything but `token`, in any case.
fn lists_others<const LEN: usize>(value: &[u8], token: &[u8; LEN]) -> bool {
    !is_in_any_case(value, token) && !list(value).all(|element| is_in_any_case(element, token))
}

/// Whether a `Content-Length` says that there is no content. The same length may be there several
/// times, as a list (RFC 9110 §8.6).
fn is_zero(value: &[u8]) -> bool {
    let mut lengths = list(value).peekable();
    lengths.peek().is_some() && lengths.all(|length| length.iter().all(|&digit| digit == b'0'))
}

/// Checks the values of `Sec-WebSocket-Protocol`: lists of tokens. All of them may be empty.
pub(super) fn check_protocols<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<(), Error> {
    if values.all(|value| list(value).all(is_token)) { Ok(()) } else { Err(Error::Protocols) }
}

/// The tokens in values of `Sec-WebSocket-Protocol` that were checked.
pub(super) fn protocols<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a str> {
    values.flat_map(list).map(ascii)
}

/// The extensions in values of `Sec-WebSocket-Extensions` that were checked.
pub(super) fn extensions<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Extension<'a>> {
    values.filter_map(|value| Extensions::parse(value).ok()).flatten()
}
