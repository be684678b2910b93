//! Ours on the peers' runtime: any difference that remains comes from the library.

use framewright::ws::{Assembler, Connection, Event, Limits};
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
    let mut assembler = Assembler::new(Vec::new());
    let mut buf = vec![0; 32 * 1024];
    let mut out = Vec::new();
    while let n @ 1.. = stream.read(&mut buf).await? {
        let mut input = &mut buf[..n];
        while let Some(event) = connection.receive(&mut input) {
            if let Event::Part(part) = event
                && let Some(message) = assembler.push(part)?
            {
                connection.send(message, &mut out)?;
            }
        }
        connection.transmit(&mut out);
        stream.write_all(&out).await?;
        out.clear();
    }
    Ok(())
}
