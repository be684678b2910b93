//! A service in Protobuf, and a client of it: `cargo run --example grpc -- [server | client] [ADDRESS]`.

use std::io;
use std::pin::pin;
use std::time::Duration;

use framewright_tokio::grpc::{Call, Client, Code, Server, Status};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// As `protoc` would generate it from `message User { int64 id = 1; string name = 2; }`.
#[derive(Clone, PartialEq, Message)]
pub struct User {
    #[prost(int64, tag = "1")]
    pub id: i64,
    #[prost(string, tag = "2")]
    pub name: String,
}

const NAMES: [&str; 3] = ["Ada", "Grace", "Barbara"];

/// Answers a call. What it returns is the status of the call.
async fn answer(call: Call) -> Result<(), Status> {
    match call.path() {
        "/user.UserService/GetUser" => {
            let id = decode::<User>(&call.message().await?)?.id;
            let name = usize::try_from(id).ok().and_then(|id| NAMES.get(id));
            let name = name.ok_or(Status::new(Code::NotFound, "no such user"))?;
            call.send(&User { id, name: (*name).to_owned() }.encode_to_vec()).await
        }
        "/user.UserService/ListUsers" => {
            call.message().await?;
            for (id, name) in (0..).zip(NAMES) {
                call.send(&User { id, name: name.to_owned() }.encode_to_vec()).await?;
            }
            Ok(())
        }
        _ => Err(Code::Unimplemented.into()),
    }
}

fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, Status> {
    M::decode(bytes).map_err(|error| Status::new(Code::Internal, error.to_string()))
}

/// Serves until Ctrl-C. Then calls that have begun go on to their ends.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut ctrl_c = pin!(ctrl_c());
    // Dropping the sender tells all connections.
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            pressed = &mut ctrl_c => break pressed?,
            Some(_) = connections.join_next() => continue,
        };
        stream.set_nodelay(true)?;
        let mut stopped = stopped.clone();
        connections.spawn(async move {
            let stop = async { drop(stopped.changed().await) };
            if let Err(error) = Server::new(stream).serve_until(stop, answer).await {
                eprintln!("{error}");
            }
        });
    }
    drop((listener, stop));
    // The runtime, when it is dropped, would cut them off.
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Makes a call of two kinds, and returns the users' names.
pub async fn ask(address: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let client = Client::new(stream, address);
    let request = client.request("/user.UserService/GetUser").timeout(Duration::from_secs(10));
    let user = request.unary(&User { id: 1, ..User::default() }.encode_to_vec()).await?;
    let mut names = vec![decode::<User>(&user)?.name];

    let users = client.request("/user.UserService/ListUsers").server_streaming(b"").await?;
    while let Some(user) = users.next().await {
        names.push(decode::<User>(&user?)?.name);
    }
    Ok(names)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let address = args.get(1).map_or("127.0.0.1:50051", |address| address);
    match args.first().map(|side| &**side) {
        Some("client") => println!("{:?}", ask(address).await?),
        _ => serve(TcpListener::bind(address).await?).await?,
    }
    Ok(())
}
