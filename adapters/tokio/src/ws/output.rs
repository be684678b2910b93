//! What waits to be written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use framewright::ws::{Connection, Side};
use tokio::io::AsyncWrite;

/// More output than this is not queued: senders wait. In bytes.
const HIGH_WATER: usize = 64 * 1024;

/// Output, and the tasks that wait for it to be written.
#[derive(Default)]
pub struct Output {
    pub bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
    /// Whether the stream may hold some of them back.
    unflushed: bool,
    /// A stream wakes only the task that wrote last. These are the others: at most one that receives, and one that
    /// sends, after a split.
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

/// Which half of a socket a task drives.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Half {
    Receiver,
    Sender,
}

impl Output {
    /// Whether no more should be queued.
    pub fn is_full(&self) -> bool {
        self.bytes.len() - self.written >= HIGH_WATER
    }

    /// Whether all of it is written.
    pub fn is_written(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes all output, then what the protocol obliges us to say, which is never added before the rest is written:
    /// a flood of pings costs one pong.
    pub fn poll_write<S: AsyncWrite + Unpin, R: Side>(
        &mut self,
        stream: &mut S,
        connection: &mut Connection<R>,
        half: Half,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = self.poll_all(stream, connection, cx);
        let (own, other) = match half {
            Half::Receiver => (&mut self.receiver, &mut self.sender),
            Half::Sender => (&mut self.sender, &mut self.receiver),
        };
        if polled.is_pending() {
            match own {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *own = Some(cx.waker().clone()),
            }
        } else {
            *own = None;
            if let Some(waker) = other.take() {
                waker.wake();
            }
        }
        polled
    }

    fn poll_all<S: AsyncWrite + Unpin, R: Side>(
        &mut self,
        stream: &mut S,
        connection: &mut Connection<R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        loop {
            while self.written < self.bytes.len() {
                let n = ready!(stream.as_mut().poll_write(cx, &self.bytes[self.written..]))?;
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += n;
                self.unflushed = true;
            }
            self.bytes.clear();
            self.bytes.shrink_to(HIGH_WATER);
            self.written = 0;
            if !connection.owes() || !connection.transmit(&mut self.bytes) {
                break;
            }
        }
        if self.unflushed {
            ready!(stream.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Wakes the task that receives, because a close frame is on its way and has a deadline.
    pub fn wake_receiver(&mut self) {
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }
}
