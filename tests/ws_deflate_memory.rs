//! The memory that compression takes: the documented table, bombs, and idle connections.
#![cfg(all(feature = "deflate", feature = "std"))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::deflate::{Receiver, Zlib, agreed};
use common::ws::frame;
use flate2::FlushCompress;
use framewright::OverLimit;
use framewright::ws::deflate::{Config, Deflater, Inflater};
use framewright::ws::{Client, CloseCode, Connection, Decoder, Encoder, Error, Limits, Part, Role};

/// Counts the bytes that the thread holds, and the most it has held.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator cannot be had without")]
// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(HELD.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size())); // it may be from another thread
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ALONE: Config =
    Config::new().server_no_context_takeover(true).client_no_context_takeover(true);

/// How many more bytes are held after `run` than before, and were held at most.
fn since(held: usize) -> (usize, usize) {
    (HELD.get() - held, PEAK.get() - held)
}

fn start() -> usize {
    PEAK.set(HELD.get());
    HELD.get()
}

fn client(config: Config, limits: Limits) -> Receiver<Client> {
    let connection: Connection<Client> = Connection::client(limits, || [0; 4]);
    Receiver::new(connection, agreed(config), limits, 4096)
}

/// The table in the documentation of `ws::deflate`.
#[test]
fn the_documented_memory_is_what_it_takes() {
    for (bits, mem_level, kib) in
        [(9, 1, 135), (12, 5, 162), (15, 1, 261), (15, 8, 372), (15, 9, 484)]
    {
        let config = Config::new().min_len(0).server_max_window_bits(bits).mem_level(mem_level);
        let agreed = agreed(config);
        let mut out = Vec::with_capacity(1000);
        let held = start();
        let mut deflater = Deflater::new(Role::Server, agreed, config);
        assert_eq!(since(held).0, 0, "nothing before the first message");
        deflater.encode("Hello", &mut Encoder::server(), &mut out).unwrap();
        let took = since(held).0.div_ceil(1024);
        // Pointers of half the size make a little difference.
        let least = if cfg!(target_pointer_width = "64") { kib } else { kib - 1 };
        assert!(
            (least..=kib).contains(&took),
            "{took} KiB with {bits} bits and memory level {mem_level}"
        );
        deflater.release();
        assert_eq!(since(held).0, 0);
        out.clear();
        deflater.encode("Hello", &mut Encoder::server(), &mut out).unwrap();
        assert_eq!(out, b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00", "it goes on without");
    }
    let mut receiver = client(Config::new(), Limits::new());
    receiver.got.reserve(10);
    let held = start();
    receiver.receive(b"\x81\x05Hello").unwrap();
    assert!(since(held).0 < 100, "nothing before the first compressed message");
    receiver.receive(b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00").unwrap();
    assert_eq!(since(held).0.div_ceil(1024), 47, "KiB to inflate");
}

#[test]
fn the_memory_of_a_long_message_is_given_back_once_it_is_written() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let long: Vec<u8> = (0..1 << 20).map(|_| noise()).collect();
    let mut deflater = Deflater::new(Role::Server, agreed(Config::new()), Config::new());
    let mut out = Vec::with_capacity(2 << 20);
    let held = start();
    deflater.encode(&long[..], &mut Encoder::server(), &mut out).unwrap();
    assert!(since(held).1 > 1 << 20, "all of it was compressed before it was written");
    assert!(since(held).0 < 512 * 1024, "{} bytes", since(held).0);
}

#[test]
fn an_idle_connection_keeps_a_context_only_if_it_must() {
    for (config, keeps) in [(Config::new(), true), (ALONE, false)] {
        let mut receiver = client(config, Limits::new());
        receiver.got.reserve(10);
        let held = start();
        let hello = b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00";
        receiver.receive(&hello[..5]).unwrap();
        receiver.inflater.release();
        assert!(since(held).0 > 40_000, "not within a message");
        receiver.receive(&hello[5..]).unwrap();
        receiver.inflater.release();
        assert_eq!(since(held).0 > 40_000, keeps);
        receiver.receive(hello).unwrap();
        if keeps {
            receiver.receive(b"\xC1\x05\xF2\x00\x11\x00\x00").unwrap(); // §7.2.3.2
        }
        assert!(receiver.got.iter().all(|(_, bytes)| bytes == b"Hello"));
    }
}

/// A payload that inflates to that many MiB of zeros.
fn bomb(mib: usize) -> Vec<u8> {
    let mut zlib = Zlib::new(9, 15, true);
    let mebibyte = vec![0; 1 << 20];
    // From the second on, all blocks are the same.
    let first = zlib.flush(&mebibyte, FlushCompress::Partial);
    let mut bomb = zlib.flush(&mebibyte, FlushCompress::Sync);
    let next = zlib.flush(&mebibyte, FlushCompress::Sync);
    bomb = [first, bomb, next.repeat(mib - 2)].concat();
    bomb.truncate(bomb.len() - 4);
    bomb
}

/// T11: one MiB that inflates to one GiB.
#[test]
fn a_bomb_is_refused_at_the_limit_with_1009_and_costs_no_more_than_that() {
    const LIMIT: usize = 1 << 20;
    let payload = bomb(1024);
    assert!(payload.len() < (1 << 20) + (1 << 17), "{} bytes", payload.len());
    let wire = frame(0xC2, &payload);
    let limits = Limits::new().max_message_len(LIMIT as u64).max_frame_len(1 << 30);
    // Its frame is longer than the limit allows, so the connection allows more.
    for config in [Config::new(), ALONE] {
        let allowing = Limits::new().max_frame_len(1 << 30).max_message_len(1 << 30);
        let connection: Connection<Client> = Connection::client(allowing, || [0; 4]);
        let mut receiver = Receiver::new(connection, agreed(config), limits, 4096);
        let held = start();
        let error = Error::MessageTooLong(OverLimit::new(LIMIT as u64 + 1, LIMIT as u64));
        for piece in wire.chunks(16 * 1024) {
            let _ = receiver.receive(piece);
        }
        assert_eq!(receiver.connection.error(), Some(error));
        // A growing `Vec` holds its old and its new memory for a moment.
        assert!(since(held).1 <= 3 * LIMIT + 256 * 1024, "{} bytes", since(held).1);
        assert!(since(held).0 <= 2 * LIMIT, "the context is given back");
        let mut out = Vec::new();
        assert!(receiver.connection.transmit(&mut out));
        assert_eq!(out[..2], [0x88, out[1]]);
        assert_eq!(error.close_code(), CloseCode::TOO_BIG);
        let code = [out[6], out[7]];
        assert_eq!(u16::from_be_bytes(code), 1009);
    }
    // It really is a bomb.
    let mut inflater =
        Inflater::new(Role::Client, agreed(ALONE), Limits::new().max_message_len(u64::MAX));
    let mut decoder =
        Decoder::new(Role::Client, Limits::new().max_frame_len(1 << 30).max_message_len(1 << 30))
            .accept_compressed(true);
    let (mut wire, mut scratch) = (wire, vec![0xAA; 64 * 1024]);
    let (mut input, mut len) = (&mut wire[..], 0);
    let held = start();
    while let Some(Part::Compressed(mut chunk)) = decoder.decode(&mut input).unwrap() {
        while let Some(part) = inflater.inflate(&mut chunk, &mut scratch).unwrap() {
            len += part.chunk().bytes.len();
        }
    }
    assert_eq!(len, 1 << 30);
    assert!(since(held).1 < 48 * 1024, "streaming holds the context and nothing else");
}

/// T11: the same GiB as messages that are just short enough.
#[test]
fn many_messages_of_just_the_limit_cost_no_more_than_one() {
    const LIMIT: usize = 1 << 20;
    let limits = Limits::new().max_message_len(LIMIT as u64).max_frame_len(LIMIT as u64);
    for config in [Config::new(), ALONE] {
        let mut zlib = Zlib::new(9, 15, config == Config::new());
        let mut receiver = client(config, limits);
        receiver.got.reserve(10);
        let held = start();
        let mut most = 0;
        for _ in 0..100 {
            let message = frame(0xC2, &zlib.message(&vec![0; LIMIT]));
            start();
            receiver.receive(&message).unwrap();
            most = most.max(since(held).1);
            assert_eq!(receiver.got.pop().map(|(_, bytes)| bytes.len()), Some(LIMIT));
        }
        // This includes the copy that the receiver of these tests makes of each message.
        assert!(most <= 4 * LIMIT + 256 * 1024, "{most} bytes");
        let over = frame(0xC2, &zlib.message(&vec![0; LIMIT + 1]));
        let error = Error::MessageTooLong(OverLimit::new(LIMIT as u64 + 1, LIMIT as u64));
        assert_eq!(receiver.receive(&over), Err(error));
    }
}
