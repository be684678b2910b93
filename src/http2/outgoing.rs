//! A head or trailers to be sent: checked, pseudo-fields first, names in lower case.
//!
//! Heads repeat. So each field is first looked for where the encoder found it last: nothing gets into its table that was
//! not checked, and what is there needs no second check. If all fields are there, their block is known as well.

use super::hpack::{self, RepeatedBlock, Repeats};
use super::rules::{Asked, Rules, is_about_connection, is_value};
use super::{Request, SendError};
use crate::Buffer;
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
#[derive(Clone, Copy)]
struct Facts {
    /// Whether all names are in lower case.
    is_lower: bool,
    /// The longest that the field block can be, in bytes.
    max_len: usize,
    /// The field block, if all fields are in the encoder's tables.
    repeated: Option<RepeatedBlock>,
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
    pub(super) fn request<B: Buffer>(
        request: Request<'a>,
        fields: &'a F,
        encoder: &hpack::Encoder<B>,
    ) -> Result<Self, SendError> {
        let mut check = Check::new(encoder);
        if !(check.find_pseudo(&request) && is_usual(&request)) {
            Rules::check_request(&request).map_err(SendError::Request)?;
        }
        // `:authority` takes the place of `host` (§8.3.1).
        let facts = check.fields(fields, |name| name == b"host")?;
        Ok(Self { pseudo: Pseudo::Request(request), fields, facts })
    }

    /// The head of a response, informational ones included.
    #[expect(clippy::cast_possible_truncation, reason = "a digit is below 10")]
    pub(super) fn response<B: Buffer>(
        status: u16,
        fields: &'a F,
        encoder: &hpack::Encoder<B>,
    ) -> Result<Self, SendError> {
        if !matches!(status, 100..=599) || status == 101 {
            return Err(SendError::Status);
        }
        // Such responses have no body to have a length (RFC 9110 §8.6).
        let is_bodiless = matches!(status, 100..200 | 204);
        let digits = [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8);
        let mut check = Check::new(encoder);
        check.find(":status", FieldValue::from(&digits[..]));
        let facts = check.fields(fields, |name| is_bodiless && name == b"content-length")?;
        Ok(Self { pseudo: Pseudo::Status(digits), fields, facts })
    }

    /// Trailers.
    pub(super) fn trailers<B: Buffer>(
        fields: &'a F,
        encoder: &hpack::Encoder<B>,
    ) -> Result<Self, SendError> {
        // What a message's framing depends on cannot follow it (RFC 9110 §6.5.1).
        let is_reserved = |name: &[u8]| matches!(name, b"content-length" | b"host");
        let facts = Check::new(encoder).fields(fields, is_reserved)?;
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
    pub(super) const fn max_block_len(&self) -> usize {
        self.facts.max_len
    }

    /// The field block, if all fields are in the encoder's tables.
    pub(super) const fn repeated_block(&self) -> Option<&RepeatedBlock> {
        self.facts.repeated.as_ref()
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

/// Whether a request keeps the rules on pseudo-fields, if each of these was right in some other request.
fn is_usual(request: &Request<'_>) -> bool {
    let is_http = matches!(request.scheme(), "http" | "https");
    // Without a host, the authority begins with the colon before a port.
    let has_host = !matches!(request.authority().as_bytes(), [] | [b':', ..]);
    let has_path = request.target().starts_with('/');
    let is_connect = matches!(Asked::by(request.method().as_bytes()), Asked::Connect);
    is_http && has_host && has_path && !is_connect && request.protocol().is_none()
}

/// The check of fields to be sent.
struct Check<'e, B> {
    repeats: Repeats<'e, B>,
    /// How many fields there were, without pseudo-fields.
    count: usize,
    is_lower: bool,
    has_content_length: bool,
    max_len: usize,
}

impl<'e, B: Buffer> Check<'e, B> {
    const fn new(encoder: &'e hpack::Encoder<B>) -> Self {
        Self {
            repeats: encoder.repeats(),
            count: 0,
            is_lower: true,
            has_content_length: false,
            max_len: hpack::MAX_PREFIX_LEN,
        }
    }

    /// Looks for the next field in the encoder's tables. Returns whether it is there.
    #[inline]
    fn find(&mut self, name: &str, value: FieldValue<'_>) -> bool {
        self.max_len = self.max_len.saturating_add(hpack::max_field_len(name, value));
        self.repeats.find(name.as_bytes(), value)
    }

    /// Looks for the pseudo-fields of a request. Returns whether all are there.
    fn find_pseudo(&mut self, request: &Request<'_>) -> bool {
        let mut all = true;
        request.for_each_pseudo(|name, value| all &= self.find(name, value.into()));
        all
    }

    /// Checks fields. Besides those about a connection, a name `is_reserved` if it is one, in lower case.
    fn fields(
        mut self,
        fields: &impl Fields,
        is_reserved: impl Fn(&[u8]) -> bool,
    ) -> Result<Facts, SendError> {
        let mut checked = Ok(());
        fields.for_each_field(|name, value| {
            if checked.is_ok() {
                checked = self.field(name, value, &is_reserved);
                self.count += 1;
            }
        });
        let Self { repeats, is_lower, max_len, .. } = self;
        checked.map(|()| Facts { is_lower, max_len, repeated: repeats.block() })
    }

    #[inline]
    fn field(
        &mut self,
        name: &str,
        value: FieldValue<'_>,
        is_reserved: &impl Fn(&[u8]) -> bool,
    ) -> Result<(), SendError> {
        let is_found = self.find(name, value);
        let name_bytes = name.as_bytes();
        if is_found && !value.is_empty() && !depends_on_message(name_bytes) {
            return Ok(());
        }
        if is_lower_token(name_bytes) {
            return self.lower_field(name_bytes, value, is_reserved);
        }
        self.is_lower = false;
        let mut room = [0; MAX_UPPER_LEN];
        let lower = if is_token(name_bytes) { lower(name, &mut room) } else { None };
        let lower = lower.ok_or(SendError::FieldName(self.count))?;
        self.lower_field(lower.as_bytes(), value, is_reserved)
    }

    /// Checks a field whose name is right, and in lower case.
    #[inline]
    fn lower_field(
        &mut self,
        name: &[u8],
        value: FieldValue<'_>,
        is_reserved: &impl Fn(&[u8]) -> bool,
    ) -> Result<(), SendError> {
        if is_about_connection(name) || is_reserved(name) {
            return Err(SendError::FieldReserved(self.count));
        }
        let valid = match (value.as_plain(), name) {
            (Some(value), b"te") => value.eq_ignore_ascii_case(b"trailers"),
            (Some(value), b"content-length") => {
                parse_len(value).is_some()
                    && !core::mem::replace(&mut self.has_content_length, true)
            }
            (Some(value), _) => is_value(value),
            (None, _) => is_encoded_value(value),
        };
        if valid { Ok(()) } else { Err(SendError::FieldValue(self.count)) }
    }
}

/// Whether a field that is right in one message may be wrong in another. Pseudo-fields are among them: the caller of HTTP
/// may not name them. So are fields of the static table that no message may have, but those are empty.
#[inline]
fn depends_on_message(name: &[u8]) -> bool {
    matches!(name, [b':', ..] | b"content-length" | b"host")
}

/// Whether a value that is encoded as it is written has no control characters. Its ends are never blank.
fn is_encoded_value(value: FieldValue<'_>) -> bool {
    let mut valid = true;
    value.for_each_text(|piece| valid = valid && is_field_value(piece));
    valid
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::super::Error;
    use super::*;
    use crate::http::{NO_FIELDS, from_fn};

    fn sent_request<'a, F: Fields>(
        request: Request<'a>,
        fields: &'a F,
    ) -> Result<Outgoing<'a, F>, SendError> {
        Outgoing::request(request, fields, &hpack::Encoder::new(Vec::new(), 0))
    }

    fn sent_response<F: Fields>(status: u16, fields: &F) -> Result<Outgoing<'_, F>, SendError> {
        Outgoing::response(status, fields, &hpack::Encoder::new(Vec::new(), 0))
    }

    fn sent_trailers<F: Fields>(fields: &F) -> Result<Outgoing<'_, F>, SendError> {
        Outgoing::trailers(fields, &hpack::Encoder::new(Vec::new(), 0))
    }

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
        let sent = sent_request(request, &fields).unwrap();
        let rest = [r#"content-type: "text/plain""#, r#"x-key!: "YQ""#];
        let pseudo =
            [r#":method: "GET""#, r#":scheme: "http""#, r#":authority: "a""#, r#":path: "/b""#];
        assert_eq!(listed(&sent), [&pseudo[..], &rest].concat());
        assert_eq!(sent.asked(), Asked::Other);
        let sent = sent_response(207, &fields).unwrap();
        assert_eq!(listed(&sent), [&[r#":status: "207""#][..], &rest].concat());
        assert_eq!(listed(&sent_trailers(&fields).unwrap()), rest);
    }

    #[test]
    fn a_connect_sends_what_it_has() {
        let sent = sent_request(Request::connect("a:1"), &NO_FIELDS).unwrap();
        assert_eq!(listed(&sent), [r#":method: "CONNECT""#, r#":authority: "a:1""#]);
        assert_eq!(sent.asked(), Asked::Connect);
        let request = Request::extended_connect("websocket", "https", "a", "/");
        let sent = sent_request(request, &NO_FIELDS).unwrap();
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
            let sent = sent_request(request, &NO_FIELDS).map(|_| ());
            assert_eq!(sent, Err(SendError::Request(error)), "{request:?}");
        }
        for request in [
            Request::new("OPTIONS", "http", "a", "*"),
            Request::new("GET", "coap", "", ""),
            Request::new("get", "HTTPS", "[::1]:1", "/?"),
        ] {
            sent_request(request, &NO_FIELDS).expect("it is right");
        }
    }

    #[test]
    fn a_wrong_status_is_not_sent() {
        for status in [0, 99, 101, 600, 999, 1000, u16::MAX] {
            let sent = sent_response(status, &NO_FIELDS).map(|_| ());
            assert_eq!(sent, Err(SendError::Status), "{status}");
        }
        for status in [100, 103, 200, 599] {
            sent_response(status, &NO_FIELDS).expect("it is right");
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
            let sent = sent_response(200, &&fields).map(|_| ());
            assert_eq!(sent, Err(error), "{name}: {value}");
        }
        let twice = [("content-length", "1"), ("content-length", "1")];
        let sent = sent_response(200, &&twice).map(|_| ());
        assert_eq!(sent, Err(SendError::FieldValue(1)));
        let lower = "a".repeat(65);
        let fields = [("te", "Trailers"), ("Cookie", "a"), (&lower, "\u{e9}"), ("a", "")];
        sent_response(200, &&fields).expect("it is right");
    }

    #[test]
    fn fields_have_their_place() {
        let host = [("Host", "a")];
        let len = [("content-length", "0")];
        let reserved = Some(SendError::FieldReserved(0));
        let request = Request::new("GET", "http", "a", "/");
        assert_eq!(sent_request(request, &&host).err(), reserved);
        assert_eq!(sent_request(request, &&len).err(), None);
        for (status, error) in [(200, None), (204, reserved), (103, reserved), (304, None)] {
            assert_eq!(sent_response(status, &&len).err(), error, "{status}");
        }
        assert_eq!(sent_trailers(&&len).err(), reserved);
    }

    /// Sends a head of each kind, and so fills the encoder's table. Returns which could be sent.
    fn send<F: Fields>(
        encoder: &mut hpack::Encoder<Vec<u8>>,
        requests: &[Request<'_>],
        fields: &F,
    ) -> Vec<Option<SendError>> {
        let mut results = Vec::new();
        let mut put = |sent: Result<Outgoing<'_, F>, SendError>,
                       encoder: &mut hpack::Encoder<_>| {
            if let Ok(sent) = &sent {
                let (mut block, mut whole) = (Vec::new(), Vec::new());
                let repeated = sent.repeated_block();
                block.extend_from_slice(repeated.map_or(&[], RepeatedBlock::as_slice));
                encoder
                    .encode_within(sent, sent.max_block_len(), &mut whole)
                    .expect("a Vec has room");
                assert!(repeated.is_none() || block == whole, "{block:x?} {whole:x?}");
            }
            results.push(sent.err());
        };
        for &request in requests {
            put(Outgoing::request(request, fields, encoder), encoder);
        }
        for status in [103, 200, 204, 431] {
            put(Outgoing::response(status, fields, encoder), encoder);
        }
        put(Outgoing::trailers(fields, encoder), encoder);
        results
    }

    /// Whatever was sent before, the same heads are right, and a block that is known is the one that would be written.
    #[test]
    fn what_was_sent_before_makes_nothing_right() {
        let mut requests = Vec::new();
        for method in ["GET", "OPTIONS", "CONNECT", "G T"] {
            for scheme in ["http", "coap", ""] {
                for authority in ["a", "a:1", ":1", ""] {
                    for target in ["/", "*", "x", ""] {
                        requests.push(Request::new(method, scheme, authority, target));
                    }
                }
            }
        }
        requests.push(Request::connect("a:1"));
        requests.push(Request::extended_connect("websocket", "http", "a", "/"));
        let names = ["host", "content-length", "te", "x-a", "X-A", ":path", ":status", "upgrade"];
        let values = ["", "a", "1", "trailers", "/", "200", "\n"];
        let pairs = names.iter().flat_map(|name| values.map(|value| (*name, value)));
        let pairs: Vec<_> = pairs.collect();
        let mut encoder = hpack::Encoder::new(Vec::new(), 4096);
        let mut repeated = 0;
        for _ in 0..3 {
            for &pair in &pairs {
                for fields in [&[pair][..], &[("x-a", "a"), pair]] {
                    let mut fresh = Vec::new();
                    for request in &requests {
                        fresh.push(sent_request(*request, &fields).err());
                    }
                    for status in [103, 200, 204, 431] {
                        fresh.push(sent_response(status, &fields).err());
                    }
                    fresh.push(sent_trailers(&fields).err());
                    assert_eq!(send(&mut encoder, &requests, &fields), fresh, "{fields:?}");
                    let last = Outgoing::response(431, &fields, &encoder);
                    repeated += u32::from(last.is_ok_and(|sent| sent.repeated_block().is_some()));
                }
            }
        }
        assert!(repeated > 10 || cfg!(not(target_pointer_width = "64")), "{repeated}");
    }
}
