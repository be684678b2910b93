//! Messages that are encoded once, for any number of sockets.

use std::fmt;
use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use framewright::ws::deflate::{Config, Deflater};
use framewright::ws::{Encoder, Message, Server};
use tokio::io::{AsyncRead, AsyncWrite};

use super::socket::WebSocket;
use crate::Error;

/// How far back a compressed message may refer: any window of a client's that is smaller gets the message uncompressed.
const WINDOW_BITS: u8 = 15;

/// Encodes messages that go to many sockets of a server, such as those of a room.
///
/// A message is encoded once, and compressed once, however many sockets it goes to:
///
/// ```
/// use framewright::ws::deflate::Config;
/// use framewright_tokio::{Error, Preparer, WebSocket};
/// use tokio::net::TcpStream;
///
/// async fn announce(members: &mut [WebSocket<TcpStream>]) -> Result<(), Error> {
///     let mut preparer = Preparer::new(Config::new());
///     let news = preparer.prepare("the kettle boils")?;
///     for member in members {
///         member.send_prepared(&news).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// Prepared messages do not depend on one another: a socket may be sent some of them, in any order, and others between.
/// A socket that has agreed on no compression, or on a smaller window, is sent the message as it is.
///
/// With compression it holds some 300 KiB, so keep one for each room, not one for each message. Tasks share it in a
/// mutex, and its messages in a channel such as `tokio::sync::broadcast`.
#[derive(Debug)]
pub struct Preparer {
    deflater: Option<Deflater>,
}

/// An encoded message, from a [`Preparer`]. Its clones share its bytes.
#[derive(Clone)]
pub struct Prepared {
    plain: Bytes,
    /// The same message for sockets that have agreed on compression.
    compressed: Option<Bytes>,
}

impl Preparer {
    /// Begins. `config` says how to compress for the sockets that have agreed on compression, or is `None` if all of them
    /// get messages uncompressed.
    pub fn new(config: impl Into<Option<Config>>) -> Self {
        let deflater = config.into().map(|config| Deflater::shared(WINDOW_BITS, config));
        Self { deflater }
    }

    /// Encodes a message.
    ///
    /// # Errors
    ///
    /// [`Error::Send`] if there is no memory for it.
    pub fn prepare<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<Prepared, Error> {
        let message = message.into();
        let mut plain = BytesMut::new();
        Encoder::server().encode(message, &mut plain)?;
        let compressed = match &mut self.deflater {
            Some(deflater) => {
                let mut compressed = BytesMut::new();
                deflater.encode(message, &mut Encoder::server(), &mut compressed)?;
                Some(compressed.freeze())
            }
            None => None,
        };
        Ok(Prepared { plain: plain.freeze(), compressed })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S, Server> {
    /// Sends a message that was encoded before, and waits until it is written: see [`Preparer`].
    ///
    /// It may be dropped while it waits, as [`send`](Self::send) may.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.feed_prepared(message).await?;
        self.flush().await
    }

    /// Queues a message that was encoded before: [`feed`](Self::feed) says when it is written.
    ///
    /// If it is dropped while it waits, the message is not sent.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn feed_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.connection.ready()?;
        let bytes = match &message.compressed {
            // Only the window is compared, so this deflater stands for the one that compressed.
            Some(bytes) if self.connection.admit(&Deflater::shared(WINDOW_BITS, Config::new())) => {
                bytes
            }
            _ => &message.plain,
        };
        self.out.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("len", &self.plain.len())
            .field("compressed_len", &self.compressed.as_ref().map(Bytes::len))
            .finish()
    }
}
