//! A socket as a stream and a sink of messages, which can be split.

use std::pin::Pin;
use std::task::{Context, Poll};

use framewright::ws::{BytesMessage, CloseCode, Side};
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::output::Half;
use super::socket::WebSocket;
use crate::Error;

impl<S: AsyncRead + AsyncWrite + Unpin, R: Side + Unpin> Stream for WebSocket<S, R> {
    type Item = Result<BytesMessage, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Side + Unpin> Sink<BytesMessage> for WebSocket<S, R> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: BytesMessage) -> Result<(), Error> {
        let Self { connection, out, .. } = &mut *self;
        Ok(connection.send(&message, &mut out.bytes)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_written(Half::Sender, cx)
    }

    /// Writes a close frame with [`CloseCode::NORMAL`], or with what [`Closing::set`](crate::Closing::set) has set. The stream of messages ends when the peer has answered.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { connection, out, closing, .. } = &mut *self;
        let set = closing.as_ref().and_then(|closing| closing.lock().take());
        let (code, reason) =
            set.as_ref().map_or((CloseCode::NORMAL, ""), |set| (set.code, &*set.reason));
        connection.close(code, reason, &mut out.bytes)?;
        out.wake_receiver();
        self.poll_written(Half::Sender, cx)
    }
}
