//! Messages of one call that are sent one after another.

use super::calls::CallId;
use super::client::Client;
use super::memory::Memory;
use super::server::Server;
use super::shared::{Shared, SideCall};
use crate::Buffer;
use crate::grpc::{Message, Prefix, ResponseHead, SendError};
use crate::http2::{GrowingData, Side};

/// Sends messages of one call, of which short ones share a DATA frame.
///
/// [`Server::batch`] and [`Client::batch`] return it. Nothing is held back: after each [`send`](Self::send), the output
/// has the message, as after that of the [`Server`] or [`Client`] itself. But the frame before it is made longer
/// instead of beginning another one, which saves nine bytes, and work at both ends. A batch borrows the output, so that
/// nobody writes a frame to the transport that is still to grow.
///
/// [`Server::batch`] has an example.
#[derive(Debug)]
pub struct Batch<'a, E, B> {
    end: &'a mut E,
    call: CallId,
    frame: Frame,
    out: &'a mut B,
}

impl<M: Memory> Server<M> {
    /// Begins a batch: messages of one call that are ready to be sent.
    ///
    /// ```
    /// use framewright::Buffer;
    /// use framewright::grpc::{CallId, Memory, SendError, Server, Status};
    ///
    /// /// Sends what is left of a list, and then ends the call. If it is [`SendError::Busy`], call it again once the call
    /// /// is writable.
    /// fn send_list<M: Memory>(
    ///     grpc: &mut Server<M>,
    ///     call: CallId,
    ///     list: &mut Vec<String>,
    ///     out: &mut impl Buffer,
    /// ) -> Result<(), SendError> {
    ///     let mut batch = grpc.batch(call, out);
    ///     while let Some(item) = list.last() {
    ///         batch.send(item.as_bytes())?;
    ///         list.pop();
    ///     }
    ///     grpc.finish(call, Status::OK, out)
    /// }
    /// # use framewright::grpc::{self, CallKind, Client, ClientEvent, ClientRequest, Heap, Path};
    /// # use framewright::grpc::{ServerConfig, ServerEvent};
    /// # use framewright::http2::Limits;
    /// # let mut client = Client::<Heap>::new(grpc::Limits::new(), Limits::new(), 0);
    /// # let mut server = Server::<Heap>::new(ServerConfig::new(), Limits::new(), 0);
    /// # let (mut up, mut down) = (Vec::new(), Vec::new());
    /// # let request = ClientRequest::new(Path::parse("/a.A/List").unwrap()).authority("localhost");
    /// # let call = client.call(&request, CallKind::ServerStreaming, &mut up)?;
    /// # let mut input = &mut up[..];
    /// # let Some(ServerEvent::Call(called)) = server.receive(&mut input, 0) else { panic!() };
    /// # server.accept(called, CallKind::ServerStreaming)?;
    /// # let mut list = ["three", "two", "one"].map(String::from).to_vec();
    /// # send_list(&mut server, called, &mut list, &mut down)?;
    /// # let mut seen = Vec::new();
    /// # let mut input = &mut down[..];
    /// # while let Some(event) = client.receive(&mut input, 0) {
    /// #     if let ClientEvent::Message(call) = event {
    /// #         seen.push(client.message(call).bytes.to_vec());
    /// #     }
    /// # }
    /// # assert_eq!(seen, [&b"one"[..], b"two", b"three"]);
    /// # Ok::<(), SendError>(())
    /// ```
    #[inline]
    pub fn batch<'a, B: Buffer>(&'a mut self, call: CallId, out: &'a mut B) -> Batch<'a, Self, B> {
        Batch { end: self, call, frame: Frame::NONE, out }
    }
}

impl<M: Memory> Client<M> {
    /// Begins a batch: messages of one call that are ready to be sent.
    #[inline]
    pub fn batch<'a, B: Buffer>(&'a mut self, call: CallId, out: &'a mut B) -> Batch<'a, Self, B> {
        Batch { end: self, call, frame: Frame::NONE, out }
    }
}

impl<M: Memory, B: Buffer> Batch<'_, Server<M>, B> {
    /// Sends a whole message, as [`Server::send`] does, and with the same errors.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), SendError> {
        let Self { end, call, frame, out } = self;
        let message = message.into();
        if frame.share(&mut end.shared, *call, message, *out) {
            return Ok(());
        }
        if !end.call(*call)?.is_head_sent() {
            end.send_head(*call, ResponseHead::new(), *out)?;
        }
        frame.begin(&mut end.shared, *call, message, *out)?;
        end.pings.sent();
        Ok(())
    }
}

impl<M: Memory, B: Buffer> Batch<'_, Client<M>, B> {
    /// Sends a whole message, as [`Client::send`] does, and with the same errors.
    #[inline]
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), SendError> {
        let Self { end, call, frame, out } = self;
        let message = message.into();
        if frame.share(&mut end.shared, *call, message, *out) {
            return Ok(());
        }
        frame.begin(&mut end.shared, *call, message, *out)
    }
}

/// The frame that messages share.
#[derive(Debug)]
struct Frame {
    data: GrowingData,
    /// What its messages are. Whether such a message may be sent was checked for the first one.
    compressed: bool,
}

impl Frame {
    /// There is none.
    const NONE: Self = Self { data: GrowingData::new(), compressed: false };

    /// Sends a message in a frame of its own, which others may share then, or in parts.
    #[inline(never)]
    fn begin<R: Side, M: Memory, C: SideCall<M::Message>>(
        &mut self,
        shared: &mut Shared<R, M, C>,
        CallId(stream): CallId,
        message: Message<'_>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        *self = Self::NONE;
        if !shared.send_at_once(stream, message, false, out)? {
            return shared.send_in_parts(stream, message, false, out);
        }
        let call = shared.calls.call(stream).ok_or(SendError::Ended)?;
        // A call that sends only one message has no second one to share the frame.
        if call.body()?.ready().is_ok() {
            let len = Prefix::LEN + message.bytes.len();
            self.data = shared.http2.growing_data(stream, len, out);
            self.compressed = message.compressed;
        }
        Ok(())
    }

    /// Adds a message to the frame. Returns whether it could: otherwise, nothing changes.
    #[inline]
    fn share<R: Side, M: Memory, C: SideCall<M::Message>>(
        &mut self,
        shared: &mut Shared<R, M, C>,
        CallId(stream): CallId,
        message: Message<'_>,
        out: &mut impl Buffer,
    ) -> bool {
        let Ok(len) = u32::try_from(message.bytes.len()) else { return false };
        if message.compressed != self.compressed {
            return false;
        }
        let flags = if message.compressed { Prefix::COMPRESSED } else { 0 };
        let prefix = Prefix { flags, len }.to_bytes();
        let added = shared.http2.grow(stream, &mut self.data, prefix, message.bytes, out);
        if added {
            shared.keepalive.sent(shared.now, (Prefix::LEN + message.bytes.len()) as u64);
        }
        added
    }
}
