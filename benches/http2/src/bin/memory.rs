//! Memory of a server's connection: `cargo run --release --bin memory` prints a table.
//!
//! All servers read the same bytes: a preface, settings, a request that is answered with a head alone, and requests
//! whose bodies do not end. What they write is dropped. Counted are the value of the connection and its heap, without
//! the transport.
#![allow(unsafe_code, reason = "an allocator, and a library in C")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::convert::Infallible;
use std::ffi::c_void;
use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::{mem, ptr};

use bytes::Bytes;
use framewright::http::NO_FIELDS;
use framewright::http2::hpack::{Encoder, storage_len};
use framewright::http2::{
    self, Connection, Event, Limits, PREFACE, Server, Setting, Slot, Slots, Storage, StreamId,
};
use framewright::{ArrayBuf, Buffer};
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use libnghttp2_sys as sys;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Counts the allocated bytes.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many streams are open at last.
const STREAMS: usize = 100;

/// What a server keeps.
trait Peer {
    /// Reads what a client has sent, and answers requests that have ended.
    fn read(&mut self, bytes: &[u8]);
}

/// What a client sends.
struct Script {
    opening: Vec<u8>,
    /// A request that ends.
    call: Vec<u8>,
    /// Requests that do not.
    requests: Vec<u8>,
}

impl Script {
    fn new() -> Self {
        let (frames, mut fields) = (http2::Encoder::new(), Encoder::new(Vec::new(), 4096));
        let mut opening = PREFACE.to_vec();
        frames.encode_settings(&[] as &[Setting], &mut opening).expect("a Vec has room");
        frames.encode_settings_ack(&mut opening).expect("a Vec has room");
        let mut request = |index: usize, end, out: &mut Vec<u8>| {
            let id = u32::try_from(2 * index + 1).expect("it is small");
            let mut block = Vec::new();
            fields.encode(&REQUEST, &mut block).expect("a Vec has room");
            let stream = StreamId::new(id).expect("it is odd");
            frames.encode_field_block(stream, &block, end, out).expect("a Vec has room");
        };
        let (mut call, mut requests) = (Vec::new(), Vec::new());
        request(0, true, &mut call);
        (1..=STREAMS).for_each(|index| request(index, false, &mut requests));
        Self { opening, call, requests }
    }
}

const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/user.UserService/GetUser"),
    (":authority", "localhost:50051"),
    ("te", "trailers"),
    ("content-type", "application/grpc+proto"),
    ("user-agent", "grpc-go/1.33.3"),
    ("grpc-timeout", "1S"),
];

fn main() {
    println!("| bytes | new | after a call | for each of {STREAMS} open streams |");
    println!("|---|--:|--:|--:|");
    let h2 = measure("h2 0.4.20", None, H2::new);
    measure("hyper 1", Some(h2), Hyper::new);
    measure("nghttp2 1.68.1", Some(h2), Nghttp2::new);
    measure("framewright, storage that grows", Some(h2), || Ours::new(Storage::new(), Vec::new()));
    measure("framewright, fixed for 100 streams", Some(h2), fixed::<100>);
    measure("framewright, fixed for 4 streams", Some(h2), fixed::<4>);
}

/// A connection that allocates nothing.
fn fixed<const STREAMS: usize>() -> Fixed<STREAMS> {
    let storage = Storage {
        decoder_table: ArrayBuf::new(),
        decoder_table_size: 4096,
        encoder_table: ArrayBuf::new(),
        encoder_table_size: 4096,
        slots: [const { Slot::new() }; STREAMS],
    };
    Ours::new(storage, ArrayBuf::new())
}

type Fixed<const STREAMS: usize> =
    Ours<ArrayBuf<{ storage_len(4096) }>, [Slot; STREAMS], ArrayBuf<1024>>;

/// Prints a row, with the quotients by `h2` if that is given. Returns the numbers.
fn measure<P: Peer>(name: &str, h2: Option<[usize; 3]>, new: impl FnOnce() -> P) -> [usize; 3] {
    let script = Script::new();
    let before = ALLOCATED.load(Relaxed);
    let held = || ALLOCATED.load(Relaxed) - before;
    let mut peer = Box::new(new());
    peer.read(&script.opening);
    let new = held();
    peer.read(&script.call);
    let called = held();
    peer.read(&script.requests);
    // What was held for one stream is held for all of them.
    let open = (held() - called) / STREAMS;
    drop(peer);
    let numbers = [new, called, open];
    let cell = |index: usize| match (numbers[index], h2.map(|h2| h2[index])) {
        (0, Some(_)) => "0".to_owned(),
        (bytes, Some(h2)) => format!("{bytes} ({:.2})", bytes as f64 / h2 as f64),
        (bytes, None) => bytes.to_string(),
    };
    println!("| {name} | {} | {} | {} |", cell(0), cell(1), cell(2));
    numbers
}

/// A connection of ours, and where its heads go. What it writes goes to a buffer that all connections share.
struct Ours<B, S, H> {
    connection: Connection<Server, B, S>,
    head: H,
}

impl<B: Buffer, S: Slots, H: Buffer> Ours<B, S, H> {
    fn new(storage: Storage<B, S>, head: H) -> Self {
        let mut ours = Self { connection: Connection::server(storage, Limits::new()), head };
        // An acknowledgement means nothing before our settings are written.
        ours.read(&[]);
        ours
    }
}

static SHARED: Mutex<([u8; 65_536], [u8; 65_536])> = Mutex::new(([0; 65_536], [0; 65_536]));

impl<B: Buffer, S: Slots, H: Buffer> Peer for Ours<B, S, H> {
    fn read(&mut self, bytes: &[u8]) {
        let mut shared = SHARED.lock().expect("nobody panicked");
        let (read, out) = &mut *shared;
        let read = &mut read[..bytes.len()];
        read.copy_from_slice(bytes);
        let mut out = framewright::SliceBuf::new(out);
        let mut input = read;
        while let Some(event) = self.connection.receive(&mut input, &mut self.head) {
            if let Event::Head { stream, end: true, .. } = event {
                let sent = self.connection.send_head(stream, 200, NO_FIELDS, true, &mut out);
                sent.expect("it is open");
            }
        }
        assert!(self.connection.transmit(&mut out));
        assert_eq!(self.connection.error(), None);
    }
}

/// A transport in memory. Nothing of it is on the heap.
struct Tape;

/// What is to be read next.
static TAPE: Mutex<&[u8]> = Mutex::new(&[]);

/// Puts bytes on the tape, and runs until they are read.
fn play(bytes: &[u8], mut run: impl FnMut(&mut Context<'_>)) {
    // SAFETY: the tape is emptied before this returns.
    *TAPE.lock().expect("nobody panicked") =
        unsafe { mem::transmute::<&[u8], &'static [u8]>(bytes) };
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..4 {
        run(&mut context);
    }
    assert!(mem::take(&mut *TAPE.lock().expect("nobody panicked")).is_empty());
}

impl AsyncRead for Tape {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut tape = TAPE.lock().expect("nobody panicked");
        let len = tape.len().min(to.remaining());
        let bytes = tape.split_off(..len).unwrap_or_default();
        to.put_slice(bytes);
        if bytes.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for Tape {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A connection of `h2`, and what its user has to hold of open streams.
struct H2 {
    connection: Option<h2::server::Connection<Tape, Bytes>>,
    open: Vec<(Request<h2::RecvStream>, h2::server::SendResponse<Bytes>)>,
}

impl H2 {
    fn new() -> Self {
        Self { connection: None, open: Vec::new() }
    }
}

impl Peer for H2 {
    fn read(&mut self, bytes: &[u8]) {
        if self.connection.is_none() {
            let mut handshake = pin!(h2::server::handshake(Tape));
            let connection = &mut self.connection;
            play(bytes, |context| {
                if connection.is_none()
                    && let Poll::Ready(ready) = handshake.as_mut().poll(context)
                {
                    *connection = Some(ready.expect("it is HTTP/2"));
                }
                if let Some(connection) = connection {
                    assert!(connection.poll_accept(context).is_pending());
                }
            });
            return;
        }
        let Self { connection, open } = self;
        let connection = connection.as_mut().expect("it was opened");
        play(bytes, |context| {
            while let Poll::Ready(Some(request)) = connection.poll_accept(context) {
                let (request, mut respond) = request.expect("it is a request");
                if request.body().is_end_stream() {
                    let sent = respond.send_response(Response::new(()), true);
                    sent.expect("it is open");
                } else {
                    open.reserve_exact(STREAMS - open.len());
                    open.push((request, respond));
                }
            }
        });
    }
}

/// A connection of hyper, whose service waits for ever if the body of a request does not end.
struct Hyper(Pin<Box<dyn Future<Output = ()>>>);

/// Runs what hyper spawns.
#[derive(Clone)]
struct Executor;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

static TASKS: Mutex<[Option<Task>; STREAMS + 2]> = Mutex::new([const { None }; STREAMS + 2]);

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Executor {
    fn execute(&self, future: F) {
        let task: Task = Box::pin(async move {
            future.await;
        });
        let mut tasks = TASKS.lock().expect("nobody panicked");
        *tasks.iter_mut().find(|task| task.is_none()).expect("there is room") = Some(task);
    }
}

impl Hyper {
    fn new() -> Self {
        TASKS.lock().expect("nobody panicked").fill_with(|| None);
        let service = service_fn(|request: Request<Incoming>| async move {
            if !hyper::body::Body::is_end_stream(request.body()) {
                pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let connection = hyper::server::conn::http2::Builder::new(Executor)
            .serve_connection(hyper_util::rt::TokioIo::new(Tape), service);
        Self(Box::pin(async move {
            connection.await.expect("it is HTTP/2");
        }))
    }
}

impl Peer for Hyper {
    fn read(&mut self, bytes: &[u8]) {
        play(bytes, |context| {
            assert!(self.0.as_mut().poll(context).is_pending());
            for index in 0..STREAMS + 2 {
                // A task may spawn another.
                let task = TASKS.lock().expect("nobody panicked")[index].take();
                if let Some(mut task) = task
                    && task.as_mut().poll(context).is_pending()
                {
                    TASKS.lock().expect("nobody panicked")[index] = Some(task);
                }
            }
        });
    }
}

/// A session of nghttp2.
struct Nghttp2(*mut sys::nghttp2_session);

impl Nghttp2 {
    fn new() -> Self {
        let (mut session, mut callbacks) = (ptr::null_mut(), ptr::null_mut());
        let mut memory = sys::nghttp2_mem {
            mem_user_data: ptr::null_mut(),
            malloc: Some(allocate),
            free: Some(free),
            calloc: Some(allocate_zeroed),
            realloc: Some(reallocate),
        };
        // SAFETY: all pointers are written to before they are read.
        unsafe {
            sys::nghttp2_session_callbacks_new(&mut callbacks);
            sys::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Some(on_frame));
            sys::nghttp2_session_server_new3(
                &mut session,
                callbacks,
                ptr::null_mut(),
                ptr::null(),
                &mut memory,
            );
            sys::nghttp2_session_callbacks_del(callbacks);
            sys::nghttp2_submit_settings(session, 0, ptr::null(), 0);
        }
        let session = Self(session);
        // An acknowledgement means nothing before.
        session.write();
        session
    }

    fn write(&self) {
        let mut bytes = ptr::null();
        // SAFETY: the session is there.
        while unsafe { sys::nghttp2_session_mem_send2(self.0, &mut bytes) } > 0 {}
    }
}

impl Peer for Nghttp2 {
    fn read(&mut self, bytes: &[u8]) {
        // SAFETY: the slice is as long as is said.
        let taken = unsafe { sys::nghttp2_session_mem_recv2(self.0, bytes.as_ptr(), bytes.len()) };
        assert_eq!(usize::try_from(taken), Ok(bytes.len()));
        self.write();
    }
}

impl Drop for Nghttp2 {
    fn drop(&mut self) {
        // SAFETY: it was made by `new`.
        unsafe { sys::nghttp2_session_del(self.0) };
    }
}

/// Answers a request that has ended.
unsafe extern "C" fn on_frame(
    session: *mut sys::nghttp2_session,
    frame: *const sys::nghttp2_frame,
    _: *mut c_void,
) -> i32 {
    // SAFETY: every frame begins with a header.
    let header = unsafe { (*frame).hd };
    if header.flags & sys::NGHTTP2_FLAG_END_STREAM as u8 == 0 || header.stream_id == 0 {
        return 0;
    }
    let (name, value) = (":status", "200");
    let head = sys::nghttp2_nv {
        // It does not write there.
        name: name.as_ptr().cast_mut(),
        value: value.as_ptr().cast_mut(),
        namelen: name.len(),
        valuelen: value.len(),
        flags: 0,
    };
    // SAFETY: the head is as long as is said.
    unsafe { sys::nghttp2_submit_response2(session, header.stream_id, &head, 1, ptr::null()) }
}

/// The length of an allocation is before it.
const LEN: usize = 16;

fn layout(len: usize) -> Layout {
    Layout::from_size_align(len + LEN, LEN).expect("it is short")
}

unsafe extern "C" fn allocate(len: usize, _: *mut c_void) -> *mut c_void {
    // SAFETY: it is not empty, and has room for the length. The length itself does not count.
    unsafe {
        let start = System.alloc(layout(len));
        start.cast::<usize>().write(len);
        ALLOCATED.fetch_add(len, Relaxed);
        start.add(LEN).cast()
    }
}

unsafe extern "C" fn free(start: *mut c_void, _: *mut c_void) {
    if start.is_null() {
        return;
    }
    // SAFETY: it was allocated above.
    unsafe {
        let start = start.cast::<u8>().sub(LEN);
        let len = start.cast::<usize>().read();
        ALLOCATED.fetch_sub(len, Relaxed);
        System.dealloc(start, layout(len));
    }
}

unsafe extern "C" fn allocate_zeroed(count: usize, len: usize, memory: *mut c_void) -> *mut c_void {
    // SAFETY: it is as long as is said.
    unsafe {
        let start = allocate(count * len, memory);
        start.write_bytes(0, count * len);
        start
    }
}

unsafe extern "C" fn reallocate(
    start: *mut c_void,
    len: usize,
    memory: *mut c_void,
) -> *mut c_void {
    // SAFETY: both are as long as is said.
    unsafe {
        let moved = allocate(len, memory);
        if !start.is_null() {
            let held = start.cast::<u8>().sub(LEN).cast::<usize>().read();
            ptr::copy_nonoverlapping(start.cast::<u8>(), moved.cast(), held.min(len));
            free(start, memory);
        }
        moved
    }
}
