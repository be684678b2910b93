//! The details of a status: `google.rpc.Status` in Protobuf, against an implementation of Protobuf that
//! nobody here wrote.
#![cfg(feature = "alloc")]

use framewright::grpc::{Any, Code, RpcStatus};
use framewright::{BufferFull, SliceBuf};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use prost::Message;

/// `google.rpc.Status`
#[derive(Clone, PartialEq, prost::Message)]
struct TheirStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<TheirAny>,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, prost::Message)]
struct TheirAny {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

fn theirs(status: &RpcStatus<'_>) -> TheirStatus {
    let details = status
        .details()
        .map(|any| TheirAny { type_url: any.type_url.to_owned(), value: any.value.to_vec() });
    TheirStatus {
        code: status.code,
        message: status.message.to_owned(),
        details: details.collect(),
    }
}

fn check(status: TheirStatus) {
    let bytes = status.encode_to_vec();
    let read = RpcStatus::parse(&bytes).unwrap();
    assert_eq!(theirs(&read), status, "what they write we read");
    let mut again = Vec::new();
    read.write(&mut again).unwrap();
    assert_eq!(again, bytes, "and write");
    let details: Vec<_> = status
        .details
        .iter()
        .map(|any| Any { type_url: &any.type_url, value: &any.value })
        .collect();
    let mut made = RpcStatus::new(Code::Ok, &status.message).with_details(&details);
    made.code = status.code;
    let mut out = Vec::new();
    made.write(&mut out).unwrap();
    assert_eq!(TheirStatus::decode(&out[..]).unwrap(), status, "what we write they read");
    let mut room = vec![0; bytes.len().saturating_sub(1)];
    if !bytes.is_empty() {
        let full = made.write(&mut SliceBuf::new(&mut room));
        assert_eq!(full, Err(BufferFull { needed: bytes.len() }));
    }
}

#[test]
fn a_status_with_details_is_read_and_written() {
    for code in [0, 1, 16, 17, 127, 128, -1, i32::MIN, i32::MAX] {
        for len in [0, 1, 127, 128, 20_000] {
            let value = vec![7; len];
            let url = |name: &str| format!("type.googleapis.com/{name}");
            check(TheirStatus {
                code,
                message: "\u{e9}".repeat(len),
                details: vec![
                    TheirAny { type_url: url("google.rpc.ErrorInfo"), value },
                    TheirAny::default(),
                    TheirAny { type_url: url(""), value: vec![] },
                ],
            });
        }
    }
    assert_eq!(Code::from(5), Code::NotFound);
    assert_eq!(Code::from(5_u32), Code::NotFound);
    for number in [-1, 17, 256, i32::MIN, i32::MAX] {
        assert_eq!(Code::from(number), Code::Unknown);
    }
    assert_eq!(Code::from(u32::MAX), Code::Unknown);
    assert_eq!(Any { type_url: "a/b/p.T", value: b"" }.type_name(), "p.T");
    assert_eq!(Any { type_url: "p.T", value: b"" }.type_name(), "p.T");
}

/// Protobuf's encoding guide: unknown fields are skipped, and of several values the last counts.
#[test]
fn unknown_and_repeated_fields_are_no_error() {
    let unknown = b"\x20\x96\x01\x29\x01\x02\x03\x04\x05\x06\x07\x08\x32\x01x\x3D\x01\x02\x03\x04";
    let bytes = [&b"\x08\x01"[..], unknown, b"\x08\x05\x12\x01a\x12\x01b"].concat();
    let status = RpcStatus::parse(&bytes).unwrap();
    assert_eq!((status.code, status.message, status.details().count()), (5, "b", 0));
}

#[test]
fn a_malformed_message_is_none() {
    for bytes in [
        &b"\x08"[..],
        b"\x08\x80",
        b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
        b"\x12\x02a",
        b"\x12\x01\xFF",
        b"\x1A\x02\x0A\x05",
        b"\x1A\x03\x0A\x01\xFF",
        b"\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
        b"\x0B",
        b"\x0E",
        b"\x00\x01",
        b"\x29\x01",
    ] {
        assert!(RpcStatus::parse(bytes).is_none(), "{}", bytes.escape_ascii());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_status_comes_back(
        code in any::<i32>(),
        message in any::<String>(),
        details in proptest::collection::vec((any::<String>(), any::<Vec<u8>>()), 0..4),
    ) {
        let details = details.into_iter().map(|(type_url, value)| TheirAny { type_url, value });
        check(TheirStatus { code, message, details: details.collect() });
    }

    #[test]
    fn any_bytes_are_read_as_others_read_them(
        bytes in proptest::collection::vec(
            proptest::prelude::prop_oneof![any::<u8>(), proptest::sample::select(&b"\x08\x0A\x12\x1A\x01\x02\x03"[..])],
            0..24,
        ),
    ) {
        // They know groups, and are strict about the types of known fields.
        if let Some(read) = RpcStatus::parse(&bytes)
            && let Ok(status) = TheirStatus::decode(&bytes[..])
        {
            prop_assert_eq!(theirs(&read), status);
        }
    }
}
