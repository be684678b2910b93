//! A client and a server, with a service of all four kinds.

use framewright_tokio::grpc::{Call, Client, Code, Options, Server, Status};
use tokio::io::duplex;
use tokio::net::{TcpListener, TcpStream};

/// Answers with what came.
pub async fn answer(call: Call) -> Result<(), Status> {
    match call.path() {
        "/test.Echo/Unary" => {
            let message = call.message().await?;
            call.send(&message).await
        }
        // As many times as the message has bytes.
        "/test.Echo/Repeat" => {
            let message = call.message().await?;
            for _ in 0..message.len() {
                call.send(&message).await?;
            }
            Ok(())
        }
        "/test.Echo/Join" => {
            let mut all = Vec::new();
            while let Some(message) = call.next().await {
                all.extend_from_slice(&message?);
            }
            call.send(&all).await
        }
        "/test.Echo/Chat" => {
            while let Some(message) = call.next().await {
                call.send(&message?).await?;
            }
            Ok(())
        }
        "/test.Echo/Fail" => {
            let mut status =
                Status::new(Code::NotFound, "no café there").with_details(*b"\x01\xFF");
            status.metadata.push("x-why", "gone").expect("it is valid");
            Err(status)
        }
        _ => Err(Code::Unimplemented.into()),
    }
}

/// A client of a server of [`answer`], with a pipe of `len` bytes between them.
pub fn piped(len: usize) -> Client {
    let (ours, theirs) = duplex(len);
    tokio::spawn(Server::new(theirs).serve(answer));
    Client::new(ours, "localhost")
}

/// The same over TCP.
pub async fn over_tcp(options: Options) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        options.server(stream).serve(answer).await
    });
    Client::new(TcpStream::connect(address).await.expect("it listens"), "localhost")
}
