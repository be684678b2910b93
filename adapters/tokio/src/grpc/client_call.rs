//! A call, at the client.

use std::fmt;

use bytes::Bytes;
use framewright::grpc::{self, Heap, Message};

use super::handle::Handle;
use super::shared::State;
use super::{MetadataMap, Status};

/// A call, at the client: messages out, messages in, and a status at the end.
///
/// All methods take `&self`, so that one task can receive while another one sends. Those that wait are
/// [cancel safe](super#cancel-safety).
///
/// ```
/// use framewright_tokio::grpc::{Client, Status};
///
/// async fn chat(client: &Client) -> Result<(), Status> {
///     let call = client.request("/user.UserService/ChatUsers").bidi().await?;
///     call.send(b"hello, in Protobuf").await?;
///     call.half_close();
///     while let Some(message) = call.next().await {
///         println!("{:?}", message?);
///     }
///     Ok(())
/// }
/// ```
///
/// # Dropping it
///
/// A call that is dropped before its end is cancelled: its stream is reset with `CANCEL`.
pub struct ClientCall {
    handle: Handle<grpc::Client<Heap>>,
}

impl ClientCall {
    pub(super) fn new(handle: Handle<grpc::Client<Heap>>) -> Self {
        Self { handle }
    }

    /// Sends a message. Waits first until the message before it is sent, which the server's window may delay, and until
    /// there is room for output. If this is dropped while it waits, nothing of the message is sent.
    ///
    /// # Errors
    ///
    /// The call is over: [`next`](Self::next) says how it ended.
    pub async fn send<'m>(&self, message: impl Into<Message<'m>>) -> Result<(), Status> {
        self.handle.send(message.into()).await
    }

    /// Sends the last message, which takes one frame less than [`send`](Self::send) and [`half_close`](Self::half_close).
    /// If this is dropped while it waits, the request goes on without that message.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn send_last<'m>(&self, message: impl Into<Message<'m>>) -> Result<(), Status> {
        let message = message.into();
        let len = message.bytes.len();
        self.handle.send_with(len, |end, id, out| end.send_last(id, message, out)).await
    }

    /// Ends the request: no other message can be sent.
    pub fn half_close(&self) {
        self.handle.with(State::half_close);
    }

    /// Waits for the next message. Returns `None` once the call has ended with OK.
    ///
    /// The server may send only as much as fits in its window until messages are asked for. If this is dropped while it
    /// waits, no message is lost.
    ///
    /// # Errors
    ///
    /// How the call ended, if not with OK. After that, it returns `None`.
    pub async fn next(&self) -> Option<Result<Bytes, Status>> {
        self.handle.next().await
    }

    /// Ends the request, and waits for the only message of the response, and the end of the call. If this is dropped while it
    /// waits, the message stays for whoever asks next.
    ///
    /// # Errors
    ///
    /// How the call ended, if not with OK.
    pub async fn reply(&self) -> Result<Bytes, Status> {
        self.half_close();
        self.handle.only_message().await
    }

    /// Whether the message that was received last is compressed, with the [`encoding`](Self::encoding).
    pub fn is_compressed(&self) -> bool {
        self.handle.is_compressed()
    }

    /// Waits for the head of the response, and returns its custom metadata. If the server ended the call without a
    /// head, there are none. If this is dropped while it waits, nothing changes.
    ///
    /// # Errors
    ///
    /// How the call ended, if not with OK, and before its head.
    pub async fn head(&self) -> Result<MetadataMap, Status> {
        self.handle.wait(State::poll_head).await
    }

    /// The encoding that the server compresses messages with. `None` if its [`head`](Self::head) named none, or has not come.
    pub fn encoding(&self) -> Option<String> {
        self.handle.with(|state, key| {
            let head = state.entry(key).head.as_ref();
            head.and_then(|head| head.encoding.as_deref()).map(Into::into)
        })
    }

    /// Waits until the call is over, and returns how it ended, with the custom metadata of its trailers.
    ///
    /// Receive all messages first: a server whose messages nobody asks for has to stop once its window is full, and
    /// then the call does not end. If this is dropped while it waits, nothing changes.
    pub async fn over(&self) -> Status {
        self.handle.wait(State::poll_end).await
    }
}

impl fmt::Debug for ClientCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall").finish_non_exhaustive()
    }
}
