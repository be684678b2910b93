//! Checks for any Echo server.

use std::error::Error;
use std::time::Duration;

use framewright::grpc::{Code, Value, metadata};
use tokio::time::timeout;

use crate::client::{Call, Client, Options};
use crate::echo::{EchoReply, EchoRequest};

/// Runs all checks at the same time on one connection, and prints the result of each.
pub async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(address).await?;
    macro_rules! start {
        ($($check:ident)*) => { [$((stringify!($check), tokio::spawn($check(client.clone())))),*] };
    }
    let checks = start![
        unary
        an_empty_message
        a_long_message
        a_message_over_the_limit
        server_streaming
        a_thousand_replies
        an_error_after_replies
        client_streaming
        a_thousand_requests
        client_streaming_of_nothing
        bidi_streaming
        many_calls_at_once
        every_code
        a_message_that_is_not_ascii
        an_unknown_method
        metadata_come_back
        gzip_both_ways
        a_deadline
        a_call_cancelled_half_way
    ];
    let mut failed = 0;
    for (name, check) in checks {
        // The message of a panic says what was expected.
        let passed = matches!(timeout(Duration::from_secs(20), check).await, Ok(Ok(())));
        println!("{} {name}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    if failed > 0 { Err(format!("{failed} checks failed").into()) } else { Ok(()) }
}

async fn call(client: &Client, method: &str, options: Options<'_>) -> Call {
    client.call(&format!("/echo.Echo/{method}"), options).await.expect("a call")
}

/// Makes a call with these requests, waits for its end, and returns it with all replies.
async fn complete(
    client: &Client,
    method: &str,
    options: Options<'_>,
    requests: &[EchoRequest],
) -> (Call, Vec<EchoReply>) {
    let mut call = call(client, method, options).await;
    for request in requests {
        call.send(request).await;
    }
    call.half_close();
    let mut replies = Vec::new();
    while let Some(reply) = call.reply().await {
        replies.push(reply);
    }
    (call, replies)
}

async fn expect_replies(
    client: &Client,
    method: &str,
    requests: &[EchoRequest],
    expected: &[EchoReply],
) {
    let (call, replies) = complete(client, method, Options::default(), requests).await;
    assert_eq!(call.status().code, Code::Ok); // some send a text with it
    assert_eq!(replies.len(), expected.len());
    assert!(replies == expected, "other replies than expected");
}

fn request(text: &str) -> EchoRequest {
    EchoRequest { text: text.into(), ..EchoRequest::default() }
}

fn reply(text: &str, index: u32) -> EchoReply {
    EchoReply { text: text.into(), index, payload: Vec::new() }
}

async fn unary(client: Client) {
    expect_replies(&client, "Unary", &[request("Grüße")], &[reply("Grüße", 0)]).await;
}

async fn an_empty_message(client: Client) {
    expect_replies(&client, "Unary", &[request("")], &[reply("", 0)]).await;
}

async fn a_long_message(client: Client) {
    let payload: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sent = EchoRequest { payload: payload.clone(), ..request("long") };
    expect_replies(&client, "Unary", &[sent], &[EchoReply { payload, ..reply("long", 0) }]).await;
}

async fn a_message_over_the_limit(client: Client) {
    let sent = EchoRequest { payload: vec![7; 5_000_000], ..request("too long") };
    let (call, replies) = complete(&client, "Unary", Options::default(), &[sent]).await;
    assert_eq!((call.status().code, replies.len()), (Code::ResourceExhausted, 0));
}

async fn server_streaming(client: Client) {
    let sent = EchoRequest { count: 3, delay_ms: 20, ..request("again") };
    let expected: Vec<_> = (0..3).map(|index| reply("again", index)).collect();
    expect_replies(&client, "ServerStream", &[sent], &expected).await;
}

async fn a_thousand_replies(client: Client) {
    let sent = EchoRequest { count: 1000, payload: vec![1; 1000], ..request("one of many") };
    let one = |index| EchoReply { payload: vec![1; 1000], ..reply("one of many", index) };
    let expected: Vec<_> = (0..1000).map(one).collect();
    expect_replies(&client, "ServerStream", &[sent], &expected).await;
}

async fn an_error_after_replies(client: Client) {
    let sent =
        EchoRequest { count: 2, code: 10, error: "lost the race".into(), ..request("so far") };
    let (call, replies) = complete(&client, "ServerStream", Options::default(), &[sent]).await;
    assert_eq!(call.status().to_string(), "ABORTED: lost the race");
    assert_eq!(replies, [reply("so far", 0), reply("so far", 1)]);
}

async fn client_streaming(client: Client) {
    let sent = [request("one"), request("two"), request("three")];
    expect_replies(&client, "ClientStream", &sent, &[reply("one,two,three", 3)]).await;
}

/// Each is a short frame, and the server must not mistake that for an attack.
async fn a_thousand_requests(client: Client) {
    let sent = vec![request("one"); 1000];
    let texts = vec!["one"; 1000].join(",");
    expect_replies(&client, "ClientStream", &sent, &[reply(&texts, 1000)]).await;
}

async fn client_streaming_of_nothing(client: Client) {
    expect_replies(&client, "ClientStream", &[], &[reply("", 0)]).await;
}

async fn bidi_streaming(client: Client) {
    let mut call = call(&client, "Bidi", Options::default()).await;
    for text in ["Is anybody there?", "", "🦀"] {
        call.send(&request(text)).await;
        // The reply is there while the request still goes on.
        assert_eq!(call.reply().await.expect("a reply").text, text);
    }
    call.half_close();
    assert_eq!(call.reply().await, None);
    assert_eq!(call.status().code, Code::Ok); // some send a text with it
}

async fn many_calls_at_once(client: Client) {
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let (client, text) = (client.clone(), format!("call {number}"));
            tokio::spawn(async move {
                expect_replies(&client, "Unary", &[request(&text)], &[reply(&text, 0)]).await;
            })
        })
        .collect();
    for call in calls {
        call.await.expect("a call that succeeds");
    }
}

async fn every_code(client: Client) {
    for code in Code::ALL.into_iter().filter(|&code| code != Code::Ok) {
        let sent = EchoRequest { code: code as u32, error: code.name().into(), ..request("") };
        let (call, _) = complete(&client, "Unary", Options::default(), &[sent]).await;
        assert_eq!(call.status().to_string(), format!("{code}: {code}"));
    }
}

async fn a_message_that_is_not_ascii(client: Client) {
    let error = "100 % schiefgegangen: 世界 👋\n(Ende)";
    let sent = EchoRequest { code: 5, error: error.into(), ..request("") };
    let (call, _) = complete(&client, "Unary", Options::default(), &[sent]).await;
    assert_eq!(call.status().code, Code::NotFound);
    assert_eq!(call.status().message.to_string(), error);
}

async fn an_unknown_method(client: Client) {
    let (call, replies) = complete(&client, "Nothing", Options::default(), &[]).await;
    assert_eq!((call.status().code, replies.len()), (Code::Unimplemented, 0));
}

async fn metadata_come_back(client: Client) {
    let bytes: Vec<u8> = (0..=255).collect();
    let sent = [
        ("x-echo-text", Value::Text("one, two")),
        ("x-echo-twice", Value::Text("first")),
        ("x-echo-twice", Value::Text("second")),
        ("x-echo-all-bin", Value::Bytes(&bytes)),
    ];
    let options = Options { metadata: &sent, ..Options::default() };
    let (call, _) = complete(&client, "Unary", options, &[request("")]).await;
    assert_eq!(call.status().code, Code::Ok);
    let decode = |(name, value): (&str, Value<'_>)| {
        let mut bytes = Vec::new();
        value.decode(&mut bytes).expect("valid base64");
        (name.to_owned(), bytes)
    };
    let with_prefix = |prefix: &str, mut found: Vec<(String, Vec<u8>)>| {
        found.retain(|(name, _)| name.starts_with(prefix));
        // Values with different names have no order, and some join those with the same name.
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found.dedup_by(|(name, value), (before, joined)| {
            let same = name == before;
            if same {
                joined.extend([b", ", &value[..]].concat());
            }
            same
        });
        found
    };
    let expected: Vec<_> = sent.into_iter().map(decode).collect();
    let head = metadata(call.head()).map(decode).collect();
    assert_eq!(with_prefix("x-echo-", head), with_prefix("x-echo-", expected.clone()));
    let renamed =
        expected.iter().map(|(name, value)| (name.replace("echo", "trailer"), value.clone()));
    let trailers = metadata(call.trailers()).map(decode).collect();
    assert_eq!(with_prefix("x-trailer-", trailers), with_prefix("x-trailer-", renamed.collect()));
}

async fn gzip_both_ways(client: Client) {
    let sent = [("x-echo-gzip", "1".into())];
    let options = Options { metadata: &sent, compress: true, ..Options::default() };
    let requests =
        ["one", "", "three"].map(|text| EchoRequest { payload: vec![0; 100_000], ..request(text) });
    let (call, replies) = complete(&client, "Bidi", options, &requests).await;
    assert_eq!(call.status().code, Code::Ok); // some send a text with it
    assert_eq!(call.head().get("grpc-encoding").map(|value| value.as_bytes()), Some(&b"gzip"[..]));
    assert_eq!(replies.len(), 3);
    for (request, reply) in requests.iter().zip(&replies) {
        assert_eq!(request.text, reply.text);
        assert!(request.payload == reply.payload, "the payload comes back");
    }
    assert!(call.any_compressed(), "a reply is compressed");
}

async fn a_deadline(client: Client) {
    let options = Options { timeout: Some(Duration::from_secs(2)), ..Options::default() };
    let sent = EchoRequest { count: 1000, delay_ms: 100, ..request("slow") };
    let (call, replies) = complete(&client, "ServerStream", options, &[sent]).await;
    assert_eq!(call.status().code, Code::DeadlineExceeded);
    assert!((1..=20).contains(&replies.len()), "{} replies", replies.len());
}

async fn a_call_cancelled_half_way(client: Client) {
    let mut call = call(&client, "ServerStream", Options::default()).await;
    call.send(&EchoRequest { count: 1_000_000, ..request("endless") }).await;
    call.half_close();
    for _ in 0..10 {
        call.reply().await.expect("a reply");
    }
    call.cancel(Code::Cancelled);
    assert_eq!(call.reply().await, None);
    assert_eq!(call.status().code, Code::Cancelled);
    // The connection still works.
    expect_replies(&client, "Unary", &[request("still here")], &[reply("still here", 0)]).await;
}
