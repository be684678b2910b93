//! The gRPC programs that the README shows: their text is that of the examples, and they talk to each other.

use std::net::TcpListener;
use std::thread;

#[allow(dead_code)]
#[path = "../../examples/grpc_client.rs"]
mod grpc_client;
#[allow(dead_code)]
#[path = "../../examples/grpc_server.rs"]
mod grpc_server;

#[test]
fn the_client_is_greeted_by_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || grpc_server::serve(listener.accept().unwrap().0));
    let reply = grpc_client::say_hello(&address, "Zoë").unwrap();
    assert_eq!(reply, "Hello Zoë");
    server.join().unwrap().expect("a client may leave as it likes");
}

#[test]
fn the_readme_shows_them() {
    let readme = include_str!("../../README.md");
    for program in [
        include_str!("../../examples/grpc_server.rs"),
        include_str!("../../examples/grpc_client.rs"),
    ] {
        let (_, program) = program.split_once("\n\n").expect("a line that says what it is");
        assert!(readme.contains(&format!("```rust,no_run\n{program}```\n")), "{program}");
    }
}
