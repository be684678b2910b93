//! An echo server in one thread, on Linux's `io_uring`: `cargo run --example ws_echo_io_uring -- [ADDR]`.
//!
//! It prints its URL. `cargo run --example ws_client -- ws://127.0.0.1:8080` gets back what you type there. It fails if the
//! kernel does not let it have a ring, as in many containers.

#[cfg(target_os = "linux")]
mod server;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = std::net::TcpListener::bind(addr)?;
    let url = format!("ws://{}", listener.local_addr()?);
    let server = server::Server::new(listener).map_err(|e| format!("no io_uring here: {e}"))?;
    println!("listening on {url}");
    Ok(server.serve()?)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("only Linux has io_uring: see the example ws_echo_mio");
}
