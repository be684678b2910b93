//! The client: names, messages and sizes are those of interop-test-descriptions.md.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

use crate::testing::test_service_client::TestServiceClient;
use crate::testing::unimplemented_service_client::UnimplementedServiceClient;
use crate::testing::{
    BoolValue, EchoStatus, Empty, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use crate::{Error, GZIP, INITIAL, TRAILING, details, zeros};

type Client = TestServiceClient<Channel>;
type Outcome = Pin<Box<dyn Future<Output = Result<(), Error>>>>;
type Case = fn(Channel) -> Outcome;

/// A table of cases by their names.
macro_rules! cases {
    ($($name:ident)*) => { &[$((stringify!($name), |channel| Box::pin($name(channel)) as Outcome)),*] };
}

const CASES: &[(&str, Case)] = cases! {
    empty_unary large_unary client_streaming server_streaming ping_pong empty_stream
    cancel_after_begin cancel_after_first_response timeout_on_sleeping_server
    status_code_and_message special_status_message unimplemented_method unimplemented_service
    custom_metadata client_compressed_unary server_compressed_unary
    status_details a_message_over_the_limit a_response_over_the_limit a_hundred_streams_at_once
};
/// Run only if they are asked for, because somebody has to stop the server meanwhile.
const SHUTDOWNS: &[(&str, Case)] = cases! { shutdown_in_mid_call calls_in_a_shutdown };

const REQUESTS: [i32; 4] = [27182, 8, 1828, 45904];
const RESPONSES: [i32; 4] = [31415, 9, 2653, 58979];

pub async fn run(address: &str, only: Option<&str>) -> Result<(), Error> {
    let url = format!("http://{}", address.trim_start_matches("http://"));
    let channel = Endpoint::new(url)?.timeout(Duration::from_secs(20)).connect().await?;
    let cases = [CASES, if only.is_some() { SHUTDOWNS } else { &[] }].concat();
    for (name, case) in cases.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        match case(channel.clone()).await {
            Ok(()) => println!("ok {name}"),
            Err(e) => println!("FAILED {name}: {e}"),
        }
    }
    Ok(())
}

async fn empty_unary(channel: Channel) -> Result<(), Error> {
    Client::new(channel).empty_call(Empty {}).await?;
    Ok(())
}

async fn large_unary(channel: Channel) -> Result<(), Error> {
    unary(Client::new(channel), false).await
}

async fn client_streaming(channel: Channel) -> Result<(), Error> {
    let requests = REQUESTS.map(|size| StreamingInputCallRequest { payload: zeros(size) });
    let response = Client::new(channel).streaming_input_call(tokio_stream::iter(requests)).await?;
    expect(response.into_inner().aggregated_payload_size, 74922)
}

async fn server_streaming(channel: Channel) -> Result<(), Error> {
    let request = ask(0, &RESPONSES);
    let mut responses = Client::new(channel).streaming_output_call(request).await?.into_inner();
    for size in RESPONSES {
        expect_size(&mut responses, size).await?;
    }
    expect_end(&mut responses).await
}

async fn ping_pong(channel: Channel) -> Result<(), Error> {
    let (requests, mut responses) = duplex(channel).await?;
    for (len, size) in REQUESTS.into_iter().zip(RESPONSES) {
        requests.send(ask(len, &[size])).await?;
        expect_size(&mut responses, size).await?;
    }
    drop(requests);
    expect_end(&mut responses).await
}

async fn empty_stream(channel: Channel) -> Result<(), Error> {
    let mut responses = Client::new(channel).full_duplex_call(tokio_stream::empty()).await?;
    expect_end(responses.get_mut()).await
}

/// To give a call up is to forget it. The connection has to go on.
async fn cancel_after_begin(channel: Channel) -> Result<(), Error> {
    let mut client = Client::new(channel.clone());
    let call = client.streaming_input_call(tokio_stream::pending());
    let late = tokio::time::timeout(Duration::from_millis(50), call).await;
    expect(late.is_err(), true)?;
    empty_unary(channel).await
}

async fn cancel_after_first_response(channel: Channel) -> Result<(), Error> {
    let (requests, mut responses) = duplex(channel.clone()).await?;
    requests.send(ask(27182, &[31415])).await?;
    expect_size(&mut responses, 31415).await?;
    // As long as the requests may go on, the call does.
    drop((responses, requests));
    empty_unary(channel).await
}

async fn timeout_on_sleeping_server(channel: Channel) -> Result<(), Error> {
    let requests = tokio_stream::StreamExt::chain(
        tokio_stream::once(ask(27182, &[])),
        tokio_stream::pending(),
    );
    let mut request = Request::new(requests);
    request.set_timeout(Duration::from_millis(100));
    let status = match Client::new(channel).full_duplex_call(request).await {
        Ok(mut responses) => responses.get_mut().message().await.err(),
        Err(status) => Some(status),
    };
    // Its own timer says CANCELLED, and covers only the time until the head.
    let code = status.ok_or("it did not fail")?.code();
    expect(matches!(code, Code::DeadlineExceeded | Code::Cancelled), true)
}

async fn status_code_and_message(channel: Channel) -> Result<(), Error> {
    expect_asked(channel, Code::Unknown, "test status message").await
}

async fn special_status_message(channel: Channel) -> Result<(), Error> {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    expect_asked(channel, Code::Unknown, message).await
}

async fn status_details(channel: Channel) -> Result<(), Error> {
    expect_asked(channel, Code::FailedPrecondition, "100 % Grüße, 世界 👋").await
}

async fn unimplemented_method(channel: Channel) -> Result<(), Error> {
    let failed = Client::new(channel).unimplemented_call(Empty {}).await;
    expect_code(failed, Code::Unimplemented)
}

async fn unimplemented_service(channel: Channel) -> Result<(), Error> {
    let failed = UnimplementedServiceClient::new(channel).unimplemented_call(Empty {}).await;
    expect_code(failed, Code::Unimplemented)
}

async fn custom_metadata(channel: Channel) -> Result<(), Error> {
    let mut request = Request::new(tokio_stream::once(ask(271_828, &[314_159])));
    let trailing = MetadataValue::from_bytes(b"\xab\xab\xab");
    request.metadata_mut().insert(INITIAL, "test_initial_metadata_value".parse()?);
    request.metadata_mut().insert_bin(TRAILING, trailing.clone());
    let mut responses = Client::new(channel).full_duplex_call(request).await?;
    let initial = responses.metadata().get(INITIAL).cloned();
    expect(initial, Some("test_initial_metadata_value".parse()?))?;
    expect_size(responses.get_mut(), 314_159).await?;
    expect_end(responses.get_mut()).await?;
    let trailers = responses.get_mut().trailers().await?.ok_or("no trailers")?;
    expect(trailers.get_bin(TRAILING).cloned(), Some(trailing))
}

async fn client_compressed_unary(channel: Channel) -> Result<(), Error> {
    let client = Client::new(channel).send_compressed(CompressionEncoding::Gzip);
    unary(client, true).await
}

async fn server_compressed_unary(channel: Channel) -> Result<(), Error> {
    let mut client = Client::new(channel).accept_compressed(CompressionEncoding::Gzip);
    let mut request =
        Request::new(SimpleRequest { response_size: 314_159, ..SimpleRequest::default() });
    request.metadata_mut().insert(GZIP, "1".parse()?);
    let response = client.unary_call(request).await?;
    expect(response.metadata().get("grpc-encoding").cloned(), Some("gzip".parse()?))?;
    expect(response.into_inner().payload, zeros(314_159))
}

async fn a_message_over_the_limit(channel: Channel) -> Result<(), Error> {
    let request = SimpleRequest { payload: zeros(5_000_000), ..SimpleRequest::default() };
    let failed = Client::new(channel.clone()).unary_call(request).await;
    expect_code(failed, Code::ResourceExhausted)?;
    empty_unary(channel).await
}

async fn a_response_over_the_limit(channel: Channel) -> Result<(), Error> {
    let request = SimpleRequest { response_size: 4 << 20, ..SimpleRequest::default() };
    let failed = Client::new(channel.clone()).unary_call(request).await;
    // Others, and gRPC's documents, say RESOURCE_EXHAUSTED.
    expect_code(failed, Code::OutOfRange)?;
    empty_unary(channel).await
}

async fn a_hundred_streams_at_once(channel: Channel) -> Result<(), Error> {
    let parameters = ResponseParameters { size: 1000, interval_us: 100_000 };
    let request = StreamingOutputCallRequest {
        response_parameters: vec![parameters; 3],
        ..StreamingOutputCallRequest::default()
    };
    let mut calls = Vec::new();
    for _ in 0..100 {
        let (mut client, request) = (Client::new(channel.clone()), request.clone());
        calls.push(tokio::spawn(async move { client.streaming_output_call(request).await }));
    }
    for call in calls {
        let mut responses = call.await??.into_inner();
        for _ in 0..3 {
            expect_size(&mut responses, 1000).await?;
        }
        expect_end(&mut responses).await?;
    }
    Ok(())
}

async fn shutdown_in_mid_call(channel: Channel) -> Result<(), Error> {
    shutdown(channel, None).await
}

/// Until the server is gone for good, none is lost.
async fn calls_in_a_shutdown(channel: Channel) -> Result<(), Error> {
    shutdown(channel.clone(), Some(channel)).await
}

/// Holds calls open while the server stops, and makes more on another channel, if there is one.
async fn shutdown(channel: Channel, more: Option<Channel>) -> Result<(), Error> {
    let mut calls = Vec::new();
    for _ in 0..10 {
        let (requests, mut responses) = duplex(channel.clone()).await?;
        requests.send(ask(1000, &[1000])).await?;
        expect_size(&mut responses, 1000).await?;
        calls.push((requests, responses));
    }
    println!("in mid call");
    tokio::io::stdin().read_u8().await?;
    if let Some(channel) = more {
        loop {
            match Client::new(channel.clone()).empty_call(Empty {}).await {
                Err(status) if status.code() == Code::Unavailable => break,
                response => drop(response?),
            }
        }
    }
    for (requests, mut responses) in calls {
        requests.send(ask(1000, &[2000])).await?;
        drop(requests);
        expect_size(&mut responses, 2000).await?;
        expect_end(&mut responses).await?;
    }
    Ok(())
}

async fn unary(mut client: Client, is_compressed: bool) -> Result<(), Error> {
    let (len, size) = (271_828, 314_159);
    let request = SimpleRequest {
        response_size: size,
        payload: zeros(len),
        response_status: None,
        expect_compressed: is_compressed.then_some(BoolValue { value: true }),
    };
    expect(client.unary_call(request).await?.into_inner().payload, zeros(size))
}

async fn duplex(
    channel: Channel,
) -> Result<(mpsc::Sender<StreamingOutputCallRequest>, Streaming<StreamingOutputCallResponse>), Error>
{
    let (sender, requests) = mpsc::channel(1);
    let responses = Client::new(channel).full_duplex_call(ReceiverStream::new(requests)).await?;
    Ok((sender, responses.into_inner()))
}

fn ask(len: i32, sizes: &[i32]) -> StreamingOutputCallRequest {
    let parameters = |size: &i32| ResponseParameters { size: *size, interval_us: 0 };
    StreamingOutputCallRequest {
        response_parameters: sizes.iter().map(parameters).collect(),
        payload: zeros(len),
        response_status: None,
    }
}

/// Asks for a status, of a call that has sent nothing and of one that has, and expects it and its details.
async fn expect_asked(channel: Channel, code: Code, message: &str) -> Result<(), Error> {
    let asked = EchoStatus { code: code as i32, message: message.to_owned() };
    let request =
        SimpleRequest { response_status: Some(asked.clone()), ..SimpleRequest::default() };
    let unary = Client::new(channel.clone()).unary_call(request).await.err();
    let (requests, mut responses) = duplex(channel).await?;
    requests.send(ask(1, &[1])).await?;
    expect_size(&mut responses, 1).await?;
    let request = StreamingOutputCallRequest {
        response_status: Some(asked.clone()),
        ..StreamingOutputCallRequest::default()
    };
    requests.send(request).await?;
    let duplex = responses.message().await.err();
    for status in [unary, duplex] {
        let status: Status = status.ok_or("it did not fail")?;
        expect((status.code(), status.message()), (code, message))?;
        expect(status.details(), &*details(&asked))?;
    }
    Ok(())
}

async fn expect_size(
    responses: &mut Streaming<StreamingOutputCallResponse>,
    size: i32,
) -> Result<(), Error> {
    let response = responses.message().await?.ok_or("it ended")?;
    expect(response.payload == zeros(size), true)
}

async fn expect_end(responses: &mut Streaming<StreamingOutputCallResponse>) -> Result<(), Error> {
    expect(responses.message().await?.is_none(), true)
}

fn expect_code<T>(outcome: Result<T, Status>, code: Code) -> Result<(), Error> {
    expect(outcome.err().ok_or("it did not fail")?.code(), code)
}

fn expect<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), Error> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{found:.100?} instead of {expected:.100?}").into()),
    }
}
