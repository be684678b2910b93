//! The texts of errors. Each is different, and one line that fits after a colon and into a close frame.

use std::collections::HashSet;
use std::error::Error;

use framewright::ws::{self, CloseCode, handshake};
use framewright::{
    BufferFull, OverLimit, Truncated, engineio, grpc, http1, http2, socketio, sockjs, sse, stomp,
};

const FULL: BufferFull = BufferFull { needed: 1234 };
const OVER_TEXT: &str = "too long: 70000 bytes, over the limit of 65536";
const OVER: OverLimit = OverLimit::new(70_000, 65_536);

/// Each begins in lower case, or with a name from the standard, and has no full stop. No two errors of
/// a type say the same.
fn are_told_apart<const N: usize>(errors: [&dyn Error; N]) {
    let texts: HashSet<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), N, "{texts:#?}");
    for text in texts {
        let initial = text.chars().next().expect("it says something");
        let name = text.split(' ').next().is_some_and(|word| {
            word.contains('-') || word.chars().filter(char::is_ascii_uppercase).count() > 1
        });
        let name = name || text.starts_with("Origin") || text.starts_with("Content");
        assert!(initial.is_ascii_lowercase() || name, "{text}");
        assert!(!text.ends_with('.') && !text.contains(['\n', '\r']), "{text}");
        assert!(text.len() < 124, "RFC 6455 §5.5 has 123 bytes for a reason: {text}");
    }
}

#[test]
fn errors_of_websocket_have_different_texts() {
    use ws::{Error, SendError};
    let code = CloseCode(1005);
    are_told_apart([
        &Error::ReservedBits,
        &Error::ReservedOpcode(3),
        &Error::MaskMissing,
        &Error::MaskUnexpected,
        &Error::ControlFragmented,
        &Error::ControlTooLong,
        &Error::ContinuationUnexpected,
        &Error::ContinuationMissing,
        &Error::LengthNotMinimal,
        &Error::LengthTopBit,
        &Error::FrameTooLong(OVER),
        &Error::MessageTooLong(OVER),
        &Error::TooManyFragments { limit: 7 },
        &Error::InvalidUtf8,
        &Error::BufferFull(FULL),
        &Error::BeginningMissing,
        &Error::PartsMixed,
        &Error::NotInflated,
        &Error::InvalidDeflate,
        &Error::RatioTooHigh { limit: 7 },
        &Error::CloseTooShort,
        &Error::CloseCodeInvalid(code),
        &Error::CloseReasonInvalid,
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::Closing,
        &SendError::FrameUnfinished,
        &SendError::MessageUnfinished,
        &SendError::PayloadTooLong,
        &SendError::FrameTooLong,
        &SendError::ControlFragmented,
        &SendError::ControlTooLong,
        &SendError::InvalidUtf8,
        &SendError::CloseCodeInvalid(code),
    ]);
}

#[test]
fn errors_of_the_opening_handshake_have_different_texts() {
    use handshake::{Error, SendError};
    are_told_apart([
        &Error::Head(http1::Error::BareLf),
        &Error::Method,
        &Error::HttpVersion,
        &Error::Target,
        &Error::NotAnUpgrade,
        &Error::Connection,
        &Error::NotAConnect,
        &Error::OtherProtocol,
        &Error::Body,
        &Error::Version,
        &Error::RepeatedVersion,
        &Error::Key,
        &Error::RepeatedKey,
        &Error::MissingOrigin,
        &Error::Origin,
        &Error::RepeatedOrigin,
        &Error::Protocols,
        &Error::Extensions,
        &Error::RepeatedExtensions,
        &Error::Accept,
        &Error::RepeatedAccept,
        &Error::ProtocolNotOffered,
        &Error::ExtensionNotOffered,
        &Error::ExtensionParams,
    ]);
    are_told_apart([
        &SendError::Head(http1::SendError::Host),
        &SendError::Origin,
        &SendError::Protocol,
        &SendError::ProtocolNotOffered,
        &SendError::Extensions,
        &SendError::ExtensionNotOffered,
        &SendError::Scheme,
        &SendError::OverHttp2,
    ]);
}

#[test]
fn errors_of_http1_have_different_texts() {
    use http1::{Error, SendError};
    are_told_apart([
        &Error::HeadTooLong { limit: 7 },
        &Error::RequestLineTooLong { limit: 7 },
        &Error::TooManyHeaders { limit: 7 },
        &Error::BufferFull(FULL),
        &Error::Tls,
        &Error::Http2,
        &Error::BareLf,
        &Error::BareCr,
        &Error::ControlByte,
        &Error::RequestLine,
        &Error::StatusLine,
        &Error::Version,
        &Error::Header,
        &Error::MissingHost,
        &Error::RepeatedHost,
        &Error::BadHost,
        &Error::ContentLength,
        &Error::TransferEncoding,
        &Error::AmbiguousLength,
        &Error::BodyTooLong(OVER),
        &Error::ChunkSize,
        &Error::ChunkExtension,
        &Error::ChunkExtensionsTooLong { limit: 7 },
        &Error::ChunkEnd,
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::Status,
        &SendError::Method,
        &SendError::Target,
        &SendError::Host,
        &SendError::Body,
        &SendError::BodyTooLong,
        &SendError::BodyTooShort,
        &SendError::Trailers,
        &SendError::HeaderName(7),
        &SendError::HeaderValue(7),
        &SendError::ReservedHeader(7),
    ]);
}

#[test]
fn errors_of_event_streams_have_different_texts() {
    use sse::{Error, SendError};
    are_told_apart([
        &Error::LineTooLong { limit: 7 },
        &Error::DataTooLong { limit: 7 },
        &Error::TypeTooLong { limit: 7 },
        &Error::IdTooLong { limit: 7 },
        &Error::BufferFull(FULL),
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::EventUnfinished,
        &SendError::EventMissing,
        &SendError::TypeInvalid,
        &SendError::IdInvalid,
        &SendError::CarriageReturn,
    ]);
}

#[test]
fn errors_of_grpc_have_different_texts() {
    use grpc::{DecodeError, Error, SendError};
    are_told_apart([
        &Error::FlagsUnknown(2),
        &Error::CompressedUnexpected,
        &Error::MessageTooLong(OVER),
        &Error::TrailersTooLong(OVER),
        &Error::BufferFull(FULL),
        &Error::AfterTrailers,
        &Error::TrailersCompressed,
        &Error::TrailersMalformed,
        &Error::SocketControl(2),
        &Error::SocketHalfClosed,
        &Error::Truncated,
        &Error::Method,
        &Error::ContentType,
        &Error::Subtype,
        &Error::Path,
        &Error::Timeout,
        &Error::EncodingUnsupported,
        &Error::EncodingNotAccepted,
        &Error::MessageMissing,
        &Error::MessageUnexpected,
        &Error::HeadMissing,
        &Error::OutOfOrder,
        &Error::StatusMissing,
        &Error::Http(502),
        &Error::Reset(8),
        &Error::Disconnected,
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::MessageTooLong,
        &SendError::MessageUnfinished,
        &SendError::PayloadTooLong,
        &SendError::MessageUnexpected,
        &SendError::MessageMissing,
        &SendError::EncodingMissing,
        &SendError::HeadUnsent,
        &SendError::HeadSent,
        &SendError::HalfClosed,
        &SendError::Ended,
        &SendError::Busy,
        &SendError::NotAnnounced,
        &SendError::TooManyCalls,
        &SendError::Closing,
        &SendError::Authority,
        &SendError::Scheme,
        &SendError::PrefixAlone,
        &SendError::Encoding,
        &SendError::UserAgent,
        &SendError::MetadataName(7),
        &SendError::MetadataReserved(7),
        &SendError::MetadataValue(7),
    ]);
    are_told_apart([&DecodeError::Base64, &DecodeError::BufferFull(FULL)]);
}

#[test]
fn a_full_buffer_says_how_much_room_was_needed() {
    are_told_apart([&FULL, &Truncated]);
    let wrapped: [&dyn Error; 5] = [
        &ws::SendError::BufferFull(FULL),
        &http1::SendError::BufferFull(FULL),
        &sse::SendError::BufferFull(FULL),
        &grpc::SendError::BufferFull(FULL),
        &grpc::DecodeError::BufferFull(FULL),
    ];
    for error in wrapped {
        assert_eq!(error.to_string(), FULL.to_string());
    }
    assert!(FULL.to_string().contains("1234 bytes"));
}

/// Each text contains its number or a word.
fn says<E: Error + 'static>(cases: &[(E, &str)]) {
    for (error, number) in cases {
        let text = error.to_string();
        assert!(text.contains(number), "{error:?}: {text}");
    }
}

#[test]
fn errors_of_http2_have_different_texts() {
    use http2::{Error, SendError};
    are_told_apart([
        &Error::Preface,
        &Error::SettingsMissing,
        &Error::FrameTooLong(OVER),
        &Error::FrameLength,
        &Error::StreamMissing,
        &Error::StreamUnexpected,
        &Error::Padding,
        &Error::ContinuationExpected,
        &Error::ContinuationUnexpected,
        &Error::PushPromise,
        &Error::SelfDependency,
        &Error::EnablePush,
        &Error::InitialWindowSize,
        &Error::MaxFrameSize,
        &Error::EnableConnectProtocol,
        &Error::NoRfc7540Priorities,
        &Error::AckUnexpected,
        &Error::StreamIdle,
        &Error::StreamClosed,
        &Error::StreamId,
        &Error::WindowExceeded,
        &Error::WindowOverflow,
        &Error::WindowIncrement,
        &Error::GoAwayRose,
        &Error::Index,
        &Error::Integer,
        &Error::Huffman,
        &Error::TableSize,
        &Error::TableLost,
        &Error::BlockTruncated,
        &Error::FieldName,
        &Error::FieldValue,
        &Error::FieldReserved,
        &Error::Te,
        &Error::PseudoField,
        &Error::PseudoMissing,
        &Error::Method,
        &Error::Scheme,
        &Error::Path,
        &Error::Authority,
        &Error::Status,
        &Error::ContentLength,
        &Error::EndMissing,
        &Error::EndUnexpected,
        &Error::BodyUnexpected,
        &Error::HeadUnexpected,
        &Error::HeadTooLong { limit: 7 },
        &Error::TooManyFields { limit: 7 },
        &Error::BufferFull { needed: 7 },
        &Error::TooManyResets { limit: 7 },
        &Error::TooManyUseless { limit: 7 },
        &Error::TooManyAnswers { limit: 7 },
        &Error::TooManyContinuations { limit: 7 },
        &Error::HeadBuffer,
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::FrameTooLong,
        &SendError::WindowIncrement,
        &SendError::StreamOver,
        &SendError::HeadUnsent,
        &SendError::HeadSent,
        &SendError::NoBody,
        &SendError::TrailersInTunnel,
        &SendError::TooManyStreams,
        &SendError::NoMoreStreams,
        &SendError::Closing,
        &SendError::Request(Error::Path),
        &SendError::Status,
        &SendError::FieldName(1),
        &SendError::FieldValue(1),
        &SendError::FieldReserved(1),
        &SendError::PingInFlight,
        &SendError::ConnectNotOffered,
    ]);
}

#[test]
fn errors_of_the_peer_say_how_much_or_which() {
    says(&[
        (ws::Error::ReservedOpcode(0xB), "0xB"),
        (ws::Error::FrameTooLong(OVER), OVER_TEXT),
        (ws::Error::MessageTooLong(OVER), OVER_TEXT),
        (ws::Error::CloseCodeInvalid(ws::CloseCode(1005)), "1005"),
        (ws::Error::InvalidUtf8, "UTF-8"),
        (ws::Error::BufferFull(FULL), "no room for the message: 1234 bytes"),
        (ws::Error::TooManyFragments { limit: 77 }, "over the limit of 77"),
        (ws::Error::RatioTooHigh { limit: 77 }, "over the limit of 77 times"),
    ]);
    says(&[
        (http1::Error::RepeatedHost, "Host"),
        (http1::Error::HeadTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (http1::Error::RequestLineTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (http1::Error::TooManyHeaders { limit: 77 }, "over the limit of 77"),
        (http1::Error::BodyTooLong(OVER), OVER_TEXT),
        (http1::Error::ChunkExtensionsTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (http1::Error::BufferFull(FULL), "no room for the head: 1234 bytes"),
        (http1::Error::Tls, "TLS"),
        (http1::Error::Http2, "HTTP/2"),
    ]);
    says(&[
        (ws::handshake::Error::Head(http1::Error::RepeatedHost), "Host"),
        (
            ws::handshake::Error::Head(http1::Error::HeadTooLong { limit: 77 }),
            "head is too long: over the limit of 77 bytes",
        ),
    ]);
    says(&[
        (sse::Error::LineTooLong { limit: 77 }, "line is too long: over the limit of 77 bytes"),
        (sse::Error::DataTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (sse::Error::TypeTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (sse::Error::IdTooLong { limit: 77 }, "over the limit of 77 bytes"),
        (sse::Error::BufferFull(FULL), "no room for the event: 1234 bytes"),
    ]);
    says(&[
        (http2::Error::FrameTooLong(OVER), OVER_TEXT),
        (http2::Error::HeadTooLong { limit: 77 }, "head is too long: over the limit of 77 bytes"),
        (http2::Error::TooManyFields { limit: 77 }, "over the limit of 77"),
        (http2::Error::BufferFull { needed: 1234 }, "no room for the head: 1234 bytes"),
    ]);
    says(&[
        (grpc::Error::FlagsUnknown(0x42), "0x42"),
        (grpc::Error::MessageTooLong(OVER), OVER_TEXT),
        (grpc::Error::TrailersTooLong(OVER), OVER_TEXT),
        (grpc::Error::BufferFull(FULL), "not enough room: 1234 bytes"),
        (grpc::Error::SocketControl(0x42), "0x42"),
        (grpc::Error::Http(418), "418"),
        (grpc::Error::Reset(13), "13"),
    ]);
    says(&[(Truncated, "ended")]);
}

#[test]
fn errors_of_the_caller_say_which() {
    says(&[(ws::SendError::CloseCodeInvalid(ws::CloseCode(1006)), "1006")]);
    says(&[
        (http1::SendError::HeaderName(7), "7"),
        (http1::SendError::HeaderValue(7), "7"),
        (http1::SendError::ReservedHeader(7), "7"),
    ]);
    says(&[(ws::handshake::SendError::Head(http1::SendError::HeaderName(7)), "7")]);
    says(&[
        (grpc::SendError::MetadataName(7), "7"),
        (grpc::SendError::MetadataReserved(7), "7"),
        (grpc::SendError::MetadataValue(7), "7"),
    ]);
    says(&[(grpc::DecodeError::Base64, "base64")]);
}

/// Every error of STOMP, and each header that can be missing.
pub fn errors_of_stomp() -> [stomp::Error; 34] {
    use stomp::{Command, Error, RequiredHeader};
    [
        Error::UnknownCommand,
        Error::ColonMissing,
        Error::NameEmpty,
        Error::EscapeUndefined,
        Error::LoneCarriageReturn,
        Error::NulInHead,
        Error::InvalidUtf8,
        Error::ContentLengthInvalid,
        Error::NulMissing,
        Error::NulBetweenFrames,
        Error::LineTooLong(OVER),
        Error::TooManyHeaders { limit: 7 },
        Error::HeadTooLong(OVER),
        Error::BodyTooLong(OVER),
        Error::BufferFull(FULL),
        Error::BeginningMissing,
        Error::ConnectMissing,
        Error::ConnectRepeated,
        Error::ConnectedUnexpected,
        Error::WrongSide(Command::Send),
        Error::NoVersionInCommon,
        Error::VersionNotOffered,
        Error::HeartBeatInvalid,
        Error::AckModeInvalid,
        Error::HeaderMissing(RequiredHeader::Destination),
        Error::HeaderMissing(RequiredHeader::Id),
        Error::HeaderMissing(RequiredHeader::MessageId),
        Error::HeaderMissing(RequiredHeader::Subscription),
        Error::HeaderMissing(RequiredHeader::Transaction),
        Error::HeaderMissing(RequiredHeader::ReceiptId),
        Error::BodyNotAllowed(Command::Send),
        Error::NackUndefined,
        Error::HeartBeatMissing,
        Error::ConnectTimedOut,
    ]
}

#[test]
fn errors_of_stomp_have_different_texts() {
    use stomp::{RequiredHeader, SendError};
    let errors = errors_of_stomp();
    are_told_apart(errors.each_ref().map(|error| error as &dyn std::error::Error));
    for error in errors {
        let text = error.to_string();
        let message = text.split(": ").next().unwrap();
        assert!(message.len() <= 39, "`Connection::MAX_TRANSMIT_LEN` counts on that: {message}");
    }
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::NotConnected,
        &SendError::AlreadyConnected,
        &SendError::Closing,
        &SendError::FrameUnfinished,
        &SendError::FrameMissing,
        &SendError::BodyTooLong,
        &SendError::BodyTooShort,
        &SendError::NulInBody,
        &SendError::BodyNotAllowed,
        &SendError::CommandNotAllowed,
        &SendError::NotInVersion,
        &SendError::HeaderInvalid,
        &SendError::HeaderMissing(RequiredHeader::Ack),
        &SendError::ReceiptTooLong,
        &SendError::OtherVersion,
    ]);
    says(&[
        (stomp::Error::BodyTooLong(OVER), "body is too long: 70000 bytes, over the limit of 65536"),
        (stomp::Error::TooManyHeaders { limit: 77 }, "too many headers: over the limit of 77"),
        (stomp::Error::BufferFull(FULL), "no room for the frame: 1234 bytes"),
        (stomp::Error::BodyNotAllowed(stomp::Command::Ack), "frame must not have a body: ACK"),
    ]);
}

#[test]
fn errors_of_sockjs_have_different_texts() {
    use sockjs::{AttachError, CallbackError, Error, RouteError, SendError};
    are_told_apart([&Error::PayloadMissing, &Error::Json, &Error::PayloadTooLong { limit: 7 }]);
    are_told_apart([
        &SendError::Closed,
        &SendError::BacklogFull(OVER),
        &SendError::BufferFull(FULL),
        &SendError::CodeInvalid,
        &SendError::ReasonTooLong,
    ]);
    are_told_apart([&AttachError::AnotherOpen, &AttachError::Over]);
    are_told_apart([&CallbackError::Missing, &CallbackError::Invalid]);
    are_told_apart([&RouteError::NotFound, &RouteError::MethodNotAllowed { allow: "GET" }]);
}

#[test]
fn errors_of_engineio_have_different_texts() {
    use engineio::{AssembleError, Error, Refusal, SendError};
    are_told_apart([
        &Error::PacketEmpty,
        &Error::PacketType(7),
        &Error::PacketUnexpected,
        &Error::Base64,
        &Error::InvalidUtf8,
        &Error::PayloadTooLong(OVER),
        &Error::MessageTooLong(OVER),
        &Error::ContentType,
        &Error::RequestsOverlap,
        &Error::Handshake,
        &Error::Status(404),
        &Error::BufferFull(FULL),
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::BacklogFull(OVER),
        &SendError::PayloadTooLong(OVER),
        &SendError::Separator,
        &SendError::SidInvalid,
        &SendError::Closed,
        &SendError::NotOpen,
        &SendError::UpgradeUnexpected,
    ]);
    are_told_apart([&AssembleError::BufferFull(FULL), &AssembleError::Peer(Error::InvalidUtf8)]);
    are_told_apart([
        &Refusal::UnknownTransport,
        &Refusal::UnknownSid,
        &Refusal::BadHandshakeMethod,
        &Refusal::BadRequest,
        &Refusal::Forbidden,
        &Refusal::UnsupportedVersion,
        &Refusal::PayloadTooLarge,
        &Refusal::MethodNotAllowed,
    ]);
}

#[test]
fn errors_of_socketio_have_different_texts() {
    use socketio::{Error, SendError};
    are_told_apart([
        &Error::PacketEmpty,
        &Error::PacketType(7),
        &Error::AttachmentCount,
        &Error::TooManyAttachments { limit: 7 },
        &Error::AttachmentsTooLong(OVER),
        &Error::AttachmentsLate,
        &Error::AttachmentMissing,
        &Error::AttachmentUnexpected,
        &Error::Namespace,
        &Error::AckId,
        &Error::Payload,
        &Error::NotConnected,
        &Error::AlreadyConnected,
        &Error::PacketUnexpected,
        &Error::TooManyNamespaces { limit: 7 },
        &Error::NamespaceTooLong(OVER),
        &Error::BufferFull(FULL),
        &Error::ConnectLate,
        &Error::ServerVersion,
    ]);
    are_told_apart([
        &SendError::BufferFull(FULL),
        &SendError::Namespace,
        &SendError::Payload,
        &SendError::ReservedName,
        &SendError::AckId,
        &SendError::Attachments,
        &SendError::AttachmentsUnfinished,
        &SendError::AttachmentUnexpected,
        &SendError::NotConnected,
        &SendError::AlreadyConnected,
        &SendError::NotPending,
        &SendError::Role,
        &SendError::Kind,
        &SendError::Failed,
        &SendError::Session(engineio::SendError::Closed),
    ]);
}
