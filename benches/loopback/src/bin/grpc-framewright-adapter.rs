//! The service of the race of gRPC on `framewright-tokio`, on one thread. It ends when its standard input does. See
//! `grpc-framewright` for what it does.

use std::future::pending;
use std::io::{self, Read, Write};

use framewright::http2;
use framewright_tokio::grpc::{Call, Code, Options, Status};
use tokio::net::TcpListener;

fn main() -> io::Result<()> {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(listen())
}

async fn listen() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let options = Options::new().http2(http2::Limits::new().max_streams(1000));
        tokio::spawn(options.server(stream).serve(answer));
    }
}

async fn answer(call: Call) -> Result<(), Status> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    match call.path() {
        "/bench.Bench/Echo" => call.send(&call.message().await?).await,
        "/bench.Bench/Stream" => {
            let message = call.message().await?;
            let asked: [u8; 8] = (*message).try_into().map_err(|_| Code::InvalidArgument)?;
            let [a, b, c, d, e, f, g, h] = asked;
            let len = u32::from_be_bytes([e, f, g, h]) as usize;
            for _ in 0..u32::from_be_bytes([a, b, c, d]) {
                call.send(&ZEROS[..len]).await?;
            }
            Ok(())
        }
        "/bench.Bench/Upload" => {
            while let Some(message) = call.next().await {
                message?;
            }
            call.send(b"").await
        }
        "/bench.Bench/Hold" => pending().await,
        _ => Err(Code::Unimplemented.into()),
    }
}
