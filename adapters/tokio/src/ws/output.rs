//! Output that waits to be written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::{io, mem};

use framewright::ws::{Connection, Side};
use tokio::io::AsyncWrite;

/// How much output may be queued, in bytes, before senders wait.
const HIGH_WATER: usize = 64 * 1024;

/// Output, and the tasks that wait for it to be written.
#[derive(Default)]
pub struct Output {
    pub bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
    /// Whether the stream may hold some of them back.
    unflushed: bool,
    /// Whether the stream took nothing when it was last asked.
    stalled: bool,
    /// Whether the stream took something after it had taken nothing, which shows that the peer is alive.
    taken: bool,
    /// The tasks that wait for all output to be written: at most one that receives, and one that sends, after a split.
    receiver: Option<Waker>,
    sender: Option<Waker>,
    /// The task that waits to receive, whatever it waits for.
    asleep: Option<Waker>,
}

/// Which half of a socket a task drives.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Half {
    Receiver,
    Sender,
}

/// Wakes the tasks of both halves. A stream remembers only one waker, whose task may be waiting for something else.
struct Both(Waker, Waker);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
        self.1.wake_by_ref();
    }
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

    /// Whether the stream has to do something before the peer can have all of it.
    pub fn is_waiting(&self) -> bool {
        !self.is_written() || self.unflushed
    }

    /// Whether the peer has taken output since this was last asked.
    pub fn was_taken(&mut self) -> bool {
        mem::take(&mut self.taken)
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
        let other = match half {
            Half::Receiver => &self.sender,
            Half::Sender => &self.receiver,
        };
        let polled = match other {
            Some(other) if !other.will_wake(cx.waker()) => {
                let both = Waker::from(Arc::new(Both(cx.waker().clone(), other.clone())));
                self.poll_all(stream, connection, &mut Context::from_waker(&both))
            }
            _ => self.poll_all(stream, connection, cx),
        };
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
                let n = match stream.as_mut().poll_write(cx, &self.bytes[self.written..]) {
                    Poll::Ready(n) => n?,
                    Poll::Pending => {
                        self.stalled = true;
                        self.forget_written();
                        return Poll::Pending;
                    }
                };
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.taken |= mem::take(&mut self.stalled);
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

    /// Drops what is written, once that is most of it, so that a queue that never empties does not grow.
    fn forget_written(&mut self) {
        if self.written > self.bytes.len() / 2 {
            self.bytes.drain(..self.written);
            self.written = 0;
            self.bytes.shrink_to(HIGH_WATER.max(self.bytes.len() * 2));
        }
    }

    /// Remembers the task that waits to receive.
    pub fn receiver_sleeps(&mut self, cx: &Context<'_>) {
        match &mut self.asleep {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.asleep = Some(cx.waker().clone()),
        }
    }

    /// Wakes the task that receives, because a close frame is on its way and has a deadline.
    pub fn wake_receiver(&mut self) {
        if let Some(waker) = self.asleep.take() {
            waker.wake();
        }
    }

    /// Wakes the task that sends, because nothing will be written any more.
    pub fn wake_sender(&mut self) {
        if let Some(waker) = self.sender.take() {
            waker.wake();
        }
    }
}
