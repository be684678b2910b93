//! A unary client of gRPC on a blocking socket: `cargo run --example grpc_client`.

use std::io::{Read, Write};
use std::{error::Error, net::TcpStream};

use framewright::grpc::{Client, ClientEvent, ClientRequest, Code, Heap, Limits, Path};
use prost::Message; // a message of one string is encoded like a `String`

fn main() -> Result<(), Box<dyn Error>> {
    say_hello("127.0.0.1:50051", "world").map(|reply| println!("{reply}"))
}

pub fn say_hello(address: &str, name: &str) -> Result<String, Box<dyn Error>> {
    let mut socket = TcpStream::connect(address)?;
    let mut grpc = Client::<Heap>::new(Limits::new(), framewright::http2::Limits::new(), 0);
    let path = Path::parse("/helloworld.Greeter/SayHello").ok_or("not a path")?;
    let (mut buf, mut out) = ([0; 16 * 1024], Vec::new());
    let request = ClientRequest::new(path).authority(address);
    grpc.unary(&request, &name.to_owned().encode_to_vec(), &mut out)?;
    loop {
        grpc.transmit(&mut out);
        socket.write_all(&std::mem::take(&mut out))?;
        let n @ 1.. = socket.read(&mut buf)? else { return Err("connection lost".into()) };
        let mut input = &mut buf[..n];
        while let Some(event) = grpc.receive(&mut input, 0) {
            let ClientEvent::End { call, code } = event else { continue };
            let reply = String::decode(grpc.message(call).bytes)?;
            return if code == Code::Ok { Ok(reply) } else { Err(code.to_string().into()) };
        }
    }
}
