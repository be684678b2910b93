//! The client of gRPC's test cases (interop-test-descriptions.md): its names, messages and sizes are the document's.

use std::error::Error;
use std::time::Duration;

use framewright::grpc::{
    CallId, CallKind, ClientRequest, Code, MetadataList, Path, Timeout, Value,
};
use prost::Message;

use crate::channel::{Channel, Event, Outcome};
use crate::messages::{
    EchoStatus, PayloadResponse, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, zeros,
};

type Case = fn(&mut Channel) -> Result<(), Box<dyn Error>>;

const CASES: [(&str, Case); 17] = [
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
    // Not in the document.
    ("a_message_over_the_limit", a_message_over_the_limit),
    ("a_hundred_streams_at_once", a_hundred_streams_at_once),
    ("the_connection_still_works", empty_unary),
];

const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
const RESPONSE_SIZES: [i32; 4] = [31415, 9, 2653, 58979];
/// How long any other call may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs all cases on one connection, and prints the result of each.
pub fn run(address: &str) -> Result<(), Box<dyn Error>> {
    let mut channel = Channel::connect(address)?;
    let mut failed = 0;
    for (name, case) in CASES {
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
    channel.send(call, &[])?;
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
    expect(&channel.send(call, &[])?, &false)
}

fn cancel_after_first_response(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "FullDuplexCall", CallKind::BidiStreaming)?;
    ping(channel, call, 27182, 31415)?;
    expect_zeros(channel, call, 31415)?;
    channel.cancel(call)?;
    expect(&channel.send(call, &[])?, &false)
}

fn timeout_on_sleeping_server(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let path = Path::parse("/grpc.testing.TestService/FullDuplexCall").ok_or("not a path")?;
    let timeout = Timeout::new(Duration::from_millis(1));
    let call = channel.call(ClientRequest::new(path).timeout(timeout), CallKind::BidiStreaming)?;
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
    let path = Path::parse("/grpc.testing.TestService/FullDuplexCall").ok_or("not a path")?;
    let metadata = [INITIAL, TRAILING];
    let request = ClientRequest::new(path).timeout(Timeout::new(TIMEOUT)).metadata(&metadata);
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

fn a_message_over_the_limit(channel: &mut Channel) -> Result<(), Box<dyn Error>> {
    let call = begin(channel, "UnaryCall", CallKind::Unary)?;
    let request = SimpleRequest { payload: zeros(5_000_000), ..SimpleRequest::default() };
    channel.send(call, &request.encode_to_vec())?;
    channel.half_close(call)?;
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

fn begin(channel: &mut Channel, method: &str, kind: CallKind) -> Result<CallId, Box<dyn Error>> {
    let path = format!("/grpc.testing.TestService/{method}");
    let path = Path::parse(&path).ok_or("not a path")?;
    channel.call(ClientRequest::new(path).timeout(Timeout::new(TIMEOUT)), kind)
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
    match channel.message(call)? {
        Ok(bytes) => Ok(M::decode(&*bytes)?),
        Err(end) => Err(format!("{}: {}", end.code, end.message).into()),
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
    let path = Path::parse(path).ok_or("not a path")?;
    let request = ClientRequest::new(path).timeout(Timeout::new(TIMEOUT));
    let call = channel.call(request, CallKind::Unary)?;
    channel.send(call, &[])?;
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
