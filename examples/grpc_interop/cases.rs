//! The client of gRPC's test cases (interop-test-descriptions.md): its names, messages and sizes are the document's.

use std::collections::VecDeque;
use std::error::Error;
use std::time::{Duration, Instant};

use framewright::grpc::{
    CallId, CallKind, ClientRequest, Code, Encodings, MetadataList, Path, RpcStatus, SendError,
    Value,
};
use prost::Message;

use crate::channel::{Channel, Event, Outcome};
use crate::echo;
use crate::messages::{
    BoolValue, EchoStatus, PayloadResponse, ResponseParameters, SimpleRequest,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest, zeros,
};
use crate::socket::Target;

type Case = fn(&mut Channel) -> Result<(), Box<dyn Error>>;

const CASES: [(&str, Case); 21] = [
    ("empty_unary", empty_unary),
    ("large_unary", large_unary),
    ("client_streaming", client_streaming),
    ("server_streaming", server_streaming),
    ("ping_pong", ping_pong),
    ("empty_stream", empty_stream),
    ("cancel_after_begin", cancel_after_begin),
    ("cancel_after_first_response", cancel_after_first_response),
    ("timeout_on_sleeping_server", timeout_on_sleeping_server),
    ("status_code_and_message", status_code_and_message),
    ("special_status_message", special_status_message),
    ("unimplemented_method", unimplemented_method),
    ("unimplemented_service", unimplemented_service),
    ("custom_metadata", custom_metadata),
    ("client_compressed_unary", client_compressed_unary),
    ("server_compressed_unary", server_compressed_unary),
    // Not in the document.
    ("status_details", status_details),
    ("a_message_over_the_limit", a_message_over_the_limit),
    ("a_response_over_the_limit", a_response_over_the_limit),
    ("a_hundred_streams_at_once", a_hundred_streams_at_once),
    ("the_connection_still_works", empty_unary),
];

/// Somebody has to stop the server meanwhile, so these are run only if they are asked for.
const SHUTDOWNS: [(&str, Case); 2] =
    [("shutdown_in_mid_call", shutdown_in_mid_call), ("calls_in_a_shutdown", calls_in_a_shutdown)];

const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
const RESPONSE_SIZES: [i32; 4] = [31415, 9, 2653, 58979];
const UNARY_CALL: &str = "/grpc.testing.TestService/UnaryCall";
const FULL_DUPLEX_CALL: &str = "/grpc.testing.TestService/FullDuplexCall";
/// How long any other call may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs the case of this name, or all of them, on one connection, and prints the result of each.
pub fn run(target: &Target, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    let mut channel = Channel::connect(target)?;
    let mut failed = 0;
    let cases = match only {
        Some(_) => &[&CASES[..], &SHUTDOWNS[..]].concat()[..],
        None => &CASES,
    };
    for (name, case) in cases.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        match case(&mut channel) {
            Ok(()) => println!("ok {name}"),
            Err(e) => {
                println!("FAILED {name}: {e}");
                failed += 1;
            }
        }
    }
    if failed > 0 { Err(format!("{failed} cases failed").into()) } else { Ok(()) }
}

fn empty_unary(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "EmptyCall", CallKind::Unary)?;
    channel.send(call, b"")?;
    channel.half_close(call)?;
    expect(&message::<()>(channel, call)?, &())?;
    expect_end(channel, call, Code::Ok, "")
}

fn large_unary(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "UnaryCall", CallKind::Unary)?;
    let request = SimpleRequest {
        response_size: 314_159,
        payload: zeros(271_828),
        ..SimpleRequest::default()
    };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect_zeros(channel, call, 314_159)?;
    expect_end(channel, call, Code::Ok, "")
}

fn client_streaming(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "StreamingInputCall", CallKind::ClientStreaming)?;
    for len in REQUEST_SIZES {
        let request = StreamingInputCallRequest { payload: zeros(len) };
        channel.send(call, &request.encode_to_vec())?;
    }
    channel.half_close(call)?;
    let response = message(channel, call)?;
    expect(&response, &StreamingInputCallResponse { aggregated_payload_size: 74922 })?;
    expect_end(channel, call, Code::Ok, "")
}

fn server_streaming(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "StreamingOutputCall", CallKind::ServerStreaming)?;
    let response_parameters = RESPONSE_SIZES.map(response_of).to_vec();
    let request =
        StreamingOutputCallRequest { response_parameters, ..StreamingOutputCallRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    for len in RESPONSE_SIZES {
        expect_zeros(channel, call, len)?;
    }
    expect_end(channel, call, Code::Ok, "")
}

fn ping_pong(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    for (len, response_len) in REQUEST_SIZES.into_iter().zip(RESPONSE_SIZES) {
        ping(channel, call, len, response_len)?;
        expect_zeros(channel, call, response_len)?;
    }
    channel.half_close(call)?;
    expect_end(channel, call, Code::Ok, "")
}

fn empty_stream(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    channel.half_close(call)?;
    expect_end(channel, call, Code::Ok, "")
}

/// That a call which was cancelled yields nothing more is what [`Channel`] relies on: nothing can be asked for.
fn cancel_after_begin(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "StreamingInputCall", CallKind::ClientStreaming)?;
    channel.cancel(call)?;
    expect(&channel.send(call, b"")?, &false)
}

fn cancel_after_first_response(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, call, 27182, 31415)?;
    expect_zeros(channel, call, 31415)?;
    channel.cancel(call)?;
    expect(&channel.send(call, b"")?, &false)
}

fn timeout_on_sleeping_server(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let timeout = Duration::from_millis(1);
    let request = request_to(FULL_DUPLEX_CALL)?.timeout(timeout);
    let call = channel.call(request, CallKind::BidiStreaming)?;
    let request = StreamingOutputCallRequest { payload: zeros(27182), ..Default::default() };
    channel.send(call, &request.encode_to_vec())?;
    let end = end(channel, call)?;
    expect(&end.code, &Code::DeadlineExceeded)
}

fn status_code_and_message(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    const MESSAGE: &str = "test status message";
    expect_status(channel, MESSAGE)?;
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    let request = StreamingOutputCallRequest {
        response_status: Some(EchoStatus { code: 2, message: MESSAGE.to_owned() }),
        ..StreamingOutputCallRequest::default()
    };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect_end(channel, call, Code::Unknown, MESSAGE)
}

fn special_status_message(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    expect_status(channel, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
}

fn unimplemented_method(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    expect_unimplemented(channel, "/grpc.testing.TestService/UnimplementedCall")
}

fn unimplemented_service(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    expect_unimplemented(channel, "/grpc.testing.UnimplementedService/UnimplementedCall")
}

fn custom_metadata(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    const INITIAL: (&str, Value<'_>) =
        ("x-grpc-test-echo-initial", Value::Text("test_initial_metadata_value"));
    const TRAILING: (&str, Value<'_>) =
        ("x-grpc-test-echo-trailing-bin", Value::Bytes(&[0xab, 0xab, 0xab]));
    let metadata = [INITIAL, TRAILING];
    let request = request_to(FULL_DUPLEX_CALL)?.metadata(&metadata);
    let call = channel.call(request, CallKind::BidiStreaming)?;
    ping(channel, call, 271_828, 314_159)?;
    channel.half_close(call)?;
    let Event::Head(head) = channel.next(call)? else { return Err("no head".into()) };
    expect_zeros(channel, call, 314_159)?;
    let end = end(channel, call)?;
    expect(&end.code, &Code::Ok)?;
    expect_metadata(&head, INITIAL)?;
    expect_metadata(&end.trailers, TRAILING)
}

fn status_details(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let status = EchoStatus { code: 9, message: "100 % Grüße, 世界 👋".to_owned() };
    let call = begin(channel, "UnaryCall", CallKind::Unary)?;
    let request =
        SimpleRequest { response_status: Some(status.clone()), ..SimpleRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect_details(channel, call, &status)?;
    // Here the status does not come in the head.
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, call, 1, 1)?;
    expect_zeros(channel, call, 1)?;
    let request = StreamingOutputCallRequest {
        response_status: Some(status.clone()),
        ..StreamingOutputCallRequest::default()
    };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect_details(channel, call, &status)
}

/// Without the document's probe: few servers can say whether a message was compressed.
fn client_compressed_unary(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let request = request_to(UNARY_CALL)?.encoding(echo::GZIP);
    let call = channel.call(request, CallKind::Unary)?;
    let request = SimpleRequest {
        response_size: 314_159,
        payload: zeros(271_828),
        expect_compressed: Some(BoolValue { value: true }),
        ..SimpleRequest::default()
    };
    echo::encode(&request, true, |message| channel.send(call, message))?;
    channel.half_close(call)?;
    expect_zeros(channel, call, 314_159)?;
    expect_end(channel, call, Code::Ok, "")
}

/// The metadata ask for compression, because a server has to know before its head.
fn server_compressed_unary(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let request = request_to(UNARY_CALL)?.accept_encodings(Encodings::GZIP);
    let metadata = [("x-echo-gzip", Value::Text("1"))];
    let call = channel.call(request.metadata(&metadata), CallKind::Unary)?;
    let request = SimpleRequest { response_size: 314_159, ..SimpleRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    let (response, is_compressed) = message_and_form::<PayloadResponse>(channel, call)?;
    expect(&is_compressed, &true)?;
    expect(&response.payload, &zeros(314_159))?;
    expect_end(channel, call, Code::Ok, "")
}

fn a_message_over_the_limit(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "UnaryCall", CallKind::Unary)?;
    let request = SimpleRequest { payload: zeros(5_000_000), ..SimpleRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect(&end(channel, call)?.code, &Code::ResourceExhausted)
}

fn a_response_over_the_limit(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, call, 1, 9)?;
    expect_zeros(channel, call, 9)?;
    ping(channel, call, 1, 5_000_000)?;
    expect(&end(channel, call)?.code, &Code::ResourceExhausted)
}

fn a_hundred_streams_at_once(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let mut calls = Vec::new();
    for _ in 0..100 {
        calls.push(begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?);
    }
    for round in 1..=3 {
        for call in &calls {
            ping(channel, *call, 1000, 1000 * round)?;
        }
        for call in &calls {
            expect_zeros(channel, *call, 1000 * round)?;
        }
    }
    for call in calls {
        channel.half_close(call)?;
        expect_end(channel, call, Code::Ok, "")?;
    }
    Ok(())
}

/// The call goes on until it is over, and then the connection is too.
fn shutdown_in_mid_call(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, call, 1000, 1000)?;
    expect_zeros(channel, call, 1000)?;
    wait_for_the_shutdown()?;
    ping(channel, call, 1000, 2000)?;
    expect_zeros(channel, call, 2000)?;
    channel.half_close(call)?;
    expect_end(channel, call, Code::Ok, "")?;
    channel.wait_for_the_end()
}

/// Calls follow one another until the server takes no more of them. None may be lost: each ends well, or was certainly
/// not processed.
fn calls_in_a_shutdown(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let long = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, long, 1000, 1000)?;
    expect_zeros(channel, long, 1000)?;
    wait_for_the_shutdown()?;
    let mut calls = VecDeque::new();
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        let call = match begin(channel, "UnaryCall", CallKind::Unary) {
            Err(e) if e.downcast_ref() == Some(&SendError::Closing) => break,
            call => call?,
        };
        channel.send(call, &SimpleRequest::default().encode_to_vec())?;
        channel.half_close(call)?;
        calls.push_back(call);
        if calls.len() == 20 {
            expect_not_lost(channel, &mut calls)?;
        }
    }
    while !calls.is_empty() {
        expect_not_lost(channel, &mut calls)?;
    }
    channel.half_close(long)?;
    expect_end(channel, long, Code::Ok, "")?;
    channel.wait_for_the_end()
}

/// Says that it is time, and waits until it was done.
fn wait_for_the_shutdown() -> Result<(), Box<dyn Error>> {
    println!("in mid call");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn expect_not_lost(
    channel: &mut Channel,
    calls: &mut VecDeque<CallId>,
) -> Result<(), Box<dyn Error>> {
    let Some(call) = calls.pop_front() else { return Ok(()) };
    match channel.message(call)? {
        Ok(_) => expect_end(channel, call, Code::Ok, ""),
        Err(end) if end.is_unprocessed => Ok(()),
        Err(end) => Err(format!("lost: {}: {}", end.code, end.message).into()),
    }
}

fn begin(channel: &mut Channel, method: &str, kind: CallKind) -> Result<CallId, Box<dyn Error>> {
    let path = format!("/grpc.testing.TestService/{method}");
    channel.call(request_to(&path)?, kind)
}

fn request_to(path: &str) -> Result<ClientRequest<'_>, Box<dyn Error>> {
    let path = Path::parse(path).ok_or("not a path")?;
    Ok(ClientRequest::new(path).timeout(TIMEOUT))
}

fn response_of(size: i32) -> ResponseParameters {
    ResponseParameters { size, interval_us: 0 }
}

/// Asks for one response.
fn ping(
    channel: &mut Channel,
    call: CallId,
    len: usize,
    response_len: i32,
) -> Result<(), Box<dyn Error>> {
    let request = StreamingOutputCallRequest {
        response_parameters: vec![response_of(response_len)],
        payload: zeros(len),
        ..StreamingOutputCallRequest::default()
    };
    channel.send(call, &request.encode_to_vec())?;
    Ok(())
}

fn message<M: Message + Default>(channel: &mut Channel, call: CallId) -> Result<M, Box<dyn Error>> {
    Ok(message_and_form(channel, call)?.0)
}

/// Waits for a message, and whether it came compressed.
fn message_and_form<M: Message + Default>(
    channel: &mut Channel,
    call: CallId,
) -> Result<(M, bool), Box<dyn Error>> {
    loop {
        match channel.next(call)? {
            Event::Head(_) => {}
            Event::Message { bytes, compressed } => {
                let message =
                    echo::decode(compressed, &bytes).map_err(|e| e.message.to_string())?;
                return Ok((message, compressed));
            }
            Event::End(end) => return Err(format!("{}: {}", end.code, end.message).into()),
        }
    }
}

fn end(channel: &mut Channel, call: CallId) -> Result<Outcome, Box<dyn Error>> {
    match channel.message(call)? {
        Ok(_) => Err("a message too many".into()),
        Err(end) => Ok(end),
    }
}

fn expect_zeros(channel: &mut Channel, call: CallId, len: i32) -> Result<(), Box<dyn Error>> {
    let body = message::<PayloadResponse>(channel, call)?.payload.unwrap_or_default().body;
    let is_right = body.len() == len as usize && body.iter().all(|byte| *byte == 0);
    expect(&is_right, &true)
}

fn expect_end(
    channel: &mut Channel,
    call: CallId,
    code: Code,
    text: &str,
) -> Result<(), Box<dyn Error>> {
    let end = end(channel, call)?;
    // Some send a text with OK.
    let found = if code == Code::Ok { "" } else { &*end.message };
    expect(&(end.code, found), &(code, text))
}

fn expect_details(
    channel: &mut Channel,
    call: CallId,
    status: &EchoStatus,
) -> Result<(), Box<dyn Error>> {
    let end = end(channel, call)?;
    expect(&(end.code as i32, &end.message), &(status.code, &status.message))?;
    let details = end.details.ok_or("no details")?;
    let details = RpcStatus::parse(&details).ok_or("malformed details")?;
    expect(&(details.code, details.message), &(status.code, &*status.message))?;
    let any = details.details().next().ok_or("no detail")?;
    expect(&any.type_name(), &"grpc.testing.EchoStatus")?;
    expect(&EchoStatus::decode(any.value)?, status)
}

/// Asks `UnaryCall` for a status of UNKNOWN with this message.
fn expect_status(channel: &mut Channel, text: &str) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "UnaryCall", CallKind::Unary)?;
    let status = EchoStatus { code: 2, message: text.to_owned() };
    let request = SimpleRequest { response_status: Some(status), ..SimpleRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
    expect_end(channel, call, Code::Unknown, text)
}

fn expect_unimplemented(channel: &mut Channel, path: &str) -> Result<(), Box<dyn Error>> {
    let call = channel.call(request_to(path)?, CallKind::Unary)?;
    channel.send(call, b"")?;
    channel.half_close(call)?;
    expect(&end(channel, call)?.code, &Code::Unimplemented)
}

fn expect_metadata(
    list: &MetadataList<Vec<u8>>,
    (name, value): (&str, Value<'_>),
) -> Result<(), Box<dyn Error>> {
    let bytes = |value: Value<'_>| {
        let mut bytes = Vec::new();
        value.decode(&mut bytes).map(|()| bytes)
    };
    let found = list.iter().find(|(found, _)| *found == name).ok_or("no such metadata")?.1;
    expect(&bytes(found)?, &bytes(value)?)
}

fn expect<T: std::fmt::Debug + PartialEq>(found: &T, expected: &T) -> Result<(), Box<dyn Error>> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{found:?} instead of {expected:?}").into()),
    }
}
