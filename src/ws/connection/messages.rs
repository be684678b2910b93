//! Receives whole messages.

use core::ops::ControlFlow;

use super::Connection;
use crate::utf8::Utf8State;
use crate::ws::decode::{ControlPlace, Masked, MessagePlace, Place};
use crate::ws::inbox::JoinError;
use crate::ws::{CloseCode, Error, Inbox, Kind, Mask, Opcode, Side};
use crate::{Buffer, BufferFull, Chunk};

/// What has come from the peer, as [`Connection::receive_message`] returns it.
///
/// [The module](crate::ws) has the loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageEvent {
    /// A message is in the inbox: [`Inbox::message`] has it.
    Message(Kind),
    /// The peer pings, and [`Connection::transmit`] answers (§5.5.2). The payload is
    /// [`Connection::control_payload`].
    Ping,
    /// A pong came (§5.5.3). The payload is [`Connection::control_payload`].
    Pong,
    /// The peer closes: nothing more will come (§5.5.1). The code is [`CloseCode::NO_STATUS`] if
    /// the peer gave none; [`Connection::peer_close`] has the reason.
    Close(CloseCode),
    /// The peer broke a rule or a limit, or its message found no room: nothing more will be read
    /// (§7.1.7).
    Failed(Error),
}

/// A [`MessageEvent`] in a register: what else it says is in the connection. So a caller's `match` on the
/// event of a whole short message costs nothing.
#[derive(Clone, Copy)]
pub(super) enum Received {
    Message(Kind),
    Ping,
    Pong,
    Close,
    Failed,
}

/// The most that is read to the inbox at once while little of a message has come, in bytes.
const FIRST_TARGET_LEN: usize = 64 << 10;
/// The most that is read to the inbox at once, in bytes. More would leave the caches before it is
/// unmasked.
const MAX_TARGET_LEN: usize = 512 << 10;

impl<S: Side> Connection<S> {
    /// Receives the next event, advancing `input` past it. Messages are put in the `inbox`, whole and unmasked.
    /// [The module](crate::ws) has the loop.
    ///
    /// `None` means that every byte of `input` was taken and more are needed. After a close or a
    /// failure, whatever comes is taken and ignored. Call it until it returns `None`, even when
    /// `input` is empty: a failure may still be unreported. Then call [`transmit`](Self::transmit).
    ///
    /// If the inbox has no room for a message, the connection fails with [`Error::BufferFull`], and the peer is
    /// told with status code 1009. A connection has to be given the same inbox until a message is whole: with
    /// another, it fails with [`Error::BeginningMissing`].
    #[inline(always)]
    pub fn receive_message<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> Option<MessageEvent> {
        let received =
            if let Some((kind, mask, bytes)) = self.decoder.take_short_message(S::ROLE, input) {
                match inbox.put(kind, bytes, mask) {
                    Ok(()) => Received::Message(kind),
                    Err(e) => self.fail_joining(e, bytes.len() as u64, inbox),
                }
            } else {
                // What a call may change does not stay in registers, so this one gets a copy of the slice.
                let mut rest = *input;
                let received = self.receive_masked(&mut rest, inbox);
                *input = rest;
                received?
            };
        Some(match received {
            Received::Message(kind) => MessageEvent::Message(kind),
            Received::Ping => MessageEvent::Ping,
            Received::Pong => MessageEvent::Pong,
            Received::Close => MessageEvent::Close(self.peer_code()),
            Received::Failed => {
                *input = &[];
                MessageEvent::Failed(self.error()?)
            }
        })
    }

    /// Returns where to read next: `buffer`, or within a long message the inbox, which saves a copy.
    ///
    /// Afterwards, [`Inbox::filled`] turns the number of bytes read into the input to receive. Nothing
    /// else may be received in between.
    ///
    /// It is the inbox if the current frame lacks at least as many bytes as `buffer` has: a shorter rest is
    /// better read together with what follows it. There, the slice is as long as what has come of the message,
    /// but at least 64 KiB and at most 512 KiB. So a peer that announces much and sends little makes the inbox
    /// grow by no more than it sent, or by 64 KiB.
    ///
    /// ```
    /// # fn run(mut socket: impl std::io::Read) -> std::io::Result<()> {
    /// use framewright::ws::{Connection, Inbox, Limits, MessageEvent};
    ///
    /// let mut connection = Connection::server(Limits::new());
    /// let mut inbox = Inbox::new(Vec::new());
    /// let mut buffer = vec![0; 16 << 10];
    /// loop {
    ///     let len = socket.read(connection.read_target(&mut buffer, &mut inbox))?;
    ///     if len == 0 {
    ///         return Ok(());
    ///     }
    ///     let mut input = inbox.filled(&buffer, len);
    ///     while let Some(event) = connection.receive_message(&mut input, &mut inbox) {
    ///         if let MessageEvent::Message(_) = event {
    ///             println!("{:?}", inbox.message());
    ///         }
    ///     }
    /// }
    /// # }
    /// # let mut frame = b"\x82\xFF\0\0\0\0\0\x04\0\0\0\0\0\0".to_vec();
    /// # frame.resize(14 + (4 << 16), 1);
    /// # run(&frame[..]).unwrap();
    /// ```
    pub fn read_target<'b, B: Buffer>(
        &self,
        buffer: &'b mut [u8],
        inbox: &'b mut Inbox<B>,
    ) -> &'b mut [u8] {
        let remaining = usize::try_from(self.payload_remaining()).unwrap_or(usize::MAX);
        match self.decoder.next_starts() {
            Some(start) if remaining >= buffer.len() => {
                let joined = if start { 0 } else { inbox.joined_len() };
                let max = joined.clamp(FIRST_TARGET_LEN, MAX_TARGET_LEN);
                let min = buffer.len().clamp(1, max);
                inbox.target(start, min, remaining.min(max)).unwrap_or(buffer)
            }
            _ => {
                inbox.forget_target();
                buffer
            }
        }
    }

    /// Receives up to the next event, whatever comes.
    ///
    /// Out of line, so that a whole short message does not pay for the registers that this needs.
    #[inline(never)]
    fn receive_masked<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> Option<Received> {
        if let Some(event) = self.receive_filled(inbox) {
            return Some(event);
        }
        let mut rest = *input;
        loop {
            while let Some((place, mask, bytes)) =
                self.decoder.take_masked_fragment(S::ROLE, &mut rest)
            {
                if let Some(received) = self.join(place, bytes, mask, inbox) {
                    *input = rest;
                    return Some(received);
                }
            }
            *input = rest;
            if let ControlFlow::Break(received) = self.receive_piece(input, inbox) {
                return received;
            }
            rest = *input;
        }
    }

    /// Receives the next bytes of any payload. Returns whether that ends the search for an event, and the
    /// event.
    #[inline(never)]
    fn receive_piece<B: Buffer>(
        &mut self,
        input: &mut &[u8],
        inbox: &mut Inbox<B>,
    ) -> ControlFlow<Option<Received>> {
        let Some(Masked { bytes, mask, place }) = self.decoder.take_masked(input) else {
            let Some(error) = self.decoder.error() else { return ControlFlow::Break(None) };
            return ControlFlow::Break(self.fail_once(error).then(|| {
                inbox.abandon();
                Received::Failed
            }));
        };
        let received = match place {
            Place::Message(place) => self.join(place, bytes, mask, inbox),
            Place::Control(place) => self.receive_control(place, bytes, mask, inbox),
        };
        match received {
            Some(_) => ControlFlow::Break(received),
            None => ControlFlow::Continue(()),
        }
    }

    /// Receives what was read to the inbox itself. Returns an event if that was the end of a message, or
    /// cannot be joined.
    #[inline]
    fn receive_filled<B: Buffer>(&mut self, inbox: &mut Inbox<B>) -> Option<Received> {
        let len = inbox.take_filled();
        if len == 0 || !self.is_open() {
            return None;
        }
        let Some((mask, place)) = self.decoder.take_elsewhere(len) else {
            // It was read for another connection.
            return Some(self.fail_in_message(Error::BeginningMissing, inbox));
        };
        let joined = inbox.join_filled(place, len, mask);
        self.joined(joined, place, inbox)
    }

    /// Puts bytes of a message in the inbox. Returns an event if they are the last or cannot be joined.
    #[inline(always)]
    fn join<B: Buffer>(
        &mut self,
        place: MessagePlace,
        bytes: &[u8],
        mask: Option<Mask>,
        inbox: &mut Inbox<B>,
    ) -> Option<Received> {
        if place.compressed {
            #[cfg(feature = "deflate")]
            return self.join_compressed(place, bytes, mask, inbox);
            // Nothing here inflates, so the bit has no meaning.
            #[cfg(not(feature = "deflate"))]
            return Some(self.fail_in_message(Error::ReservedBits, inbox));
        }
        let joined = inbox.join(place, bytes, mask);
        self.joined(joined, place, inbox)
    }

    /// Goes on after bytes of a message were put in the inbox.
    #[inline(always)]
    fn joined<B: Buffer>(
        &mut self,
        joined: Result<Utf8State, JoinError>,
        place: MessagePlace,
        inbox: &mut Inbox<B>,
    ) -> Option<Received> {
        match joined {
            Ok(text) => {
                self.decoder.placed(place, text);
                place.end.then_some(Received::Message(place.kind))
            }
            Err(e) => {
                let len = self.decoder.announced_len();
                Some(self.fail_joining(e, len, inbox))
            }
        }
    }

    /// Receives bytes of a control frame. Returns its event once it is complete.
    #[cold]
    fn receive_control<B: Buffer>(
        &mut self,
        place: ControlPlace,
        bytes: &[u8],
        mask: Option<Mask>,
        inbox: &mut Inbox<B>,
    ) -> Option<Received> {
        self.received.put(Chunk { bytes, start: place.start, end: place.end }, mask);
        if !place.end {
            return None;
        }
        Some(match place.opcode {
            Opcode::Ping => {
                self.pinged();
                Received::Ping
            }
            Opcode::Close => {
                inbox.abandon();
                match self.closed() {
                    Ok(_) => Received::Close,
                    Err(_) => Received::Failed,
                }
            }
            _ => Received::Pong,
        })
    }

    /// The payload of the ping or pong that the last event announced, of at most 125 bytes.
    ///
    /// It is there until the connection receives again, and only after
    /// [`receive_message`](Self::receive_message).
    pub fn control_payload(&self) -> &[u8] {
        self.received.as_slice()
    }

    /// Fails, because the inbox cannot hold a message that announced `len` bytes so far.
    #[cold]
    pub(super) fn fail_joining<B: Buffer>(
        &mut self,
        error: JoinError,
        len: u64,
        inbox: &mut Inbox<B>,
    ) -> Received {
        let error = match error {
            JoinError::Full => {
                let needed = usize::try_from(len).unwrap_or(usize::MAX);
                Error::BufferFull(BufferFull { needed })
            }
            JoinError::InvalidText => Error::InvalidUtf8,
            JoinError::BeginningMissing => Error::BeginningMissing,
        };
        self.fail_in_message(error, inbox)
    }

    #[cold]
    pub(super) fn fail_in_message<B: Buffer>(
        &mut self,
        error: Error,
        inbox: &mut Inbox<B>,
    ) -> Received {
        self.decoder.fail_for(error);
        self.set_failed();
        inbox.abandon();
        Received::Failed
    }
}
