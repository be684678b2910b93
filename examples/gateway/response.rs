//! A response on its way from the service that makes it to the connection that sends it.

use framewright::http::{FieldValue, Fields};

use crate::output::Output;

/// What a service has said and its connection has not taken: a head, bytes of a body, trailers.
#[derive(Default)]
pub struct Response {
    /// Until the connection has taken it.
    head: Option<Head>,
    pub body: Output,
    /// They go after the last byte. HTTP/1.1 has no use for them here.
    pub trailers: FieldList,
}

/// The head of a response.
pub struct Head {
    pub status: u16,
    pub fields: FieldList,
    /// The length of the body, if it is known.
    pub len: Option<u64>,
    /// Whether a connection of HTTP/1.1 ends with this response.
    pub is_last: bool,
}

/// Names and values of fields.
#[derive(Default)]
pub struct FieldList(Vec<(String, Vec<u8>)>);

const TEXT: (&str, &str) = ("Content-Type", "text/plain; charset=utf-8");
const ALLOW: (&str, &str) = ("Allow", "GET, HEAD, OPTIONS");

impl Response {
    /// Begins a response whose length is not known, and returns its head, for more fields.
    pub fn head(&mut self, status: u16) -> &mut Head {
        let fields = FieldList::default();
        self.head.insert(Head { status, fields, len: None, is_last: false })
    }

    /// Says all of a response at once, and returns its head, for more fields.
    pub fn whole(&mut self, status: u16, fields: impl Fields, body: &[u8]) -> &mut Head {
        self.append(body);
        let head = self.head(status);
        head.len = Some(body.len() as u64);
        head.fields.extend(fields);
        head
    }

    /// Refuses a request that was understood.
    pub fn refuse(&mut self, status: u16, why: &str) {
        let fields: &[_] = if status == 405 { &[TEXT, ALLOW] } else { &[TEXT] };
        self.whole(status, fields, format!("{why}\n").as_bytes());
    }

    /// Answers a health check, or a client that asks which methods are allowed (RFC 9110 §9.3.7).
    pub fn allow(&mut self) {
        self.whole(204, [ALLOW].iter(), b"");
    }

    /// Takes the head, once there is one.
    pub fn take_head(&mut self) -> Option<Head> {
        self.head.take()
    }

    /// Whether the connection has not taken the head.
    pub fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Whether a connection of HTTP/1.1 ends with it.
    pub fn is_last(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.is_last)
    }

    /// Appends bytes to the body.
    pub fn append(&mut self, bytes: &[u8]) {
        self.body.buffer().extend_from_slice(bytes);
    }
}

impl FieldList {
    pub fn put<'v>(&mut self, name: &str, value: impl Into<FieldValue<'v>>) {
        self.0.push((name.to_owned(), value.into().to_vec()));
    }

    pub fn extend(&mut self, fields: impl Fields) {
        fields.for_each_field(|name, value| self.put(name, value));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A list to be sent.
impl<'a> IntoIterator for &'a FieldList {
    type Item = &'a (String, Vec<u8>);
    type IntoIter = std::slice::Iter<'a, (String, Vec<u8>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
