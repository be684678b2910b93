//! The test cases, as a client.

use std::error::Error;
use std::time::Duration;

use framewright_tokio::grpc::Message as Wire;
use framewright_tokio::grpc::{CallKind, Client, ClientCall, Code, Encodings, Status, Value};
use prost::Message;
use tokio::io::{AsyncReadExt, stdin};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::messages::{
    BoolValue, EchoStatus, PayloadResponse, ResponseParameters, SimpleRequest,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest, details,
    zeros,
};
use crate::{compress, decompress, options};

const CASES: [&str; 21] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "custom_metadata",
    "client_compressed_unary",
    "server_compressed_unary",
    "status_details",
    "a_message_over_the_limit",
    "a_response_over_the_limit",
    "a_hundred_streams_at_once",
    "the_connection_still_works",
];

const EMPTY: &str = "/grpc.testing.TestService/EmptyCall";
const UNARY: &str = "/grpc.testing.TestService/UnaryCall";
const INPUT: &str = "/grpc.testing.TestService/StreamingInputCall";
const OUTPUT: &str = "/grpc.testing.TestService/StreamingOutputCall";
const DUPLEX: &str = "/grpc.testing.TestService/FullDuplexCall";
const NOWHERE: &str = "/grpc.testing.UnimplementedService/UnimplementedCall";

const SIZES: [(usize, i32); 4] = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)];
const SPECIAL: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

type Outcome = Result<(), Box<dyn Error>>;

pub async fn run(address: &str, only: Option<&str>) -> Outcome {
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let client = options().client(stream, address);
    for case in only.map_or(CASES.to_vec(), |case| vec![case]) {
        match timeout(Duration::from_secs(20), run_case(&client, case)).await {
            Ok(Ok(())) => println!("ok {case}"),
            Ok(Err(why)) => println!("FAILED {case}: {why}"),
            Err(_) => println!("FAILED {case}: it takes too long"),
        }
    }
    // A read of standard input cannot be stopped.
    std::process::exit(0)
}

async fn run_case(client: &Client, case: &str) -> Outcome {
    match case {
        "empty_unary" | "the_connection_still_works" => {
            expect(&client.request(EMPTY).unary(b"").await?.len(), &0)
        }
        "large_unary" => {
            let reply = client.request(UNARY).unary(&simple(271_828, 314_159)).await?;
            expect(&size(&reply)?, &314_159)
        }
        "client_streaming" => {
            let call = client.request(INPUT).client_streaming().await?;
            for (len, _) in SIZES {
                call.send(&StreamingInputCallRequest { payload: zeros(len) }.encode_to_vec())
                    .await?;
            }
            let reply = StreamingInputCallResponse::decode(call.reply().await?)?;
            expect(&reply.aggregated_payload_size, &74922)
        }
        "server_streaming" => {
            let request = ask(0, &SIZES.map(|(_, size)| size));
            let call = client.request(OUTPUT).server_streaming(&request).await?;
            for (_, size) in SIZES {
                expect_payload(&call, size).await?;
            }
            expect(&end(&call).await.code, &Code::Ok)
        }
        "ping_pong" => {
            let call = client.request(DUPLEX).bidi().await?;
            for (len, size) in SIZES {
                ping(&call, len, size).await?;
            }
            finish(&call).await
        }
        "empty_stream" => finish(&client.request(DUPLEX).bidi().await?).await,
        "cancel_after_begin" => {
            drop(client.request(INPUT).client_streaming().await?);
            Ok(())
        }
        "cancel_after_first_response" => {
            ping(&client.request(DUPLEX).bidi().await?, 27182, 31415).await
        }
        "timeout_on_sleeping_server" => {
            let request = client.request(DUPLEX).timeout(Duration::from_millis(1));
            let call = request.bidi().await?;
            // It may be late for this already.
            let _ = call.send(&ask(27182, &[])).await;
            expect(&end(&call).await.code, &Code::DeadlineExceeded)
        }
        "status_code_and_message" => expect_status(client, 2, "test status message").await,
        "special_status_message" => expect_status(client, 2, SPECIAL).await,
        "status_details" => expect_status(client, 9, "100 % Grüße, 世界 👋").await,
        "unimplemented_method" => {
            let request = client.request("/grpc.testing.TestService/UnimplementedCall");
            expect(&code(request.unary(b"").await), &Code::Unimplemented)
        }
        "unimplemented_service" => {
            expect(&code(client.request(NOWHERE).unary(b"").await), &Code::Unimplemented)
        }
        "custom_metadata" => custom_metadata(client).await,
        "client_compressed_unary" => {
            let expect_compressed = Some(BoolValue { value: true });
            let payload = zeros(271_828);
            let request = SimpleRequest {
                response_size: 314_159,
                payload,
                expect_compressed,
                ..<_>::default()
            };
            let bytes = compress(&request.encode_to_vec());
            let request = client.request(UNARY).encoding("gzip");
            let message = Wire { compressed: true, bytes: &bytes };
            let call = request.begin(CallKind::Unary, Some(message)).await?;
            expect_reply(&call, 314_159).await
        }
        "server_compressed_unary" => {
            let metadata = [("x-echo-gzip", Value::Text("1"))];
            let request = client.request(UNARY).metadata(&metadata);
            let request = request.accept_encodings(Encodings::GZIP);
            let message = simple(271_828, 314_159);
            let call = request.begin(CallKind::Unary, Some((&message).into())).await?;
            expect_reply(&call, 314_159).await?;
            expect(&(call.is_compressed(), call.encoding().as_deref()), &(true, Some("gzip")))
        }
        "a_message_over_the_limit" => {
            let reply = client.request(UNARY).unary(&simple(5_000_000, 1)).await;
            expect(&code(reply), &Code::ResourceExhausted)
        }
        "a_response_over_the_limit" => {
            let call = client.request(DUPLEX).bidi().await?;
            ping(&call, 1, 9).await?;
            call.send(&ask(1, &[5_000_000])).await?;
            expect(&end(&call).await.code, &Code::ResourceExhausted)
        }
        "a_hundred_streams_at_once" => {
            let mut calls = Vec::new();
            for size in 1000..1100 {
                let call = client.request(DUPLEX).bidi().await?;
                call.send(&ask(1, &[size])).await?;
                calls.push((call, size));
            }
            for (call, size) in &calls {
                expect_payload(call, *size).await?;
            }
            for (call, _) in &calls {
                finish(call).await?;
            }
            Ok(())
        }
        // Somebody stops the server, and then says so.
        "shutdown_in_mid_call" | "calls_in_a_shutdown" => {
            let call = client.request(DUPLEX).bidi().await?;
            ping(&call, 1, 9).await?;
            println!("in mid call");
            stdin().read_u8().await?;
            if case == "calls_in_a_shutdown"
                && let Err(status) = client.request(EMPTY).unary(b"").await
            {
                let refused = (status.code, status.is_unprocessed);
                expect(&refused, &(Code::Unavailable, true))?;
            }
            ping(&call, 1, 9).await?;
            finish(&call).await
        }
        _ => Err("no such case".into()),
    }
}

async fn expect_status(client: &Client, code: i32, message: &str) -> Outcome {
    let status = EchoStatus { code, message: message.to_owned() };
    let response_status = Some(status.clone());
    let request = SimpleRequest { response_status, ..<_>::default() }.encode_to_vec();
    let unary = match client.request(UNARY).unary(&request).await {
        Ok(_) => return Err("it went well".into()),
        Err(status) => status,
    };
    let call = client.request(DUPLEX).bidi().await?;
    let response_status = Some(status.clone());
    let request = StreamingOutputCallRequest { response_status, ..<_>::default() };
    call.send(&request.encode_to_vec()).await?;
    for ended in [unary, end(&call).await] {
        let expected = Code::from(u32::try_from(code)?);
        expect(&(ended.code, &*ended.message), &(expected, message))?;
        // Only those that were asked for details have sent some.
        if code == 9 {
            expect(&ended.details, &details(&status))?;
        }
    }
    Ok(())
}

async fn custom_metadata(client: &Client) -> Outcome {
    let initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value");
    let trailing = ("x-grpc-test-echo-trailing-bin", &[0xAB; 3][..]);
    let metadata = [(initial.0, initial.1.into()), (trailing.0, trailing.1.into())];
    for (path, message) in [(UNARY, simple(271_828, 314_159)), (DUPLEX, ask(271_828, &[314_159]))] {
        let call = client.request(path).metadata(&metadata).bidi().await?;
        call.send(&message).await?;
        expect_reply(&call, 314_159).await?;
        expect(&call.head().await?.get(initial.0), &Some(initial.1))?;
        let trailers = call.over().await.metadata;
        expect(&trailers.get_bin(trailing.0).as_deref(), &Some(trailing.1))?;
    }
    Ok(())
}

/// A request of so many bytes for a response of as many.
fn simple(len: usize, response_size: i32) -> Vec<u8> {
    SimpleRequest { response_size, payload: zeros(len), ..<_>::default() }.encode_to_vec()
}

/// The same for responses.
fn ask(len: usize, sizes: &[i32]) -> Vec<u8> {
    let parameters = |size: &i32| ResponseParameters { size: *size, interval_us: 0 };
    let response_parameters = sizes.iter().map(parameters).collect();
    let payload = zeros(len);
    StreamingOutputCallRequest { response_parameters, payload, ..<_>::default() }.encode_to_vec()
}

async fn ping(call: &ClientCall, len: usize, size: i32) -> Outcome {
    call.send(&ask(len, &[size])).await?;
    expect_payload(call, size).await
}

async fn expect_payload(call: &ClientCall, expected: i32) -> Outcome {
    let message = call.next().await.ok_or("the call is over")??;
    expect(&size(&message)?, &usize::try_from(expected)?)
}

async fn expect_reply(call: &ClientCall, expected: usize) -> Outcome {
    let reply = call.reply().await?;
    let reply = decompress(&reply, call.is_compressed()).ok_or("malformed gzip")?;
    expect(&size(&reply)?, &expected)
}

fn size(message: &[u8]) -> Result<usize, Box<dyn Error>> {
    Ok(PayloadResponse::decode(message)?.payload.map_or(0, |payload| payload.body.len()))
}

async fn finish(call: &ClientCall) -> Outcome {
    call.half_close();
    expect(&end(call).await.code, &Code::Ok)
}

/// How a call ends, whatever comes before.
async fn end(call: &ClientCall) -> Status {
    while let Some(Ok(_)) = call.next().await {}
    call.over().await
}

fn code<T>(result: Result<T, Status>) -> Code {
    result.map_or_else(|status| status.code, |_| Code::Ok)
}

fn expect<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found:?} instead of {expected:?}").into())
}
