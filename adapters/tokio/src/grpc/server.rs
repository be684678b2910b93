//! A server's end of a connection.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io, thread};

use framewright::grpc::{self, Heap, Trailers};
use tokio::io::{AsyncRead, AsyncWrite};

use super::call::Call;
use super::driver::{Driven, Driver};
use super::handle::Handle;
use super::shared::{Shared, State};
use super::{Code, Options, Status};

/// A server's end of one connection, which yields calls.
///
/// ```
/// use framewright_tokio::grpc::{Call, Code, Server, Status};
/// use tokio::net::TcpListener;
///
/// async fn answer(call: Call) -> Result<(), Status> {
///     match call.path() {
///         "/helloworld.Greeter/SayHello" => {
///             let request = call.message().await?;
///             call.send(&request).await
///         }
///         _ => Err(Code::Unimplemented.into()),
///     }
/// }
///
/// async fn listen(listener: TcpListener) -> std::io::Result<()> {
///     loop {
///         let (stream, _) = listener.accept().await?;
///         stream.set_nodelay(true)?;
///         tokio::spawn(Server::new(stream).serve(answer));
///     }
/// }
/// ```
///
/// A server that is dropped drops its stream, and its calls end.
pub struct Server<S> {
    driver: Driver<S, grpc::Server<Heap>>,
    shared: Arc<Shared<grpc::Server<Heap>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Server<S> {
    /// A server's end of a connection over `stream`, with the default [`Options`].
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn new(stream: S) -> Self {
        Options::new().server(stream)
    }

    pub(super) fn begin(stream: S, options: Options) -> Self {
        let shared = Arc::new(Shared::new(options));
        Self { driver: Driver::new(stream, Arc::clone(&shared)), shared }
    }

    /// Waits for the next call. Returns `None` once the connection is over.
    ///
    /// Everything else of the connection happens meanwhile, also what its calls send and receive. So a task has to wait
    /// here for most of the time. It may be dropped while it waits: no call is lost.
    ///
    /// # Errors
    ///
    /// The transport failed, or the client broke a rule of HTTP/2. After that, it returns `None`.
    pub async fn next(&mut self) -> io::Result<Option<Call>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Call>>> {
        loop {
            let announced = self.shared.with(|state| {
                let (key, announced) = state.take_announced()?;
                Some((key, announced, state.start()))
            });
            if let Some((key, announced, start)) = announced {
                let handle = Handle::new(Arc::clone(&self.shared), key);
                return Poll::Ready(Ok(Some(Call::new(handle, announced, start))));
            }
            match self.driver.poll(cx)? {
                Poll::Ready(Driven::Called) => {}
                Poll::Ready(Driven::Over) => return Poll::Ready(Ok(None)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Closes gracefully: no new call begins, and those that have begun go on to their ends, for as long as
    /// [`Options::close_within`] says. Go on with [`next`](Self::next) until it returns `None`.
    pub fn close(&mut self) {
        self.shared.with(State::close);
    }

    /// Serves every call, each in a task of its own, until the connection is over.
    ///
    /// A call ends with what its handler returns. The future of the handler is dropped when the call is over before
    /// that, because the client cancelled it, its deadline passed, the connection is lost, or the handler itself has
    /// [finished](Call::finish) it. If it panics, the call ends with [`Code::Internal`], and the others go on.
    ///
    /// If this is dropped, so is the connection. The tasks of its calls hear that they are over.
    ///
    /// A handler with state is a closure that clones the state for each call:
    ///
    /// ```
    /// use framewright_tokio::grpc::{Call, Code, Server, Status};
    /// use std::sync::Arc;
    /// use tokio::net::TcpStream;
    ///
    /// struct Greeter {
    ///     greeting: Vec<u8>,
    /// }
    ///
    /// impl Greeter {
    ///     async fn answer(&self, call: Call) -> Result<(), Status> {
    ///         match call.path() {
    ///             "/helloworld.Greeter/SayHello" => call.send(&self.greeting).await,
    ///             _ => Err(Code::Unimplemented.into()),
    ///         }
    ///     }
    /// }
    ///
    /// async fn serve(stream: TcpStream, greeter: Arc<Greeter>) -> std::io::Result<()> {
    ///     let handler = move |call| {
    ///         let greeter = Arc::clone(&greeter);
    ///         async move { greeter.answer(call).await }
    ///     };
    ///     Server::new(stream).serve(handler).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`next`](Self::next).
    pub async fn serve<H, F>(self, handler: H) -> io::Result<()>
    where
        H: Fn(Call) -> F,
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.serve_until(pending(), handler).await
    }

    /// The same, but [closes](Self::close) gracefully once `stop` is ready. It returns when the last call is over.
    ///
    /// No handler is told of `stop`. One whose call has no end of its own has to wait for the same thing, as in
    /// `examples/grpc_chat.rs`, or its call is cut off after [`Options::close_within`].
    ///
    /// Before the program ends, wait for it on every connection, because a runtime that is dropped drops its tasks:
    ///
    /// ```
    /// use framewright_tokio::grpc::{Call, Server, Status};
    /// use std::pin::pin;
    /// use tokio::net::TcpListener;
    /// use tokio::sync::watch;
    /// use tokio::task::JoinSet;
    ///
    /// async fn listen(listener: TcpListener) -> std::io::Result<()> {
    ///     let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    ///     let (stop, stopped) = watch::channel(());
    ///     let mut connections = JoinSet::new();
    ///     loop {
    ///         let (stream, _) = tokio::select! {
    ///             accepted = listener.accept() => accepted?,
    ///             pressed = &mut ctrl_c => break pressed?,
    ///             Some(_) = connections.join_next() => continue,
    ///         };
    ///         stream.set_nodelay(true)?;
    ///         let mut stopped = stopped.clone();
    ///         connections.spawn(async move {
    ///             let stop = async { drop(stopped.changed().await) };
    ///             Server::new(stream).serve_until(stop, answer).await
    ///         });
    ///     }
    ///     drop((listener, stop)); // which tells all connections
    ///     while connections.join_next().await.is_some() {}
    ///     Ok(())
    /// }
    /// # async fn answer(_: Call) -> Result<(), Status> { Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`next`](Self::next).
    pub async fn serve_until<H, F>(
        mut self,
        stop: impl Future<Output = ()>,
        handler: H,
    ) -> io::Result<()>
    where
        H: Fn(Call) -> F,
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let (mut stop, mut is_stopped) = (pin!(stop), false);
        loop {
            let next = poll_fn(|cx| {
                if !is_stopped && stop.as_mut().poll(cx).is_ready() {
                    is_stopped = true;
                    self.close();
                }
                self.poll_next(cx)
            });
            let Some(call) = next.await? else { return Ok(()) };
            let handle = call.handle();
            // The handler may do some of its work before it returns a future.
            match catch_unwind(AssertUnwindSafe(|| handler(call))) {
                Ok(handler) => drop(tokio::spawn(finish(handle, handler))),
                Err(_) => panicked(&handle),
            }
        }
    }
}

/// Ends a call with what its handler returns, unless it is over before.
async fn finish(
    handle: Handle<grpc::Server<Heap>>,
    handler: impl Future<Output = Result<(), Status>>,
) {
    let unwinding = Unwinding(&handle);
    let result = {
        let (mut handler, mut over) = (pin!(handler), pin!(handle.over()));
        poll_fn(|cx| match handler.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => over.as_mut().poll(cx).map(|_| None),
        })
        .await
    };
    drop(unwinding);
    let finished = match result {
        None => return,
        Some(Ok(())) => handle.with(|state, key| state.finish(key, grpc::Status::OK.into())),
        Some(Err(status)) => handle.with(|state, key| state.finish(key, Trailers::from(&status))),
    };
    if finished.is_err() {
        // Its metadata cannot be sent, or the call is over.
        let status = grpc::Status::new(Code::Internal, "not a valid status");
        let _ = handle.with(|state, key| state.finish(key, status.into()));
    }
}

/// Ends a call whose handler has panicked.
fn panicked(handle: &Handle<grpc::Server<Heap>>) {
    let status = grpc::Status::new(Code::Internal, "the handler panicked");
    // It may be over.
    let _ = handle.with(|state, key| state.finish(key, status.into()));
}

/// Is dropped while a handler's panic unwinds its task.
struct Unwinding<'h>(&'h Handle<grpc::Server<Heap>>);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            panicked(self.0);
        }
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
