//! gRPC over this crate's HTTP/2 or over any other HTTP stack, and gRPC-Web.
//!
//! There are three ways in:
//!
//! - A [`Server`] or a [`Client`] is one end of an HTTP/2 connection, with all of its calls. Begin here, unless you
//!   already have an HTTP stack. The examples `grpc_server` and `grpc_client` are whole programs; the README shows both.
//! - A [`ServerCall`] or a [`ClientCall`] is one call over any HTTP stack that passes on heads, bodies and trailers.
//!   It knows which event may come when. The chapters below are about these.
//! - A [`Decoder`] and an [`Encoder`] handle messages alone.
//!
//! A name in capitals is a document in gRPC's repository, such as PROTOCOL-HTTP2. A name in italics
//! is a rule or a section in it.
//!
//! # Where each heading is
//!
//! | heading of PROTOCOL-HTTP2 | items |
//! |---|---|
//! | *Request-Headers* | a client writes a [`ClientRequest`], a server reads a [`Request`] |
//! | *Path* | [`Path`] |
//! | *Timeout* | [`Timeout`] |
//! | *Content-Type* | [`ContentType`], [`Framing`], [`Subtype`] |
//! | *Message-Encoding*, *Message-Accept-Encoding* | [`Encodings`] |
//! | *Custom-Metadata* | [`metadata`], [`Value`]; to be sent, [`Metadata`] and [`MetadataList`] |
//! | *Length-Prefixed-Message* | [`Prefix`], [`Decoder`], [`Encoder`], [`Message`] |
//! | *Response-Headers* | [`ResponseHead`] |
//! | *Trailers* | [`Trailers`] |
//! | *Trailers-Only* | [`Refusal`], [`Trailing`] |
//! | *Status*, *Status-Message* | [`Status`], [`Code`], [`StatusMessage`] |
//! | *Stream Identification* | [`CallId`] |
//! | *Early Server Closure*, *Client Cancellation* | [`Reset`], [`Client::cancel`], [`Server::cancel`] |
//! | *Errors* | [`Error`], [`Code`]: [below](#what-the-peer-sees) |
//! | *GOAWAY Frame* | [`Server::close`], [`Client::close`], [`Client::is_unprocessed`] |
//! | *PING Frame* | [`Server::keepalive`], [`Server::min_ping_interval`], [`Client::keepalive`] |
//!
//! Of other documents: statuscodes.md is [`Code`] and [`CallKind`], compression.md is [`Encodings`] and
//! [`Message::compressed`], http-grpc-status-mapping.md is [`Code::from_http`], PROTOCOL-WEB is [`web`], and the details of
//! a status (`google.rpc.Status`) are [`RpcStatus`].
//!
//! # A call
//!
//! ```text
//!   client                                      server
//!   ClientRequest ──────────── head ──────────▶ Request::parse(), accept()
//!   send()          ───────── messages ───────▶ receive()
//!   half_close()    ─────── end of stream ────▶ receive_eof()
//!
//!   receive_head()  ◀──────────── head ──────── send_head()
//!   receive()       ◀────────── messages ────── send()
//!   receive_trailers() ◀─────── trailers ────── finish(), or transmit() after a failure
//! ```
//!
//! The two directions run side by side: either side may send as soon as it likes. Trailers end the call,
//! even if the request has not ended. In gRPC-Web they are in the body, so `receive()` decodes them.
//!
//! Heads and trailers are fields. Types that read them take any iterator of
//! [`Field`](crate::http::Field)s, such as `&http::HeaderMap`. Types that make them write lines, or
//! pass each field to a closure.
//!
//! Messages come whole in an [`Inbox`] from `receive_message()`, or as the parts of an [`Event`] from
//! `receive()`, for proxies and for messages larger than memory.
//!
//! ```
//! use framewright::grpc::{
//!     CallKind, Event, Inbox, MessageEvent, Request, ResponseHead, ServerCall, ServerConfig, Status,
//!     Trailing,
//! };
//!
//! /// Answers each message with itself, in any framing; `read` holds the next bytes of the body.
//! fn on_readable(
//!     call: &mut ServerCall,
//!     inbox: &mut Inbox<Vec<u8>>,
//!     read: &mut [u8],
//!     body: &mut Vec<u8>,
//! ) {
//!     let mut input = call.decode_text_in_place(read);
//!     while let Some(event) = call.receive_message(&mut input, inbox) {
//!         if let MessageEvent::Message = event {
//!             call.send(inbox.message(), body).expect("the head is sent");
//!         }
//!     } // `input` is empty: there is nothing to keep, move or count
//! }
//!
//! let headers = [("content-type", &b"application/grpc-web-text"[..])];
//! // An error is the refusal to answer with.
//! let request = Request::parse("POST", "/echo.Echo/Chat", headers)?;
//! const CONFIG: ServerConfig = ServerConfig::new();
//! let now = 0; // on the caller's clock, in milliseconds
//! let mut call = request.accept(CallKind::BidiStreaming, &CONFIG, now)?;
//! let (mut head, mut body) = (Vec::new(), Vec::new());
//! call.send_head(ResponseHead::new(), &mut head)?;
//! let mut inbox = Inbox::new(Vec::new());
//! for read in ["AAAAAAIIA", "Q=="] {
//!     on_readable(&mut call, &mut inbox, &mut read.to_owned().into_bytes(), &mut body);
//! }
//! assert_eq!(call.receive_eof(), Some(Event::HalfClose));
//! assert_eq!(call.trailing(), Trailing::Body);
//! call.finish(Status::OK, &mut body)?;
//! assert_eq!(head, b"content-type: application/grpc-web-text\r\n");
//! assert_eq!(body, b"AAAAAAIIAQ==gAAAABBncnBjLXN0YXR1czogMA0K");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the peer sees
//!
//! An [`Error`] ends its call. The caller gets its [code](Error::code), and the peer is told:
//!
//! - A server sends the code as the status of the call. It answers a request that is not one of gRPC with a status of
//!   HTTP, here 405 or 415.
//! - A client resets the stream of HTTP/2 with the code in the last column ([`ClientCall::reset_code`]). `NO_ERROR` means
//!   that the response is over, and is sent only if the request has not ended.
//!
//! A rule in italics is one of PROTOCOL-HTTP2, if no other document is named.
//!
//! `INTERNAL`:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [FlagsUnknown](Error::FlagsUnknown) | *Compressed-Flag* | status | CANCEL |
//! | [CompressedUnexpected](Error::CompressedUnexpected) | compression.md | status | CANCEL |
//! | [AfterTrailers](Error::AfterTrailers) | PROTOCOL-WEB, *Message framing* | – | – |
//! | [TrailersCompressed](Error::TrailersCompressed) | PROTOCOL-WEB, *Message framing* | – | NO_ERROR |
//! | [Base64](Error::Base64) | PROTOCOL-WEB, *Text-encoded streams* | status | CANCEL |
//! | [SocketControl](Error::SocketControl) | `@improbable-eng/grpc-web` | – | – |
//! | [SocketHalfClosed](Error::SocketHalfClosed) | `@improbable-eng/grpc-web` | – | – |
//! | [Truncated](Error::Truncated) | *Length-Prefixed-Message* | status | NO_ERROR |
//! | [Subtype](Error::Subtype) | *Content-Type* | – | CANCEL |
//! | [Timeout](Error::Timeout) | *Timeout* | status | – |
//! | [EncodingNotAccepted](Error::EncodingNotAccepted) | compression.md | – | CANCEL |
//! | [OutOfOrder](Error::OutOfOrder) | *Outline* | status | CANCEL |
//! | [StatusMissing](Error::StatusMissing) | *Trailers* | – | NO_ERROR |
//!
//! `RESOURCE_EXHAUSTED`:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [MessageTooLong](Error::MessageTooLong) | statuscodes.md | status | CANCEL |
//! | [TrailersTooLong](Error::TrailersTooLong) | statuscodes.md | – | CANCEL; in trailers of HTTP, NO_ERROR |
//! | [BufferFull](Error::BufferFull) | statuscodes.md | status | CANCEL; in trailers of HTTP, NO_ERROR |
//!
//! `UNIMPLEMENTED`:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [Path](Error::Path) | *Path* | status | – |
//! | [EncodingUnsupported](Error::EncodingUnsupported) | compression.md | status | – |
//! | [MessageMissing](Error::MessageMissing) | statuscodes.md | status | NO_ERROR |
//! | [MessageUnexpected](Error::MessageUnexpected) | statuscodes.md | status | CANCEL |
//!
//! `UNKNOWN`:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [TrailersMalformed](Error::TrailersMalformed) | PROTOCOL-WEB, *Message framing* | – | CANCEL |
//! | [Method](Error::Method) | *Method* | 405 | – |
//! | [ContentType](Error::ContentType) | *Content-Type* | 415 | – |
//! | [HeadMissing](Error::HeadMissing) | *Responses* | – | CANCEL; if the stream has ended, NO_ERROR |
//!
//! `UNAVAILABLE`:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [Disconnected](Error::Disconnected) | *Connection failure* | – | nothing |
//!
//! The code that [`Code::from_http`] or [`Code`]'s `From<ErrorCode>` has for what came:
//!
//! | error | rule | server | client |
//! |---|---|---|---|
//! | [Http](Error::Http) | http-grpc-status-mapping.md | – | CANCEL; if the stream has ended, NO_ERROR |
//! | [Reset](Error::Reset) | *Errors* | nothing | nothing |
//!
//! Three errors are none of a call. [`AfterTrailers`](Error::AfterTrailers) is only a [`Decoder`]'s: a call ignores
//! what follows the trailers. The other two are a [`SocketDecoder`](web::SocketDecoder)'s: close the WebSocket.
//!
//! Without an error, a deadline that has passed is the status `DEADLINE_EXCEEDED` of a server and the reset `CANCEL` of a
//! client. A method that nobody accepts is the status `UNIMPLEMENTED`. Either end [cancels](Client::cancel) by the reset
//! `CANCEL`. A client that is gone gets nothing.
//!
//! # Keeping it in a struct
//!
//! A [`MessageEvent`] has no lifetime: the message stays in the inbox, and [`Inbox::message`] returns it. So a struct may
//! own the call, the inbox and the input, and have an `async fn next` and methods that handle events:
//!
//! ```
//! use framewright::grpc::{ClientCall, Code, Inbox, MessageEvent};
//!
//! /// The body of a response, as your HTTP stack has it.
//! trait Body {
//!     async fn data(&mut self) -> Option<Vec<u8>>;
//!     async fn trailers(&mut self) -> Vec<(String, Vec<u8>)>;
//! }
//!
//! struct Responses<T> {
//!     body: T,
//!     call: ClientCall<Vec<u8>>, // whose head has come
//!     inbox: Inbox<Vec<u8>>,
//!     data: Vec<u8>,
//!     seen: usize, // of the data
//!     messages: usize,
//! }
//!
//! impl<T: Body> Responses<T> {
//!     /// Waits for the next message. At the end of the call, returns its code.
//!     async fn next(&mut self) -> Result<&[u8], Code> {
//!         loop {
//!             let mut input = &self.data[self.seen..];
//!             let event = self.call.receive_message(&mut input, &mut self.inbox);
//!             self.seen = self.data.len() - input.len();
//!             match event {
//!                 Some(MessageEvent::Message) => return Ok(self.inbox.message().bytes),
//!                 Some(MessageEvent::End(code)) => return Err(code),
//!                 Some(_) => {}
//!                 None => self.read_on().await,
//!             }
//!             if let Some(status) = self.call.status() {
//!                 return Err(status.code);
//!             }
//!         }
//!     }
//!
//!     async fn read_on(&mut self) {
//!         self.seen = 0;
//!         self.data = self.body.data().await.unwrap_or_default();
//!         if self.data.is_empty() {
//!             self.call.receive_trailers(&self.body.trailers().await);
//!         }
//!     }
//!
//!     /// Handles what the caller has just read.
//!     fn on_readable(&mut self, mut input: &[u8]) {
//!         while let Some(event) = self.call.receive_message(&mut input, &mut self.inbox) {
//!             self.on_event(event);
//!         }
//!     }
//!
//!     fn on_event(&mut self, event: MessageEvent) {
//!         match event {
//!             MessageEvent::Message => self.messages += 1,
//!             event => println!("{event:?}"),
//!         }
//!     }
//! }
//! # struct Chunks(Vec<Vec<u8>>);
//! # impl Body for Chunks {
//! #     async fn data(&mut self) -> Option<Vec<u8>> {
//! #         self.0.pop()
//! #     }
//! #     async fn trailers(&mut self) -> Vec<(String, Vec<u8>)> {
//! #         vec![("grpc-status".to_owned(), b"0".to_vec())]
//! #     }
//! # }
//! # fn block_on<T>(future: impl Future<Output = T>) -> T {
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     match std::pin::pin!(future).poll(&mut context) {
//! #         std::task::Poll::Ready(output) => output,
//! #         std::task::Poll::Pending => panic!("nothing here waits"),
//! #     }
//! # }
//! # use framewright::grpc::{CallKind, ClientRequest, Limits, Path};
//! # for size in 1..20 {
//! #     let body = b"\0\0\0\0\x05Hello\0\0\0\0\x03you";
//! #     let request = ClientRequest::new(Path::parse("/a.B/C").unwrap());
//! #     let mut call = request.call(CallKind::ServerStreaming, Limits::new(), Vec::new(), 0);
//! #     call.receive_head(200, [("content-type", &b"application/grpc"[..])], false);
//! #     let mut responses = Responses {
//! #         body: Chunks(body.chunks(size).rev().map(<[u8]>::to_vec).collect()),
//! #         call,
//! #         inbox: Inbox::new(Vec::new()),
//! #         data: Vec::new(),
//! #         seen: 0,
//! #         messages: 0,
//! #     };
//! #     responses.on_readable(body);
//! #     assert_eq!(responses.messages, 2);
//! #     assert_eq!(block_on(responses.next()), Ok(&b"Hello"[..]));
//! #     assert_eq!(block_on(responses.next()), Ok(&b"you"[..]));
//! #     assert_eq!(block_on(responses.next()), Err(Code::Ok));
//! # }
//! ```
//!
//! # Calls beside other requests
//!
//! A [`Server`] answers all that comes on its connection, and refuses what is no call. Where pages, event streams or
//! WebSockets share the connection, each call is a [`ServerCall`] on a stream of an
//! [`http2::Connection`](crate::http2::Connection). This is what the `Server` does for you otherwise:
//!
//! - it holds what a window does not take, until the stream is writable;
//! - it [polls](ServerCall::poll) the call at its deadline, and passes on a [reset](ServerCall::receive_reset);
//! - after a call that ended before its request, it reads on for a moment before it [resets](ServerCall::reset_code)
//!   the stream;
//! - it counts pings as gRPC polices them.
//!
//! ```
//! use framewright::grpc::{
//!     CallKind, ContentType, Inbox, Request, ResponseHead, ServerCall, ServerConfig, Status,
//! };
//! use framewright::http::NO_FIELDS;
//! use framewright::http2::{Connection, Event, Limits, Server, Slot, Storage, Stream};
//! use std::error::Error;
//!
//! const CONFIG: ServerConfig = ServerConfig::new();
//!
//! struct Gateway {
//!     http2: Connection<Server, Vec<u8>, Vec<Slot>>,
//!     head: Vec<u8>, // where heads are decoded
//!     calls: Vec<Option<(ServerCall, Inbox<Vec<u8>>)>>, // by the slots of their streams
//!     out: Vec<u8>,
//! }
//!
//! impl Gateway {
//!     fn on_readable(&mut self, mut input: &mut [u8], now: u64) -> Result<(), Box<dyn Error>> {
//!         let mut buffer = std::mem::take(&mut self.head); // events borrow it while `self` is used
//!         while let Some(event) = self.http2.receive(&mut input, &mut buffer) {
//!             match event {
//!                 Event::Head { stream, head, .. } => {
//!                     let content_type = head.headers().get("content-type");
//!                     if content_type.and_then(ContentType::parse).is_none() {
//!                         self.http2.send_head(stream, 200, NO_FIELDS, false, &mut self.out)?;
//!                         self.http2.send(stream, b"a page", true, &mut self.out)?;
//!                         continue;
//!                     }
//!                     let request = head.request();
//!                     let call = Request::parse(request.method(), request.path(), head.headers())
//!                         .and_then(|request| request.accept(CallKind::Unary, &CONFIG, now));
//!                     match call {
//!                         Ok(call) => {
//!                             let len = self.calls.len().max(stream.slot() + 1);
//!                             self.calls.resize_with(len, || None);
//!                             self.calls[stream.slot()] = Some((call, Inbox::new(Vec::new())));
//!                         }
//!                         Err(refusal) => {
//!                             let fields = refusal.to_fields()?;
//!                             let status = refusal.http_status();
//!                             self.http2.send_head(stream, status, fields, true, &mut self.out)?;
//!                         }
//!                     }
//!                 }
//!                 Event::Data(data) => {
//!                     let (stream, end) = (data.stream(), data.end());
//!                     let Some(Some((call, inbox))) = self.calls.get_mut(stream.slot()) else { continue };
//!                     let mut body = call.decode_text_in_place(data.bytes);
//!                     while call.receive_message(&mut body, inbox).is_some() {}
//!                     if end {
//!                         call.receive_eof();
//!                         self.reply(stream)?;
//!                     }
//!                 }
//!                 _ => {}
//!             }
//!         }
//!         self.head = buffer;
//!         self.http2.transmit(&mut self.out); // once the output before is written
//!         Ok(())
//!     }
//!
//!     /// Sends the message back.
//!     fn reply(&mut self, stream: Stream) -> Result<(), Box<dyn Error>> {
//!         let Some((mut call, inbox)) = self.calls[stream.slot()].take() else { return Ok(()) };
//!         let (mut body, mut head, mut trailers) = (Vec::new(), Vec::new(), Vec::new());
//!         call.send_head_fields(ResponseHead::new(), &mut body, |name, value| {
//!             head.push((name.to_owned(), value.to_vec()));
//!         })?;
//!         call.send(inbox.message(), &mut body)?;
//!         call.finish_fields(Status::OK, &mut body, |name, value| {
//!             trailers.push((name.to_owned(), value.to_vec()));
//!         })?;
//!         self.http2.send_head(stream, 200, head.iter(), false, &mut self.out)?;
//!         // In gRPC-Web, the trailers are the end of the body.
//!         self.http2.send(stream, &body, trailers.is_empty(), &mut self.out)?;
//!         if !trailers.is_empty() {
//!             self.http2.send_trailers(stream, trailers.iter(), &mut self.out)?;
//!         }
//!         Ok(())
//!     }
//! }
//! # use framewright::http2;
//! # let limits = Limits::new();
//! # let http2 = Connection::server(Storage::new(), limits);
//! # let mut gateway = Gateway { http2, head: Vec::new(), calls: Vec::new(), out: Vec::new() };
//! # let mut client = Connection::client(Storage::<Vec<u8>, Vec<Slot>>::new(), limits);
//! # let mut wire = Vec::new();
//! # let page = client.open(http2::Request::new("GET", "http", "h", "/"), NO_FIELDS, true, &mut wire)?;
//! # let mut calls = Vec::new();
//! # for content_type in ["application/grpc", "application/grpc-web"] {
//! #     let request = http2::Request::new("POST", "http", "h", "/echo.Echo/Unary");
//! #     let call = client.open(request, [("content-type", content_type)], false, &mut wire)?;
//! #     client.send(call, b"\0\0\0\0\x02hi", true, &mut wire)?;
//! #     calls.push(call);
//! # }
//! # client.transmit(&mut wire);
//! # for read in wire.chunks_mut(7) {
//! #     gateway.on_readable(read, 0)?;
//! # }
//! # let (mut input, mut head, mut bodies) = (&mut gateway.out[..], Vec::new(), vec![Vec::new(); 3]);
//! # let mut trailers = 0;
//! # while let Some(event) = client.receive(&mut input, &mut head) {
//! #     match event {
//! #         Event::Head { head, .. } => assert_eq!(head.status(), 200),
//! #         Event::Data(data) => {
//! #             let at = [page, calls[0], calls[1]].iter().position(|one| *one == data.stream());
//! #             bodies[at.unwrap()].extend_from_slice(data.bytes);
//! #         }
//! #         Event::Trailers { stream, .. } if stream == calls[0] => trailers += 1,
//! #         _ => {}
//! #     }
//! # }
//! # assert_eq!(trailers, 1);
//! # assert_eq!(bodies[0], b"a page");
//! # assert_eq!(bodies[1], b"\0\0\0\0\x02hi");
//! # assert!(bodies[2].ends_with(b"grpc-status: 0\r\n"));
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! The example `gateway` does it on an event loop, with every route over HTTP/1.1 too.

// The names in the tables of errors are not set as code, which breaks inside of words on a narrow screen.
#![allow(clippy::doc_markdown)]

mod call;
mod code;
mod content_type;
mod decode;
mod encode;
mod encodings;
mod error;
mod http2;
mod inbox;
mod limits;
mod metadata;
mod metadata_list;
mod path;
mod prefix;
mod rpc_status;
mod server_config;
mod status;
mod timeout;
mod trailers;
pub mod web;

pub use call::{
    BodyEncoder, CallKind, ClientCall, ClientRequest, Event, Refusal, Request, Reset, ResponseHead,
    ServerCall, Trailing,
};
pub use code::Code;
pub use content_type::{ContentType, Framing, Subtype};
pub use decode::{Decoder, Frame, Part};
pub use encode::{Encoder, Message};
pub use encodings::Encodings;
pub use error::{Error, SendError};
#[cfg(feature = "alloc")]
pub use http2::Heap;
pub use http2::{Batch, CallId, Client, ClientEvent, Fixed, Memory, Server, ServerEvent};
pub use inbox::{Inbox, MessageEvent};
pub use limits::Limits;
pub use metadata::{DecodeError, Metadata, Value, metadata};
pub use metadata_list::MetadataList;
pub use path::Path;
pub use prefix::Prefix;
pub use rpc_status::{Any, RpcStatus};
pub use server_config::ServerConfig;
pub use status::{Status, StatusMessage};
pub use timeout::Timeout;
pub use trailers::Trailers;
