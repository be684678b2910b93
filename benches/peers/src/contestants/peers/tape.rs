//! A connection in memory, for crates that read and write by themselves.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io::{self, IoSlice, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sink::Sink;
use crate::wire::Wire;

/// One end of a connection. The other end sends the whole wire again and again.
pub struct Tape {
    wire: Rc<Wire>,
    at: usize,
    /// Whether a read is refused once each time the whole wire has been read.
    pauses: bool,
    outlet: Rc<Outlet>,
}

impl Tape {
    pub fn new(wire: &Rc<Wire>) -> Self {
        Self { wire: Rc::clone(wire), at: 0, pauses: true, outlet: Rc::default() }
    }

    /// A tape that never refuses a read, for crates that cannot be told to stop.
    pub fn endless(wire: &Rc<Wire>) -> Self {
        Self { pauses: false, ..Self::new(wire) }
    }

    /// A tape whose other end sends nothing.
    pub fn silent() -> Self {
        Self::new(&Rc::new(Wire::once(&[])))
    }

    pub fn outlet(&self) -> Rc<Outlet> {
        Rc::clone(&self.outlet)
    }

    fn recv(&mut self, room: usize) -> Option<&[u8]> {
        if self.at == self.wire.bytes.len() {
            self.at = 0;
            if self.pauses {
                return None;
            }
        }
        let rest = &self.wire.bytes[self.at..];
        let read = &rest[..rest.len().min(room).min(self.wire.max_read)];
        self.at += read.len();
        Some(read)
    }
}

/// Where output goes: nowhere, unless it is to be inspected.
#[derive(Default)]
pub struct Outlet {
    len: Cell<usize>,
    kept: RefCell<Option<Vec<u8>>>,
}

impl Outlet {
    /// Call this before a lap.
    pub fn open(&self, sink: &Sink) {
        self.len.set(0);
        self.kept.replace(sink.inspects().then(Vec::new));
    }

    /// Call this after a lap in which that many items were sent.
    pub fn close(&self, items: u64, sink: &mut Sink) {
        sink.items += items;
        sink.bytes += self.len.get() as u64;
        if let Some(kept) = &*self.kept.borrow() {
            sink.bytes -= kept.len() as u64;
            sink.sent(0, kept);
        }
    }

    fn write(&self, bytes: &[u8]) {
        black_box(bytes);
        self.len.set(self.len.get() + bytes.len());
        if let Some(kept) = &mut *self.kept.borrow_mut() {
            kept.extend_from_slice(bytes);
        }
    }
}

impl Read for Tape {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.recv(buf.len()).ok_or(io::ErrorKind::WouldBlock)?;
        buf[..read.len()].copy_from_slice(read);
        Ok(read.len())
    }
}

impl Write for Tape {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.outlet.write(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Tape {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(read) = self.recv(buf.remaining()) else { return Poll::Pending };
        buf.put_slice(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outlet.write(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        bufs.iter().for_each(|buf| self.outlet.write(buf));
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_io::AsyncRead for Tape {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            read => Poll::Ready(read),
        }
    }
}

impl futures_io::AsyncWrite for Tape {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(buf))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The context that a runtime would pass. It wakes no task, because nothing is ever awaited for
/// long.
pub fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Runs a future that never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut context()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}
