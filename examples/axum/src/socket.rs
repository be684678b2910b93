//! The WebSocket that echoes.

use std::error::Error;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, Version as HttpVersion};
use axum::response::Response;
use framewright::http::Fields;
use framewright::http1::Version;
use framewright::ws::deflate::Config;
use framewright::ws::handshake::{Offer, Origins, Refusal};
use framewright::ws::{Connection, Inbox, Limits, MessageEvent, Server};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::add_to;

/// Accepts or refuses the offer of a WebSocket.
pub async fn open(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    let version = match request.version() {
        HttpVersion::HTTP_09 | HttpVersion::HTTP_10 => Version::Http10,
        _ => Version::Http11,
    };
    let target = request.uri().to_string();
    let origins = Origins::same_host().or_absent();
    let headers = request.headers();
    match Offer::from_parts(request.method().as_str(), version, &target, headers, origins) {
        Ok(offer) => {
            let acceptance = offer.accept().compression(Config::new());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status(acceptance.status());
            let fields = acceptance.to_fields().expect("nothing was added");
            fields.for_each_field(add_to(response.headers_mut()));
            let connection = acceptance.connection(Limits::new());
            tokio::spawn(async {
                if let Err(e) = echo(upgrade, connection).await {
                    eprintln!("WebSocket: {e}");
                }
            });
            response
        }
        Err(error) => refuse(&error.refuse()),
    }
}

fn refuse(refusal: &Refusal<'static>) -> Response {
    let mut response = Response::new(Body::from(refusal.content()));
    *response.status_mut() = status(refusal.status());
    let fields = refusal.to_fields().expect("nothing was added");
    fields.for_each_field(add_to(response.headers_mut()));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("it has three digits")
}

/// Sends every message back, until the client closes.
async fn echo(
    upgrade: OnUpgrade,
    mut connection: Connection<Server>,
) -> Result<(), Box<dyn Error>> {
    let mut stream = TokioIo::new(upgrade.await?);
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = vec![0; 16 * 1024];
    let mut out = Vec::new();
    while connection.close_expected().is_none() {
        let target = connection.read_target(&mut buf, &mut inbox);
        let n @ 1.. = stream.read(target).await? else { break };
        let mut input = inbox.filled(&buf, n);
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            match event {
                MessageEvent::Message(_) => connection.send(inbox.message(), &mut out)?,
                MessageEvent::Failed(error) => eprintln!("the client broke the protocol: {error}"),
                MessageEvent::Close(_) | MessageEvent::Ping | MessageEvent::Pong => {}
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out).await?;
        out.clear();
    }
    Ok(stream.shutdown().await?)
}
