//! The Echo service of all examples: its messages and their encoding.
//!
//! ```text
//! package echo;
//!
//! service Echo {
//!   rpc Unary(EchoRequest) returns (EchoReply);
//!   rpc ServerStream(EchoRequest) returns (stream EchoReply);
//!   rpc ClientStream(stream EchoRequest) returns (EchoReply);
//!   rpc Bidi(stream EchoRequest) returns (stream EchoReply);
//! }
//! ```

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use framewright::grpc::{CallKind, Code, Encodings, Limits, Message, Path, ServerConfig, Status};

/// `message EchoRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub struct EchoRequest {
    #[prost(string, tag = "1")]
    pub text: String,
    /// Number of replies of a `ServerStream`.
    #[prost(uint32, tag = "2")]
    pub count: u32,
    /// The pause between them, in ms.
    #[prost(uint32, tag = "3")]
    pub delay_ms: u32,
    /// The status to end the call with, unless it is 0.
    #[prost(uint32, tag = "4")]
    pub code: u32,
    /// The message of that status.
    #[prost(string, tag = "5")]
    pub error: String,
    #[prost(bytes = "vec", tag = "6")]
    pub payload: Vec<u8>,
}

/// `message EchoReply`
#[derive(Clone, PartialEq, prost::Message)]
pub struct EchoReply {
    #[prost(string, tag = "1")]
    pub text: String,
    /// The index of this reply in a `ServerStream`; in a `ClientStream`, the number of requests.
    #[prost(uint32, tag = "2")]
    pub index: u32,
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
}

/// The kind of a method's calls. Here, each method has a kind of its own.
pub fn kind(path: Path<'_>) -> Option<CallKind> {
    match path.as_str() {
        "/echo.Echo/Unary" => Some(CallKind::Unary),
        "/echo.Echo/ServerStream" => Some(CallKind::ServerStreaming),
        "/echo.Echo/ClientStream" => Some(CallKind::ClientStreaming),
        "/echo.Echo/Bidi" => Some(CallKind::BidiStreaming),
        _ => None,
    }
}

/// The only message encoding that the examples support.
#[allow(dead_code, reason = "a server may send nothing compressed")]
pub const GZIP: &str = "gzip";

/// The longest message, compressed or not.
pub const MAX_LEN: u64 = 4 << 20;

/// What the servers can take. Messages are Protobuf.
#[allow(dead_code, reason = "a client has none")]
pub const CONFIG: ServerConfig<'_> =
    ServerConfig::new().limits(Limits::new().max_message_len(MAX_LEN)).encodings(Encodings::GZIP);

/// Decodes a received message.
pub fn decode<M: prost::Message + Default>(
    compressed: bool,
    bytes: &[u8],
) -> Result<M, Status<'static>> {
    let mut inflated = Vec::new();
    let bytes = if compressed {
        // One byte over the limit is enough to know that the message is too long.
        let mut gzip = MultiGzDecoder::new(bytes).take(MAX_LEN + 1);
        gzip.read_to_end(&mut inflated).map_err(|_| Status::new(Code::Internal, "invalid gzip"))?;
        if inflated.len() as u64 > MAX_LEN {
            return Err(Status::new(
                Code::ResourceExhausted,
                "decompressed message is over the limit",
            ));
        }
        &inflated
    } else {
        bytes
    };
    M::decode(bytes).map_err(|_| Status::new(Code::Internal, "malformed message"))
}

/// Encodes a message, compressed if asked for, and lends it to `send`.
#[allow(dead_code, reason = "a server may do the two at different times")]
pub fn encode<T>(
    message: &impl prost::Message,
    compress: bool,
    send: impl FnOnce(Message<'_>) -> T,
) -> T {
    let bytes = message.encode_to_vec();
    if !compress {
        return send(Message::from(&bytes));
    }
    send(Message { compressed: true, bytes: &self::compress(&bytes) })
}

/// Compresses an encoded message.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("a Vec takes everything")
}
