//! Events with acknowledgements and attachments, in namespaces (Socket.IO protocol 5).
//!
//! It needs messages that stay whole and in order: those of [`engineio`](crate::engineio), or any others.
//!
//! A [`Packet`] is the text of one message. The binary messages after it are its attachments. They come as events and
//! are not kept: an [`Assembler`](crate::Assembler) joins one that comes in chunks. A [`Connection`] knows the namespaces
//! and their rules, at either end.
//!
//! JSON stays text, as a [`Json`] that was checked: bring a JSON library. Rooms, broadcasts, tables of acknowledgements and
//! recovery are yours, too.
//!
//! A name in italics in parentheses is a section of the protocol's specification. Times are in ms, on any scale that
//! never goes back.
//!
//! # Where to find what the protocol has
//!
//! | section | items |
//! |---|---|
//! | Connection to a namespace | [`Connection::accept`], [`Connection::refuse`]; at a client [`Connection::connect`] |
//! | Sending and receiving data | [`Connection::send`], [`Connection::send_over`], [`Event::Packet`], [`Packet::event`] |
//! | Acknowledgement | [`Packet::id`], [`Packet::ack`] |
//! | Disconnection from a namespace | [`Connection::disconnect`], [`Kind::Disconnect`] |
//! | Packet encoding | [`Packet`], [`Kind`], [`Json`] |
//! | Packet encoding: attachments | [`Decoder`], [`Attachment`], [`Event::Attachment`], [`Connection::attachment_sent`] |
//!
//! # What the peer sees
//!
//! A namespace that is [refused](Connection::refuse) gets a `CONNECT_ERROR`, and the connection goes on. For an error, the
//! protocol has no packet: the peer sees the end of the connection below. Over Engine.IO, call
//! [`Session::close`](crate::engineio::Session::close).
//!
//! | error | section |
//! |---|---|
//! | [`Error::PacketEmpty`], [`Error::PacketType`], [`Error::AttachmentCount`], [`Error::Namespace`], [`Error::Payload`] | Format |
//! | [`Error::AckId`] | Acknowledgement |
//! | [`Error::AttachmentMissing`], [`Error::AttachmentUnexpected`] | Packet encoding |
//! | [`Error::ConnectLate`], [`Error::NotConnected`], [`Error::AlreadyConnected`], [`Error::PacketUnexpected`] | Connection to a namespace |
//! | at a client: [`Error::ServerVersion`] | Connection to a namespace |
//! | [`Error::TooManyAttachments`], [`Error::AttachmentsTooLong`], [`Error::AttachmentsLate`] | – a limit on attachments |
//! | [`Error::TooManyNamespaces`], [`Error::NamespaceTooLong`], [`Error::BufferFull`] | – a limit on namespaces |
//!
//! # Example
//!
//! A server that echoes:
//!
//! ```
//! use framewright::socketio::{Connection, Event, INVALID_NAMESPACE, Json, Kind, Limits, Packet};
//!
//! let mut server = Connection::server(Limits::new(), Vec::new(), 0);
//! let mut answers = Vec::new();
//! for message in [r#"0{"token":"x"}"#, r#"20["hello",1]"#, "0/other,", "1"] { // of Engine.IO
//!     let mut out = Vec::new();
//!     match server.receive_text(message, 10) {
//!         Some(Event::Packet(Packet { kind: Kind::Connect, namespace: "/", .. })) => {
//!             server.accept("/", Json::new(r#"{"sid":"wZX3oN0b"}"#)?, &mut out)?;
//!         }
//!         Some(Event::Packet(Packet { kind: Kind::Connect, namespace, .. })) => {
//!             server.refuse(namespace, INVALID_NAMESPACE, &mut out)?;
//!         }
//!         Some(Event::Packet(packet)) => {
//!             if let (Some(id), Some("hello")) = (packet.id, packet.event_name()) {
//!                 let arguments = format!("[{}]", packet.arguments());
//!                 server.send(Packet::ack(packet.namespace, id, Json::new(&arguments)?), &mut out)?;
//!             }
//!         }
//!         Some(Event::Attachment(attachment)) => println!("{attachment:?}"),
//!         event => panic!("close the connection: {event:?}"),
//!     }
//!     answers.push(String::from_utf8(out)?); // each the text of one message of Engine.IO
//! }
//! assert_eq!(
//!     answers,
//!     [r#"0{"sid":"wZX3oN0b"}"#, "30[1]", r#"4/other,{"message":"Invalid namespace"}"#, ""]
//! );
//! assert_eq!(server.namespace_count(), 0); // nobody is left: close Engine.IO
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod connection;
mod decode;
mod error;
mod json;
mod limits;
mod packet;

pub use connection::{Connection, Event, INVALID_NAMESPACE};
pub use decode::{Attachment, Decoder};
pub use error::{Error, SendError};
pub use json::Json;
pub use limits::Limits;
pub use packet::{Kind, Packet};
