//! Sends every message back: `cargo run --release --example echo -- [ADDRESS]`.

use std::pin::pin;

use framewright::ws::Limits;
use framewright_tokio::{Error, Options};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut stop = pin!(tokio::signal::ctrl_c());
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            stopped = &mut stop => return stopped,
        };
        tokio::spawn(async {
            if let Err(error) = echo(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let limits = Limits::new().max_frame_len(64 << 20).max_message_len(64 << 20);
    let mut socket = Options::new().limits(limits).accept(stream).await?;
    while let Some(message) = socket.next().await {
        match socket.send(&message?).await {
            Ok(()) => {}
            // The client closes, and waits for no message.
            Err(Error::Send(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
