//! WebSockets on connections that hyper has upgraded.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use framewright::http::{FieldValue, Fields};
use framewright::http1;
use framewright::ws::handshake::{Offer, Refusal};
use framewright::ws::{Connection, Server};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::{Options, WebSocket};
use crate::Error;

/// A WebSocket on a connection that hyper has upgraded, as [`upgrade`] and axum's extractor open it.
///
/// ```
/// use framewright_tokio::{Error, HyperSocket};
///
/// async fn echo(mut socket: HyperSocket) -> Result<(), Error> {
///     while let Some(message) = socket.next().await {
///         let message = message?;
///         println!("{}", message.as_text().unwrap_or("bytes"));
///         socket.send(&message).await?;
///     }
///     Ok(())
/// }
/// ```
pub type HyperSocket = WebSocket<TokioIo<hyper::upgrade::Upgraded>>;

/// Answers a request that offers a WebSocket. Returns the response, and the WebSocket unless it was refused.
///
/// Return the response from the service, and wait for the [`Upgraded`] in another task: the socket opens once hyper has
/// written the response.
///
/// ```
/// use bytes::Bytes;
/// use framewright_tokio::{Error, Options, Upgraded, upgrade};
/// use http::{Request, Response};
///
/// fn serve<B>(mut request: Request<B>) -> Response<Bytes> {
///     let (response, upgraded) = upgrade(&mut request, &Options::new());
///     if let Some(upgraded) = upgraded {
///         tokio::spawn(echo(upgraded));
///     }
///     response
/// }
///
/// async fn echo(upgraded: Upgraded) -> Result<(), Error> {
///     let mut socket = upgraded.await?;
///     while let Some(message) = socket.next().await {
///         socket.send(&message?).await?;
///     }
///     Ok(())
/// }
/// # let refusal = serve(Request::get("/").header("host", "a").body(()).unwrap());
/// # assert_eq!(refusal.status(), 426);
/// ```
pub fn upgrade<B>(
    request: &mut Request<B>,
    options: &Options,
) -> (Response<Bytes>, Option<Upgraded>) {
    let upgrade = hyper::upgrade::on(&mut *request);
    answer(request, options, upgrade)
}

pub(super) fn answer<B>(
    request: &Request<B>,
    options: &Options,
    upgrade: OnUpgrade,
) -> (Response<Bytes>, Option<Upgraded>) {
    let version = match request.version() {
        Version::HTTP_09 | Version::HTTP_10 => http1::Version::Http10,
        _ => http1::Version::Http11,
    };
    let (method, target) = (request.method().as_str(), request.uri().to_string());
    let headers = request.headers();
    let offer = match Offer::from_parts(method, version, &target, headers, options.origins) {
        Ok(offer) => offer,
        Err(error) => return (refusal(&error.refuse()), None),
    };
    let protocol = options.choose(&offer);
    let headers = options.header_list();
    let acceptance = offer.accept().protocol(protocol).compression(options.compression);
    let mut response = with_status(acceptance.status());
    let acceptance = acceptance.headers(&headers[..]);
    let Ok(fields) = acceptance.to_fields() else {
        // A field of the options is not valid.
        return (with_status(500), None);
    };
    fields.for_each_field(add_to(response.headers_mut()));
    let upgraded = Upgraded {
        upgrade,
        connection: Some(acceptance.connection(options.limits)),
        protocol: protocol.map(str::to_owned),
        options: options.clone(),
    };
    (response, Some(upgraded))
}

fn refusal(refusal: &Refusal<'static>) -> Response<Bytes> {
    let mut response = with_status(refusal.status());
    *response.body_mut() = Bytes::copy_from_slice(refusal.content());
    let fields = refusal.to_fields().expect("the library made it");
    fields.for_each_field(add_to(response.headers_mut()));
    response
}

fn with_status(code: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(code).expect("it has three digits");
    response
}

/// A sink that adds each field to `headers`.
fn add_to(headers: &mut HeaderMap) -> impl FnMut(&str, FieldValue<'_>) {
    |name, value| {
        let name = HeaderName::try_from(name).expect("the library checks names");
        let value = HeaderValue::try_from(value.to_vec()).expect("the library checks values");
        headers.append(name, value);
    }
}

/// A WebSocket that opens once hyper has written the response. See [`upgrade`].
#[must_use = "it does nothing unless it is awaited"]
pub struct Upgraded {
    upgrade: OnUpgrade,
    /// Until it is open.
    connection: Option<Connection<Server>>,
    protocol: Option<String>,
    options: Options,
}

impl Future for Upgraded {
    type Output = Result<HyperSocket, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = ready!(Pin::new(&mut self.upgrade).poll(cx))
            .map_err(|error| Error::Io(std::io::Error::other(error)))?;
        let connection = self.connection.take().expect("not polled after it was ready");
        let mut socket = self.options.upgraded(TokioIo::new(stream), connection);
        socket.set_protocol(self.protocol.as_deref());
        Poll::Ready(Ok(socket))
    }
}
