//! The rules that make a message malformed, one field at a time (§8).
//!
//! | § | what | otherwise |
//! |---|---|---|
//! | 8.1 | trailers end the stream | [`EndMissing`] |
//! | 8.1 | an informational response does not end the stream | [`EndUnexpected`] |
//! | 8.1.1 | `content-length` is one number, and the length of the body; see [`body_len`](Checked::body_len) for bodies that are not there | [`ContentLength`] |
//! | 8.2.1 | a name is a token in lower case; `:` comes first or not at all | [`FieldName`] |
//! | 8.2.1 | a value has no control character but HTAB, and no whitespace at its ends | [`FieldValue`] |
//! | 8.2.2 | no field is about the connection of HTTP/1.1: `connection`, `http2-settings`, `keep-alive`, `proxy-connection`, `transfer-encoding`, `upgrade` | [`FieldReserved`] |
//! | 8.2.2 | `te` is `trailers` | [`Te`] |
//! | 8.3 | a pseudo-field is known, belongs in this message, comes once, and before all other fields | [`PseudoField`] |
//! | 8.3.1 | a request has `:method`, `:scheme` and `:path` | [`PseudoMissing`] |
//! | 8.3.1 | `:method` is a token | [`Method`] |
//! | 8.3.1 | `:scheme` is a scheme (RFC 3986 §3.1) | [`Scheme`] |
//! | 8.3.1 | `:path` is of visible ASCII characters; with `http` and `https`, it begins with a slash, or it is `*` and the method is OPTIONS | [`Path`] |
//! | 8.3.1 | `:authority` and `host` are a host and perhaps a port, without a user; both are the same; `http` and `https` have one | [`Authority`] |
//! | 8.3.2 | a response has `:status` | [`PseudoMissing`] |
//! | 8.3.2 | `:status` is a number from 100 to 999, and not 101 (§8.6) | [`Status`] |
//! | 8.5 | CONNECT has neither `:scheme` nor `:path` | [`PseudoField`] |
//! | 8.5 | CONNECT has an `:authority` with a port | [`Authority`] |
//! | 8441 4 | `:protocol` comes with CONNECT, and only if it was offered; the rest is as in any request | [`PseudoField`] |
//! | 8441 4 | `:protocol` is a token | [`PseudoField`] |
//!
//! Stricter than RFC 9113 §8.2.1, which allows control characters in values except for NUL, CR and LF.
//! Stricter than RFC 9110 §8.6, which allows a `content-length` that repeats the same number.
//!
//! All of it is the stream's error (§8.1.1).
//!
//! [`Authority`]: Error::Authority
//! [`ContentLength`]: Error::ContentLength
//! [`EndMissing`]: Error::EndMissing
//! [`EndUnexpected`]: Error::EndUnexpected
//! [`FieldName`]: Error::FieldName
//! [`FieldReserved`]: Error::FieldReserved
//! [`FieldValue`]: Error::FieldValue
//! [`Method`]: Error::Method
//! [`Path`]: Error::Path
//! [`PseudoField`]: Error::PseudoField
//! [`PseudoMissing`]: Error::PseudoMissing
//! [`Scheme`]: Error::Scheme
//! [`Status`]: Error::Status
//! [`Te`]: Error::Te

use super::facts::FieldFacts;
use super::{Error, Request};
use crate::http::syntax::{
    authority, is_field_value, is_http_scheme, is_in_any_case, is_lower_token, is_space, is_token,
    parse_len,
};
use crate::http::words::{from_to, is_every_byte};

/// The names of pseudo-fields (§8.3).
pub(super) mod pseudo {
    pub(in super::super) const AUTHORITY: &[u8] = b":authority";
    pub(in super::super) const METHOD: &[u8] = b":method";
    pub(in super::super) const PATH: &[u8] = b":path";
    pub(in super::super) const PROTOCOL: &[u8] = b":protocol";
    pub(in super::super) const SCHEME: &[u8] = b":scheme";
    pub(in super::super) const STATUS: &[u8] = b":status";
}

/// What a field block has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Message {
    Request {
        /// Whether we offered extended CONNECT (RFC 8441 §3).
        extended_connect: bool,
    },
    Response {
        /// What it answers.
        to: Asked,
    },
    Trailers,
}

impl Message {
    /// The pseudo-fields that belong in it (§8.3).
    const fn pseudo_fields(self) -> FieldFacts {
        const REQUEST: FieldFacts = FieldFacts::METHOD
            .and(FieldFacts::SCHEME)
            .and(FieldFacts::AUTHORITY)
            .and(FieldFacts::PATH);
        match self {
            Self::Request { extended_connect } => {
                REQUEST.and(FieldFacts::PROTOCOL.when(extended_connect))
            }
            Self::Response { .. } => FieldFacts::STATUS,
            Self::Trailers => FieldFacts::NONE,
        }
    }
}

/// What matters of a request's method to its response.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Asked {
    /// For the head of a response alone.
    Head,
    /// For a tunnel, or for another protocol on the stream.
    Connect,
    /// For a resource, or whatever the method means.
    #[default]
    Other,
}

impl Asked {
    /// What a request with this method asks for.
    #[inline]
    pub(super) const fn by(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// A block that keeps every rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Checked {
    /// What a request asks for.
    pub(super) asked: Asked,
    /// The status of a response, else 0.
    pub(super) status: u16,
    /// Length of the body in bytes, if it is known: what `content-length` says, or 0 in a message that
    /// cannot have a body, whatever its `content-length` says (§8.1.1).
    pub(super) body_len: Option<u64>,
}

impl Checked {
    /// Whether a final response follows this one.
    pub(super) const fn is_informational(&self) -> bool {
        matches!(self.status, 100..200)
    }
}

/// Checks the fields of one block in their order.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    message: Message,
    /// What is known of the fields so far.
    facts: FieldFacts,
    /// Which fields may come next.
    next: FieldFacts,
    has_content_length: bool,
    status: u16,
    /// Where the values of `:authority` and `host` are among the entries.
    authority: Span,
    host: Span,
    /// What `content-length` says, if it has come.
    content_length: u64,
}

/// Where a text is among the entries of a block: both ends are below the limit on heads.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    const NONE: Self = Self { start: 0, end: 0 };

    #[expect(clippy::cast_possible_truncation, reason = "heads are below the limit")]
    const fn before(end: u32, text: &[u8]) -> Self {
        Self { start: end.saturating_sub(text.len() as u32), end }
    }

    fn of(self, entries: &[u8]) -> &[u8] {
        entries.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Rules {
    pub(super) const fn new(message: Message) -> Self {
        Self {
            message,
            facts: FieldFacts::NONE,
            next: message.pseudo_fields().and(FieldFacts::HEADER),
            has_content_length: false,
            status: 0,
            authority: Span::NONE,
            host: Span::NONE,
            content_length: 0,
        }
    }

    /// Checks a request that is about to be sent.
    pub(super) fn check_request(request: &Request<'_>) -> Result<(), Error> {
        let mut rules = Self::new(Message::Request { extended_connect: true });
        let mut checked = Ok(());
        request.for_each_pseudo(|name, value| {
            if checked.is_ok() {
                checked = rules.check(name.as_bytes(), value.as_bytes(), 0).map(drop);
            }
        });
        checked?;
        rules.check_whole_request()
    }

    /// Checks the next field. Its value ends at the byte `end` of the block's entries.
    ///
    /// Returns what is known of it from then on, or nothing if it has to be checked as a whole each time.
    #[inline]
    pub(super) fn check(
        &mut self,
        name: &[u8],
        value: &[u8],
        end: u32,
    ) -> Result<FieldFacts, Error> {
        if !is_value(value) {
            return Err(Error::FieldValue);
        }
        if let [b':', ..] = name {
            return self.check_pseudo(name, value, end);
        }
        if !is_lower_token(name) {
            return Err(Error::FieldName);
        }
        self.next = FieldFacts::HEADER;
        match name {
            b"te" if !is_in_any_case(value, b"trailers") => Err(Error::Te),
            b"host" => self.check_host(value, end).map(|()| FieldFacts::NONE),
            b"content-length" => self.check_content_length(value).map(|()| FieldFacts::NONE),
            _ if is_about_connection(name) => Err(Error::FieldReserved),
            _ => Ok(FieldFacts::HEADER),
        }
    }

    /// Whether a field of which these facts are known may come next (§8.3). If it does, [`take`](Self::take) it.
    #[inline]
    pub(super) const fn allows(&self, known: FieldFacts) -> bool {
        self.next.has_any(known.which())
    }

    /// Checks a pseudo-field. Its value ends at the byte `end` of the block's entries.
    fn check_pseudo(&mut self, name: &[u8], value: &[u8], end: u32) -> Result<FieldFacts, Error> {
        let which = match name {
            pseudo::METHOD => FieldFacts::METHOD,
            pseudo::SCHEME => FieldFacts::SCHEME,
            pseudo::AUTHORITY => FieldFacts::AUTHORITY,
            pseudo::PATH => FieldFacts::PATH,
            pseudo::PROTOCOL => FieldFacts::PROTOCOL,
            pseudo::STATUS => FieldFacts::STATUS,
            _ => return Err(Error::PseudoField),
        };
        if !self.allows(which) {
            return Err(Error::PseudoField);
        }
        let known = which.and(pseudo_facts(which, value)?);
        self.take(known, value, end);
        Ok(known)
    }

    /// Notes a field that keeps the rules. Its value ends at the byte `end` of the block's entries.
    #[inline]
    pub(super) fn take(&mut self, known: FieldFacts, value: &[u8], end: u32) {
        if known.has_any(FieldFacts::HEADER) {
            self.next = FieldFacts::HEADER;
            return;
        }
        self.facts = self.facts.and(known);
        self.next = self.next.without(known);
        if known.has_any(FieldFacts::AUTHORITY) {
            self.authority = Span::before(end, value);
        }
        if known.has_any(FieldFacts::STATUS) {
            self.status = parse_status(value).unwrap_or(0);
        }
    }

    fn check_host(&mut self, value: &[u8], end: u32) -> Result<(), Error> {
        let Message::Request { .. } = self.message else { return Ok(()) };
        if self.facts.has_any(FieldFacts::HOST) {
            return Err(Error::Authority);
        }
        let known = authority_facts(value).ok_or(Error::Authority)?;
        self.facts = self.facts.and(FieldFacts::HOST).and(known);
        self.host = Span::before(end, value);
        Ok(())
    }

    fn check_content_length(&mut self, value: &[u8]) -> Result<(), Error> {
        if self.message == Message::Trailers {
            return Ok(());
        }
        self.content_length = parse_len(value).ok_or(Error::ContentLength)?;
        if core::mem::replace(&mut self.has_content_length, true) {
            return Err(Error::ContentLength);
        }
        Ok(())
    }

    /// Checks the block as a whole, at its end, with its entries. `end_stream` means that nothing follows it
    /// on the stream.
    pub(super) fn check_whole(&self, entries: &[u8], end_stream: bool) -> Result<Checked, Error> {
        let content_length = self.has_content_length.then_some(self.content_length);
        let body_len = match self.message {
            Message::Request { .. } => {
                self.check_whole_request()?;
                self.compare_host(entries)?;
                // A tunnel has no body (§8.5).
                content_length.filter(|_| self.asked() != Asked::Connect)
            }
            Message::Response { to } => {
                self.check_whole_response(end_stream)?;
                match (to, self.status) {
                    (Asked::Connect, 200..300) => None,
                    (Asked::Head, _) | (_, 100..200 | 204 | 304) => Some(0),
                    _ => content_length,
                }
            }
            Message::Trailers if !end_stream => return Err(Error::EndMissing),
            Message::Trailers => None,
        };
        if end_stream && body_len.is_some_and(|len| len > 0) {
            return Err(Error::ContentLength);
        }
        Ok(Checked { asked: self.asked(), status: self.status, body_len })
    }

    fn check_whole_request(&self) -> Result<(), Error> {
        if !self.facts.has_any(FieldFacts::METHOD) {
            return Err(Error::PseudoMissing);
        }
        let is_connect = self.facts.has_any(FieldFacts::IS_CONNECT);
        let has_protocol = self.facts.has_any(FieldFacts::PROTOCOL);
        if has_protocol && !is_connect {
            return Err(Error::PseudoField);
        }
        if is_connect && !has_protocol {
            return self.check_whole_connect();
        }
        if !self.facts.has_all(FieldFacts::SCHEME.and(FieldFacts::PATH)) {
            return Err(Error::PseudoMissing);
        }
        let is_http = self.facts.has_any(FieldFacts::IS_HTTP);
        if is_http && !self.facts.has_any(FieldFacts::HAS_HOST) {
            return Err(Error::Authority);
        }
        let is_whole = FieldFacts::IS_ASTERISK.and(FieldFacts::IS_OPTIONS);
        let is_absolute = self.facts.has_any(FieldFacts::IS_ABSOLUTE);
        if is_absolute || self.facts.has_all(is_whole) || !is_http {
            Ok(())
        } else {
            Err(Error::Path)
        }
    }

    fn asked(&self) -> Asked {
        if self.facts.has_any(FieldFacts::IS_CONNECT) {
            Asked::Connect
        } else if self.facts.has_any(FieldFacts::IS_HEAD) {
            Asked::Head
        } else {
            Asked::Other
        }
    }

    /// Compares `host` with `:authority`, if both are there.
    fn compare_host(&self, entries: &[u8]) -> Result<(), Error> {
        if !self.facts.has_all(FieldFacts::HOST.and(FieldFacts::AUTHORITY)) {
            return Ok(());
        }
        let [host, authority] = [self.host, self.authority].map(|span| span.of(entries));
        if host.eq_ignore_ascii_case(authority) { Ok(()) } else { Err(Error::Authority) }
    }

    /// Checks a CONNECT for a tunnel (§8.5).
    fn check_whole_connect(&self) -> Result<(), Error> {
        if self.facts.has_any(FieldFacts::SCHEME.and(FieldFacts::PATH)) {
            return Err(Error::PseudoField);
        }
        let names_both = FieldFacts::HAS_HOST.and(FieldFacts::HAS_PORT);
        let is_right = self.facts.has_all(FieldFacts::AUTHORITY.and(names_both));
        if is_right { Ok(()) } else { Err(Error::Authority) }
    }

    fn check_whole_response(&self, end_stream: bool) -> Result<(), Error> {
        match self.status {
            0 => Err(Error::PseudoMissing),
            101 => Err(Error::Status),
            100..200 if end_stream => Err(Error::EndUnexpected),
            _ => Ok(()),
        }
    }
}

/// What the value of a pseudo-field says.
fn pseudo_facts(which: FieldFacts, value: &[u8]) -> Result<FieldFacts, Error> {
    match which {
        FieldFacts::METHOD => {
            let says = match value {
                b"HEAD" => FieldFacts::IS_HEAD,
                b"CONNECT" => FieldFacts::IS_CONNECT,
                b"OPTIONS" => FieldFacts::IS_OPTIONS,
                _ => FieldFacts::NONE,
            };
            is_token(value).then_some(says).ok_or(Error::Method)
        }
        FieldFacts::SCHEME if is_http_scheme(value) => Ok(FieldFacts::IS_HTTP),
        FieldFacts::SCHEME => is_scheme(value).then_some(FieldFacts::NONE).ok_or(Error::Scheme),
        FieldFacts::PATH => {
            let says = match value {
                b"*" => FieldFacts::IS_ASTERISK,
                [b'/', ..] => FieldFacts::IS_ABSOLUTE,
                _ => FieldFacts::NONE,
            };
            is_every_byte(value, from_to::<b'!', b'~'>).then_some(says).ok_or(Error::Path)
        }
        FieldFacts::AUTHORITY => authority_facts(value).ok_or(Error::Authority),
        FieldFacts::STATUS => parse_status(value).map(|_| FieldFacts::NONE).ok_or(Error::Status),
        _ => is_token(value).then_some(FieldFacts::NONE).ok_or(Error::PseudoField),
    }
}

/// Which of host and port an authority has. `None` if it is none.
fn authority_facts(value: &[u8]) -> Option<FieldFacts> {
    let (has_host, has_port) = if let Some(has_port) = usual_authority(value) {
        (true, has_port)
    } else {
        let (host, port) = authority(core::str::from_utf8(value).ok()?)?;
        (!host.is_empty(), !port.is_empty())
    };
    Some(FieldFacts::HAS_HOST.when(has_host).and(FieldFacts::HAS_PORT.when(has_port)))
}

/// Whether `value` may be the value of a field (§8.2.1).
#[inline]
pub(super) fn is_value(value: &[u8]) -> bool {
    // Nearly all values are of visible ASCII, and have no space in them.
    is_usual(value) || is_unusual_value(value)
}

#[inline]
fn is_usual(value: &[u8]) -> bool {
    value.len() < 64 && is_every_byte(value, from_to::<b'!', b'~'>)
}

fn is_unusual_value(value: &[u8]) -> bool {
    let ends = [value.first(), value.last()];
    !ends.into_iter().flatten().any(|&b| is_space(b)) && is_field_value(value)
}

/// Whether `value` has a port, if it is the name of a host in letters, digits, dots and hyphens, and perhaps a
/// port of four or five digits. `None` if it is anything else.
#[inline]
fn usual_authority(value: &[u8]) -> Option<bool> {
    let (host, has_port) = match value {
        [host @ .., b':', b'1'..=b'9', b, c, d]
            if [b, c, d].map(u8::is_ascii_digit) == [true; 3] =>
        {
            (host, true)
        }
        // Up to 59 999.
        [host @ .., b':', b'1'..=b'5', b, c, d, e]
            if [b, c, d, e].map(u8::is_ascii_digit) == [true; 4] =>
        {
            (host, true)
        }
        host => (host, false),
    };
    let is_usual = is_every_byte(host, |word| {
        from_to::<b'a', b'z'>(word) | from_to::<b'0', b'9'>(word) | from_to::<b'-', b'.'>(word)
    });
    (is_usual && !host.is_empty()).then_some(has_port)
}

/// Whether a field called `name` is about the connection of HTTP/1.1 (§8.2.2).
#[inline]
pub(super) const fn is_about_connection(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"http2-settings"
            | b"keep-alive"
            | b"proxy-connection"
            | b"transfer-encoding"
            | b"upgrade"
    )
}

/// Whether `value` is a scheme (RFC 3986 §3.1).
fn is_scheme(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// The number that `:status` has, from 100 to 999 (§8.3.2).
pub(super) fn parse_status(value: &[u8]) -> Option<u16> {
    match *value {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
            Some(a * 100 + b * 10 + c)
        }
        _ => None,
    }
}
