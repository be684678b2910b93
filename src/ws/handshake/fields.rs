use super::{Error, Extensions};
use crate::http::Name;
use crate::http::syntax::{ascii, is_in_any_case, is_token, list};

/// How often a header was seen, and its first value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Seen<'a> {
    #[default]
    Never,
    Once(&'a [u8]),
    Again(&'a [u8]),
}

impl<'a> Seen<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match *self {
            Self::Never => Self::Once(value),
            Self::Once(first) | Self::Again(first) => Self::Again(first),
        };
    }

    /// The only value.
    ///
    /// # Errors
    ///
    /// `never` or `again` if there is none or more than one.
    pub(super) fn only(self, never: Error, again: Error) -> Result<&'a [u8], Error> {
        match self {
            Self::Never => Err(never),
            Self::Once(value) => Ok(value),
            Self::Again(_) => Err(again),
        }
    }

    /// The values of all headers called `name` among `headers`, which are gone through once more
    /// only if there are several.
    pub(super) fn all<H, N, V>(
        self,
        name: &'static str,
        headers: &H,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, H, N, V>
    where
        H: Clone + IntoIterator<Item = (&'a N, &'a V)>,
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let (once, again) = match self {
            Self::Never => (None, None),
            Self::Once(value) => (Some(value), None),
            Self::Again(_) => (None, Some(headers.clone())),
        };
        let again = again.into_iter().flatten();
        let again = again.filter(move |(n, _)| n.as_ref().eq_ignore_ascii_case(name));
        let again = again.map(|(_, v)| v.as_ref());
        once.into_iter().chain(again)
    }

    pub(super) const fn is_any(self) -> bool {
        !matches!(self, Self::Never)
    }
}

pub(super) const PROTOCOL: &str = "Sec-WebSocket-Protocol";
pub(super) const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// What either role looks for among the headers, gathered in one pass.
#[expect(clippy::struct_excessive_bools, reason = "four facts that do not depend on each other")]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Seen<'a>,
    /// Whether `websocket` is in `Upgrade`.
    pub(super) upgrade: bool,
    /// Whether anything else is.
    pub(super) other_upgrade: bool,
    /// Whether `upgrade` is in `Connection`.
    pub(super) connection: bool,
    /// Whether there is a header that only a message with a body has.
    pub(super) body: bool,
    pub(super) origin: Seen<'a>,
    pub(super) key: Seen<'a>,
    pub(super) version: Seen<'a>,
    pub(super) accept: Seen<'a>,
    pub(super) protocol: Seen<'a>,
    pub(super) extensions: Seen<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn gather<N, V>(headers: impl IntoIterator<Item = (&'a N, &'a V)>) -> Self
    where
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let mut fields = Self::default();
        for (name, value) in headers {
            fields.see(Name::of(name.as_ref()), value.as_ref());
        }
        fields
    }

    #[inline]
    pub(super) fn see(&mut self, name: Option<Name>, value: &'a [u8]) {
        match name {
            Some(Name::Host) => self.host.add(value),
            Some(Name::Origin) => self.origin.add(value),
            Some(Name::Upgrade) => {
                self.upgrade |= has(value, b"websocket");
                self.other_upgrade |= !is_in_any_case(value, b"websocket");
            }
            Some(Name::Connection) => self.connection |= has(value, b"upgrade"),
            Some(Name::ContentLength | Name::TransferEncoding) => self.body = true,
            Some(Name::SecWebSocketKey) => self.key.add(value),
            Some(Name::SecWebSocketAccept) => self.accept.add(value),
            Some(Name::SecWebSocketVersion) => self.version.add(value),
            Some(Name::SecWebSocketProtocol) => self.protocol.add(value),
            Some(Name::SecWebSocketExtensions) => self.extensions.add(value),
            _ => {}
        }
    }

    /// The check that both roles make: that the message switches protocols.
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

fn has<const LEN: usize>(value: &[u8], token: &[u8; LEN]) -> bool {
    is_in_any_case(value, token) || list(value).any(|element| is_in_any_case(element, token))
}

/// Checks a `Sec-WebSocket-Protocol`: tokens, and at least one in all of them.
pub(super) fn check_protocols<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<(), Error> {
    let mut found = false;
    for value in values {
        for element in list(value) {
            if !is_token(element) {
                return Err(Error::Protocols);
            }
            found = true;
        }
    }
    if found { Ok(()) } else { Err(Error::Protocols) }
}

/// The tokens in the values of a checked `Sec-WebSocket-Protocol`.
pub(super) fn protocols<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = &'a str> {
    values.flat_map(list).map(ascii)
}

/// The extensions in the values of a checked `Sec-WebSocket-Extensions`.
pub(super) fn extensions<'a>(
    values: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = super::Extension<'a>> {
    values.filter_map(|value| Extensions::parse(value).ok()).flatten()
}
