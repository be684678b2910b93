//! [`framewright`] on tokio.
//!
//! The library's state machines leave all I/O to their caller. Here are the callers for tokio:
//!
//! - [`WebSocket`]: one end of a connection, over any stream of bytes. It reads, writes, answers pings, sends its own,
//!   and carries out both handshakes, with compression if both ends want it.
//! - [`grpc`]: a server's and a client's end of a connection, with all of its calls.
//! - [`sse`]: events out of the body of a response, and the body of a response out of events.
//!
//! A server that echoes:
//!
//! ```
//! use framewright_tokio::{CloseCode, WebSocket};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! async fn serve(listener: TcpListener) -> std::io::Result<()> {
//!     loop {
//!         let (stream, _) = listener.accept().await?;
//!         stream.set_nodelay(true)?;
//!         tokio::spawn(echo(stream));
//!     }
//! }
//!
//! async fn echo(stream: TcpStream) -> Result<(), framewright_tokio::Error> {
//!     let mut socket = WebSocket::accept(stream).await?;
//!     while let Some(message) = socket.next().await {
//!         socket.send(&message?).await?;
//!     }
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("ws://{}/", listener.local_addr()?);
//! # tokio::spawn(serve(listener));
//!
//! // A client of it.
//! let mut socket = WebSocket::connect(&url).await?;
//! socket.send("hello").await?;
//! let echo = socket.next().await.expect("it is open")?;
//! assert_eq!(echo, "hello".to_owned().into());
//! socket.close(CloseCode::NORMAL, "").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `hyper`: `upgrade`, which opens a `HyperSocket` on a request of hyper 1.
//! - `axum`: `Upgrade`, an extractor for axum 0.8, and responses of events.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
pub mod grpc;
pub mod sse;
mod ws;

#[cfg(feature = "axum")]
pub use crate::ws::axum::Upgrade;
#[cfg(feature = "hyper")]
pub use crate::ws::hyper::{HyperSocket, Upgraded, upgrade};
pub use error::{Error, UrlError};
pub use framewright;
pub use framewright::ws::{BytesMessage, CloseCode, Message};
pub use ws::{Closing, Options, Prepared, Preparer, WebSocket};

/// The README's code works.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
