//! Server-Sent Events (HTML standard §9.2).
//!
//! `§` without a document means a section of that standard.
//!
//! A server writes a stream with an [`Encoder`]. A client passes the body of a response to an
//! [`Assembler`], which joins [`Event`]s. A [`Client`] has an assembler, and also says when to connect
//! and reconnect. The [`Decoder`] returns fields as they arrive.
//!
//! Every stream of bytes is a stream of events. All that a server can do wrong is to exceed the
//! [`Limits`], and then one event is lost. What is not UTF-8 becomes U+FFFD.
//!
//! | section | here; methods are a [`Client`]'s |
//! |---|---|
//! | §9.2.2, the `EventSource` interface | [`Client`], [`ReadyState`], [`close`](Client::close); its times in [`Policy`] |
//! | §9.2.3, connecting and connecting again | [`poll`](Client::poll), [`receive_response`](Client::receive_response), [`Verdict`], [`fail`](Client::fail) |
//! | §9.2.4, `Last-Event-ID` | [`last_event_id_header`](Client::last_event_id_header), [`LAST_EVENT_ID`] |
//! | §9.2.5, the stream and its type | [`Encoder`], [`RESPONSE_HEADERS`], [`REQUEST_HEADERS`] |
//! | §9.2.6, fields and events | [`Decoder`], [`Part`]; [`Assembler`], [`Item`], [`Event`] |
//! | §9.2.7, keep-alives | the [`Encoder`]'s [`encode_keep_alive`](Encoder::encode_keep_alive), [`idle_timeout`](Policy::idle_timeout) |
//!
//! A server that sends, and a client that receives:
//!
//! ```
//! use framewright::sse::{Assembler, Encoder, EventBuilder, Item, Limits, Storage};
//!
//! let mut encoder = Encoder::new();
//! let mut stream = Vec::new(); // the body of a response with `RESPONSE_HEADERS`
//! encoder.encode_retry(10_000, &mut stream)?;
//! encoder.encode(EventBuilder::new().event_type("add").id("1").data("73857293"), &mut stream)?;
//! encoder.encode("two\nlines", &mut stream)?;
//! encoder.encode_keep_alive(&mut stream)?;
//!
//! let mut assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
//! let mut events = Vec::new();
//! for read in stream.chunks(7) { // what the client has just read, any size
//!     let mut input = read;
//!     while let Some(item) = assembler.receive(&mut input) {
//!         match item {
//!             Item::Event(event) => events.push(format!("{}: {}", event.event_type, event.data)),
//!             Item::Comment(_) => println!("the server is alive"),
//!             Item::Lost(error) => eprintln!("an event was lost: {error}"),
//!             _ => {}
//!         }
//!     } // `input` is empty: there is nothing to keep, move or count
//! }
//! assert_eq!(events, ["add: 73857293", "message: two\nlines"]);
//! assert_eq!(assembler.reconnection_time(), Some(10_000));
//! assert_eq!(assembler.last_event_id(), "1");
//! assert_eq!(assembler.receive_eof(), None); // no event was cut off
//! # Ok::<(), framewright::sse::SendError>(())
//! ```
//!
//! # Keeping it in a struct
//!
//! An [`Item`] borrows from the input and from the assembler. A struct that owns both cannot return it from a
//! loop, nor hand it to a method of its own. [`Assembler::receive_event`] and [`Client::receive_event`] return
//! an [`ItemKind`], which has no lifetime. It says that an event has come, and [`Assembler::event`] returns
//! that. Then a loop, an `async fn next` and methods of the struct are all possible:
//!
//! ```
//! use framewright::sse::{Assembler, Event, ItemKind, Limits, Storage};
//! use std::io;
//! use std::ops::Range;
//!
//! /// The body of a response, as your HTTP client has it.
//! trait Body {
//!     async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
//! }
//!
//! struct Events<T> {
//!     body: T,
//!     assembler: Assembler<Vec<u8>>,
//!     buffer: Vec<u8>,
//!     unread: Range<usize>, // of the buffer
//!     total: usize,
//! }
//!
//! impl<T: Body> Events<T> {
//!     /// Waits for the next event. Returns `None` at the end of the stream.
//!     async fn next(&mut self) -> io::Result<Option<Event<'_>>> {
//!         loop {
//!             let mut input = &self.buffer[self.unread.clone()];
//!             let kind = self.assembler.receive_event(&mut input);
//!             self.unread.start = self.unread.end - input.len();
//!             match kind {
//!                 Some(ItemKind::Event) => return Ok(Some(self.assembler.event())),
//!                 Some(_) => {}
//!                 None => {
//!                     self.unread = 0..self.body.read(&mut self.buffer).await?;
//!                     if self.unread.is_empty() {
//!                         return Ok(None);
//!                     }
//!                 }
//!             }
//!         }
//!     }
//!
//!     /// Handles what the caller has just read.
//!     fn on_readable(&mut self, mut input: &[u8]) {
//!         while let Some(kind) = self.assembler.receive_event(&mut input) {
//!             self.on_item(kind);
//!         }
//!     }
//!
//!     fn on_item(&mut self, kind: ItemKind) {
//!         match kind {
//!             ItemKind::Event => self.total += self.assembler.event().data.len(),
//!             ItemKind::Lost(error) => eprintln!("an event was lost: {error}"),
//!             _ => {}
//!         }
//!     }
//! }
//! # impl Body for &[u8] {
//! #     async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
//! #         io::Read::read(self, buffer)
//! #     }
//! # }
//! # fn block_on<T>(future: impl Future<Output = T>) -> T {
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     match std::pin::pin!(future).poll(&mut context) {
//! #         std::task::Poll::Ready(output) => output,
//! #         std::task::Poll::Pending => panic!("nothing here waits"),
//! #     }
//! # }
//! # for size in 1..30 {
//! #     let mut events = Events {
//! #         body: &b"data: a\n\nid: 1\ndata: b\ndata: c\n\n"[..],
//! #         assembler: Assembler::new(Limits::new(), Storage::default()),
//! #         buffer: vec![0; size],
//! #         unread: 0..0,
//! #         total: 0,
//! #     };
//! #     let first = block_on(events.next())?.expect("there are two");
//! #     assert_eq!((first.data, first.last_event_id), ("a", ""));
//! #     let second = block_on(events.next())?.expect("there are two");
//! #     assert_eq!((second.data, second.last_event_id), ("b\nc", "1"));
//! #     assert_eq!(block_on(events.next())?, None);
//! #     events.on_readable(b"data: four\n\ndata: six");
//! #     assert_eq!(events.total, 4);
//! # }
//! # Ok::<(), io::Error>(())
//! ```
//!
//! # What the peer sees
//!
//! A server cannot break a rule: it can only exceed a limit. Then [`Item::Lost`] tells the caller, the stream goes
//! on with the next event, and the server sees nothing.
//!
//! | [`Error`] | what is over its limit | what is lost |
//! |---|---|---|
//! | [`LineTooLong`](Error::LineTooLong) | [`max_line_len`](Limits::max_line_len) | the event |
//! | [`DataTooLong`](Error::DataTooLong) | [`max_data_len`](Limits::max_data_len) | the event |
//! | [`TypeTooLong`](Error::TypeTooLong) | [`max_type_len`](Limits::max_type_len) | the event |
//! | [`IdTooLong`](Error::IdTooLong) | [`max_id_len`](Limits::max_id_len) | the event and its ID |
//! | [`BufferFull`](Error::BufferFull) | the [`Storage`] | the event, and its ID if that did not fit |
//!
//! What a [`Client`] makes of a response (§9.2.3), by the default [`Policy`], and what the server sees of that:
//!
//! | response, [`Verdict`] | what the server sees |
//! |---|---|
//! | 200, `text/event-stream`: [`Stream`](Verdict::Stream) | a connection that stays open; another request after its end |
//! | 200, any other type: [`NoStream`](Verdict::NoStream) | the end of the connection, and no request after it |
//! | 100, and 102 to 199: [`Interim`](Verdict::Interim) | nothing: the client waits for the final response |
//! | any other status: [`NoStream`](Verdict::NoStream) | as for another type, unless the status is one [to retry after](Policy::retry_statuses) |
//!
//! # Over HTTP/1.1
//!
//! With [`http1`](crate::http1), the stream is the body of a response. The server has read a request,
//! and the client has sent it because [`Client::poll`] said so:
//!
//! ```
//! use framewright::http1::{self, Body, BodyDecoder, Decoded, HeadReader, ResponseWriter, Version};
//! use framewright::sse::{
//!     Assembler, Client, Encoder, Item, Limits, Policy, RESPONSE_HEADERS, Response, Storage, Verdict,
//! };
//!
//! let mut out = Vec::new();
//! let framing = Body::of_unknown_len(Version::Http11); // the version of the request
//! let mut body = ResponseWriter::new(200).headers(RESPONSE_HEADERS).begin(framing, &mut out)?;
//! let mut event = Vec::new(); // for each event
//! Encoder::new().encode("hello", &mut event)?;
//! body.encode(&event, &mut out)?;
//!
//! let assembler = Assembler::new(Limits::new(), Storage::<Vec<u8>>::default());
//! let mut client = Client::new(Policy::new(), assembler, 7);
//! # client.poll(0);
//! let mut input = &mut out[..]; // what the client has read
//! let mut reader = HeadReader::new(Vec::new(), http1::Limits::new());
//! let head = reader.read_response(&mut input)?.expect("the whole head is there");
//! let response = Response::new(head.status(), head.headers());
//! assert_eq!(client.receive_response(response, 0), Verdict::Stream);
//! let mut body = BodyDecoder::new_response(head.body_for("GET")?, http1::Limits::new());
//! while let Decoded::Part(part) = body.decode(&mut input)? {
//!     let mut bytes = &*part.bytes;
//!     while let Some(item) = client.receive(&mut bytes, 0) {
//!         if let Item::Event(event) = item {
//!             assert_eq!(event.data, "hello");
//!         }
//!     }
//! }
//! assert!(!body.is_complete()); // when it is, call `Client::receive_eof`
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Behind a proxy
//!
//! Most proxies pass a stream on as it comes, once it has the [`RESPONSE_HEADERS`]. Others hold it
//! back, and need a setting:
//!
//! | proxy | without the setting | setting |
//! |---|---|---|
//! | HAProxy | the first event is 200 ms late | `option http-no-delay` |
//! | lighttpd | nothing comes before the end | `server.stream-response-body = 1` |
//! | Caddy with `encode` | events wait in its compressor | no `encode` on the paths of event streams |

mod assemble;
mod client;
mod decode;
mod encode;
mod error;
mod limits;
mod policy;
mod response;
mod storage;
mod text;

pub use assemble::{Assembler, Event, Item, ItemKind};
pub use client::{Action, Client, ReadyState, Reason, Verdict};
pub use decode::{Decoder, Part};
pub use encode::{Encoder, EventBuilder};
pub use error::{Error, SendError};
pub use limits::Limits;
pub use policy::{Policy, Reconnect};
pub use response::Response;
pub use storage::Storage;

/// The content type of an event stream (§9.2.5).
const CONTENT_TYPE: &str = "text/event-stream";

/// The header in which a client sends back the last event ID (§9.2.4).
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The headers of a client's request: what it accepts, and that no cache may answer out of its store
/// (§9.2.2, RFC 9111 §5.2.1.4).
pub const REQUEST_HEADERS: [(&str, &str); 2] =
    [("Accept", CONTENT_TYPE), ("Cache-Control", "no-cache")];

/// The headers of a server's response: its type, that caches must not store it, and that nginx must
/// not buffer it.
///
/// The parameter `charset` has no effect on clients that follow the standard (§9.2.5). Without it,
/// some of the others read Latin-1.
pub const RESPONSE_HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
];
