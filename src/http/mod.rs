//! What every version of HTTP shares (RFC 9110): fields, header lists, and status codes.
//!
//! | section of RFC 9110 | items |
//! |---|---|
//! | §5, fields | [`Field`], [`Headers`], [`Fields`] |
//! | §5.5, values | [`FieldValue`] |
//! | §15, statuses | [`reason_phrase`] |
//!
//! **Reading.** Types that read a head take any iterator of [`Field`]s. So they work with the header
//! collection of any HTTP stack: `&http::HeaderMap`, pairs in a slice or a `Vec`, or the [`Headers`]
//! that [`http1`](crate::http1) reads.
//!
//! **Writing.** Types that make a head or trailers offer two ways. `write` appends HTTP/1.1 text to a
//! [`Buffer`](crate::Buffer), whole or not at all. `to_fields` checks all of it and returns [`Fields`]: a list
//! that can be gone through more than once. A connection of HTTP/2 takes it as it is, and
//! [`for_each_field`](Fields::for_each_field) puts it anywhere else, such as into the map of an HTTP stack.
//! Names are in the case that HTTP/1.1 writes. This crate's HTTP/2 writes them in lower case, which another stack
//! may leave to you.
//!
//! All collections that can be read are such lists, and so is a closure that calls another with each
//! field: [`from_fn`].
//!
//! ```
//! use framewright::grpc::{Code, Status, Trailers};
//! use framewright::http::Fields;
//! use http::{HeaderMap, HeaderName, HeaderValue}; // of any HTTP stack
//!
//! let trailers = Trailers::new(Status::new(Code::NotFound, "no café"));
//! let mut map = HeaderMap::new();
//! trailers.to_fields()?.for_each_field(|name, value| {
//!     let name = HeaderName::try_from(name).expect("it was checked");
//!     map.append(name, HeaderValue::try_from(value.to_vec()).expect("it was checked"));
//! });
//! assert_eq!(map["grpc-message"], "no caf%C3%A9");
//! assert_eq!(Status::parse(&map).unwrap().to_string(), "NOT_FOUND: no café");
//! # Ok::<(), framewright::grpc::SendError>(())
//! ```

mod check;
mod date;
mod field;
mod fields;
mod headers;
mod line;
mod names;
mod status;
pub(crate) mod syntax;
mod value;
pub(crate) mod words;

pub(crate) use check::{FieldError, check_fields, is_framing};
pub(crate) use date::parse_date;
pub use field::Field;
pub use fields::{FieldFn, Fields, NO_FIELDS, from_fn};
pub use headers::{HeaderIter, Headers};
pub(crate) use line::{line_len, put_line, write_lines};
pub(crate) use names::Name;
pub use status::reason_phrase;
pub use value::FieldValue;
