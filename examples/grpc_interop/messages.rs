//! The messages of `grpc.testing.TestService`, as far as the test cases use them.

use framewright::grpc::{Any, Code, RpcStatus};
use prost::Message as _;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Payload {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub body: Vec<u8>,
}

/// The status to end a call with.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EchoStatus {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

/// `google.protobuf.BoolValue`
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct BoolValue {
    #[prost(bool, tag = "1")]
    pub value: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SimpleRequest {
    #[prost(int32, tag = "2")]
    pub response_size: i32,
    #[prost(message, optional, tag = "3")]
    pub payload: Option<Payload>,
    #[prost(message, optional, tag = "7")]
    pub response_status: Option<EchoStatus>,
    /// Whether this request has to be compressed.
    #[prost(message, optional, tag = "8")]
    pub expect_compressed: Option<BoolValue>,
}

/// The response to everything that is answered with a payload.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PayloadResponse {
    #[prost(message, optional, tag = "1")]
    pub payload: Option<Payload>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamingInputCallRequest {
    #[prost(message, optional, tag = "1")]
    pub payload: Option<Payload>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct StreamingInputCallResponse {
    #[prost(int32, tag = "1")]
    pub aggregated_payload_size: i32,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ResponseParameters {
    #[prost(int32, tag = "1")]
    pub size: i32,
    #[prost(int32, tag = "2")]
    pub interval_us: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamingOutputCallRequest {
    #[prost(message, repeated, tag = "2")]
    pub response_parameters: Vec<ResponseParameters>,
    #[prost(message, optional, tag = "3")]
    pub payload: Option<Payload>,
    #[prost(message, optional, tag = "7")]
    pub response_status: Option<EchoStatus>,
}

/// The `google.rpc.Status` that a call ends with if it was asked for a status: with this one as its only detail.
pub fn details(status: &EchoStatus) -> Vec<u8> {
    let value = status.encode_to_vec();
    let detail = Any { type_url: "type.googleapis.com/grpc.testing.EchoStatus", value: &value };
    let mut bytes = Vec::new();
    let code = Code::from(status.code as u32);
    let written = RpcStatus::new(code, &status.message).with_details(&[detail]).write(&mut bytes);
    written.expect("a Vec takes everything");
    bytes
}

/// A payload of zeros.
pub fn zeros(len: usize) -> Option<Payload> {
    Some(Payload { r#type: 0, body: vec![0; len] })
}
