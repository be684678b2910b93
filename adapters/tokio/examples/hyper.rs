//! A WebSocket on a server of hyper 1: sends every message back. `cargo run --features hyper --example hyper -- [ADDRESS]`,
//! then open a WebSocket at any path.

use std::convert::Infallible;

use bytes::Bytes;
use framewright_tokio::{Error, Options, Upgraded, upgrade};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(listener).await
}

pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async {
            // With a timer, hyper gives up a client that does not finish its request.
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (response, upgraded) = upgrade(&mut request, &Options::new());
    if let Some(upgraded) = upgraded {
        // The socket opens after hyper has written the response.
        tokio::spawn(async {
            if let Err(error) = echo(upgraded).await {
                eprintln!("{error}");
            }
        });
    }
    Ok(response.map(Full::new))
}

async fn echo(upgraded: Upgraded) -> Result<(), Error> {
    let mut socket = upgraded.await?;
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}
