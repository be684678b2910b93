//! Ours on the peers' runtime: any difference that remains comes from the library.

use framewright::ws::{Connection, Inbox, Limits, MessageEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn main() -> std::io::Result<()> {
    framewright_loopback::serve(|mut stream| async move {
        let Some(()) = framewright_loopback::upgrade(&mut stream).await else { return };
        let _ = echo(stream).await;
    })
}

async fn echo(mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let mut connection = Connection::server(Limits::new());
    let mut inbox = Inbox::new(Vec::new());
    let mut buf = vec![0; 32 * 1024];
    let mut out = Vec::new();
    while let n @ 1.. = stream.read(connection.read_target(&mut buf, &mut inbox)).await? {
        let mut input = inbox.filled(&buf, n);
        while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Message(_) = event {
                connection.send(inbox.message(), &mut out)?;
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}
