//! A unary server of gRPC on blocking sockets: `cargo run --example grpc_server`.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use framewright::grpc::{CallKind, Heap, Server, ServerConfig, ServerEvent};
use framewright::http2::Limits;
use prost::Message; // a message of one string is encoded like a `String`

fn main() -> io::Result<()> {
    for socket in TcpListener::bind("127.0.0.1:50051")?.incoming() {
        std::thread::spawn(|| serve(socket?));
    }
    Ok(())
}

pub fn serve(mut socket: TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(600)))?; // clients vanish
    let mut grpc = Server::<Heap>::new(ServerConfig::new(), Limits::new(), 0);
    let (start, mut buf, mut out) = (Instant::now(), [0; 16 * 1024], Vec::new());
    while !grpc.is_over() {
        let n @ 1.. = socket.read(&mut buf)? else { break };
        let mut input = &mut buf[..n];
        while let Some(event) = grpc.receive(&mut input, start.elapsed().as_millis() as u64) {
            match event {
                ServerEvent::Call(call) if grpc.path() == "/helloworld.Greeter/SayHello" => {
                    grpc.accept(call, CallKind::Unary).map_err(io::Error::other)?;
                }
                ServerEvent::Message(call) => {
                    let reply = format!("Hello {}", String::decode(grpc.message(call).bytes)?);
                    grpc.reply(call, &reply.encode_to_vec(), &mut out).map_err(io::Error::other)?;
                }
                _ => {}
            }
        }
        grpc.transmit(&mut out);
        socket.write_all(&std::mem::take(&mut out))?; // all of it, before `transmit` comes again
    }
    Ok(())
}
