//! HPACK: field blocks, and the tables that compress them (RFC 7541).
//!
//! `§` without a document means a section of that RFC.
//!
//! A [`Decoder`] reads field blocks, however they are cut, and appends their fields to a buffer of the
//! caller's. An [`Encoder`] writes a list of fields as one block. Each has a dynamic table, in storage of
//! the caller's, that refers to earlier blocks of the connection: a block that is not decoded spoils all
//! that follow.
//!
//! | section | what | items |
//! |---|---|---|
//! | §2.3.2, §4.1 | the dynamic table, and its storage | [`storage_len`], [`Decoder::new`], [`Encoder::new`] |
//! | §3.1, §3.2 | a field block, decoded | [`Decoder::decode`], [`Decoder::end_block`], [`Field`] |
//! | §4.2, §6.3 | changes of the table's size | [`Decoder::settings_acknowledged`], [`Decoder::table_size`], [`Encoder::set_size_limit`] |
//! | §5.1, §5.2, §6.2 | integers, texts and fields on the wire | written by [`Encoder::encode`] |
//! | §6.2.3, §7.1.3 | fields that no table may hold | [`Field::sensitive`], [`FieldValue::sensitive`](crate::http::FieldValue::sensitive) |
//!
//! Which names and values a field may have is for HTTP to say (RFC 9113 §8.2). Nothing here checks that.
//!
//! What a decoder refuses ends the connection: the peer sees a GOAWAY with `COMPRESSION_ERROR`
//! ([every error](super#what-the-peer-sees)).
//!
//! ```
//! use framewright::http2::hpack::{Decoder, Encoder};
//!
//! let mut encoder = Encoder::new(Vec::new(), 4096);
//! let mut decoder = Decoder::new(Vec::new(), 4096);
//! let fields = [("te", "trailers"), ("x-request-id", "7")];
//!
//! let (mut block, mut lens) = (Vec::new(), Vec::new());
//! for _ in 0..2 {
//!     block.clear();
//!     encoder.encode(&fields.iter(), &mut block)?;
//!     lens.push(block.len());
//!
//!     let mut decoded = Vec::new();
//!     let mut storage = Vec::new(); // for the fields of one block
//!     for piece in block.chunks(5) { // what the caller has just read, any size
//!         let mut input = piece;
//!         while let Some(field) = decoder.decode(&mut input, &mut storage, 16_384)? {
//!             decoded.push((field.name.to_vec(), field.value.to_vec()));
//!         }
//!     }
//!     decoder.end_block()?;
//!     assert_eq!(decoded, fields.map(|(name, value)| (name.into(), value.into())));
//! }
//! assert_eq!(lens, [24, 2]); // the second time, both fields are in the table
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
mod fixed;
mod huffman;
mod integer;
mod policy;
mod table;
#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests;

pub use decode::{Decoder, Field};
pub use encode::Encoder;
pub(super) use encode::{MAX_PREFIX_LEN, RepeatedBlock, Repeats, max_field_len};

/// How many bytes of storage a [`Decoder`] or an [`Encoder`] needs for a table of `size` bytes, as
/// SETTINGS_HEADER_TABLE_SIZE counts them. No table is larger than 65 536 bytes.
///
/// ```
/// assert_eq!(framewright::http2::hpack::storage_len(4096), 5120);
/// ```
pub const fn storage_len(size: u32) -> usize {
    table::storage_len(size)
}

/// The size of a table until settings change it (RFC 9113 §6.5.2).
const INITIAL_SIZE: u32 = 4096;
