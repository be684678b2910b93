//! The server of the Model Context Protocol: sessions, and streams that are resumed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::client::exchange;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/mcp_server.rs"]
mod mcp_server;

fn server() -> SocketAddr {
    let server = mcp_server::Server::new(Duration::from_millis(1));
    spawn(move |listener| server.serve(&listener).unwrap())
}

fn request(method: &str, headers: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "{method} /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
         Content-Length: {len}\r\n{headers}\r\n{body}"
    )
}

/// Begins a session, and returns the header with its ID.
fn begin(addr: SocketAddr) -> String {
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#;
    let text = exchange(addr, &request("POST", "", body));
    assert!(text.contains(r#""protocolVersion":"2025-06-18""#), "{text}");
    let header = text.lines().find(|line| line.starts_with("Mcp-Session-Id: ")).unwrap();
    format!("{header}\r\nMCP-Protocol-Version: 2025-06-18\r\n")
}

const COUNT: &str = r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"count","arguments":{"to":2},"_meta":{"progressToken":7}}}"#;

#[test]
fn what_is_asked_is_answered() {
    let addr = server();
    let session = begin(addr);
    let cases = [
        (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, "202 Accepted", ""),
        (r#"{"jsonrpc":"2.0","id":4,"result":{}}"#, "202 Accepted", ""),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            "200 OK",
            r#"{"id":1,"jsonrpc":"2.0","result":{}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"é"}}}"#,
            "200 OK",
            r#"{"id":2,"jsonrpc":"2.0","result":{"content":[{"text":"é","type":"text"}],"isError":false}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"no/such"}"#,
            "200 OK",
            r#"{"error":{"code":-32601,"message":"no such method"},"id":3,"jsonrpc":"2.0"}"#,
        ),
        ("no JSON", "400 Bad Request", ""),
    ];
    for (body, status, answer) in cases {
        let text = exchange(addr, &request("POST", &session, body));
        assert!(text.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{body}: {text}");
        assert!(text.ends_with(&format!("\r\n\r\n{answer}")), "{body}: {text}");
    }
}

#[test]
fn a_stream_is_resumed_after_any_of_its_events() {
    let addr = server();
    let session = begin(addr);
    let whole = exchange(addr, &request("POST", &session, COUNT));
    assert!(whole.contains("Content-Type: text/event-stream"), "{whole}");
    let ids: Vec<_> = whole.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["1-0", "1-1", "1-2"], "{whole}");
    assert!(whole.contains(r#""params":{"progress":2,"progressToken":7,"total":2}"#), "{whole}");
    let events: Vec<_> = whole.lines().filter(|line| line.starts_with("data: ")).collect();
    for (n, id) in ids.iter().enumerate() {
        let headers = format!("{session}Last-Event-ID: {id}\r\n");
        let rest = exchange(addr, &request("GET", &headers, ""));
        let came: Vec<_> = rest.lines().filter(|line| line.starts_with("data: ")).collect();
        assert_eq!(came, events[n + 1..], "{id}");
    }
}

#[test]
fn news_come_until_the_session_ends() {
    let addr = server();
    let session = begin(addr);
    let other = begin(addr); // which is news for those before
    let mut listener = TcpStream::connect(addr).unwrap();
    let headers = format!("{session}Last-Event-ID: 0-0\r\n"); // which was that
    listener.write_all(request("GET", &headers, "").as_bytes()).unwrap();
    begin(addr);
    let (mut text, mut buf) = (String::new(), [0; 1024]);
    while !text.contains("somebody has come") {
        let n = listener.read(&mut buf).unwrap();
        assert_ne!(n, 0, "{text}");
        text += str::from_utf8(&buf[..n]).unwrap();
    }
    assert!(text.contains("id: 0-1\n"), "{text}");
    for session in [&session, &other] {
        let text = exchange(addr, &request("DELETE", session, ""));
        assert!(text.starts_with("HTTP/1.1 204 "), "{text}");
        let text = exchange(addr, &request("DELETE", session, ""));
        assert!(text.starts_with("HTTP/1.1 404 "), "{text}");
    }
    listener.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("\r\n0\r\n\r\n"), "{text}");
}

#[test]
fn strangers_are_refused() {
    let addr = server();
    let session = begin(addr);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let cases = [
        (String::new(), "400"),
        ("Mcp-Session-Id: 1\r\n".to_owned(), "404"),
        (session.replace("2025-06-18", "1900-01-01"), "400"),
        (format!("{session}Origin: http://evil.example\r\n"), "403"),
        (format!("{session}Origin: http://localhost\r\n"), "200"),
    ];
    for (headers, status) in cases {
        let text = exchange(addr, &request("POST", &headers, ping));
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {text}");
    }
    // A page whose name leads here.
    let rebound = request("POST", &format!("{session}Origin: http://evil.example\r\n"), ping);
    let text = exchange(addr, &rebound.replace("Host: localhost", "Host: evil.example"));
    assert!(text.starts_with("HTTP/1.1 403 "), "{text}");
    let text = exchange(addr, &request("PUT", &session, ""));
    assert!(
        text.starts_with("HTTP/1.1 405 ") && text.contains("Allow: GET, POST, DELETE"),
        "{text}"
    );
}
