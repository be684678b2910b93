//! An extractor of WebSockets for axum.

use std::convert::Infallible;
use std::fmt;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, Request};
use axum_core::response::{IntoResponse, Response};
use futures_core::Stream;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;

use super::Options;
use super::hyper::{HyperSocket, answer};
use crate::Error;
use crate::sse::{self, EventBuf};

/// A request that may offer a WebSocket, for a handler of axum.
///
/// ```
/// use axum::Router;
/// use axum::response::Response;
/// use axum::routing::any;
/// use framewright_tokio::{Options, Upgrade};
///
/// async fn socket(upgrade: Upgrade) -> Response {
///     let upgrade = upgrade.on_error(|error| eprintln!("a socket failed: {error}"));
///     upgrade.open(&Options::new(), |mut socket| async move {
///         while let Some(message) = socket.next().await {
///             socket.send(&message?).await?;
///         }
///         Ok(())
///     })
/// }
///
/// // Any method: the handshake's rules say how to answer a wrong one.
/// let router: Router = Router::new().route("/socket", any(socket));
/// ```
pub struct Upgrade {
    request: http::Request<()>,
    upgrade: Option<OnUpgrade>,
    on_error: Box<dyn FnOnce(Error) + Send>,
}

impl Upgrade {
    /// Sets what to do with an error: hyper failed to write the response, in which case `run` is dropped, or `run` returned it.
    /// Default: nothing.
    #[must_use]
    pub fn on_error(mut self, report: impl FnOnce(Error) + Send + 'static) -> Self {
        self.on_error = Box::new(report);
        self
    }

    /// Answers the request. If it opens a WebSocket, `run` gets the socket, in a task of its own.
    ///
    /// Its errors go to [`on_error`](Self::on_error), and so does that of an upgrade that fails.
    ///
    /// axum's graceful shutdown does not wait for these tasks: tell them to close, and wait for them yourself.
    pub fn open<F, T>(self, options: &Options, run: F) -> Response
    where
        F: FnOnce(HyperSocket) -> T + Send + 'static,
        T: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let Some(upgrade) = self.upgrade else {
            // Only hyper's server can upgrade a connection.
            return http::StatusCode::UPGRADE_REQUIRED.into_response();
        };
        let (response, upgraded) = answer(&self.request, options, upgrade);
        if let Some(upgraded) = upgraded {
            let on_error = self.on_error;
            tokio::spawn(async {
                let ended = match upgraded.await {
                    Ok(socket) => run(socket).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = ended {
                    on_error(error);
                }
            });
        }
        response.map(Body::from)
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let mut request = Request::new(());
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.version_mut() = parts.version;
        *request.headers_mut() = parts.headers.clone();
        Ok(Self { request, upgrade, on_error: Box::new(drop) })
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("request", &self.request).finish_non_exhaustive()
    }
}

/// An event-stream response, with the fields that keep proxies from buffering it.
///
/// An event that would not arrive is left out, as by [`Body::skip_invalid`](sse::Body::skip_invalid): an error would break the response off.
impl<S, I> IntoResponse for sse::Body<S>
where
    S: Stream<Item = I> + Send + 'static,
    I: Into<EventBuf>,
{
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(self.skip_invalid()));
        for (name, value) in framewright::sse::RESPONSE_HEADERS {
            let name = HeaderName::try_from(name).expect("it is a name");
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        response
    }
}
