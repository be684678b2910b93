//! Where a connection and its calls are kept: on the heap, or in place.

use crate::http2::{Slot, Slots, Storage, hpack};
use crate::{ArrayBuf, Buffer};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// Where a [`Server`](super::Server) or a [`Client`](super::Client) keeps its calls and its tables.
///
/// `Heap` needs an allocator (feature `alloc`). [`Fixed`] does not. Their docs say how much memory each takes. The
/// trait is sealed: there are no others.
///
/// ```
/// use framewright::grpc::{Memory, Server, ServerEvent};
///
/// /// Serves whatever has been read, in any memory.
/// fn serve<M: Memory>(grpc: &mut Server<M>, mut input: &mut [u8], now: u64) -> usize {
///     let mut calls = 0;
///     while let Some(event) = grpc.receive(&mut input, now) {
///         calls += usize::from(matches!(event, ServerEvent::Call(_)));
///     }
///     calls
/// }
/// ```
pub trait Memory: sealed::Sealed {
    /// For the tables of HPACK.
    #[doc(hidden)]
    type Table: Buffer;
    /// For the current head.
    #[doc(hidden)]
    type Head: Buffer;
    /// For one message, or one list of trailers.
    #[doc(hidden)]
    type Message: Buffer;
    /// For the streams.
    #[doc(hidden)]
    type Streams: Slots;
    /// For one value for each stream.
    #[doc(hidden)]
    type Calls<T>: Pool<T>;

    #[doc(hidden)]
    fn storage() -> Storage<Self::Table, Self::Streams>;
    #[doc(hidden)]
    fn head() -> Self::Head;
    #[doc(hidden)]
    fn message() -> Self::Message;
    #[doc(hidden)]
    fn calls<T>(new: fn() -> T) -> Self::Calls<T>;
}

/// Values at places, of which there may become more.
#[doc(hidden)]
pub trait Pool<T> {
    fn as_slice(&self) -> &[T];
    fn as_mut_slice(&mut self) -> &mut [T];
    /// Adds values until there are `len`. Returns whether there are as many.
    fn try_grow(&mut self, len: usize, new: fn() -> T) -> bool;
}

/// The heap (feature `alloc`): for servers and clients that run on an operating system.
///
/// A connection without calls takes about 1.5 KiB. Each of the two tables of HPACK takes 5 KiB with its first entry.
/// Each open call adds about 600 bytes and two buffers: the message that came last, and what is left to be sent of one
/// message.
///
/// [`Server`](super::Server) has an example.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub enum Heap {}

#[cfg(feature = "alloc")]
impl Memory for Heap {
    type Table = Vec<u8>;
    type Head = Vec<u8>;
    type Message = Vec<u8>;
    type Streams = Vec<Slot>;
    type Calls<T> = Vec<T>;

    fn storage() -> Storage<Vec<u8>, Vec<Slot>> {
        Storage::new()
    }

    fn head() -> Vec<u8> {
        Vec::new()
    }

    fn message() -> Vec<u8> {
        Vec::new()
    }

    fn calls<T>(_: fn() -> T) -> Vec<T> {
        Vec::new()
    }
}

#[cfg(feature = "alloc")]
impl<T> Pool<T> for Vec<T> {
    fn as_slice(&self) -> &[T] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }

    fn try_grow(&mut self, len: usize, new: fn() -> T) -> bool {
        let more = len.saturating_sub(self.len());
        // Twice as many each time, so that it takes linear time.
        if self.try_reserve(more).is_err() {
            return false;
        }
        self.resize_with(self.len() + more, new);
        true
    }
}

/// Memory of a fixed size, in the value itself: nothing allocates.
///
/// There are at most `CALLS` calls at once. Each call has two buffers of `MESSAGE` bytes: one for the message that
/// comes in, and one for what is left to be sent. The second also holds the 5 bytes of a message's prefix, and the
/// trailers after the message. At a client, each call has a third buffer of that length, for the server's trailers.
///
/// Each of the two tables of HPACK takes `TABLE` bytes. A server needs the default of 5120: until a client has the
/// server's settings, it may use a table of 4096 bytes, which takes 5120 bytes here. A client can do with 0: then
/// heads are longer on the wire, and nothing else changes.
///
/// A received head takes at most `HEAD` bytes here: its names and values, and about 4 bytes more for each field.
///
/// ```
/// use framewright::grpc::{Client, Fixed, Limits};
///
/// // One call at once, buffers of 512 bytes, no tables, heads of up to 1 KiB.
/// type Small = Fixed<1, 512, 0, 1024>;
/// let grpc = Client::<Small>::new(Limits::new(), framewright::http2::Limits::new(), 0);
/// # let _ = grpc;
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Fixed<
    const CALLS: usize,
    const MESSAGE: usize,
    const TABLE: usize = 5120,
    const HEAD: usize = 2048,
> {}

impl<const CALLS: usize, const MESSAGE: usize, const TABLE: usize, const HEAD: usize> Memory
    for Fixed<CALLS, MESSAGE, TABLE, HEAD>
{
    type Table = ArrayBuf<TABLE>;
    type Head = ArrayBuf<HEAD>;
    type Message = ArrayBuf<MESSAGE>;
    type Streams = [Slot; CALLS];
    type Calls<T> = [T; CALLS];

    fn storage() -> Storage<ArrayBuf<TABLE>, [Slot; CALLS]> {
        Storage {
            decoder_table: ArrayBuf::new(),
            decoder_table_size: table_size(TABLE),
            encoder_table: ArrayBuf::new(),
            encoder_table_size: table_size(TABLE),
            slots: [const { Slot::new() }; CALLS],
        }
    }

    fn head() -> ArrayBuf<HEAD> {
        ArrayBuf::new()
    }

    fn message() -> ArrayBuf<MESSAGE> {
        ArrayBuf::new()
    }

    fn calls<T>(new: fn() -> T) -> [T; CALLS] {
        core::array::from_fn(|_| new())
    }
}

impl<T, const LEN: usize> Pool<T> for [T; LEN] {
    fn as_slice(&self) -> &[T] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }

    fn try_grow(&mut self, len: usize, _: fn() -> T) -> bool {
        len <= LEN
    }
}

/// The largest table, of at most 4096 bytes, that fits in `len` bytes of storage. No entry is shorter than
/// 32 bytes (RFC 7541 §4.1).
fn table_size(len: usize) -> u32 {
    (0..=128)
        .map(|entries| entries * 32)
        .rev()
        .find(|&size| hpack::storage_len(size) <= len)
        .unwrap_or(0)
}

mod sealed {
    pub trait Sealed {}

    #[cfg(feature = "alloc")]
    impl Sealed for super::Heap {}

    impl<const CALLS: usize, const MESSAGE: usize, const TABLE: usize, const HEAD: usize> Sealed
        for super::Fixed<CALLS, MESSAGE, TABLE, HEAD>
    {
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    use super::super::Client;
    use super::*;
    use crate::grpc::{ClientRequest, Limits, Path, SendError};
    use crate::http2;

    /// Room for any number of streams, and for two calls, as when memory runs out.
    enum TwoCalls {}

    impl sealed::Sealed for TwoCalls {}

    impl Memory for TwoCalls {
        type Table = Vec<u8>;
        type Head = Vec<u8>;
        type Message = Vec<u8>;
        type Streams = Vec<Slot>;
        type Calls<T> = [T; 2];

        fn storage() -> Storage<Vec<u8>, Vec<Slot>> {
            Storage::new()
        }

        fn head() -> Vec<u8> {
            Vec::new()
        }

        fn message() -> Vec<u8> {
            Vec::new()
        }

        fn calls<T>(new: fn() -> T) -> [T; 2] {
            [(); 2].map(|()| new())
        }
    }

    #[test]
    fn a_table_is_as_large_as_its_storage_allows() {
        let whole = hpack::storage_len(4096);
        for (len, size) in [(0, 0), (39, 0), (40, 32), (79, 32), (whole - 1, 4064), (whole, 4096)] {
            assert_eq!((table_size(len), table_size(usize::MAX)), (size, 4096), "{len}");
        }
    }

    /// It does not write a HEADERS and then reset the stream.
    #[test]
    fn a_call_without_room_writes_nothing() {
        let mut client = Client::<TwoCalls>::new(Limits::new(), http2::Limits::new(), 0);
        let request = ClientRequest::new(Path::parse("/a.B/C").unwrap()).authority("a");
        let mut out = Vec::new();
        let first = client.unary(&request, b"", &mut out).unwrap();
        client.unary(&request, b"", &mut out).unwrap();
        assert!(client.transmit(&mut out));
        let written = out.len();
        for _ in 0..3 {
            assert_eq!(client.unary(&request, b"", &mut out), Err(SendError::TooManyCalls));
        }
        assert!(client.transmit(&mut out));
        assert_eq!((out.len(), client.http2().open_streams()), (written, 2));
        client.cancel(first);
        assert!(client.transmit(&mut out));
        assert!(client.unary(&request, b"", &mut out).is_ok());
    }
}
