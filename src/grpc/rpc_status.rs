//! The details of a status: `google.rpc.Status`, read and written without a generator.

use crate::append::Append;
use crate::{Buffer, BufferFull};

use super::Code;

/// The message `google.rpc.Status`, which most peers put in `grpc-status-details-bin`.
///
/// It repeats the code and the message of the status, and adds details of any type.
///
/// ```
/// use framewright::grpc::{Any, Code, RpcStatus, Status, Value};
///
/// let retry = Any { type_url: "type.googleapis.com/google.rpc.RetryInfo", value: b"\x0A\x02\x08\x05" };
/// let mut bytes = Vec::new();
/// RpcStatus::new(Code::Unavailable, "busy").with_details(&[retry]).write(&mut bytes)?;
/// let status = Status::new(Code::Unavailable, "busy").with_details(&bytes);
///
/// # let Some(Value::Bytes(bytes)) = status.details else { unreachable!() };
/// // The other side decodes the value of `status.details`, and then:
/// let read = RpcStatus::parse(bytes).expect("it is one");
/// assert_eq!((Code::from(read.code), read.message), (Code::Unavailable, "busy"));
/// let found = read.details().find(|any| any.type_name() == "google.rpc.RetryInfo");
/// assert_eq!(found, Some(retry));
/// # Ok::<(), framewright::BufferFull>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RpcStatus<'a> {
    /// The number of the code.
    pub code: i32,
    /// The message, not percent-encoded.
    pub message: &'a str,
    details: Details<'a>,
}

/// One detail: the message `google.protobuf.Any`.
///
/// ```
/// use framewright::grpc::Any;
///
/// let detail = Any { type_url: "type.googleapis.com/google.rpc.ErrorInfo", value: &[] };
/// assert_eq!(detail.type_name(), "google.rpc.ErrorInfo");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Any<'a> {
    /// The type of the value, such as `type.googleapis.com/google.rpc.ErrorInfo`.
    pub type_url: &'a str,
    /// The value, in Protobuf.
    pub value: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
enum Details<'a> {
    List(&'a [Any<'a>]),
    /// The fields of the whole message, which were checked.
    Encoded(&'a [u8]),
}

impl<'a> RpcStatus<'a> {
    /// A status without details.
    pub const fn new(code: Code, message: &'a str) -> Self {
        Self { code: code as i32, message, details: Details::List(&[]) }
    }

    /// Sets the details.
    #[must_use]
    pub const fn with_details(mut self, details: &'a [Any<'a>]) -> Self {
        self.details = Details::List(details);
        self
    }

    /// Parses a message. `None` if it is malformed. Fields that are not known are skipped, as Protobuf
    /// asks for.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut status = Self { code: 0, message: "", details: Details::Encoded(bytes) };
        let mut rest = bytes;
        while !rest.is_empty() {
            match take_field(&mut rest)? {
                #[expect(clippy::cast_possible_truncation, reason = "Protobuf takes the low bits")]
                (CODE, Wire::Varint(number)) => status.code = number as i32,
                (MESSAGE, Wire::Bytes(text)) => status.message = core::str::from_utf8(text).ok()?,
                (DETAILS, Wire::Bytes(any)) => drop(Any::parse(any)?),
                _ => {}
            }
        }
        Some(status)
    }

    /// Yields the details.
    pub fn details(&self) -> impl Iterator<Item = Any<'a>> + use<'a> {
        let (list, mut rest) = match self.details {
            Details::List(list) => (list, &[][..]),
            Details::Encoded(bytes) => (&[][..], bytes),
        };
        let encoded = core::iter::from_fn(move || {
            while !rest.is_empty() {
                if let (DETAILS, Wire::Bytes(any)) = take_field(&mut rest)? {
                    return Any::parse(any);
                }
            }
            None
        });
        list.iter().copied().chain(encoded)
    }

    /// Appends the message to `out`, or changes nothing.
    pub fn write(&self, out: &mut impl Buffer) -> Result<(), BufferFull> {
        let mut append = Append::new(out);
        if self.code != 0 {
            append.put(&[tag(CODE, VARINT)]);
            // A negative number has ten bytes.
            put_varint(i64::from(self.code).cast_unsigned(), &mut |bytes| append.put(bytes));
        }
        put_bytes(MESSAGE, self.message.as_bytes(), &mut |bytes| append.put(bytes));
        for any in self.details() {
            let mut len = 0;
            any.put(&mut |bytes| len += bytes.len() as u64);
            append.put(&[tag(DETAILS, BYTES)]);
            put_varint(len, &mut |bytes| append.put(bytes));
            any.put(&mut |bytes| append.put(bytes));
        }
        append.finish()
    }
}

impl<'a> Any<'a> {
    /// The name of the type: what follows the last slash of its URL.
    pub fn type_name(&self) -> &'a str {
        self.type_url.rsplit(['/']).next().unwrap_or_default()
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (mut any, mut rest) = (Self::default(), bytes);
        while !rest.is_empty() {
            match take_field(&mut rest)? {
                (TYPE_URL, Wire::Bytes(url)) => any.type_url = core::str::from_utf8(url).ok()?,
                (VALUE, Wire::Bytes(value)) => any.value = value,
                _ => {}
            }
        }
        Some(any)
    }

    fn put(&self, put: &mut dyn FnMut(&[u8])) {
        put_bytes(TYPE_URL, self.type_url.as_bytes(), put);
        put_bytes(VALUE, self.value, put);
    }
}

/// The numbers of fields.
const CODE: u64 = 1;
const MESSAGE: u64 = 2;
const DETAILS: u64 = 3;
const TYPE_URL: u64 = 1;
const VALUE: u64 = 2;

/// The wire types of Protobuf that are written here.
const VARINT: u8 = 0;
const BYTES: u8 = 2;

/// What follows the tag of a field.
enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Of a type that none of our fields has.
    Other,
}

/// Takes a field off a message: its number, and what follows.
fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Wire<'a>)> {
    let tag = take_varint(rest)?;
    let wire = match tag & 7 {
        0 => Wire::Varint(take_varint(rest)?),
        1 => rest.split_off(..8).map(|_| Wire::Other)?,
        2 => {
            let len = usize::try_from(take_varint(rest)?).ok()?;
            Wire::Bytes(rest.split_off(..len)?)
        }
        5 => rest.split_off(..4).map(|_| Wire::Other)?,
        // Groups, which no message of today has.
        _ => return None,
    };
    (tag >> 3 != 0).then_some((tag >> 3, wire))
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let byte = *rest.split_off_first()?;
        number |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

const fn tag(number: u64, wire: u8) -> u8 {
    // All of our numbers are small.
    #[expect(clippy::cast_possible_truncation, reason = "it is at most 3")]
    let number = number as u8;
    number << 3 | wire
}

fn put_varint(mut number: u64, put: &mut dyn FnMut(&[u8])) {
    loop {
        let bits = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            return put(&[bits]);
        }
        put(&[bits | 0x80]);
    }
}

/// Puts a field of text or bytes, unless it is empty.
fn put_bytes(number: u64, bytes: &[u8], put: &mut dyn FnMut(&[u8])) {
    if !bytes.is_empty() {
        put(&[tag(number, BYTES)]);
        put_varint(bytes.len() as u64, put);
        put(bytes);
    }
}
