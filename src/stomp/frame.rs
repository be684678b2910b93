//! Frames to send.

use core::fmt;

use super::escape::{Escapes, HeaderPart};
use super::{AckMode, Command, Headers, SendError, Version};
use crate::debug::Payload;
use crate::inline::Inline;

/// One header to send: a name and a value.
///
/// Any collection of strings in pairs yields such headers: an array or a slice, a reference to a `HashMap`,
/// and the [`Headers`] of a frame that is passed on.
///
/// ```
/// use framewright::stomp::{Encoder, FrameBuilder, Header, Version};
///
/// struct Priority(&'static str);
///
/// impl<'a> Header<'a> for &'a Priority {
///     fn parts(self) -> (&'a str, &'a str) {
///         ("priority", self.0)
///     }
/// }
///
/// let mut out = Vec::new();
/// let frame = FrameBuilder::send("/queue/a").headers(&[Priority("9")]);
/// Encoder::new(Version::V1_2).encode(frame, &mut out)?;
/// assert!(out.starts_with(b"SEND\ndestination:/queue/a\npriority:9\n"));
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
pub trait Header<'a> {
    /// The name and the value.
    fn parts(self) -> (&'a str, &'a str);
}

impl<'a, N, V> Header<'a> for (&'a N, &'a V)
where
    N: AsRef<str> + ?Sized,
    V: AsRef<str> + ?Sized,
{
    #[inline]
    fn parts(self) -> (&'a str, &'a str) {
        (self.0.as_ref(), self.1.as_ref())
    }
}

impl<'a, N: AsRef<str>, V: AsRef<str>> Header<'a> for &'a (N, V) {
    #[inline]
    fn parts(self) -> (&'a str, &'a str) {
        (self.0.as_ref(), self.1.as_ref())
    }
}

/// A frame to send.
///
/// It has the headers that belong to its command, those of the caller, and a body. The caller's headers follow
/// the others. Those with a name that the frame has already are left out, and so is a `content-length`: the
/// first would count (*Repeated Header Entries*), and receivers are known that let the last count.
///
/// ```
/// use framewright::stomp::{Encoder, FrameBuilder, Version};
///
/// let frame = FrameBuilder::send("/queue/a")
///     .content_type("text/plain")
///     .receipt("77")
///     .headers([("priority", "9")])
///     .body(b"hello");
/// let mut out = Vec::new();
/// Encoder::new(Version::V1_2).encode(frame, &mut out)?;
/// assert_eq!(
///     out,
///     b"SEND\ndestination:/queue/a\ncontent-type:text/plain\nreceipt:77\npriority:9\n\
///     content-length:5\n\nhello\0"
/// );
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct FrameBuilder<'a, H = [(&'a str, &'a str); 0]> {
    command: Command,
    own: OwnHeaders<'a>,
    headers: H,
    body: &'a [u8],
    omits_content_length: bool,
}

/// The headers that belong to a command: no frame has more.
#[derive(Clone, Copy, Eq, PartialEq)]
struct OwnHeaders<'a> {
    list: [(&'static str, &'a str); 6],
    len: usize,
}

impl<'a> OwnHeaders<'a> {
    fn as_slice(&self) -> &[(&'static str, &'a str)] {
        self.list.get(..self.len).unwrap_or_default()
    }

    /// Sets a header, or replaces it.
    fn set(&mut self, name: &'static str, value: &'a str) {
        let at = self.as_slice().iter().position(|(own, _)| *own == name).unwrap_or(self.len);
        if let Some(slot) = self.list.get_mut(at) {
            *slot = (name, value);
            self.len = self.len.max(at + 1);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.as_slice().iter().any(|(own, _)| *own == name)
    }
}

impl<'a> FrameBuilder<'a> {
    /// A frame without headers.
    pub const fn new(command: Command) -> Self {
        Self {
            command,
            own: OwnHeaders { list: [("", ""); 6], len: 0 },
            headers: [],
            body: &[],
            omits_content_length: false,
        }
    }

    /// A `SEND`: a message to a destination.
    pub fn send(destination: &'a str) -> Self {
        Self::new(Command::Send).own("destination", destination)
    }

    /// A `SUBSCRIBE`: this client wants the messages of a destination, and calls the subscription `id`.
    pub fn subscribe(id: &'a str, destination: &'a str) -> Self {
        Self::new(Command::Subscribe).own("id", id).own("destination", destination)
    }

    /// An `UNSUBSCRIBE`: this client wants no more of these messages.
    pub fn unsubscribe(id: &'a str) -> Self {
        Self::new(Command::Unsubscribe).own("id", id)
    }

    /// A `CONNECT` to the virtual host `host`, for
    /// [`Connection::connect`](super::Connection::connect).
    ///
    /// The specification wants the name of the server that the user would connect to. Some brokers have other
    /// names: that of `RabbitMQ`'s first virtual host is `/`.
    pub fn connect(host: &'a str) -> Self {
        Self::new(Command::Connect).own("host", host)
    }

    /// A `CONNECTED`, for [`Connection::accept`](super::Connection::accept).
    pub const fn connected() -> Self {
        Self::new(Command::Connected)
    }

    /// A `DISCONNECT`, which is the last frame. It should ask for a [receipt](Self::receipt): only that tells
    /// whether the frames before it were received.
    pub const fn disconnect() -> Self {
        Self::new(Command::Disconnect)
    }

    /// A `BEGIN`: a transaction starts.
    pub fn begin(transaction: &'a str) -> Self {
        Self::new(Command::Begin).transaction(transaction)
    }

    /// A `COMMIT`: a transaction takes effect.
    pub fn commit(transaction: &'a str) -> Self {
        Self::new(Command::Commit).transaction(transaction)
    }

    /// An `ABORT`: a transaction is dropped.
    pub fn abort(transaction: &'a str) -> Self {
        Self::new(Command::Abort).transaction(transaction)
    }

    /// A `MESSAGE` for one subscription. If the client has to acknowledge it, it needs an
    /// [`ack`](Self::ack), too.
    pub fn message(subscription: &'a str, message_id: &'a str, destination: &'a str) -> Self {
        Self::new(Command::Message)
            .own("subscription", subscription)
            .own("message-id", message_id)
            .own("destination", destination)
    }

    /// The part of a `MESSAGE` that all subscribers share: see [`SharedMessage`](super::SharedMessage).
    pub fn shared_message(destination: &'a str) -> Self {
        Self::new(Command::Message).own("destination", destination)
    }

    /// A `RECEIPT`: the frame that asked for it was processed.
    pub fn receipt_for(receipt: &'a str) -> Self {
        Self::new(Command::Receipt).own("receipt-id", receipt)
    }

    /// An `ERROR`, which says in a few words what is wrong. The body may say more.
    pub fn error(message: &'a str) -> Self {
        Self::new(Command::Error).own("message", message)
    }
}

impl<'a, H> FrameBuilder<'a, H> {
    /// Asks the server for a `RECEIPT` with this id.
    #[must_use]
    pub fn receipt(self, id: &'a str) -> Self {
        self.own("receipt", id)
    }

    /// Sets the user of a `CONNECT`, and the passcode. They are sent as they are: in this frame nothing is
    /// escaped.
    #[must_use]
    pub fn login(self, user: &'a str, passcode: &'a str) -> Self {
        self.own("login", user).own("passcode", passcode)
    }

    /// Makes a `SEND`, an `ACK` or a `NACK` part of a transaction.
    #[must_use]
    pub fn transaction(self, transaction: &'a str) -> Self {
        self.own("transaction", transaction)
    }

    /// Sets how the messages of a `SUBSCRIBE` are acknowledged. Default: [`AckMode::Auto`].
    #[must_use]
    pub fn ack_mode(self, mode: AckMode) -> Self {
        self.own("ack", mode.as_str())
    }

    /// Sets the id that an `ACK` or a `NACK` of this `MESSAGE` refers to (since 1.2).
    #[must_use]
    pub fn ack(self, id: &'a str) -> Self {
        self.own("ack", id)
    }

    /// Sets the media type of the body. Text should say its `charset`, or it counts as binary unless the type
    /// begins with `text/` (*Header content-type*).
    #[must_use]
    pub fn content_type(self, media_type: &'a str) -> Self {
        self.own("content-type", media_type)
    }

    /// Sets the name of a server and its version, in a `CONNECTED`.
    #[must_use]
    pub fn server(self, name: &'a str) -> Self {
        self.own("server", name)
    }

    /// Sets the id of the session, in a `CONNECTED`.
    #[must_use]
    pub fn session(self, id: &'a str) -> Self {
        self.own("session", id)
    }

    /// Names the receipt that the frame with these headers asked for, if it did: this `ERROR` is about it
    /// (*ERROR*).
    #[must_use]
    pub fn about(self, headers: &Headers<'a>) -> Self {
        match headers.get("receipt") {
            Some(receipt) => self.own("receipt-id", receipt),
            None => self,
        }
    }

    /// Sets the headers of the caller: anything that can be gone through twice and yields [`Header`]s.
    #[must_use]
    pub fn headers<I: Clone + IntoIterator<Item: Header<'a>>>(
        self,
        headers: I,
    ) -> FrameBuilder<'a, I> {
        let Self { command, own, body, omits_content_length, .. } = self;
        FrameBuilder { command, own, headers, body, omits_content_length }
    }

    /// Sets the body.
    #[must_use]
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Leaves out `content-length`. Then the body must not have a NUL.
    ///
    /// `ActiveMQ` takes a `SEND` with it for a message of bytes, and one without for a text.
    #[must_use]
    pub const fn omit_content_length(mut self) -> Self {
        self.omits_content_length = true;
        self
    }

    /// The command.
    pub const fn command(&self) -> Command {
        self.command
    }

    /// The value of a header that belongs to the command.
    pub(super) fn own_value(&self, name: &str) -> Option<&'a str> {
        self.own.as_slice().iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    pub(super) const fn body_bytes(&self) -> &'a [u8] {
        self.body
    }

    /// Sets a header that belongs to the command.
    pub(super) fn own(mut self, name: &'static str, value: &'a str) -> Self {
        self.own.set(name, value);
        self
    }
}

impl<H> FrameBuilder<'_, H> {
    /// Length of the whole frame in this version, in bytes.
    pub fn encoded_len<'h>(&self, version: Version) -> Result<u64, SendError>
    where
        H: Clone + IntoIterator<Item: Header<'h>>,
    {
        let mut len = 0_u64;
        self.write_whole(Some(version), |piece| len = len.saturating_add(piece.len() as u64))?;
        Ok(len)
    }

    /// Calls `put` with the pieces of the whole frame.
    pub(super) fn write_whole<'h>(
        &self,
        version: Option<Version>,
        mut put: impl FnMut(&[u8]),
    ) -> Result<(), SendError>
    where
        H: Clone + IntoIterator<Item: Header<'h>>,
    {
        self.write_command(version, &mut put)?;
        self.write_rest(version, &[], &mut put)
    }

    /// Calls `put` with the pieces of the first line.
    pub(super) fn write_command(
        &self,
        version: Option<Version>,
        mut put: impl FnMut(&[u8]),
    ) -> Result<(), SendError> {
        if self.command == Command::Nack && version == Some(Version::V1_0) {
            return Err(SendError::NotInVersion);
        }
        put(self.command.as_str().as_bytes());
        put(b"\n");
        Ok(())
    }

    /// Calls `put` with the pieces of what follows the first line. Headers called as in `except` are left out.
    pub(super) fn write_rest<'h>(
        &self,
        version: Option<Version>,
        except: &[&str],
        mut put: impl FnMut(&[u8]),
    ) -> Result<(), SendError>
    where
        H: Clone + IntoIterator<Item: Header<'h>>,
    {
        let has_body = self.command.may_have_body();
        if !self.body.is_empty() && !has_body {
            return Err(SendError::BodyNotAllowed);
        }
        if self.omits_content_length && memchr::memchr(0, self.body).is_some() {
            return Err(SendError::NulInBody);
        }
        let len = (has_body && !self.omits_content_length).then_some(self.body.len() as u64);
        self.write_headers(version, except, len, &mut put)?;
        put(self.body);
        put(b"\0");
        Ok(())
    }

    /// Calls `put` with the pieces of the headers and of the empty line.
    pub(super) fn write_headers<'h>(
        &self,
        version: Option<Version>,
        except: &[&str],
        content_len: Option<u64>,
        mut put: impl FnMut(&[u8]),
    ) -> Result<(), SendError>
    where
        H: Clone + IntoIterator<Item: Header<'h>>,
    {
        let escapes = if self.command.has_escapes() { Escapes::of(version) } else { Escapes::None };
        for (name, value) in self.own.as_slice() {
            put_header(escapes, name, value, &mut put)?;
        }
        for header in self.headers.clone() {
            let (name, value) = header.parts();
            if name != CONTENT_LENGTH && !self.own.has(name) && !except.contains(&name) {
                put_header(escapes, name, value, &mut put)?;
            }
        }
        if let Some(len) = content_len {
            put_header(escapes, CONTENT_LENGTH, Inline::decimal(len).as_str(), &mut put)?;
        }
        put(b"\n");
        Ok(())
    }
}

const CONTENT_LENGTH: &str = "content-length";

/// Calls `put` with the pieces of a header.
pub(super) fn put_header(
    escapes: Escapes,
    name: &str,
    value: &str,
    mut put: impl FnMut(&[u8]),
) -> Result<(), SendError> {
    let valid = !name.is_empty() && escapes.escape(name, HeaderPart::Name, &mut put);
    put(b":");
    if !valid || !escapes.escape(value, HeaderPart::Value, &mut put) {
        return Err(SendError::HeaderInvalid);
    }
    put(b"\n");
    Ok(())
}

impl Version {
    /// Whether this version can carry such a header. If it cannot, no frame with it can be sent
    /// ([`SendError::HeaderInvalid`]).
    ///
    /// No version can carry an empty name, or a NUL. 1.0 and 1.1 can carry no CR here, and 1.0 no LF, and no colon
    /// in a name: a message that came in 1.2 may need some of its headers left out in 1.0.
    ///
    /// ```
    /// use framewright::stomp::Version;
    ///
    /// assert!(Version::V1_2.can_carry("two", "li\nes"));
    /// assert!(!Version::V1_0.can_carry("two", "li\nes"));
    /// ```
    pub fn can_carry(self, name: &str, value: &str) -> bool {
        put_header(Escapes::of(Some(self)), name, value, |_| ()).is_ok()
    }
}

impl<H> fmt::Debug for FrameBuilder<'_, H> {
    /// Without the values of headers, which may be a passcode.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuilder")
            .field("command", &self.command)
            .field("body", &Payload(self.body))
            .finish_non_exhaustive()
    }
}
