//! gRPC's own test cases with tonic, in both roles.
//!
//! ```text
//! framewright-grpc-tonic --listen
//! framewright-grpc-tonic --connect ADDRESS [CASE]
//! ```

mod client;
mod server;

mod testing {
    #![allow(clippy::all, reason = "it is generated")]
    tonic::include_proto!("grpc.testing");
}

use prost::Message as _;
use testing::{EchoStatus, Payload, RpcStatus};

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";
const GZIP: &str = "x-echo-gzip";

/// What may end a program or a case.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match &*args.iter().map(|arg| &**arg).collect::<Vec<_>>() {
        ["--listen"] => server::serve().await,
        ["--connect", address] => client::run(address, None).await,
        ["--connect", address, case] => client::run(address, Some(case)).await,
        _ => Err("usage: --listen | --connect ADDRESS [CASE]".into()),
    }
}

/// The `google.rpc.Status` of a call that was asked to end with this status: it is the only detail.
fn details(asked: &EchoStatus) -> Vec<u8> {
    let type_url = "type.googleapis.com/grpc.testing.EchoStatus".to_owned();
    let any = prost_types::Any { type_url, value: asked.encode_to_vec() };
    let EchoStatus { code, message } = asked.clone();
    RpcStatus { code, message, details: vec![any] }.encode_to_vec()
}

/// A payload of zeros.
fn zeros(size: i32) -> Option<Payload> {
    Some(Payload { body: vec![0; size as usize] })
}
