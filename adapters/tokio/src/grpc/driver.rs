//! The task that reads and writes for a connection.
//!
//! ```text
//!            is over, and all is written      the peer ends, time, or too much input
//!     Open ─────────────────────────────▶ Lingering ───────────────────────▶ Over
//!      │                                                                      ▲
//!      └───────────── the peer ends, or reading or writing fails ─────────────┘
//! ```

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::end::End;
use super::shared::{Shared, State};

/// How much is read at once, at first and from a peer that has filled that.
const READ: usize = 4 * 1024;
const READ_MUCH: usize = 32 * 1024;
/// How much memory for output is kept.
const KEPT: usize = 64 * 1024;
/// How much output may wait before a server reads no further.
const MAX_WAITING: usize = 1 << 20;
/// How often a connection goes on before other tasks have their turn.
const TURNS: usize = 32;
/// How long the peer may take no output, in ms.
const PATIENCE: u64 = 60_000;
/// How long we go on reading after our last byte, in ms, so that no reset destroys it on its way.
const LINGER: u64 = 1000;
/// How many bytes are read and ignored meanwhile.
const IGNORED: usize = 1 << 20;
/// A time that never comes.
const FAR: Duration = Duration::from_secs(86400 * 365 * 30);

/// Reads and writes for a connection.
pub struct Driver<S, E: End> {
    stream: S,
    shared: Arc<Shared<E>>,
    buffer: Box<[u8]>,
    /// What is being written, and how much of it is.
    writing: Vec<u8>,
    written: usize,
    is_flushed: bool,
    /// Whether there is nothing more to be written, ever.
    is_over: bool,
    /// Until when the peer has to have taken some of it.
    patience: Option<u64>,
    stage: Stage,
    start: Instant,
    sleep: Pin<Box<Sleep>>,
    /// When the sleep ends, in ms.
    sleeps_until: u64,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Open,
    /// All is said. The stream is shut down, and its input ignored.
    Lingering {
        until: u64,
        is_shut_down: bool,
        /// How many bytes of input were ignored.
        ignored: usize,
    },
    Over,
}

/// What is to be done after a turn.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Again,
    Sleep,
    /// A client has called.
    Called,
    /// The peer has ended the transport.
    Ended,
}

/// Why a driver has come back.
#[derive(Clone, Copy, Debug)]
pub enum Driven {
    /// A client has called.
    Called,
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin, E: End> Driver<S, E> {
    pub fn new(stream: S, shared: Arc<Shared<E>>) -> Self {
        let start = shared.with(|state| state.start());
        Self {
            stream,
            shared,
            buffer: vec![0; READ].into(),
            writing: Vec::new(),
            written: 0,
            is_flushed: true,
            is_over: false,
            patience: None,
            stage: Stage::Open,
            start,
            sleep: Box::pin(sleep_until(start)),
            sleeps_until: u64::MAX,
        }
    }

    /// Drives the connection to its end.
    pub async fn run(mut self) -> io::Result<()> {
        while let Driven::Called = poll_fn(|cx| self.poll(cx)).await? {}
        Ok(())
    }

    /// Drives the connection on, until a client has called or it is over.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Driven>> {
        for _ in 0..TURNS {
            if let Stage::Over = self.stage {
                return Poll::Ready(Ok(Driven::Over));
            }
            match self.turn(cx) {
                Ok(Turn::Again) => {}
                Ok(Turn::Sleep) => return Poll::Pending,
                Ok(Turn::Called) => return Poll::Ready(Ok(Driven::Called)),
                Ok(Turn::Ended) => return Poll::Ready(self.lose().map(|()| Driven::Over)),
                Err(error) => {
                    let was_said = self.stage.is_lingering();
                    let lost = self.lose();
                    // After all was said, nothing is missing. Many a peer resets its connection then.
                    let result = if was_said { lost } else { Err(error) };
                    return Poll::Ready(result.map(|()| Driven::Over));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes, reads, and looks at the time.
    fn turn(&mut self, cx: &mut Context<'_>) -> io::Result<Turn> {
        let now = self.now();
        let is_written = self.poll_write(cx, now)?.is_ready();
        if is_written && self.is_over {
            self.shut_down(cx, now);
        }
        // Input that never ceases does not keep it from its end.
        if self.gives_up_at() <= now {
            return Err(ErrorKind::TimedOut.into());
        }
        if self.may_read(is_written)
            && let Poll::Ready(n) = self.poll_read(cx)?
        {
            if n == 0 {
                return Ok(Turn::Ended);
            }
            if let Stage::Lingering { ignored, .. } = &mut self.stage {
                *ignored += n;
                return Ok(if *ignored < IGNORED { Turn::Again } else { Turn::Ended });
            }
            let Self { shared, buffer, .. } = self;
            let called = shared.with(|state| {
                state.receive(&mut buffer[..n], now);
                state.has_announced()
            });
            if n == READ && self.buffer.len() == READ {
                self.buffer = vec![0; READ_MUCH].into();
            }
            return Ok(if called { Turn::Called } else { Turn::Again });
        }
        self.poll_time(cx, now, is_written)
    }

    /// Writes all output that there is.
    fn poll_write(&mut self, cx: &mut Context<'_>, now: u64) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            while self.written < self.writing.len() {
                self.is_flushed = false;
                match stream.as_mut().poll_write(cx, &self.writing[self.written..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                    Poll::Ready(n) => {
                        self.written += n?;
                        self.patience = None;
                    }
                    Poll::Pending => {
                        self.patience.get_or_insert(now.saturating_add(PATIENCE));
                        return Poll::Pending;
                    }
                }
            }
            self.writing.clear();
            self.writing.shrink_to(KEPT);
            self.written = 0;
            let Self { writing, .. } = self;
            self.is_over = self.shared.with(|state| {
                state.fill(writing);
                state.end.is_over()
            });
            if self.writing.is_empty() {
                if !self.is_flushed {
                    match stream.poll_flush(cx) {
                        Poll::Ready(flushed) => flushed?,
                        Poll::Pending => {
                            self.patience.get_or_insert(now.saturating_add(PATIENCE));
                            return Poll::Pending;
                        }
                    }
                    self.is_flushed = true;
                    self.patience = None;
                }
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Shuts the stream down, after all was said. If that fails, the peer has gone.
    fn shut_down(&mut self, cx: &mut Context<'_>, now: u64) {
        if let Stage::Open = self.stage {
            let until = now.saturating_add(LINGER);
            self.stage = Stage::Lingering { until, is_shut_down: false, ignored: 0 };
        }
        if let Stage::Lingering { is_shut_down, .. } = &mut self.stage
            && !*is_shut_down
        {
            *is_shut_down = Pin::new(&mut self.stream).poll_shutdown(cx).is_ready();
        }
    }

    /// Whether to read.
    ///
    /// A client that sends and does not read must not make a server's output grow. A client's own output does not grow by
    /// what a server sends. So a client always reads, and the two never wait for each other.
    fn may_read(&self, is_written: bool) -> bool {
        if is_written {
            return true;
        }
        let (next, has_failed) =
            self.shared.with(|state| (state.out.len(), state.end.error().is_some()));
        let waiting = self.writing.len() - self.written + next;
        // After a failure, the peer has to take our reason first.
        !has_failed && (!E::IS_SERVER || waiting < MAX_WAITING)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Until when the peer has time, in ms.
    fn gives_up_at(&self) -> u64 {
        match self.stage {
            Stage::Lingering { until, .. } => until,
            _ => self.patience.unwrap_or(u64::MAX),
        }
    }

    /// Does what the time asks for, or sleeps until there is something to do.
    fn poll_time(&mut self, cx: &mut Context<'_>, now: u64, is_written: bool) -> io::Result<Turn> {
        let (is_lingering, until) = (self.stage.is_lingering(), self.gives_up_at());
        let can_write = is_written && !is_lingering;
        let Some(deadline) = self.shared.with(|state| state.sleep(cx, can_write)) else {
            return Ok(Turn::Again);
        };
        let deadline = if is_lingering { u64::MAX } else { deadline };
        if deadline <= now {
            let is_over = self.shared.with(|state| {
                state.receive(&mut [], now);
                state.end.is_over()
            });
            // Nobody waits for output to be written if the peer is dead.
            return if is_over && !is_written {
                Err(ErrorKind::TimedOut.into())
            } else {
                Ok(Turn::Again)
            };
        }
        let at = deadline.min(until);
        if at == u64::MAX {
            return Ok(Turn::Sleep);
        }
        // Deadlines are moved back more often than they pass. So the sleep is reset only if it is too long.
        if at < self.sleeps_until {
            self.sleeps_until = at;
            let at = self.start.checked_add(Duration::from_millis(at));
            self.sleep.as_mut().reset(at.unwrap_or(self.start + FAR));
        }
        if self.sleep.as_mut().poll(cx).is_pending() {
            return Ok(Turn::Sleep);
        }
        self.sleeps_until = u64::MAX;
        Ok(Turn::Again)
    }

    /// Ends it. All calls hear of it. The error is what the peer did wrong.
    fn lose(&mut self) -> io::Result<()> {
        self.stage = Stage::Over;
        let error = self.shared.with(|state| {
            state.lose();
            state.end.error()
        });
        match error {
            Some(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
            None => Ok(()),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Stage {
    fn is_lingering(self) -> bool {
        matches!(self, Self::Lingering { .. })
    }
}

/// Whoever stops to drive a connection ends its calls.
impl<S, E: End> Drop for Driver<S, E> {
    fn drop(&mut self) {
        self.shared.with(State::lose);
    }
}
