//! A call, at the server.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use framewright::grpc::{self, Code, Heap, Message, ResponseHead, Trailers};
use tokio::time::Instant;

use super::end::Announced;
use super::handle::Handle;
use super::{MetadataMap, Status};

/// A call, at the server: messages in, messages out, and a status at the end.
///
/// All methods take `&self`, so that one task can receive while another one sends. Those that wait are
/// [cancel safe](super#cancel-safety).
///
/// ```
/// use framewright_tokio::grpc::{Call, Code, Status};
///
/// /// Any number of messages each way.
/// async fn echo(call: Call) -> Result<(), Status> {
///     while let Some(message) = call.next().await {
///         call.send(&message?).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// # Dropping it
///
/// A call that is dropped before it is [finished](Self::finish) is cancelled: its stream is reset with `CANCEL`.
/// [`Server::serve`](super::Server::serve) finishes it with what the handler returns.
pub struct Call {
    handle: Handle<grpc::Server<Heap>>,
    announced: Announced,
    deadline: Option<Instant>,
}

impl Call {
    pub(super) fn new(
        handle: Handle<grpc::Server<Heap>>,
        announced: Announced,
        start: Instant,
    ) -> Self {
        let deadline =
            announced.deadline.and_then(|at| start.checked_add(Duration::from_millis(at)));
        Self { handle, announced, deadline }
    }

    pub(super) fn handle(&self) -> Handle<grpc::Server<Heap>> {
        self.handle.clone()
    }

    /// What is called: `/service/method`, as [`Path`](super::Path) reads it.
    pub fn path(&self) -> &str {
        &self.announced.path
    }

    /// The custom metadata of the request.
    ///
    /// ```
    /// use framewright_tokio::grpc::{Call, Code, Status};
    ///
    /// fn authorize(call: &Call) -> Result<(), Status> {
    ///     match call.metadata().get("authorization") {
    ///         Some("Bearer secret") => Ok(()),
    ///         _ => Err(Code::Unauthenticated.into()),
    ///     }
    /// }
    /// ```
    pub fn metadata(&self) -> &MetadataMap {
        &self.announced.metadata
    }

    /// When the call ends at the latest, if the client said so.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The encoding that the client compresses messages with.
    pub fn encoding(&self) -> Option<&str> {
        self.announced.encoding.as_deref()
    }

    /// The encoding to compress messages with: the first of [`Options::encodings`](super::Options::encodings) that the client
    /// accepts. The [head](Self::send_head) has to name it.
    pub fn accepted_encoding(&self) -> Option<&str> {
        self.announced.accepted_encoding.as_deref()
    }

    /// Waits for the next message. Returns `None` when the client has sent its last one.
    ///
    /// The client may send only as much as fits in its window until messages are asked for. If this is dropped while it
    /// waits, no message is lost.
    ///
    /// # Errors
    ///
    /// The call is over. After that, it returns `None`.
    pub async fn next(&self) -> Option<Result<Bytes, Status>> {
        self.handle.next().await
    }

    /// Waits for the message of a call that has only one, and until the client has sent its last one. If this is dropped
    /// while it waits, the message stays for whoever asks next.
    ///
    /// # Errors
    ///
    /// There is none, or more than one: [`Code::Unimplemented`]. Or the call is over.
    pub async fn message(&self) -> Result<Bytes, Status> {
        self.handle.only_message().await
    }

    /// Whether the message that was received last is compressed, with the [`encoding`](Self::encoding).
    pub fn is_compressed(&self) -> bool {
        self.handle.is_compressed()
    }

    /// Sends the head of the response. Without this, it goes with the first message, and has no metadata.
    ///
    /// Some clients, such as tonic's, yield a stream of responses only once its head has come. If the first response
    /// answers a message of the client's, send the head at once, or such a client may wait before it sends anything.
    ///
    /// # Errors
    ///
    /// The head was sent before, or it has what cannot be sent. Or the call is over.
    pub fn send_head(&self, head: ResponseHead<'_>) -> Result<(), Status> {
        self.handle.with(|state, key| state.send_head(key, head))
    }

    /// Sends a message. Waits first until the message before it is sent, which the client's window may delay, and until
    /// there is room for output. If this is dropped while it waits, nothing of the message is sent.
    ///
    /// # Errors
    ///
    /// The call is over. Or the message is compressed, and the head named no encoding.
    pub async fn send<'m>(&self, message: impl Into<Message<'m>>) -> Result<(), Status> {
        self.handle.send(message.into()).await
    }

    /// Ends the call with a status, and perhaps metadata. It is sent after all messages.
    ///
    /// A handler of [`Server::serve`](super::Server::serve) needs it only to send metadata with OK. Then it is the last that the
    /// handler does: the call is over, and what the handler returns is ignored.
    ///
    /// # Errors
    ///
    /// It has what cannot be sent, and the call goes on. Or the call is over.
    pub fn finish<'t>(&self, trailers: impl Into<Trailers<'t>>) -> Result<(), Status> {
        let trailers = trailers.into();
        self.handle.with(|state, key| state.finish(key, trailers))
    }

    /// Waits until the call is over: with OK if it was finished, else because the client gave up, the deadline passed, or
    /// the connection is lost. If this is dropped while it waits, nothing changes.
    pub async fn over(&self) -> Code {
        self.handle.over().await
    }
}

/// Of the metadata, only the names are shown: a value may be a password or a token.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("path", &self.announced.path)
            .field("metadata", &self.announced.metadata)
            .finish_non_exhaustive()
    }
}
