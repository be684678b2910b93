//! A call of a server: what is known of it, and how it ends.
//!
//! ```text
//!     Offered ── accept() ──▶ Call ── its ending is written ──▶ Draining ── the request ends, or time ──▶ Idle
//!        │                     │                                   ▲                                      ▲
//!        │                     └── it is over, and no window opens ┼──────────────────────────────────────┘
//!        └──────── nothing ──▶ Refused ── its answer is written ───┘
//! ```

use super::calls::CallId;
use super::memory::Memory;
use super::outbox::Ending;
use super::server::Server;
use super::shared::{Shared, SideCall};
use crate::Buffer;
use crate::grpc::call::BodyEncoder;
use crate::grpc::{
    CallKind, Inbox, MessageEvent, Refusal, SendError, ServerCall, Trailers, Trailing,
};
use crate::http::{self, FieldValue, Fields};
use crate::http2::{self, Connection, ErrorCode, Head, Headers, Stream};

/// What a server knows of a call.
pub(super) enum ServerState {
    Idle,
    /// The request is not one of gRPC, or its format is not served.
    Refused(Refusal<'static>),
    /// The call was announced, and nothing was done about it.
    Offered(ServerCall),
    Call(ServerCall),
    /// The call is over. The rest of the request is read and dropped until this time.
    Draining {
        until: u64,
    },
}

/// How long the rest of a request is read after its call is over, in ms: some proxies drop a response whose stream
/// is reset right after it.
const DRAIN: u64 = 1000;

/// How long the rest of a response may wait for a window after the call failed or its deadline passed, in ms.
/// A client that opens its window within that time still gets the status.
const GRACE: u64 = 1000;

pub(super) type ServerShared<M> = Shared<http2::Server, M, ServerState>;

/// Writes what a server owes for a call: a refusal, or the trailers of a call that ended by itself.
pub(super) fn write_owed<M: Memory>(
    shared: &mut ServerShared<M>,
    stream: Stream,
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    match shared.calls.call(stream) {
        Some(ServerState::Refused(refusal)) => {
            let fields = refusal.to_fields()?;
            send_response(&mut shared.http2, stream, refusal.http_status(), fields, true, out)?;
            shared.ending_sent(stream);
            Ok(())
        }
        Some(ServerState::Call(call)) => match call.owed_trailers() {
            Some(trailers) => write_trailers(shared, stream, &trailers, out),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Writes trailers that were checked, or keeps them if something before them is left to be sent. The call is
/// over.
pub(super) fn write_trailers<M: Memory>(
    shared: &mut ServerShared<M>,
    stream: Stream,
    trailers: &Trailers<'_>,
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    let Some(entry) = shared.calls.get_mut(stream) else { return Err(SendError::Ended) };
    let call = entry.call.as_call_mut()?;
    let each = |put: &mut dyn FnMut(&str, FieldValue<'_>)| call.each_of_trailers(trailers, put);
    let trailing = call.trailing();
    let sent = match trailing {
        Trailing::TrailersOnly => {
            send_response(&mut shared.http2, stream, 200, http::from_fn(each), true, out)?;
            true
        }
        Trailing::Trailers if entry.outbox.is_empty() => {
            match shared.http2.send_trailers(stream, http::from_fn(each), out) {
                Ok(()) => true,
                Err(http2::SendError::BufferFull(_)) => false,
                Err(_) => return Err(SendError::Ended),
            }
        }
        Trailing::Trailers | Trailing::Body => false,
    };
    if !sent && trailing == Trailing::Body {
        entry.outbox.end(Ending::Eof, |bytes| call.encode_trailers(trailers, bytes))?;
    } else if !sent {
        entry.outbox.end(Ending::Trailers, |bytes| http::write_lines(bytes, each))?;
    }
    call.trailers_written(trailers.code());
    if sent {
        shared.ending_sent(stream);
    } else {
        shared.note_grace(stream);
        shared.pump(stream, out);
    }
    Ok(())
}

impl<M: Memory> ServerShared<M> {
    /// Notes that a call ended by itself, which limits the time for the rest of its response.
    pub(super) fn begin_grace(&mut self, stream: Stream) {
        if let Some(ServerState::Call(call)) = self.calls.call(stream) {
            call.set_deadline(self.now);
            self.note_grace(stream);
        }
    }

    /// Notes the time limit for the rest of a response, if there is one.
    fn note_grace(&mut self, stream: Stream) {
        let now = self.now;
        if let Some(ServerState::Call(call)) = self.calls.call(stream)
            && let Some(at) = call.response_deadline()
        {
            // The grace runs from `now`, even if the deadline passed long before.
            let at = at.max(now);
            call.set_deadline(at);
            self.calls.note_deadline(at.saturating_add(GRACE));
        }
    }
}

impl<M: Memory> Server<M> {
    /// Gives up a call: resets its stream with `CANCEL`. No event of it comes any more.
    ///
    /// A client is told more by [`finish`](Self::finish). This is for a call whose messages are no longer of use to it: what is
    /// kept of one is dropped, and does not wait for the client's window.
    pub fn cancel(&mut self, call: CallId) {
        if self.call(call).is_ok() {
            self.shared.http2.reset(call.0, ErrorCode::CANCEL);
            self.shared.calls.close(call.0);
        }
    }
}

/// Sends the head of a response, and says what went wrong in the words of gRPC.
pub(super) fn send_response<B: Buffer, S: http2::Slots>(
    http2: &mut Connection<http2::Server, B, S>,
    stream: Stream,
    status: u16,
    fields: impl Fields,
    end: bool,
    out: &mut impl Buffer,
) -> Result<(), SendError> {
    http2.send_head(stream, status, fields, end, out).map_err(|e| match e {
        http2::SendError::BufferFull(full) => SendError::BufferFull(full),
        // The fields were checked: what is left is a stream, or a connection, that is over.
        _ => SendError::Ended,
    })
}

impl ServerState {
    /// Accepts a call that was announced.
    pub(super) fn accept(&mut self, kind: CallKind) -> Result<(), SendError> {
        match core::mem::replace(self, Self::Idle) {
            Self::Offered(mut call) if call.code().is_none() => {
                call.set_kind(kind);
                *self = Self::Call(call);
                Ok(())
            }
            other => {
                *self = other;
                Err(SendError::NotAnnounced)
            }
        }
    }

    pub(super) fn as_call(&self) -> Result<&ServerCall, SendError> {
        match self {
            Self::Call(call) | Self::Offered(call) => Ok(call),
            _ => Err(SendError::Ended),
        }
    }

    pub(super) fn as_call_mut(&mut self) -> Result<&mut ServerCall, SendError> {
        match self {
            Self::Call(call) | Self::Offered(call) => Ok(call),
            _ => Err(SendError::Ended),
        }
    }
}

impl<B: Buffer> SideCall<B> for ServerState {
    const IDLE: Self = Self::Idle;

    fn receive_head(&mut self, _: Head<'_>, _: bool) -> Option<MessageEvent> {
        None
    }

    fn decode_text_in_place<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        match self {
            Self::Call(call) => call.decode_text_in_place(bytes),
            _ => bytes,
        }
    }

    fn receive_message(&mut self, input: &mut &[u8], inbox: &mut Inbox<B>) -> Option<MessageEvent> {
        match self {
            Self::Call(call) => call.receive_message(input, inbox),
            _ => {
                *input = &[];
                None
            }
        }
    }

    /// Trailers of a request mean nothing in gRPC, but they end it.
    fn receive_trailers(&mut self, _: Headers<'_>) -> Option<MessageEvent> {
        SideCall::<B>::receive_eof(self)
    }

    fn receive_eof(&mut self) -> Option<MessageEvent> {
        self.as_call_mut().ok()?.receive_eof().map(Into::into)
    }

    fn receive_reset(&mut self, code: ErrorCode) -> Option<MessageEvent> {
        self.as_call_mut().ok()?.receive_reset(code.0).map(Into::into)
    }

    fn receive_disconnect(&mut self) -> Option<MessageEvent> {
        self.as_call_mut().ok()?.receive_disconnect().map(Into::into)
    }

    fn poll(&mut self, now: u64) -> Option<MessageEvent> {
        let call = self.as_call_mut().ok()?;
        let event = call.poll(now)?;
        // The rest of the response has its grace from `now`, even if the deadline passed long before.
        call.set_deadline(now);
        Some(event.into())
    }

    fn deadline(&self, blocked: bool) -> Option<u64> {
        match self {
            Self::Call(call) if blocked && call.code().is_some() => {
                Some(call.response_deadline()?.saturating_add(GRACE))
            }
            Self::Call(call) | Self::Offered(call) => call.deadline(),
            Self::Draining { until } => Some(*until),
            Self::Idle | Self::Refused(_) => None,
        }
    }

    /// The status is lost if a window stays closed, for it follows what is left of a message. If it is the transport
    /// that is slow, the status waits.
    fn due_reset(&self, now: u64, blocked: bool) -> Option<ErrorCode> {
        if SideCall::<B>::deadline(self, blocked)? > now {
            return None;
        }
        match self {
            Self::Draining { .. } => Some(ErrorCode::NO_ERROR),
            Self::Call(call) if call.code().is_some() => Some(ErrorCode::CANCEL),
            _ => None,
        }
    }

    fn body(&mut self) -> Result<&mut BodyEncoder, SendError> {
        self.as_call_mut()?.body()
    }

    fn drain(&mut self, now: u64) -> bool {
        *self = Self::Draining { until: now.saturating_add(DRAIN) };
        true
    }
}
