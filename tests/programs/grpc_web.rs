//! gRPC-Web for a browser, as bytes. `interop` has a browser.

use crate::client::exchange;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/grpc_web_server/main.rs"]
mod grpc_web_server;

/// A call with this content type and body, in text.
fn call(method: &str, content_type: &str, body: &str) -> String {
    let addr = spawn(|listener| grpc_web_server::serve(&listener).unwrap());
    let len = body.len();
    exchange(
        addr,
        &format!(
            "POST /helloworld.Greeter/{method} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\
             Content-Length: {len}\r\n\r\n{body}"
        ),
    )
}

/// `HelloRequest { name: "world" }`, in a frame.
const WORLD: &str = "\0\0\0\0\x07\x0a\x05world";

#[test]
fn a_call_is_answered_in_the_body() {
    let answer = call("SayHello", "application/grpc-web+proto", WORLD);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\0\0\0\0\x0d\x0a\x0bHello world"), "{answer:?}");
    assert!(answer.contains("grpc-status: 0\r\n"), "{answer:?}");
    let text = call("SayHello", "application/grpc-web-text", "AAAAAAcKBXdvcmxk");
    assert!(text.contains("AAAAAA0KC0hlbGxvIHdvcmxk"), "{text:?}");
}

#[test]
fn a_stream_has_its_messages_in_order() {
    let answer = call("SayHellos", "application/grpc-web", WORLD);
    let at = |text| answer.find(text).unwrap_or_else(|| panic!("{text} is missing: {answer:?}"));
    let order = ["Hello world", "Bonjour world", "Hallo world", "grpc-status: 0"].map(at);
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn what_is_wrong_is_a_status() {
    let cases = [
        ("SayHello", "application/grpc-web", "\0\0\0\0\x02\x0a\x07", "grpc-status: 3\r\n"),
        ("SayHello", "application/grpc-web", "", "grpc-status: 12\r\n"), // a message is missing
        ("SayHello", "application/grpc-web", "\0\0\0\0\x07\x0a", "grpc-status: 13\r\n"), // it is cut off
        ("Nothing", "application/grpc-web", WORLD, "grpc-status: 12\r\n"),
        ("SayHello", "application/grpc", WORLD, "grpc-status: 12\r\n"),
        ("SayHello", "text/plain", WORLD, "HTTP/1.1 415 "),
    ];
    for (method, content_type, body, expected) in cases {
        let answer = call(method, content_type, body);
        assert!(answer.contains(expected), "{method} {content_type}: {answer:?}");
    }
}
