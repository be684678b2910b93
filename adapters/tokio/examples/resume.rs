//! Reads an event stream with hyper up to `[DONE]`: if the connection ends before, it asks for the rest with the last event's ID,
//! after the time that the server wants. `cargo run --example resume -- [HOST:PORT] [PATH]`, with `tokens` as the server.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use framewright_tokio::sse::{self, Event};
use futures_util::StreamExt;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How often in a row it may come to nothing.
const TRIES: u32 = 5;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let path = arguments.next().unwrap_or_else(|| "/answer".to_owned());
    follow(&host, &path, |event| print!("{}", event.data)).await?;
    println!();
    Ok(())
}

/// What is kept between two connections.
struct Place {
    last_event_id: String,
    wait: Duration,
    failures: u32,
}

pub async fn follow(host: &str, path: &str, mut each: impl FnMut(&Event)) -> Result<()> {
    let mut place =
        Place { last_event_id: String::new(), wait: Duration::from_secs(3), failures: 0 };
    loop {
        place.failures += 1;
        match read(host, path, &mut place, &mut each).await {
            Ok(true) => return Ok(()),
            Ok(false) if place.failures < TRIES => {}
            Ok(false) => return Err("the stream ends again and again".into()),
            Err(error) if place.failures < TRIES => eprintln!("{error}"),
            Err(error) => return Err(error),
        }
        sleep(place.wait).await;
    }
}

/// Reads until the connection ends. Returns whether that was the end of the answer.
async fn read(
    host: &str,
    path: &str,
    place: &mut Place,
    each: &mut impl FnMut(&Event),
) -> Result<bool> {
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::get(path).header("Host", host).header("Accept", "text/event-stream");
    if !place.last_event_id.is_empty() {
        request = request.header("Last-Event-ID", &place.last_event_id);
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    if response.status() != 200 {
        return Err(response.status().to_string().into());
    }
    // A response of reqwest has a `bytes_stream()` for this.
    let mut events = sse::events(response.into_body().into_data_stream());
    while let Some(event) = events.next().await {
        let event = event?;
        place.failures = 0;
        if event.data == "[DONE]" {
            return Ok(true);
        }
        each(&event);
        // Noted with each event, because the next thing to come may be an error.
        if !event.last_event_id.is_empty() {
            place.last_event_id = event.last_event_id;
        }
        place.wait = events.reconnection_time().unwrap_or(place.wait);
    }
    Ok(false)
}
