//! The service of the race of gRPC on `tonic`, on one thread, for bytes instead of `prost`'s messages. See
//! `grpc-framewright.rs` for what it does.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use futures_util::{FutureExt, StreamExt, stream};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{
    ClientStreamingService, Grpc, NamedService, ServerStreamingService, UnaryService,
};
use tonic::{Request, Response, Status, Streaming};
use tower_service::Service;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type BoxStream = Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, Status>> + Send>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    io::stdout().flush()?;
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tonic::transport::Server::builder()
        .max_concurrent_streams(1000)
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(1 << 20)
        .add_service(Bench)
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

#[derive(Clone)]
struct Bench;

impl NamedService for Bench {
    const NAME: &'static str = "bench.Bench";
}

impl Service<http::Request<Body>> for Bench {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        async move {
            let mut grpc = Grpc::new(Raw);
            Ok(match path.as_str() {
                "/bench.Bench/Echo" => grpc.unary(Echo, request).await,
                "/bench.Bench/Stream" => grpc.server_streaming(Stream, request).await,
                "/bench.Bench/Upload" => grpc.client_streaming(Upload, request).await,
                _ => grpc.client_streaming(Hold, request).await,
            })
        }
        .boxed()
    }
}

struct Echo;

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = BoxFuture<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        async move { Ok(Response::new(request.into_inner())) }.boxed()
    }
}

struct Stream;

impl ServerStreamingService<Bytes> for Stream {
    type Response = Bytes;
    type ResponseStream = BoxStream;
    type Future = BoxFuture<Result<Response<BoxStream>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        async move {
            let mut request = request.into_inner();
            let (count, len) = (request.get_u32(), request.get_u32() as usize);
            let message = Bytes::from(vec![0; len]);
            Ok(Response::new(stream::iter((0..count).map(move |_| Ok(message.clone()))).boxed()))
        }
        .boxed()
    }
}

struct Upload;

impl ClientStreamingService<Bytes> for Upload {
    type Response = Bytes;
    type Future = BoxFuture<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        async move {
            let mut messages = request.into_inner();
            while messages.message().await?.is_some() {}
            Ok(Response::new(Bytes::new()))
        }
        .boxed()
    }
}

struct Hold;

impl ClientStreamingService<Bytes> for Hold {
    type Response = Bytes;
    type Future = BoxFuture<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        async move {
            let mut messages = request.into_inner();
            while messages.message().await?.is_some() {}
            pending().await
        }
        .boxed()
    }
}

/// Messages as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
