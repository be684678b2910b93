//! Frames from the server, as each transport has them.

use super::callback::Callback;
use super::quote::{Wrapping, quote};
use crate::append::Append;
use crate::{Buffer, BufferFull};

/// What a server sends (*Protocol and framing*).
///
/// [`Framing`] has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Frame<'a> {
    /// `o`: the session is open.
    Open,
    /// `h`: the server is alive.
    Heartbeat,
    /// `a["…"]`: messages.
    Messages(&'a [&'a str]),
    /// `c[3000,"…"]`: the session is closed.
    Close {
        /// The code; applications use 1000 and 3000 to 4999.
        code: u16,
        /// Why.
        reason: &'a str,
    },
}

impl Frame<'static> {
    /// For a second receiver, while another is there (*Handling close*).
    pub(super) const ANOTHER_OPEN: Self =
        Frame::Close { code: 2010, reason: "Another connection still open" };
    /// For the next receiver after one was lost, where the session is remembered (*Handling close*).
    pub(super) const INTERRUPTED: Self =
        Frame::Close { code: 1002, reason: "Connection interrupted" };
}

/// How frames are written to a client: its transport.
///
/// | transport | prelude | frame `F` becomes | ends |
/// |---|---|---|---|
/// | `WebSocket` | | a text message `F` | after a close |
/// | `Xhr` | | `F` LF | after one frame |
/// | `XhrStreaming` | 2048 `h`, LF | `F` LF | at the limit, after a close |
/// | `EventSource` | CRLF | `data: ` `F` CRLF CRLF | at the limit, after a close |
/// | `HtmlFile` | a page of at least 1 KiB | `<script>` with a call of `p` | at the limit, after a close |
/// | `Jsonp` | | `/**/callback("F");` CRLF | after one frame |
///
/// ```
/// use framewright::sockjs::{Frame, Framing};
///
/// let mut out = Vec::new();
/// Framing::WebSocket.encode(Frame::Open, &mut out)?;
/// Framing::Xhr.encode(Frame::Messages(&["hello", "\"1\""]), &mut out)?;
/// Framing::EventSource.encode(Frame::Close { code: 3000, reason: "Go away!" }, &mut out)?;
/// let expected = concat!("o", r#"a["hello","\"1\""]"#, "\n", "data: c[3000,\"Go away!\"]\r\n\r\n");
/// assert_eq!(out, expected.as_bytes());
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Framing {
    /// Each frame is a WebSocket message of text (*WebSocket protocols*).
    WebSocket,
    /// Long polling: a response for each frame (*XhrPolling*).
    Xhr,
    /// A response that goes on (*XhrStreaming*).
    XhrStreaming,
    /// Server-Sent Events (*EventSource*).
    EventSource,
    /// A document that goes on, in a hidden iframe (*HtmlFile*).
    HtmlFile(Callback),
    /// Long polling by script elements (*JsonpPolling*).
    Jsonp(Callback),
}

impl Framing {
    /// Whether a response has one frame.
    pub const fn is_polling(self) -> bool {
        matches!(self, Self::Xhr | Self::Jsonp(_))
    }

    /// The content type of the response. WebSocket has none.
    pub const fn content_type(self) -> Option<&'static str> {
        match self {
            Self::WebSocket => None,
            Self::Xhr | Self::XhrStreaming | Self::Jsonp(_) => {
                Some("application/javascript; charset=UTF-8")
            }
            Self::EventSource => Some("text/event-stream"),
            Self::HtmlFile(_) => Some("text/html; charset=UTF-8"),
        }
    }

    /// Appends what comes before the first frame, which may be nothing.
    pub fn encode_prelude(self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let mut out = Append::new(out);
        match self {
            Self::WebSocket | Self::Xhr | Self::Jsonp(_) => {}
            Self::XhrStreaming => {
                // Some browsers show nothing of a response before it has that many bytes.
                out.put(&[b'h'; 2048]);
                out.put(b"\n");
            }
            Self::EventSource => out.put(b"\r\n"),
            Self::HtmlFile(callback) => {
                out.put(HTML_HEAD);
                out.put(callback.as_str().as_bytes());
                out.put(HTML_TAIL);
                out.put(&[b' '; 1024]);
                out.put(b"\r\n\r\n");
            }
        }
        out.finish()
    }

    /// Appends a frame, whole or not at all.
    pub fn encode(self, frame: Frame<'_>, out: &mut impl Buffer) -> Result<(), BufferFull> {
        self.encode_pieces(out, |mut put| match frame {
            Frame::Open => put(b"o"),
            Frame::Heartbeat => put(b"h"),
            Frame::Messages(messages) => {
                put(b"a[");
                for (at, message) in messages.iter().enumerate() {
                    if at > 0 {
                        put(b",");
                    }
                    quote(message, &mut put);
                }
                put(b"]");
            }
            Frame::Close { code, reason } => {
                put(b"c[");
                put(&crate::inline::Inline::decimal(code.into()));
                put(b",");
                quote(reason, &mut put);
                put(b"]");
            }
        })
    }

    /// Appends a frame of messages that were quoted before.
    pub(super) fn encode_quoted(
        self,
        messages: &[u8],
        out: &mut impl Buffer,
    ) -> Result<(), BufferFull> {
        self.encode_pieces(out, |put| {
            put(b"a[");
            put(messages);
            put(b"]");
        })
    }

    fn encode_pieces(
        self,
        out: &mut impl Buffer,
        frame: impl FnOnce(&mut dyn FnMut(&[u8])),
    ) -> Result<(), BufferFull> {
        let mut out = Append::new(out);
        let (wrapping, end): (_, &[u8]) = match self {
            Self::WebSocket => (Wrapping::Plain, b""),
            Self::Xhr | Self::XhrStreaming => (Wrapping::Plain, b"\n"),
            Self::EventSource => {
                out.put(b"data: ");
                (Wrapping::EventSource, b"\r\n\r\n")
            }
            Self::HtmlFile(_) => {
                out.put(b"<script>\np(\"");
                (Wrapping::HtmlScript, b"\");\n</script>\r\n")
            }
            Self::Jsonp(callback) => {
                // The comment keeps the response from being a Flash file, whatever the name.
                out.put(b"/**/");
                out.put(callback.as_str().as_bytes());
                out.put(b"(\"");
                (Wrapping::Script, b"\");\r\n")
            }
        };
        frame(&mut |piece| wrapping.put(piece, &mut out));
        out.put(end);
        out.finish()
    }
}

const HTML_HEAD: &[u8] = b"<!doctype html>\n<html><head>\n  \
    <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n  \
    <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n\
    </head><body><h2>Don't panic!</h2>\n  <script>\n    \
    document.domain = document.domain;\n    var c = parent.";

const HTML_TAIL: &[u8] = b";\n    c.start();\n    function p(d) {c.message(d);};\n    \
    window.onload = function() {c.stop();};\n  </script>\n";
