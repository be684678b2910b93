//! Our receiver. It reads as the documentation's chapter on speed says, or as its argument says.

use framewright::ws::{Connection, Inbox, Limits, MessageEvent};
use framewright_loopback::Receipt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How to read.
#[derive(Clone, Copy)]
struct Reads {
    /// Length of the buffer.
    len: usize,
    /// Whether the rest of a long message is read to its place.
    to_target: bool,
}

fn main() -> std::io::Result<()> {
    let reads = match std::env::args().nth(1).as_deref() {
        Some("short") => Reads { len: 16 << 10, to_target: true },
        Some("one-buffer") => Reads { len: 64 << 10, to_target: false },
        _ => Reads { len: 64 << 10, to_target: true },
    };
    framewright_loopback::serve(move |mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let _ = receive(stream, reads).await;
    })
}

async fn receive(mut stream: TcpStream, reads: Reads) -> Result<(), Box<dyn std::error::Error>> {
    let mut connection = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = vec![0; reads.len];
    let mut out = Vec::new();
    let mut receipt = Receipt::default();
    loop {
        let target = match reads.to_target {
            true => connection.read_target(&mut buf, &mut inbox),
            false => &mut buf,
        };
        let n @ 1.. = stream.read(target).await? else { return Ok(()) };
        let mut input = inbox.filled(&buf, n);
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event
                && let Some(answer) = receipt.note(inbox.message().as_bytes())
            {
                connection.send(&answer, &mut out)?;
            }
        }
        connection.transmit(&mut out);
        if !out.is_empty() {
            stream.write_all(&out).await?;
            out.clear();
        }
    }
}
