//! What a client asks for before it opens a session.

use super::Routes;
use super::quote::quote;
use crate::append::Append;
use crate::{Buffer, BufferFull};

/// What a service offers. Clients ask for it first, and measure the answer: it should be fast.
///
/// ```
/// use framewright::sockjs::{Info, Routes};
///
/// let mut body = Vec::new();
/// let random = 4; // each time another one
/// Info::new(&Routes::new(), random).encode(&mut body)?;
/// assert_eq!(body, br#"{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":4}"#);
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `encode`"]
pub struct Info<'a> {
    websocket: bool,
    entropy: u32,
    cookie_needed: bool,
    base_url: Option<&'a str>,
}

impl<'a> Info<'a> {
    /// What `routes` offer. `entropy` is a random number, from which clients make the names of sessions.
    pub const fn new(routes: &Routes, entropy: u32) -> Self {
        Self { websocket: routes.websocket, entropy, cookie_needed: false, base_url: None }
    }

    /// Says that a load balancer needs a cookie, which every answer of a session then
    /// [sets](super::Reply::cookie).
    pub const fn cookie_needed(mut self) -> Self {
        self.cookie_needed = true;
        self
    }

    /// Sets where the client goes from here, if not to the URL that it has.
    pub const fn base_url(mut self, url: &'a str) -> Self {
        self.base_url = Some(url);
        self
    }

    /// Appends it, in JSON.
    pub fn encode(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let bool = |value| if value { &b"true"[..] } else { b"false" };
        let mut out = Append::new(out);
        out.put(b"{\"websocket\":");
        out.put(bool(self.websocket));
        out.put(b",\"origins\":[\"*:*\"],\"cookie_needed\":");
        out.put(bool(self.cookie_needed));
        out.put(b",\"entropy\":");
        out.put_number(self.entropy.into());
        if let Some(url) = self.base_url {
            out.put(b",\"base_url\":");
            quote(url, |piece| out.put(piece));
        }
        out.put(b"}");
        out.finish()
    }
}

/// The page that a client loads in an iframe, so that its requests have the server's origin.
///
/// ```
/// use framewright::sockjs::IframePage;
///
/// let page = IframePage::new("https://example.com/sockjs.min.js").expect("it is a plain URL");
/// let mut body = Vec::new();
/// page.encode(&mut body)?;
/// assert!(body.starts_with(b"<!DOCTYPE html>"));
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is written before `encode`"]
pub struct IframePage<'a> {
    script: &'a str,
}

impl<'a> IframePage<'a> {
    /// A page that loads the client from the URL `script`, which the caller vouches for.
    ///
    /// `None` if `script` has a double quote, an angle bracket, a space or a control character: it could be more than a
    /// URL.
    pub fn new(script: &'a str) -> Option<Self> {
        let is_plain = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'<' | b'>' | 0x7F);
        script.bytes().all(is_plain).then_some(Self { script })
    }

    /// Appends the page, whose text the protocol fixes.
    pub fn encode(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let mut out = Append::new(out);
        out.put(BEFORE_SCRIPT);
        out.put(self.script.as_bytes());
        out.put(AFTER_SCRIPT);
        out.finish()
    }
}

const BEFORE_SCRIPT: &[u8] = b"<!DOCTYPE html>\n<html>\n<head>\n  \
    <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n  \
    <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n  \
    <script src=\"";

const AFTER_SCRIPT: &[u8] = b"\"></script>\n  <script>\n    \
    document.domain = document.domain;\n    SockJS.bootstrap_iframe();\n  </script>\n\
    </head>\n<body>\n  <h2>Don't panic!</h2>\n  \
    <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>\n</body>\n</html>";
