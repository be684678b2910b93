//! gRPC: a server's and a client's end of a connection, over any stream of bytes.
//!
//! Messages are bytes. Any codec makes them: with `prost`, it is `User::decode(bytes)` and `user.encode_to_vec()`.
//!
//! ```text
//!     Server ── next() ──▶ Call ──┐                        ┌── ClientCall ◀── Request ◀── Client
//!     serve()                     │ next(), send()         │
//!                                 ▼                        ▼
//!                  ┌──────────────────────────────────────────────────────┐
//!                  │  one lock guards the library's state machine, its    │
//!                  │  output, and the messages and the end of each call   │
//!                  └──────────────────────────────────────────────────────┘
//!                       ▲ receive                          │ output
//!                       │                                  ▼
//!                  the one task that reads and writes, and looks at the time
//! ```
//!
//! The task that drives a server's connection is the one that waits in [`Server::next`] or [`Server::serve`]. A client's is
//! spawned. A call that sends puts its frames into the output, and wakes that task, which writes those of all calls at
//! once. The lock is never held over an await.
//!
//! # Back-pressure
//!
//! A call's window opens as its messages are asked for. So the peer can send at most
//! [`stream_window`](Http2Limits::stream_window) bytes and 64 KiB more that nobody has asked for, and one
//! message. [`Call::send`] and [`ClientCall::send`] wait while the peer's window is closed, so that each call keeps at
//! most one message that is not sent. They wait, too, while 64 KiB of output are not written. A peer that takes no output
//! for 60 s is given up, as is one whose windows stay closed for that long.
//!
//! # Cancel safety
//!
//! A future may be dropped while it waits, as `tokio::select!` does, and its method called again: no message is lost, and
//! none is sent in part or twice. If several tasks wait for the messages of one call, each message wakes one of them. If
//! several wait to send, those wake that there is room for. A future that is dropped leaves its turn to the next. The
//! methods of a [`Request`] are the exception: dropping their future cancels the call.
//!
//! # Memory
//!
//! An idle connection takes 7 KiB, and 28 more once its peer has sent much at once.
//!
//! # Over TLS
//!
//! Both ends have to agree on `h2` by ALPN (RFC 9113 §3.2): with rustls, set `alpn_protocols` of the configuration to
//! `vec![b"h2".to_vec()]`. Then pass the TLS stream. A client sets [`Options::scheme`] to `https`.
//!
//! # Types of the library
//!
//! What goes into a call and its options, such as [`Value`], [`ResponseHead`], [`Limits`] and [`RpcStatus`], is the
//! library's, and found here, too. A message is a reference to bytes, or a [`Message`] if it is compressed.
//!
//! # Example
//!
//! ```
//! use framewright_tokio::grpc::{Call, Client, Code, Server, Status};
//!
//! async fn answer(call: Call) -> Result<(), Status> {
//!     match call.path() {
//!         "/helloworld.Greeter/SayHello" => {
//!             let name = call.message().await?;
//!             call.send(&[b"hello, ", &*name].concat()).await
//!         }
//!         "/helloworld.Greeter/Chat" => {
//!             while let Some(message) = call.next().await {
//!                 call.send(&message?).await?;
//!             }
//!             Ok(())
//!         }
//!         _ => Err(Status::new(Code::Unimplemented, "no such method")),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Status> {
//! let (ours, theirs) = tokio::io::duplex(4096); // or a TcpStream, or TLS over one
//! tokio::spawn(Server::new(theirs).serve(answer));
//!
//! let client = Client::new(ours, "localhost");
//! let reply = client.request("/helloworld.Greeter/SayHello").unary(b"you").await?;
//! assert_eq!(reply, "hello, you");
//!
//! let chat = client.request("/helloworld.Greeter/Chat").bidi().await?;
//! for text in ["one", "two"] {
//!     chat.send(text.as_bytes()).await?;
//!     assert_eq!(chat.next().await.expect("an echo")?, text);
//! }
//! chat.half_close();
//! assert!(chat.next().await.is_none());
//! # Ok(())
//! # }
//! ```

mod call;
mod client;
mod client_call;
mod driver;
mod end;
mod entry;
mod handle;
mod metadata_map;
mod options;
mod queue;
mod request;
mod server;
mod shared;
mod status;
mod waiters;

pub use call::Call;
pub use client::Client;
pub use client_call::ClientCall;
#[doc(no_inline)]
pub use framewright::grpc::{
    Any, CallKind, Code, ContentType, DecodeError, Encodings, Limits, Message, Metadata,
    MetadataList, Path, ResponseHead, RpcStatus, SendError, Subtype, Trailers, Value,
};
#[doc(no_inline)]
pub use framewright::http2::Limits as Http2Limits;
pub use metadata_map::MetadataMap;
pub use options::Options;
pub use request::Request;
pub use server::Server;
pub use status::Status;
