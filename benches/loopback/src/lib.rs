//! What the servers on tokio share: everything but the WebSocket.

pub mod contest;
pub mod crowd;
pub mod options;
pub mod plot;
pub mod websocket;

use std::io::{self, Read, Write};
use std::pin::pin;

use framewright::http1::Limits;
use framewright::ws::handshake::{Origins, Server};
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Number of messages to take in before their echoes go out.
const BATCH: usize = 32;

/// Serves every connection in a task of its own, on one thread; ends the process when its standard input ends.
pub fn serve<F>(echo: impl Fn(TcpStream) -> F + Copy + 'static) -> io::Result<()>
where
    F: Future<Output = ()> + 'static,
{
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // As in the peers' own examples: a task does not yield while it has something to read.
            tokio::task::spawn_local(tokio::task::unconstrained(echo(stream)));
        }
    })
}

/// Answers the opening handshake, for crates that leave that to an HTTP server or to the caller.
///
/// Clients must wait for the answer before they send frames.
pub async fn upgrade(stream: &mut TcpStream) -> Option<()> {
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let mut buf = [0; 4096];
    let mut response = Vec::new();
    while response.is_empty() {
        let n @ 1.. = stream.read(&mut buf).await.ok()? else { return None };
        if let Some(offer) = server.receive(&mut &mut buf[..n]).ok()? {
            offer.accept().write(&mut response).ok()?;
        }
    }
    stream.write_all(&response).await.ok()
}

/// Echoes the messages of a WebSocket, with one flush for all that are pending.
///
/// All are taken in before the first is sent: some of the peers flush by themselves during a read.
pub async fn echo<M, E>(
    socket: impl Stream<Item = Result<M, E>> + Sink<M, Error = E>,
    is_data: impl Fn(&M) -> bool,
) -> Result<(), E> {
    let mut socket = pin!(socket);
    let mut messages = Vec::with_capacity(BATCH);
    while let Some(message) = socket.next().await {
        messages.push(message?);
        while messages.len() < BATCH
            && let Some(Some(message)) = socket.next().now_or_never()
        {
            messages.push(message?);
        }
        for message in messages.drain(..) {
            if is_data(&message) {
                socket.feed(message).await?;
            }
        }
        socket.flush().await?;
    }
    Ok(())
}

/// What a receiver has received since it last said so. A message counts when its bytes can be read, unmasked.
#[derive(Debug, Default)]
pub struct Receipt {
    /// Number of bytes.
    len: u64,
    /// The sum of the words at the messages' ends.
    ends: u64,
}

impl Receipt {
    /// Notes a message. Returns what to answer if it is empty: that is how the sender asks.
    pub fn note(&mut self, message: &[u8]) -> Option<[u8; 16]> {
        if message.is_empty() {
            let Self { len, ends } = std::mem::take(self);
            return Some((u128::from(len) << 64 | u128::from(ends)).to_be_bytes());
        }
        self.len += message.len() as u64;
        if let Some(end) = message.last_chunk() {
            self.ends = self.ends.wrapping_add(u64::from_be_bytes(*end));
        }
        None
    }
}
