//! A chat over gRPC, whose server stops gracefully, and a client that connects again.
//! `cargo run --example grpc_chat -- [server | NAME] [ADDRESS]`.

use std::io;
use std::pin::pin;
use std::time::Duration;

use framewright_tokio::grpc::{Call, Client, Code, Server, Status};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::ctrl_c;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many messages the room keeps for a client that is slow to take them.
const KEPT: usize = 64;
/// How long a client waits before it connects again, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// What a handler shares with all others. Messages are text here, and would be Protobuf.
#[derive(Clone)]
pub struct Room {
    said: broadcast::Sender<String>,
    /// Its sender is dropped when the server stops. A call without an end is not told otherwise.
    stopped: watch::Receiver<()>,
}

impl Room {
    async fn answer(mut self, call: Call) -> Result<(), Status> {
        if call.path() != "/chat.Chat/Join" {
            return Err(Code::Unimplemented.into());
        }
        let Some(name) = call.metadata().get("x-name") else {
            return Err(Status::new(Code::Unauthenticated, "who are you?"));
        };
        let mut said = self.said.subscribe();
        // Some clients wait for it before they send.
        call.send_head(Default::default())?;
        loop {
            // Whatever is dropped here loses nothing.
            tokio::select! {
                message = call.next() => {
                    let Some(message) = message else { return Ok(()) };
                    let text = String::from_utf8_lossy(&message?).into_owned();
                    // It fails if nobody is here.
                    let _ = self.said.send(format!("{name}: {text}"));
                }
                text = said.recv() => match text {
                    Ok(text) => call.send(text.as_bytes()).await?,
                    Err(RecvError::Lagged(_)) => {
                        return Err(Status::new(Code::ResourceExhausted, "too slow"));
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = self.stopped.changed() => {
                    return Err(Status::new(Code::Unavailable, "the server stops"));
                }
            }
        }
    }
}

/// Serves until `stop` is ready. Then every call is told, and has time to end.
pub async fn serve(listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(());
    let room = Room { said: broadcast::Sender::new(KEPT), stopped };
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
        };
        stream.set_nodelay(true)?;
        let (room, mut stopped) = (room.clone(), room.stopped.clone());
        connections.spawn(async move {
            let stop = async { drop(stopped.changed().await) };
            let answer = move |call| room.clone().answer(call);
            if let Err(error) = Server::new(stream).serve_until(stop, answer).await {
                eprintln!("{error}");
            }
        });
    }
    drop((listener, stopping));
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Passes on what is said, and sends what comes from `lines`, until those end. Connects again whenever it is cut off.
pub async fn join(
    address: &str,
    name: &str,
    lines: &mut mpsc::Receiver<String>,
    mut heard: impl FnMut(&str),
) {
    let mut wait = WAITS.0;
    let mut unsent = None;
    loop {
        let mut is_in = false;
        let visited = visit(address, name, lines, &mut unsent, |text| {
            is_in = true;
            heard(text);
        });
        let Err(why) = visited.await else { return };
        // One that was in begins with a short wait again.
        wait = if is_in { WAITS.0 } else { wait };
        eprintln!("{why}; again in {wait:?}");
        sleep(wait).await;
        wait = (wait * 2).min(WAITS.1);
    }
}

/// `unsent` is a line that no server has been sent.
async fn visit(
    address: &str,
    name: &str,
    lines: &mut mpsc::Receiver<String>,
    unsent: &mut Option<String>,
    mut heard: impl FnMut(&str),
) -> Result<(), Status> {
    let unavailable = |error: io::Error| Status::new(Code::Unavailable, error.to_string());
    let stream = TcpStream::connect(address).await.map_err(unavailable)?;
    stream.set_nodelay(true).map_err(unavailable)?;
    let client = Client::new(stream, address);
    let metadata = [("x-name", name.into())];
    let call = client.request("/chat.Chat/Join").metadata(&metadata).bidi().await?;
    // The call itself has no deadline, and so its beginning has one.
    let late = |_| Status::from(Code::DeadlineExceeded);
    timeout(Duration::from_secs(10), call.head()).await.map_err(late)??;
    loop {
        if let Some(line) = &unsent {
            call.send(line.as_bytes()).await?;
            *unsent = None;
        }
        tokio::select! {
            text = call.next() => match text {
                Some(text) => heard(&String::from_utf8_lossy(&text?)),
                None => return Err(Status::new(Code::Unavailable, "the server has ended the call")),
            },
            line = lines.recv() => match line {
                Some(line) => *unsent = Some(line),
                None => break,
            },
        }
    }
    call.half_close();
    while let Some(text) = call.next().await {
        heard(&String::from_utf8_lossy(&text?));
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let address = args.get(1).map_or("127.0.0.1:50051", |address| address);
    match args.first().map(|side| &**side) {
        None | Some("server") => {
            serve(TcpListener::bind(address).await?, async { drop(ctrl_c().await) }).await
        }
        Some(name) => {
            let (said, mut lines) = mpsc::channel(1);
            tokio::spawn(async move {
                let mut typed = BufReader::new(stdin()).lines();
                while let Ok(Some(line)) = typed.next_line().await {
                    let _ = said.send(line).await;
                }
            });
            join(address, name, &mut lines, |text| println!("{text}")).await;
            Ok(())
        }
    }
}
