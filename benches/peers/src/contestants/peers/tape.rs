//! A connection in memory, for those that read and write by themselves.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io::{self, IoSlice, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sink::Sink;
use crate::wire::Wire;

/// The end of a connection whose other end says the whole wire again and again.
pub struct Tape {
    wire: Rc<Wire>,
    at: usize,
    /// Whether there is nothing to be read for a while, each time that the whole wire was.
    pauses: bool,
    outlet: Rc<Outlet>,
}

impl Tape {
    pub fn new(wire: &Rc<Wire>) -> Self {
        Self { wire: Rc::clone(wire), at: 0, pauses: true, outlet: Rc::default() }
    }

    /// One that never keeps its reader waiting: for those that cannot be told to stop.
    pub fn endless(wire: &Rc<Wire>) -> Self {
        Self { pauses: false, ..Self::new(wire) }
    }

    /// One whose other end says nothing.
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

/// Where it goes that is written: nowhere, unless somebody looks.
#[derive(Default)]
pub struct Outlet {
    len: Cell<usize>,
    kept: RefCell<Option<Vec<u8>>>,
}

impl Outlet {
    /// Before a lap.
    pub fn open(&self, sink: &Sink) {
        self.len.set(0);
        self.kept.replace(sink.inspects().then(Vec::new));
    }

    /// After a lap in which as many items were sent.
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

/// What a runtime would pass on: nobody has to be woken, since nothing is ever awaited for long.
pub fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Runs what never has to wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut context()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}
