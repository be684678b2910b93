//! The grammar of extensions and their parameters (RFC 6455 §9.1).

use core::fmt;

use super::{Error, SendError};
use crate::http::syntax::{ascii, is_tchar, trim_start};

/// The extensions in one `Sec-WebSocket-Extensions`, in their order (§9.1).
///
/// ```text
/// extension-list  = 1#extension
/// extension       = extension-token *( ";" extension-param )
/// extension-param = token [ "=" (token | quoted-string) ]
///                   ; unescaped, the quoted string is a token too
/// ```
///
/// The notation is that of RFC 2616: whitespace may stand between any two of these, and list elements
/// may be empty. A name may be repeated. Laxer than the grammar, all elements may be empty, because
/// a recipient ignores empty ones, however few others there are (RFC 9110 §5.6.1.2).
///
/// ```
/// use framewright::ws::handshake::Extensions;
///
/// let list = Extensions::parse(b"permessage-deflate; client_max_window_bits, foo; bar=\"10\"")?;
/// for extension in list {
///     for (name, value) in extension.params() {
///         println!("{}: {name} = {value:?}", extension.name());
///     }
/// }
/// # Ok::<(), framewright::ws::handshake::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    rest: Cursor<'a>,
}

impl<'a> Extensions<'a> {
    /// Parses the value of one header, in time linear in its length.
    ///
    /// # Errors
    ///
    /// [`Error::Extensions`] if it is not such a list.
    pub fn parse(value: &'a [u8]) -> Result<Self, Error> {
        let list = Self { rest: Cursor { rest: value } };
        let mut cursor = list.rest;
        while cursor.extension().is_some() {}
        if cursor.rest.is_empty() { Ok(list) } else { Err(Error::Extensions) }
    }

    /// Parses a list that is to be sent: it has an element, and no empty one (RFC 9110 §5.6.1.1).
    pub(super) fn parse_to_send(list: &'a str) -> Result<Self, SendError> {
        // No element has a comma in it, not even in quotes.
        let list = list.as_bytes();
        if list.split(|&byte| byte == b',').any(|element| trim_start(element).is_empty()) {
            return Err(SendError::Extensions);
        }
        Self::parse(list).map_err(|_| SendError::Extensions)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        self.rest.extension()
    }
}

/// One extension and its parameters.
///
/// ```
/// use framewright::ws::handshake::{Extension, Extensions};
///
/// let foo: Extension<'_> = Extensions::parse(b"foo; bar=1; baz")?.next().unwrap();
/// assert_eq!(foo.name(), "foo");
/// assert_eq!(foo.params().map(|(name, _)| name).collect::<Vec<_>>(), ["bar", "baz"]);
/// # Ok::<(), framewright::ws::handshake::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    name: Token<'a>,
    params: Cursor<'a>,
}

impl<'a> Extension<'a> {
    /// The name, a token.
    pub fn name(&self) -> &'a str {
        self.name.text()
    }

    /// The parameters, in their order: the name of each, a token, and the value if there is one. A name may
    /// be repeated.
    pub fn params(
        &self,
    ) -> impl Iterator<Item = (&'a str, Option<ParamValue<'a>>)> + Clone + use<'a> {
        let mut rest = self.params;
        core::iter::from_fn(move || rest.param()).map(|(name, value)| (name.text(), value))
    }
}

/// The value of a parameter of an [`Extension`]: a token, whether it was quoted or not.
///
/// ```
/// use framewright::ws::handshake::Extensions;
///
/// let mut list = Extensions::parse(br#"x; bits="1\0""#)?;
/// let value = list.next().and_then(|x| x.params().next()).and_then(|(_, bits)| bits).unwrap();
/// assert_eq!(value, *"10");
/// # Ok::<(), framewright::ws::handshake::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ParamValue<'a> {
    /// Without the quotes. Each backslash escapes the byte after it.
    escaped: Token<'a>,
}

impl<'a> ParamValue<'a> {
    /// The bytes of the token.
    fn bytes(self) -> impl Iterator<Item = u8> + use<'a> {
        // A token has no backslash, so that each of them is an escape.
        self.escaped.0.iter().copied().filter(|&b| b != b'\\')
    }
}

impl PartialEq<str> for ParamValue<'_> {
    fn eq(&self, token: &str) -> bool {
        self.bytes().eq(token.bytes())
    }
}

impl fmt::Display for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.escaped.text().split('\\').try_for_each(|part| f.write_str(part))
    }
}

impl fmt::Debug for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Bytes of a token, and backslashes that escape them. Both are ASCII.
///
/// They become text only when they are read: most are parsed only to check the grammar.
#[derive(Clone, Copy)]
struct Token<'a>(&'a [u8]);

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        ascii(self.0)
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// The rest to parse. A method takes what it finds. If it finds nothing, it may leave the cursor
/// anywhere before the end.
#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// `None` at the end, or where there is no extension. In that case something is left.
    fn extension(&mut self) -> Option<Extension<'a>> {
        while self.take_byte(b',') {}
        let mut cursor = *self;
        let name = cursor.token()?;
        let mut params = cursor;
        loop {
            let before = cursor;
            if cursor.param().is_none() {
                cursor = before;
                break;
            }
        }
        let params_len = params.rest.len() - cursor.rest.len();
        params.rest = params.rest.get(..params_len).unwrap_or_default();
        if !cursor.take_byte(b',') && !cursor.rest.is_empty() {
            return None;
        }
        *self = cursor;
        Some(Extension { name, params })
    }

    fn param(&mut self) -> Option<(Token<'a>, Option<ParamValue<'a>>)> {
        if !self.take_byte(b';') {
            return None;
        }
        let name = self.token()?;
        let value = if self.take_byte(b'=') { Some(self.value()?) } else { None };
        Some((name, value))
    }

    fn value(&mut self) -> Option<ParamValue<'a>> {
        let escaped = if self.take_byte(b'"') { self.quoted()? } else { self.token()? };
        Some(ParamValue { escaped })
    }

    /// Takes whitespace, and `byte` if it follows. Returns whether it did.
    fn take_byte(&mut self, byte: u8) -> bool {
        self.rest = trim_start(self.rest);
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes whitespace and a token.
    fn token(&mut self) -> Option<Token<'a>> {
        self.rest = trim_start(self.rest);
        let len = self.rest.iter().position(|&b| !is_tchar(b)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        (!token.is_empty()).then_some(Token(token))
    }

    /// Takes the rest of a quoted string, which must be a token without its escapes.
    fn quoted(&mut self) -> Option<Token<'a>> {
        let mut len = 0;
        let mut bytes = self.rest.iter();
        loop {
            match bytes.next()? {
                b'"' => break,
                b'\\' if is_tchar(*bytes.next()?) => len += 2,
                b if is_tchar(*b) => len += 1,
                _ => return None,
            }
        }
        let quoted = self.rest.get(..len)?;
        self.rest = bytes.as_slice();
        (!quoted.is_empty()).then_some(Token(quoted))
    }
}
