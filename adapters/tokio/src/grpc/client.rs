//! A client's end of a connection.

use std::fmt;
use std::sync::Arc;

use framewright::grpc::{self, ClientRequest, Heap, Path};
use tokio::io::{AsyncRead, AsyncWrite};

use super::driver::Driver;
use super::request::Request;
use super::shared::{Shared, State};
use super::{Code, Options, Status};

/// A client's end of one connection, to make calls. Clones share the connection.
///
/// ```
/// use framewright_tokio::grpc::{Client, Status};
/// use std::time::Duration;
/// use tokio::net::TcpStream;
///
/// async fn hello(stream: TcpStream) -> Result<(), Status> {
///     let client = Client::new(stream, "localhost:50051");
///     let request = client.request("/helloworld.Greeter/SayHello").timeout(Duration::from_secs(10));
///     let reply = request.unary(b"in Protobuf").await?;
///     println!("{reply:?}");
///     Ok(())
/// }
/// ```
///
/// The connection closes when all clones are dropped and all calls are over.
#[derive(Clone)]
pub struct Client {
    owner: Arc<Owner>,
}

/// What all clones share.
struct Owner {
    shared: Arc<Shared<grpc::Client<Heap>>>,
    authority: String,
    scheme: &'static str,
}

impl Client {
    /// A client's end of a connection over `stream`, with the default [`Options`]. A task is spawned that drives it.
    ///
    /// `authority` is the server's host and port.
    ///
    /// # Panics
    ///
    /// There is no runtime of tokio with timers.
    pub fn new<S>(stream: S, authority: impl Into<String>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Options::new().client(stream, authority)
    }

    pub(super) fn begin<S>(stream: S, authority: String, options: Options) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let scheme = options.scheme;
        let shared = Arc::new(Shared::new(options));
        let driver = Driver::new(stream, Arc::clone(&shared));
        // Every call hears how the connection ended.
        tokio::spawn(async { drop(driver.run().await) });
        Self { owner: Arc::new(Owner { shared, authority, scheme }) }
    }

    /// A request for a method, `/service/method`, to be sent by one of its methods.
    pub fn request<'a>(&'a self, path: &'a str) -> Request<'a> {
        let Owner { authority, scheme, .. } = &*self.owner;
        let request = Path::parse(path).map(|path| {
            ClientRequest::new(path)
                .authority(authority)
                .scheme(scheme)
                .user_agent(concat!("grpc-rust-framewright-tokio/", env!("CARGO_PKG_VERSION")))
        });
        let request = request.ok_or(Status::new(Code::Internal, "not a path of a method"));
        Request::new(&self.owner.shared, request)
    }

    /// Closes gracefully: no new call begins, and those that have begun go on to their ends, for as long as
    /// [`Options::close_within`] says.
    pub fn close(&self) {
        self.owner.shared.with(State::close);
    }

    /// Whether no further call can begin, because the connection is lost, the server is going away, or
    /// [`close`](Self::close) was called. Calls that have begun may go on.
    pub fn is_closed(&self) -> bool {
        self.owner.shared.with(|state| state.is_closed)
    }

    /// Waits until no further call can begin: see [`is_closed`](Self::is_closed). Then connect again.
    ///
    /// If this is dropped while it waits, nothing changes.
    pub async fn closed(&self) {
        let shared = &self.owner.shared;
        // Made before the look, and so it misses nothing.
        let closed = shared.closed.notified();
        if !self.is_closed() {
            closed.await;
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.with(State::close_when_idle);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("authority", &self.owner.authority).finish_non_exhaustive()
    }
}
