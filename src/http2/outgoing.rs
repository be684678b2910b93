//! A head or trailers to be sent: checked, pseudo-fields first, names in lower case.

use super::rules::{Asked, Rules, is_about_connection, is_value};
use super::{Request, SendError, hpack};
use crate::http::syntax::{ascii, is_field_value, is_lower_token, is_token, parse_len};
use crate::http::{FieldValue, Fields};

/// A head or trailers to be sent, all of it checked.
///
/// It is a list of [`Fields`] itself: pseudo-fields come first, and all names are in lower case.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a, F> {
    pseudo: Pseudo<'a>,
    fields: &'a F,
    facts: Facts,
}

/// What was learnt of the fields while they were checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Facts {
    /// Whether all names are in lower case.
    is_lower: bool,
    has_content_length: bool,
    /// The longest that their part of a field block can be, in bytes.
    max_len: usize,
}

impl Facts {
    const NONE: Self = Self { is_lower: true, has_content_length: false, max_len: 0 };
}

/// The pseudo-fields of what is sent.
#[derive(Clone, Copy)]
enum Pseudo<'a> {
    Request(Request<'a>),
    Status([u8; 3]),
    None,
}

impl<'a, F: Fields> Outgoing<'a, F> {
    /// The head of a request.
    pub(super) fn request(request: Request<'a>, fields: &'a F) -> Result<Self, SendError> {
        Rules::check_request(&request).map_err(SendError::Request)?;
        // `:authority` takes the place of `host` (§8.3.1).
        let facts = check(fields, |name| name == b"host")?;
        Ok(Self { pseudo: Pseudo::Request(request), fields, facts })
    }

    /// The head of a response, informational ones included.
    #[expect(clippy::cast_possible_truncation, reason = "a digit is below 10")]
    pub(super) fn response(status: u16, fields: &'a F) -> Result<Self, SendError> {
        if !matches!(status, 100..=599) || status == 101 {
            return Err(SendError::Status);
        }
        // Such responses have no body to have a length (RFC 9110 §8.6).
        let is_bodiless = matches!(status, 100..200 | 204);
        let facts = check(fields, |name| is_bodiless && name == b"content-length")?;
        let digits = [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8);
        Ok(Self { pseudo: Pseudo::Status(digits), fields, facts })
    }

    /// Trailers.
    pub(super) fn trailers(fields: &'a F) -> Result<Self, SendError> {
        // What a message's framing depends on cannot follow it (RFC 9110 §6.5.1).
        let facts = check(fields, |name| matches!(name, b"content-length" | b"host"))?;
        Ok(Self { pseudo: Pseudo::None, fields, facts })
    }

    /// What matters of a request's method to its response.
    pub(super) const fn asked(&self) -> Asked {
        match self.pseudo {
            Pseudo::Request(request) => Asked::by(request.method().as_bytes()),
            _ => Asked::Other,
        }
    }
}

impl<F> Outgoing<'_, F> {
    /// The longest that the field block can be, in bytes.
    pub(super) fn max_block_len(&self) -> usize {
        let mut len = hpack::MAX_PREFIX_LEN.saturating_add(self.facts.max_len);
        self.for_each_pseudo(|name, value| {
            len = len.saturating_add(hpack::max_field_len(name, value));
        });
        len
    }

    #[inline]
    fn for_each_pseudo(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        match &self.pseudo {
            Pseudo::Request(request) => {
                request.for_each_pseudo(|name, value| put(name, value.into()));
            }
            Pseudo::Status(digits) => put(":status", FieldValue::from(&digits[..])),
            Pseudo::None => {}
        }
    }
}

impl<F: Fields> Fields for Outgoing<'_, F> {
    #[inline]
    fn for_each_field(&self, mut put: impl FnMut(&str, FieldValue<'_>)) {
        self.for_each_pseudo(&mut put);
        self.fields.for_each_field(|name, value| {
            if self.facts.is_lower || is_lower(name) {
                put(name, value);
            } else {
                let mut room = [0; MAX_UPPER_LEN];
                if let Some(lower) = lower(name, &mut room) {
                    put(lower, value);
                }
            }
        });
    }
}

/// The longest name that may have upper-case letters. Longer ones have to be in lower case.
const MAX_UPPER_LEN: usize = 64;

#[inline]
fn is_lower(name: &str) -> bool {
    // No early end, so that many are compared at a time.
    !name.bytes().fold(false, |found, b| found | b.is_ascii_uppercase())
}

/// `name` in lower case. `None` if `room` is shorter.
fn lower<'r>(name: &str, room: &'r mut [u8; MAX_UPPER_LEN]) -> Option<&'r str> {
    let room = room.get_mut(..name.len())?;
    room.copy_from_slice(name.as_bytes());
    room.make_ascii_lowercase();
    Some(ascii(room))
}

/// Checks fields to be sent. Besides those about a connection, a name `is_reserved` if it is one, in lower
/// case.
fn check(fields: &impl Fields, is_reserved: impl Fn(&[u8]) -> bool) -> Result<Facts, SendError> {
    let mut index = 0;
    let mut facts = Facts::NONE;
    let mut checked = Ok(());
    fields.for_each_field(|name, value| {
        if checked.is_ok() {
            checked = check_field(index, name, value, &is_reserved, &mut facts);
            index += 1;
        }
    });
    checked.map(|()| facts)
}

#[inline]
fn check_field(
    index: usize,
    name: &str,
    value: FieldValue<'_>,
    is_reserved: &impl Fn(&[u8]) -> bool,
    facts: &mut Facts,
) -> Result<(), SendError> {
    facts.max_len = facts.max_len.saturating_add(hpack::max_field_len(name, value));
    if is_lower_token(name.as_bytes()) {
        return check_lower(index, name.as_bytes(), value, is_reserved, facts);
    }
    facts.is_lower = false;
    let mut room = [0; MAX_UPPER_LEN];
    let lower = if is_token(name.as_bytes()) { lower(name, &mut room) } else { None };
    let name = lower.ok_or(SendError::FieldName(index))?;
    check_lower(index, name.as_bytes(), value, is_reserved, facts)
}

/// Checks a field whose name is right, and in lower case.
#[inline]
fn check_lower(
    index: usize,
    name: &[u8],
    value: FieldValue<'_>,
    is_reserved: &impl Fn(&[u8]) -> bool,
    facts: &mut Facts,
) -> Result<(), SendError> {
    if is_about_connection(name) || is_reserved(name) {
        return Err(SendError::FieldReserved(index));
    }
    let valid = match (value.as_plain(), name) {
        (Some(value), b"te") => value.eq_ignore_ascii_case(b"trailers"),
        (Some(value), b"content-length") => {
            parse_len(value).is_some() && !core::mem::replace(&mut facts.has_content_length, true)
        }
        (Some(value), _) => is_value(value),
        (None, _) => is_encoded_value(value),
    };
    if valid { Ok(()) } else { Err(SendError::FieldValue(index)) }
}

/// Whether a value that is encoded as it is written has no control characters. Its ends are never blank.
fn is_encoded_value(value: FieldValue<'_>) -> bool {
    let mut valid = true;
    value.for_each_text(|piece| valid = valid && is_field_value(piece));
    valid
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::super::Error;
    use super::*;
    use crate::http::{NO_FIELDS, from_fn};

    fn listed(fields: &impl Fields) -> Vec<String> {
        let mut list = Vec::new();
        fields.for_each_field(|name, value| {
            let mark = if value.is_sensitive() { "!" } else { "" };
            list.push(std::format!("{name}{mark}: {value:?}"));
        });
        list
    }

    #[test]
    fn pseudo_fields_come_first_and_names_in_lower_case() {
        let fields = from_fn(|put| {
            put("Content-Type", "text/plain".into());
            put("x-key", FieldValue::base64(b"a").sensitive());
        });
        let request = Request::new("GET", "http", "a", "/b");
        let sent = Outgoing::request(request, &fields).unwrap();
        let rest = [r#"content-type: "text/plain""#, r#"x-key!: "YQ""#];
        let pseudo =
            [r#":method: "GET""#, r#":scheme: "http""#, r#":authority: "a""#, r#":path: "/b""#];
        assert_eq!(listed(&sent), [&pseudo[..], &rest].concat());
        assert_eq!(sent.asked(), Asked::Other);
        let sent = Outgoing::response(207, &fields).unwrap();
        assert_eq!(listed(&sent), [&[r#":status: "207""#][..], &rest].concat());
        assert_eq!(listed(&Outgoing::trailers(&fields).unwrap()), rest);
    }

    #[test]
    fn a_connect_sends_what_it_has() {
        let sent = Outgoing::request(Request::connect("a:1"), &NO_FIELDS).unwrap();
        assert_eq!(listed(&sent), [r#":method: "CONNECT""#, r#":authority: "a:1""#]);
        assert_eq!(sent.asked(), Asked::Connect);
        let request = Request::extended_connect("websocket", "https", "a", "/");
        let sent = Outgoing::request(request, &NO_FIELDS).unwrap();
        assert_eq!(listed(&sent).len(), 5);
        assert_eq!(listed(&sent)[4], r#":protocol: "websocket""#);
    }

    #[test]
    fn a_wrong_request_is_not_sent() {
        for (request, error) in [
            (Request::new("", "http", "a", "/"), Error::Method),
            (Request::new("G T", "http", "a", "/"), Error::Method),
            (Request::new("GET", "", "a", "/"), Error::Scheme),
            (Request::new("GET", "http", "", "/"), Error::Authority),
            (Request::new("GET", "http", "me@a", "/"), Error::Authority),
            (Request::new("GET", "http", "a", ""), Error::Path),
            (Request::new("GET", "http", "a", "/a b"), Error::Path),
            (Request::new("GET", "http", "a", "/ "), Error::FieldValue),
            (Request::new("GET", "http", "a", "*"), Error::Path),
            (Request::new("CONNECT", "http", "a:1", "/"), Error::PseudoField),
            (Request::connect("a"), Error::Authority),
            (Request::extended_connect("", "http", "a", "/"), Error::PseudoField),
            (Request::extended_connect("websocket", "http", "a", ""), Error::Path),
        ] {
            let sent = Outgoing::request(request, &NO_FIELDS).map(|_| ());
            assert_eq!(sent, Err(SendError::Request(error)), "{request:?}");
        }
        for request in [
            Request::new("OPTIONS", "http", "a", "*"),
            Request::new("GET", "coap", "", ""),
            Request::new("get", "HTTPS", "[::1]:1", "/?"),
        ] {
            Outgoing::request(request, &NO_FIELDS).expect("it is right");
        }
    }

    #[test]
    fn a_wrong_status_is_not_sent() {
        for status in [0, 99, 101, 600, 999, 1000, u16::MAX] {
            let sent = Outgoing::response(status, &NO_FIELDS).map(|_| ());
            assert_eq!(sent, Err(SendError::Status), "{status}");
        }
        for status in [100, 103, 200, 599] {
            Outgoing::response(status, &NO_FIELDS).expect("it is right");
        }
    }

    #[test]
    fn a_wrong_field_is_not_sent() {
        let long = "A".repeat(65);
        for (name, value, error) in [
            ("", "", SendError::FieldName(1)),
            ("a b", "", SendError::FieldName(1)),
            (":path", "/", SendError::FieldName(1)),
            ("caf\u{e9}", "", SendError::FieldName(1)),
            (&long, "", SendError::FieldName(1)),
            ("a", "\n", SendError::FieldValue(1)),
            ("a", " b", SendError::FieldValue(1)),
            ("a", "b\t", SendError::FieldValue(1)),
            ("TE", "gzip", SendError::FieldValue(1)),
            ("Content-Length", "+1", SendError::FieldValue(1)),
            ("Connection", "close", SendError::FieldReserved(1)),
            ("upgrade", "h2c", SendError::FieldReserved(1)),
            ("http2-settings", "", SendError::FieldReserved(1)),
            ("Keep-Alive", "1", SendError::FieldReserved(1)),
            ("proxy-connection", "close", SendError::FieldReserved(1)),
            ("transfer-encoding", "chunked", SendError::FieldReserved(1)),
        ] {
            let fields = [("ok", ""), (name, value), ("also bad", "")];
            let sent = Outgoing::response(200, &&fields).map(|_| ());
            assert_eq!(sent, Err(error), "{name}: {value}");
        }
        let twice = [("content-length", "1"), ("content-length", "1")];
        let sent = Outgoing::response(200, &&twice).map(|_| ());
        assert_eq!(sent, Err(SendError::FieldValue(1)));
        let lower = "a".repeat(65);
        let fields = [("te", "Trailers"), ("Cookie", "a"), (&lower, "\u{e9}"), ("a", "")];
        Outgoing::response(200, &&fields).expect("it is right");
    }

    #[test]
    fn fields_have_their_place() {
        let host = [("Host", "a")];
        let len = [("content-length", "0")];
        let reserved = Some(SendError::FieldReserved(0));
        let request = Request::new("GET", "http", "a", "/");
        assert_eq!(Outgoing::request(request, &&host).err(), reserved);
        assert_eq!(Outgoing::request(request, &&len).err(), None);
        for (status, error) in [(200, None), (204, reserved), (103, reserved), (304, None)] {
            assert_eq!(Outgoing::response(status, &&len).err(), error, "{status}");
        }
        assert_eq!(Outgoing::trailers(&&len).err(), reserved);
    }
}
