//! The service `grpc.testing.TestService`.

use std::io;
use std::pin::pin;
use std::time::Duration;

use framewright_tokio::grpc::{Call, Code, Message as Wire, MetadataMap, ResponseHead, Status};
use prost::Message;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::messages::{
    EchoStatus, PayloadResponse, SimpleRequest, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, details, zeros,
};
use crate::{compress, decompress, options};

/// Serves until SIGINT, and then until all calls have ended.
pub async fn listen(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (stop, is_stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    // Made once: one that is dropped has perhaps taken the signal.
    let mut ctrl_c = pin!(ctrl_c());
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            stopped = &mut ctrl_c => break stopped?,
            Some(_) = connections.join_next() => continue,
        };
        stream.set_nodelay(true)?;
        let mut is_stopped = is_stopped.clone();
        let stop = async move { drop(is_stopped.wait_for(|stopped| *stopped).await) };
        connections.spawn(options().server(stream).serve_until(stop, answer));
    }
    drop(listener);
    stop.send_replace(true);
    drop(connections.join_all().await);
    Ok(())
}

async fn answer(call: Call) -> Result<(), Status> {
    let Some(method) = call.path().strip_prefix("/grpc.testing.TestService/") else {
        return Err(Code::Unimplemented.into());
    };
    let mut call = Replies { call: &call, compress: false };
    match method {
        "EmptyCall" => {
            let trailing = call.begin(false)?;
            call.call.message().await?;
            call.send(&()).await?;
            call.finish(trailing)
        }
        "UnaryCall" => {
            let trailing = call.begin(false)?;
            let message = call.call.message().await?;
            let request: SimpleRequest = call.decode(&message)?;
            check(request.response_status)?;
            let expected = request.expect_compressed.map(|expected| expected.value);
            if expected.is_some_and(|expected| expected != call.call.is_compressed()) {
                return Err(Status::new(Code::InvalidArgument, "not as compressed as expected"));
            }
            call.send(&PayloadResponse { payload: zeros(len(request.response_size)) }).await?;
            call.finish(trailing)
        }
        "StreamingInputCall" => {
            let trailing = call.begin(false)?;
            let mut sum = 0;
            while let Some(message) = call.call.next().await {
                let request: StreamingInputCallRequest = call.decode(&message?)?;
                sum += request.payload.map_or(0, |payload| payload.body.len());
            }
            let aggregated_payload_size = i32::try_from(sum).unwrap_or(i32::MAX);
            call.send(&StreamingInputCallResponse { aggregated_payload_size }).await?;
            call.finish(trailing)
        }
        "StreamingOutputCall" => {
            let trailing = call.begin(false)?;
            let message = call.call.message().await?;
            call.answer(call.decode(&message)?).await?;
            call.finish(trailing)
        }
        "FullDuplexCall" => {
            let trailing = call.begin(true)?;
            while let Some(message) = call.call.next().await {
                call.answer(call.decode(&message?)?).await?;
            }
            call.finish(trailing)
        }
        // Replies come after all requests.
        "HalfDuplexCall" => {
            let trailing = call.begin(true)?;
            let mut requests = Vec::new();
            while let Some(message) = call.call.next().await {
                requests.push(call.decode(&message?)?);
            }
            for request in requests {
                call.answer(request).await?;
            }
            call.finish(trailing)
        }
        _ => Err(Code::Unimplemented.into()),
    }
}

/// A call, and whether its replies are compressed.
struct Replies<'a> {
    call: &'a Call,
    compress: bool,
}

impl Replies<'_> {
    /// Sends the head, if it says anything or is awaited, and returns the metadata for the trailers.
    fn begin(&mut self, is_awaited: bool) -> Result<MetadataMap, Status> {
        let mut lists = (MetadataMap::new(), MetadataMap::new());
        for (name, value) in self.call.metadata().iter() {
            // What came can be sent back.
            let _: Result<(), _> = match name {
                "x-grpc-test-echo-initial" => lists.0.push(name, value),
                "x-grpc-test-echo-trailing-bin" => lists.1.push(name, value),
                "x-echo-gzip" => {
                    self.compress = self.call.accepted_encoding().is_some();
                    Ok(())
                }
                _ => Ok(()),
            };
        }
        let mut head = ResponseHead::new().metadata(&lists.0);
        if let (true, Some(encoding)) = (self.compress, self.call.accepted_encoding()) {
            head = head.encoding(encoding);
        }
        if is_awaited || self.compress || !lists.0.is_empty() {
            self.call.send_head(head)?;
        }
        Ok(lists.1)
    }

    fn decode<M: Message + Default>(&self, message: &[u8]) -> Result<M, Status> {
        let bytes = decompress(message, self.call.is_compressed());
        let message = bytes.and_then(|bytes| M::decode(&*bytes).ok());
        message.ok_or(Status::new(Code::Internal, "malformed message"))
    }

    async fn send(&self, message: &impl Message) -> Result<(), Status> {
        let bytes = message.encode_to_vec();
        match self.compress {
            true => self.call.send(Wire { compressed: true, bytes: &compress(&bytes) }).await,
            false => self.call.send(&bytes).await,
        }
    }

    /// Sends all that a request asks for.
    async fn answer(&self, request: StreamingOutputCallRequest) -> Result<(), Status> {
        check(request.response_status)?;
        for response in request.response_parameters {
            let us = u64::try_from(response.interval_us).unwrap_or(0);
            sleep(Duration::from_micros(us)).await;
            self.send(&PayloadResponse { payload: zeros(len(response.size)) }).await?;
        }
        Ok(())
    }

    fn finish(&self, trailing: MetadataMap) -> Result<(), Status> {
        self.call.finish(&Status::from(Code::Ok).with_metadata(trailing))
    }
}

fn check(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code > 0 => {
            let code = Code::from(u32::try_from(status.code).unwrap_or(0));
            let details = details(&status);
            Err(Status::new(code, status.message).with_details(details))
        }
        _ => Ok(()),
    }
}

/// A length that a client asks for, as far as it makes sense.
fn len(asked: i32) -> usize {
    usize::try_from(asked).unwrap_or(0).min(16 << 20)
}
