//! A request of a client, and how it becomes a call.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use framewright::grpc::{
    self, CallKind, ClientRequest, ContentType, Encodings, Heap, Message, Metadata,
};
use tokio::time::{Instant, timeout_at};

use super::client_call::ClientCall;
use super::handle::{Handle, Waiting};
use super::shared::{NotBegun, Shared};
use super::{Code, Status};

/// A request, to be sent as a call of one of the four kinds.
///
/// ```
/// use framewright_tokio::grpc::{Client, Status};
///
/// async fn list(client: &Client, token: &str) -> Result<usize, Status> {
///     let metadata = [("authorization", token.into())];
///     let request = client.request("/user.UserService/ListUsers").metadata(&metadata);
///     let users = request.server_streaming(b"").await?;
///     let mut count = 0;
///     while let Some(user) = users.next().await {
///         count += user?.len().min(1);
///     }
///     Ok(count)
/// }
/// ```
#[must_use = "nothing is sent before one of the methods for a kind of call"]
pub struct Request<'a> {
    shared: &'a Arc<Shared<grpc::Client<Heap>>>,
    request: Result<ClientRequest<'a>, Status>,
    timeout: Option<Duration>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared<grpc::Client<Heap>>>,
        request: Result<ClientRequest<'a>, Status>,
    ) -> Self {
        Self { shared, request, timeout: None }
    }

    fn map(mut self, set: impl FnOnce(ClientRequest<'a>) -> ClientRequest<'a>) -> Self {
        self.request = self.request.map(set);
        self
    }

    /// Sets how long the call may take, which the server is told, too. After that it ends with [`Code::DeadlineExceeded`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the metadata: pairs, or a [`MetadataMap`](super::MetadataMap).
    pub fn metadata(self, metadata: impl Into<Metadata<'a>>) -> Self {
        self.map(|request| request.metadata(metadata))
    }

    /// Sets the encoding of messages that will be sent compressed. The caller compresses them. The server may answer with
    /// it.
    pub fn encoding(self, name: &'a str) -> Self {
        self.map(|request| request.encoding(name))
    }

    /// Sets the encodings that the caller can decompress.
    pub fn accept_encodings(self, encodings: Encodings) -> Self {
        self.map(|request| request.accept_encodings(encodings))
    }

    /// Sets the format of the messages. Default: Protobuf.
    pub fn content_type(self, content_type: ContentType) -> Self {
        self.map(|request| request.content_type(content_type))
    }

    /// Makes a call with one message each way. If this is dropped while it waits, the call is cancelled.
    ///
    /// The metadata of the response, and whether the reply is compressed, are lost. Who needs them makes the call by
    /// [`begin`](Self::begin):
    ///
    /// ```
    /// use framewright_tokio::grpc::{CallKind, Client, Status};
    ///
    /// async fn get(client: &Client, user: &[u8]) -> Result<(), Status> {
    ///     let request = client.request("/user.UserService/GetUser");
    ///     let call = request.begin(CallKind::Unary, Some(user.into())).await?;
    ///     for (name, value) in call.head().await?.iter() {
    ///         println!("{name}: {value:?}");
    ///     }
    ///     let user = call.reply().await?;
    ///     println!("{user:?}, and at the end {:?}", call.over().await.metadata);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// How the call ended, if not with OK.
    pub async fn unary<'m>(self, message: impl Into<Message<'m>>) -> Result<Bytes, Status> {
        self.begin(CallKind::Unary, Some(message.into())).await?.reply().await
    }

    /// Makes a call with one message, to which any number come back.
    ///
    /// # Errors
    ///
    /// The call did not begin.
    pub async fn server_streaming<'m>(
        self,
        message: impl Into<Message<'m>>,
    ) -> Result<ClientCall, Status> {
        self.begin(CallKind::ServerStreaming, Some(message.into())).await
    }

    /// Makes a call with any number of messages, to which one comes back: [`ClientCall::reply`].
    ///
    /// # Errors
    ///
    /// The call did not begin.
    pub async fn client_streaming(self) -> Result<ClientCall, Status> {
        self.begin(CallKind::ClientStreaming, None).await
    }

    /// Makes a call with any number of messages each way.
    ///
    /// # Errors
    ///
    /// The call did not begin.
    pub async fn bidi(self) -> Result<ClientCall, Status> {
        self.begin(CallKind::BidiStreaming, None).await
    }

    /// Makes a call of a kind, with the only message of the request if it is known. If the server allows no further call at once, it
    /// waits for another one to end. If this is dropped while it waits, the call does not begin.
    ///
    /// # Errors
    ///
    /// The call did not begin.
    pub async fn begin(
        self,
        kind: CallKind,
        message: Option<Message<'_>>,
    ) -> Result<ClientCall, Status> {
        let Self { shared, request, timeout } = self;
        let mut request = request?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let begun = match deadline {
            Some(at) => {
                let beginning = begin_in_turn(shared, request, deadline, kind, message);
                timeout_at(at, beginning).await.unwrap_or(Err(NotBegun::TooMany))
            }
            None => begin_in_turn(shared, request, deadline, kind, message).await,
        };
        match begun {
            Ok(key) => Ok(ClientCall::new(Handle::new(Arc::clone(shared), key))),
            Err(NotBegun::Failed(status)) => Err(status),
            Err(_) => Err(Status::new(Code::DeadlineExceeded, "deadline exceeded")),
        }
    }
}

/// Begins a call, once there is room for output and the server allows it. Those that come later go after those that wait.
async fn begin_in_turn(
    shared: &Shared<grpc::Client<Heap>>,
    mut request: ClientRequest<'_>,
    deadline: Option<Instant>,
    kind: CallKind,
    message: Option<Message<'_>>,
) -> Result<usize, NotBegun> {
    let mut in_line = None;
    loop {
        // From here on, no turn is missed.
        let mut turn = pin!(shared.may_begin.notified());
        if in_line.is_some() {
            turn.as_mut().enable();
        }
        let mut waiting = Waiting::new(shared, None);
        let begun = poll_fn(|cx| {
            if waiting.tickets.are_held()
                && let Some(at) = deadline
            {
                request = request.timeout(at - Instant::now());
            }
            shared.with(|state| {
                if in_line.is_none() && state.waiting > 0 {
                    return Poll::Ready(None);
                }
                state.poll_begin(&request, kind, message, &mut waiting.tickets, cx).map(Some)
            })
        });
        match begun.await {
            Some(Err(NotBegun::TooMany)) if in_line.is_some() => turn.await,
            Some(Err(NotBegun::TooMany)) => in_line = Some(InLine::new(shared)),
            Some(begun) => return begun,
            None => {
                in_line = Some(InLine::new(shared));
                turn.await;
            }
        }
        if let Some(at) = deadline {
            request = request.timeout(at - Instant::now());
        }
    }
}

/// One that waits for a call to end before its own can begin. When it leaves, for whatever reason, the next one has its turn.
struct InLine<'s>(&'s Shared<grpc::Client<Heap>>);

impl<'s> InLine<'s> {
    fn new(shared: &'s Shared<grpc::Client<Heap>>) -> Self {
        shared.with(|state| state.waiting += 1);
        Self(shared)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.waiting -= 1);
        self.0.may_begin.notify_one();
    }
}

/// Of the metadata, only the names are shown: a value may be a password or a token.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("request", &self.request)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
