//! Answers, with what the request says that they are for.

use framewright::sockjs::{Cookie, Cors, Reply};

use crate::hub::{Answer, Head, Request};

/// What is kept of a request for the head of its answer.
#[derive(Default)]
pub struct Asked {
    origin: Option<Vec<u8>>,
    headers: Option<Vec<u8>>,
    pub cookie: Option<Cookie>,
}

impl Asked {
    pub fn of(request: &Request<'_>) -> Self {
        let named = |name| request.header(name).map(<[u8]>::to_vec);
        let headers = named("Access-Control-Request-Headers");
        Self { origin: named("Origin"), headers, cookie: None }
    }

    /// The answer that a reply is, with its own body, if it has one.
    pub fn answer(&self, reply: Reply<'_>, body: Vec<u8>) -> Answer {
        let body = if body.is_empty() { reply.body().to_vec() } else { body };
        Answer { head: self.head(reply), body }
    }

    pub fn head<'a>(&'a self, reply: Reply<'a>) -> Head {
        let fields = [
            ("Origin", self.origin.as_deref()),
            ("Access-Control-Request-Headers", self.headers.as_deref()),
        ];
        let fields = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let reply = reply.cors(Cors::from_fields(fields));
        let reply = match &self.cookie {
            Some(cookie) => reply.cookie(cookie),
            None => reply,
        };
        let fields = reply.fields().map(|(name, value)| (name.to_owned(), value.to_vec()));
        Head { status: reply.status(), fields: fields.collect() }
    }
}

/// An answer that is no more than a status.
pub fn status(status: u16) -> Answer {
    Answer { head: Head { status, fields: Vec::new() }, body: Vec::new() }
}
