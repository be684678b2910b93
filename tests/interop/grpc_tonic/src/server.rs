//! The server.

use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::testing::test_service_server::{TestService, TestServiceServer};
use crate::testing::{
    EchoStatus, Empty, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use crate::{Error, GZIP, INITIAL, details, zeros};

type Responses = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

struct Service;

pub async fn serve() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut stop = signal(SignalKind::terminate())?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = TestServiceServer::new(Service)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
            stop.recv().await;
        })
        .await?;
    Ok(())
}

/// A response with the metadata that are to come back in its head. Trailers cannot have any unless the call fails.
fn greet<T>(sent: &MetadataMap, message: T) -> Response<T> {
    let mut response = Response::new(message);
    if let Some(value) = sent.get(INITIAL) {
        response.metadata_mut().insert(INITIAL, value.clone());
    }
    if sent.get(GZIP).is_none() {
        response.disable_compression();
    }
    response
}

fn check(asked: Option<EchoStatus>) -> Result<(), Status> {
    match asked {
        Some(asked) if asked.code != 0 => {
            let details = details(&asked);
            Err(Status::with_details(Code::from(asked.code), asked.message, details.into()))
        }
        _ => Ok(()),
    }
}

fn respond(
    request: StreamingOutputCallRequest,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> {
    async_stream::try_stream! {
        check(request.response_status)?;
        for parameters in request.response_parameters {
            tokio::time::sleep(Duration::from_micros(parameters.interval_us as u64)).await;
            yield StreamingOutputCallResponse { payload: zeros(parameters.size) };
        }
    }
}

#[tonic::async_trait]
impl TestService for Service {
    type StreamingOutputCallStream = Responses;
    type FullDuplexCallStream = Responses;

    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let (sent, _, request) = request.into_parts();
        check(request.response_status)?;
        Ok(greet(&sent, SimpleResponse { payload: zeros(request.response_size) }))
    }

    async fn streaming_input_call(
        &self,
        requests: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = requests.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            size += request.payload.map_or(0, |payload| payload.body.len() as i32);
        }
        Ok(Response::new(StreamingInputCallResponse { aggregated_payload_size: size }))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let (sent, _, request) = request.into_parts();
        Ok(greet(&sent, Box::pin(respond(request)) as Responses))
    }

    async fn full_duplex_call(
        &self,
        requests: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let (sent, _, mut requests) = requests.into_parts();
        let responses = async_stream::try_stream! {
            while let Some(request) = requests.message().await? {
                let responses = respond(request);
                tokio::pin!(responses);
                while let Some(response) = responses.next().await {
                    yield response?;
                }
            }
        };
        Ok(greet(&sent, Box::pin(responses) as Responses))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("no server has it"))
    }
}
