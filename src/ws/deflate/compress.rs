//! Compresses messages on their way out (§7.2.1).

use core::{fmt, mem};

use alloc::vec::Vec;
use zlib_rs::{DeflateConfig, DeflateFlush};

use super::{Config, Params};
use crate::ws::{Encoder, Kind, Message, Role, SendError, Side};
use crate::{Buffer, BufferFull};

/// Compresses messages on their way to an [`Encoder`] (§7.2.1).
///
/// A message that is shorter than [`Config::min_len`] goes uncompressed. It is not compressed to find out
/// how well it shrinks: the other end has to see everything that has gone through the compressor.
///
/// The compressor is allocated with the first message that needs it. It stays, with room for its
/// output, until [`release`](Self::release).
///
/// ```
/// use framewright::ws::deflate::{Config, Deflater};
/// use framewright::ws::handshake::Extensions;
/// use framewright::ws::{Connection, Limits, Role};
///
/// let config = Config::new().min_len(0);
/// let (params, _) = config.negotiate(Extensions::parse(b"permessage-deflate")?).unwrap();
/// let mut connection = Connection::server(Limits::new()).accept_compressed(true);
/// let mut deflater = Deflater::new(Role::Server, params, config);
/// let mut out = Vec::new();
/// deflater.encode("Hello", connection.encoder()?, &mut out)?;
/// assert_eq!(out, b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"); // §7.2.3.1
///
/// out.clear();
/// deflater.encode("Hello", connection.encoder()?, &mut out)?;
/// assert_eq!(out, b"\xC1\x05\xF2\x00\x11\x00\x00"); // §7.2.3.2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Deflater {
    takeover: bool,
    window_bits: u8,
    config: Config,
    stream: Option<zlib_rs::Deflate>,
    /// Whether the stream remembers data that messages must not refer to any more.
    stale: bool,
    deflated: Deflated,
}

/// The end of what is flushed. The sender removes it, and the receiver adds it (§7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
/// An empty block without that tail (§7.2.3.6).
const EMPTY: [u8; 1] = [0x00];

impl Deflater {
    /// A compressor at the end that has `role`: a server's compresses what a server sends.
    pub const fn new(role: Role, params: Params, config: Config) -> Self {
        let sender = params.of(role);
        Self::with(!sender.no_context_takeover, sender.max_window_bits, config)
    }

    /// A compressor for messages that go to many connections.
    ///
    /// Each message stands alone. It refers back at most 2 to the power of `window_bits` bytes, which
    /// are clamped to 9 to 15. Frames encoded once can be written to every connection whose own
    /// deflater [admits](Self::admit) them.
    pub fn shared(window_bits: u8, config: Config) -> Self {
        Self::with(false, window_bits.clamp(9, 15), config)
    }

    const fn with(takeover: bool, window_bits: u8, config: Config) -> Self {
        Self {
            takeover,
            window_bits,
            config,
            stream: None,
            stale: false,
            deflated: Deflated::EMPTY,
        }
    }

    /// Writes a whole message in one frame, compressed unless it is shorter than
    /// [`Config::min_len`].
    ///
    /// Where no context is kept, messages that do not shrink go uncompressed too, unless `min_len` was
    /// set to 0.
    ///
    /// # Errors
    ///
    /// Nothing was written, and the connection stays in order: if the compressor remembers data that
    /// could not be written, it forgets its whole context.
    pub fn encode<'m, S: Side>(
        &mut self,
        message: impl Into<Message<'m>>,
        encoder: &mut Encoder<S>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        let message = message.into();
        let bytes = message.as_bytes();
        encoder.ready()?;
        if bytes.len() < self.min_len() || !self.compresses() {
            return encoder.encode(message, out);
        }
        self.deflate(bytes, true, true)?;
        let payload = self.deflated.as_slice();
        let must_shrink = !self.takeover && self.config.min_len != Some(0);
        let written = if must_shrink && payload.len() >= bytes.len() {
            encoder.encode(message, out)
        } else {
            encoder.encode_compressed(message.kind(), payload, out)
        };
        self.written(written)
    }

    /// Writes the next fragment of a compressed message in one frame, the last if `fin`.
    ///
    /// It works like [`Encoder::encode_fragment`]. The other end can inflate all of a fragment as soon
    /// as it has come. The caller decides whether the message is worth compressing.
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
    pub fn encode_fragment<S: Side>(
        &mut self,
        kind: Kind,
        payload: &[u8],
        fin: bool,
        encoder: &mut Encoder<S>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        if !self.compresses() {
            return encoder.encode_fragment(kind, payload, fin, out);
        }
        let fragment = encoder.check_fragment(kind, payload, fin, true)?;
        self.deflate(payload, fragment.is_first(), fin)?;
        let written = encoder.encode_checked_fragment(fragment, self.deflated.as_slice(), out);
        self.written(written)
    }

    /// Returns whether frames that `shared` encoded may be written to this deflater's connection.
    ///
    /// If so, they count as written: later messages will not refer to anything before them.
    pub const fn admit(&mut self, shared: &Self) -> bool {
        let admitted = self.compresses() && shared.window_bits <= self.window_bits;
        self.stale |= admitted;
        admitted
    }

    /// Frees all memory.
    ///
    /// It may be called at any time. Later messages will not refer to anything before, and shrink
    /// less.
    pub fn release(&mut self) {
        self.stream = None;
        self.stale = false;
        self.deflated = Deflated::EMPTY;
    }

    /// The length below which a message goes uncompressed.
    const fn min_len(&self) -> usize {
        match self.config.min_len {
            Some(len) => len,
            None if self.takeover => 0,
            None => 64,
        }
    }

    /// Whether zlib can compress with the window: it cannot with 8 bits.
    const fn compresses(&self) -> bool {
        self.window_bits >= 9
    }

    fn written(&mut self, result: Result<(), SendError>) -> Result<(), SendError> {
        self.stale |= result.is_err();
        self.deflated.trim();
        result
    }

    /// Compresses the next `bytes` of a message, at its beginning if `first`, at its end if `last`.
    fn deflate(&mut self, bytes: &[u8], first: bool, last: bool) -> Result<(), SendError> {
        self.deflated.len = 0;
        self.stale |= first && !self.takeover;
        if !bytes.is_empty() {
            let stale = mem::replace(&mut self.stale, false);
            let stream = match &mut self.stream {
                Some(stream) => {
                    if stale {
                        stream.reset();
                    }
                    stream
                }
                None => self.stream.insert(zlib_rs::Deflate::new_with_config(DeflateConfig {
                    level: i32::from(self.config.level),
                    window_bits: -i32::from(self.window_bits),
                    mem_level: i32::from(self.config.mem_level),
                    ..DeflateConfig::default()
                })),
            };
            let flushed = self.deflated.flush(stream, bytes);
            self.stale = flushed.is_err();
            flushed?;
        }
        if last {
            match self.deflated.as_slice().strip_suffix(&TAIL) {
                Some(rest) => self.deflated.len = rest.len(),
                None => self.deflated.put(&EMPTY)?,
            }
        }
        Ok(())
    }
}

/// Room for compressed data. It grows, and each byte of it is zeroed only once.
struct Deflated {
    bytes: Vec<u8>,
    len: usize,
}

impl Deflated {
    const EMPTY: Self = Self { bytes: Vec::new(), len: 0 };

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Compresses and flushes all of `bytes`, and appends the result.
    fn flush(&mut self, stream: &mut zlib_rs::Deflate, bytes: &[u8]) -> Result<(), SendError> {
        let mut input = bytes;
        let mut wanted = bytes.len() / 4 + 64;
        loop {
            let room = self.room(wanted)?;
            let (total_in, total_out, len) = (stream.total_in(), stream.total_out(), room.len());
            stream
                .compress(input, room, DeflateFlush::SyncFlush)
                .expect("a stream that was set up and is never finished takes everything");
            let since = |now: u64, before| usize::try_from(now - before).unwrap_or(usize::MAX);
            let produced = since(stream.total_out(), total_out);
            self.len += produced;
            input = input.get(since(stream.total_in(), total_in)..).unwrap_or_default();
            if produced < len && input.is_empty() {
                return Ok(());
            }
            wanted = wanted.saturating_mul(2);
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        let room = self.room(bytes.len())?;
        room.split_at_mut(bytes.len()).0.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// At least `wanted` bytes of room after what is here.
    fn room(&mut self, wanted: usize) -> Result<&mut [u8], SendError> {
        let needed = self.len.saturating_add(wanted);
        let missing = needed.saturating_sub(self.bytes.len());
        self.bytes.try_reserve(missing).map_err(|_| BufferFull { needed })?;
        self.bytes.resize(self.bytes.len() + missing, 0);
        Ok(self.bytes.get_mut(self.len..).unwrap_or_default())
    }

    /// Frees the memory of a long message.
    fn trim(&mut self) {
        const KEEP: usize = 64 * 1024;
        if self.bytes.len() > KEEP {
            *self = Self::EMPTY;
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("takeover", &self.takeover)
            .field("window_bits", &self.window_bits)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
