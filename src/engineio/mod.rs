//! Engine.IO, protocol 4: messages over WebSocket, or over HTTP polling where WebSocket does not get through.
//!
//! Section names are those of the protocol's document.
//!
//! ```
//! use framewright::engineio::{Kind, Packet, Part, PayloadDecoder, PayloadEncoder};
//!
//! let mut body = Vec::new();
//! let mut encoder = PayloadEncoder::new();
//! encoder.encode(Packet::Text(Kind::Message, "hi"), &mut body)?;
//! encoder.encode(Packet::Binary(b"\x01\x02\x03"), &mut body)?;
//!
//! let mut decoder = PayloadDecoder::new();
//! for mut input in body.chunks_mut(3) { // what has just been read, any size
//!     while let Some(part) = decoder.decode(&mut input)? {
//!         if let Part::Message(part) = part {
//!             println!("{:?}: {:?}", part.kind, part.chunk);
//!         }
//!     }
//! }
//! let last = decoder.finish()?; // the last packet ends where the body does
//! assert!(matches!(last, Some(Part::Message(part)) if part.chunk.end));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod packet;
mod payload;

pub use error::{Error, SendError};
pub use packet::{Base64, Kind, Packet};
pub use payload::{MessagePart, Part, PayloadDecoder, PayloadEncoder};
