//! A language model's server and its client: resuming, stopping, keep-alives.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::client::exchange;
use crate::echo::spawn;

#[allow(dead_code)]
#[path = "../../examples/llm_client.rs"]
mod llm_client;
#[allow(dead_code)]
#[path = "../../examples/llm_server.rs"]
mod llm_server;

use llm_client::{Ask, Target};
use llm_server::Llm;

const PROMPT: &str = "one two three four five six seven eight nine ten";

fn server(every: u64, keep_alive: u64) -> SocketAddr {
    let llm = Llm::new(Duration::from_millis(every), Duration::from_millis(keep_alive));
    spawn(move |listener| llm.serve(&listener).unwrap())
}

fn ask(addr: SocketAddr, stop_after: Option<u64>) -> (Vec<String>, String) {
    let ask = Ask { prompt: PROMPT.to_owned(), stop_after, ..Ask::default() };
    let target = Target::parse(&format!("http://{addr}/v1/chat/completions")).unwrap();
    let mut tokens = Vec::new();
    let reason = ask.run(&target, |token| tokens.push(token.to_owned())).unwrap();
    (tokens, reason)
}

fn post(body: &str, headers: &str) -> String {
    let len = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {len}\r\n\r\n{body}"
    )
}

const BODY: &str = r#"{"stream":true,"messages":[{"role":"user","content":"a b"}]}"#;

#[test]
fn the_answer_comes_token_by_token() {
    let (tokens, reason) = ask(server(0, 1000), None);
    assert_eq!((tokens.len(), tokens.concat(), &*reason), (10, PROMPT.to_owned(), "length"));
}

#[test]
fn an_answer_that_is_stopped_ends_with_that_reason() {
    let (tokens, reason) = ask(server(20, 1000), Some(2));
    assert!((2..10).contains(&tokens.len()), "{tokens:?}");
    assert_eq!(reason, "stop");
}

#[test]
fn an_answer_goes_on_where_the_stream_was_cut() {
    let behind = server(1, 1000);
    // It cuts the first streams off, each a little later than the one before.
    let addr = spawn(move |listener: TcpListener| {
        for (n, socket) in listener.incoming().enumerate() {
            let (mut socket, server) = (socket.unwrap(), TcpStream::connect(behind).unwrap());
            let (mut request, mut its) = (socket.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut request, &mut its));
            let limit = if n < 4 { 600 + 150 * n as u64 } else { u64::MAX };
            let _ = std::io::copy(&mut server.take(limit), &mut socket);
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    });
    let (tokens, reason) = ask(addr, None);
    assert_eq!((tokens.len(), tokens.concat(), &*reason), (10, PROMPT.to_owned(), "length"));
}

#[test]
fn comments_come_while_the_model_thinks() {
    let text = exchange(server(100, 10), &post(BODY, "Connection: close\r\n"));
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.matches("\n:\n").count() > 4, "{text}");
    assert_eq!(text.matches("chat.completion.chunk").count(), 3, "{text}");
    assert!(text.contains("data: [DONE]\n\n"), "{text}");
}

#[test]
fn a_client_with_all_of_it_need_not_come_back() {
    let addr = server(0, 1000);
    exchange(addr, &post(BODY, ""));
    for (last, status) in [
        ("chatcmpl-1/1", "200 OK"), // the reason is missing, and `[DONE]`
        ("chatcmpl-1/2", "200 OK"),
        ("chatcmpl-1/3", "204 No Content"),
        ("chatcmpl-2/0", "404 Not Found"),
        ("nonsense", "404 Not Found"),
    ] {
        let text = exchange(addr, &post(BODY, &format!("Last-Event-ID: {last}\r\n")));
        assert!(text.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{last}: {text}");
    }
    let text = exchange(addr, &post("{}", ""));
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    let text = exchange(addr, &post("{}", "Transfer-Encoding: chunked\r\n"));
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
}
