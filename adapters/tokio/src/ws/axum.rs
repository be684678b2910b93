//! An extractor of WebSockets for axum.

use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, Request};
use axum_core::response::{IntoResponse, Response};
use futures_core::Stream;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::hyper::answer;
use super::{Options, WebSocket};
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
///     upgrade.open(&Options::new(), |mut socket| async move {
///         while let Some(Ok(message)) = socket.next().await {
///             if socket.send(&message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// // Any method: the handshake's rules say how to answer a wrong one.
/// let router: Router = Router::new().route("/socket", any(socket));
/// ```
#[derive(Debug)]
pub struct Upgrade {
    request: http::Request<()>,
    upgrade: Option<OnUpgrade>,
}

impl Upgrade {
    /// Answers the request. If it opens a WebSocket, `run` gets the socket, in a task of its own.
    ///
    /// `run` is dropped if hyper fails to write the response. Call [`upgrade`](crate::upgrade) to see its error.
    ///
    /// axum's graceful shutdown does not wait for these tasks: tell them to close, and wait for them yourself.
    pub fn open<F, T>(self, options: &Options, run: F) -> Response
    where
        F: FnOnce(WebSocket<TokioIo<hyper::upgrade::Upgraded>>) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let Some(upgrade) = self.upgrade else {
            // Only hyper's server can upgrade a connection.
            return http::StatusCode::UPGRADE_REQUIRED.into_response();
        };
        let (response, upgraded) = answer(&self.request, options, upgrade);
        if let Some(upgraded) = upgraded {
            tokio::spawn(async {
                if let Ok(socket) = upgraded.await {
                    run(socket).await;
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
        Ok(Self { request, upgrade })
    }
}

/// An event-stream response, with the fields that keep proxies from buffering it.
impl<S, I> IntoResponse for sse::Body<S>
where
    S: Stream<Item = I> + Send + 'static,
    I: Into<EventBuf>,
{
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from_stream(self));
        for (name, value) in framewright::sse::RESPONSE_HEADERS {
            let name = HeaderName::try_from(name).expect("it is a name");
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
        response
    }
}
