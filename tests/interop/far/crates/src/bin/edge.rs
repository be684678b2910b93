//! WebSockets of `edge-net`: `edge URL` for a client, `edge PORT` for a server that sends every message back.
//!
//! A client prints what each check saw, as lines of JSON. The crate reads and writes frames: joining fragments, pongs and the
//! answer to a close are ours.

use std::fmt::{Debug, Display};
use std::net::SocketAddr;

use edge_http::io::client;
use edge_http::io::server::{Connection, DefaultServer, Handler};
use edge_http::ws::{MAX_BASE64_KEY_LEN, MAX_BASE64_KEY_RESPONSE_LEN, upgrade_request_headers};
use edge_nal::{TcpBind, TcpConnect};
use edge_nal_std::Stack;
use edge_ws::{Error, FrameHeader, FrameType};
// It has the clock.
use embassy_time as _;
use embedded_io_async::{Read, Write};
use serde_json::json;

const SIZES: [usize; 7] = [0, 125, 126, 65535, 65536, 1 << 20, 5 << 20];
const LONGEST: usize = 8 << 20;

fn main() {
    let wanted = std::env::args().nth(1).expect("usage: edge URL|PORT");
    let done = match wanted.strip_prefix("ws://") {
        Some(address) => futures_lite::future::block_on(check(address)),
        None => futures_lite::future::block_on(serve(&wanted)),
    };
    if let Err(e) = done {
        say("the rest", &e);
    }
}

fn say(check: &str, seen: &str) {
    println!("{}", json!([check, seen]));
}

enum Received {
    Message(FrameType, Vec<u8>),
    Close(Vec<u8>),
}

/// Receives up to the next message or close, and answers pings.
async fn receive<T: Read + Write>(
    socket: &mut T,
    buf: &mut [u8],
    mask_key: Option<u32>,
) -> Result<Received, Error<T::Error>> {
    let (mut kind, mut message) = (FrameType::Text(false), Vec::new());
    loop {
        let header = FrameHeader::recv(&mut *socket).await?;
        let payload = header.recv_payload(&mut *socket, buf).await?;
        match header.frame_type {
            FrameType::Ping => send(socket, FrameType::Pong, mask_key, payload).await?,
            FrameType::Pong => {}
            FrameType::Close => return Ok(Received::Close(payload.to_vec())),
            FrameType::Text(_) | FrameType::Binary(_) | FrameType::Continue(_) => {
                match header.frame_type {
                    FrameType::Text(_) => kind = FrameType::Text(false),
                    FrameType::Binary(_) => kind = FrameType::Binary(false),
                    _ => {}
                }
                message.extend_from_slice(payload);
                if header.frame_type.is_final() {
                    return Ok(Received::Message(kind, message));
                }
            }
        }
    }
}

async fn send<T: Write>(
    socket: &mut T,
    frame_type: FrameType,
    mask_key: Option<u32>,
    payload: &[u8],
) -> Result<(), Error<T::Error>> {
    edge_ws::io::send(&mut *socket, frame_type, mask_key, payload).await?;
    socket.flush().await.map_err(Error::Io)
}

type Socket = <Stack as TcpConnect>::Socket<'static>;

/// Opens a WebSocket. Otherwise it returns the status.
async fn open(
    address: &str,
    path: &str,
    protocol: Option<&str>,
) -> Result<(Socket, Option<String>), String> {
    static STACK: std::sync::LazyLock<Stack> = std::sync::LazyLock::new(Stack::new);
    let failed = |e: edge_http::io::Error<std::io::Error>| format!("{e:?}");
    let buf = vec![0; 8192].leak();
    let addr: SocketAddr = address.parse().map_err(|e| format!("{e}"))?;
    let mut connection: client::Connection<'_, Stack> = client::Connection::new(buf, &*STACK, addr);
    let (nonce, mut key) = ([7; 16], [0; MAX_BASE64_KEY_LEN]);
    // Without an origin, it would send a header without a name.
    let origin = format!("http://{address}");
    let mut headers =
        upgrade_request_headers(Some(address), Some(&origin), None, &nonce, &mut key).to_vec();
    headers.extend(protocol.map(|name| ("Sec-WebSocket-Protocol", name)));
    connection
        .initiate_request(true, edge_http::Method::Get, path, &headers)
        .await
        .map_err(failed)?;
    connection.initiate_response().await.map_err(failed)?;
    let mut accept = [0; MAX_BASE64_KEY_RESPONSE_LEN];
    if !connection.is_ws_upgrade_accepted(&nonce, &mut accept).map_err(failed)? {
        return Err(connection.headers().map_err(failed)?.code.to_string());
    }
    let chosen = connection
        .headers()
        .map_err(failed)?
        .headers
        .get("Sec-WebSocket-Protocol")
        .map(str::to_owned);
    connection.complete().await.map_err(failed)?;
    Ok((connection.release().0, chosen))
}

async fn check(address: &str) -> Result<(), String> {
    const KEY: Option<u32> = Some(0x1234_5678);
    let failed = |e: Error<std::io::Error>| format!("{e:?}");
    let buf = &mut vec![0; LONGEST][..];
    let close = |payload: &[u8]| {
        let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
        format!("{code} {}", String::from_utf8_lossy(payload.get(2..).unwrap_or_default()))
            .trim_end()
            .to_owned()
    };
    for (kind, frame_type) in
        [("text", FrameType::Text(false)), ("binary", FrameType::Binary(false))]
    {
        let (mut socket, _) = open(address, "/ws/echo", None).await?;
        for size in SIZES {
            let text = "äb".repeat(size / 3) + &"x".repeat(size % 3);
            let bytes: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let sent = if kind == "text" { text.as_bytes() } else { &bytes };
            send(&mut socket, frame_type, KEY, sent).await.map_err(failed)?;
            let seen = match receive(&mut socket, buf, KEY).await.map_err(failed)? {
                Received::Message(back_type, back) if back_type == frame_type && back == sent => {
                    "echoed".to_owned()
                }
                Received::Message(_, back) => format!("{} bytes", back.len()),
                Received::Close(payload) => format!("closed {}", close(&payload)),
            };
            say(&format!("{kind} of {size} bytes"), &seen);
        }
        if kind == "text" {
            send(&mut socket, FrameType::Close, KEY, b"\x0F\xA1bye").await.map_err(failed)?;
            let Received::Close(payload) = receive(&mut socket, buf, KEY).await.map_err(failed)?
            else {
                return Err("a message in place of a close".to_owned());
            };
            say("close by the client", &close(&payload));
        }
    }
    let (mut socket, chosen) = open(address, "/ws/chat", Some("chat")).await?;
    say("subprotocol", chosen.as_deref().unwrap_or("none"));
    send(&mut socket, FrameType::Text(false), KEY, &[b'x'; 70_000]).await.map_err(failed)?;
    let payload = loop {
        if let Received::Close(payload) = receive(&mut socket, buf, KEY).await.map_err(failed)? {
            break payload;
        }
    };
    say("close by the server", &close(&payload)[..4]);
    say("refusal", &open(address, "/nothing", None).await.err().unwrap_or("opened".to_owned()));
    Ok(())
}

async fn serve(port: &str) -> Result<(), String> {
    let addr = format!("127.0.0.1:{port}").parse().map_err(|e| format!("{e}"))?;
    let acceptor = Stack::new().bind(addr).await.map_err(|e| e.to_string())?;
    DefaultServer::new().run(None, acceptor, Echo).await.map_err(|e| format!("{e:?}"))
}

struct Echo;

#[derive(Debug)]
enum EchoError<C, W> {
    Http(C),
    WebSocket(W),
}

impl<C, W> From<C> for EchoError<C, W> {
    fn from(e: C) -> Self {
        Self::Http(e)
    }
}

impl Handler for Echo {
    type Error<E>
        = EchoError<edge_http::io::Error<E>, Error<E>>
    where
        E: Debug;

    async fn handle<T: Read + Write, const N: usize>(
        &self,
        _: impl Display + Copy,
        connection: &mut Connection<'_, T, N>,
    ) -> Result<(), Self::Error<T::Error>> {
        if !connection.is_ws_upgrade_request()? {
            return Ok(connection.initiate_response(400, None, &[]).await?);
        }
        connection.initiate_ws_upgrade_response(&mut [0; MAX_BASE64_KEY_RESPONSE_LEN]).await?;
        connection.complete().await?;
        let mut socket = connection.unbind()?;
        let buf = &mut vec![0; LONGEST][..];
        loop {
            let (frame_type, payload) =
                match receive(&mut socket, buf, None).await.map_err(EchoError::WebSocket)? {
                    Received::Message(kind, bytes) => (kind, bytes),
                    Received::Close(bytes) => (FrameType::Close, bytes),
                };
            send(&mut socket, frame_type, None, &payload).await.map_err(EchoError::WebSocket)?;
            if frame_type == FrameType::Close {
                return Ok(());
            }
        }
    }
}
