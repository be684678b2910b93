//! Writes frames.
//!
//! ```text
//!         begin()                      finish()
//!   Idle ─────────▶ Sized or Unsized ───────────▶ Idle
//!                       │     ▲
//!                       └─────┘ encode_body()
//! ```

use memchr::memchr;

use super::{FrameBuilder, Header, SendError, Version};
use crate::Buffer;
use crate::append::Append;

/// Writes frames, whole or with a body in pieces.
///
/// What is written arrives as it was given, or is refused: no header can break its line, and no body can end its frame
/// early. Each call writes everything or nothing.
///
/// ```
/// use framewright::stomp::{Encoder, FrameBuilder, Version};
///
/// let mut encoder = Encoder::new(Version::V1_2);
/// let mut out = Vec::new();
/// encoder.begin(FrameBuilder::send("/queue/a"), Some(5), &mut out)?;
/// encoder.encode_body(b"hel", &mut out)?;
/// encoder.encode_body(b"lo", &mut out)?;
/// encoder.finish(&mut out)?;
/// encoder.encode_heart_beat(&mut out)?;
/// assert_eq!(out, b"SEND\ndestination:/queue/a\ncontent-length:5\n\nhello\0\n");
/// # Ok::<(), framewright::stomp::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    version: Option<Version>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between frames.
    Idle,
    /// In a body of which `left` bytes lack.
    Sized { left: u64 },
    /// In a body that a NUL ends.
    Unsized,
}

impl Encoder {
    /// An encoder whose frames follow the rules of `version`.
    pub const fn new(version: Version) -> Self {
        Self { version: Some(version), state: State::Idle }
    }

    /// An encoder before a version was agreed on.
    pub(super) const fn without_version() -> Self {
        Self { version: None, state: State::Idle }
    }

    /// Sets the version that was agreed on.
    pub(super) const fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Checks that a frame or a heart-beat may come next.
    pub const fn ready(&self) -> Result<(), SendError> {
        match self.state {
            State::Idle => Ok(()),
            _ => Err(SendError::FrameUnfinished),
        }
    }

    /// Writes a whole frame.
    #[expect(clippy::needless_pass_by_value, reason = "frames are made where they are sent")]
    pub fn encode<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        &mut self,
        frame: FrameBuilder<'_, H>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        write(out, |out| frame.write_whole(self.version, |piece| out.put(piece)))
    }

    /// Begins a frame whose body comes in pieces, of which `frame` may have the first. `len`: how long all of it
    /// will be, if that is known.
    ///
    /// Only [`encode_body`](Self::encode_body) may follow, until [`finish`](Self::finish). Without a length, no piece may
    /// have a NUL.
    #[expect(clippy::needless_pass_by_value, reason = "frames are made where they are sent")]
    pub fn begin<'h, H: Clone + IntoIterator<Item: Header<'h>>>(
        &mut self,
        frame: FrameBuilder<'_, H>,
        len: Option<u64>,
        out: &mut impl Buffer,
    ) -> Result<(), SendError> {
        self.ready()?;
        if !frame.command().may_have_body() {
            return Err(SendError::BodyNotAllowed);
        }
        let state = len.map_or(State::Unsized, |left| State::Sized { left });
        let state = state.after(frame.body_bytes())?;
        write(out, |out| {
            frame.write_command(self.version, |piece| out.put(piece))?;
            frame.write_headers(self.version, &[], len, |piece| out.put(piece))?;
            out.put(frame.body_bytes());
            Ok(())
        })?;
        self.state = state;
        Ok(())
    }

    /// Writes the next piece of a body.
    pub fn encode_body(&mut self, piece: &[u8], out: &mut impl Buffer) -> Result<(), SendError> {
        let state = self.state.after(piece)?;
        out.try_append(piece)?;
        self.state = state;
        Ok(())
    }

    /// Ends a frame whose body came in pieces.
    pub fn finish(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        match self.state {
            State::Idle => return Err(SendError::FrameMissing),
            State::Sized { left: 1.. } => return Err(SendError::BodyTooShort),
            State::Sized { left: 0 } | State::Unsized => {}
        }
        out.try_append(b"\0")?;
        self.state = State::Idle;
        Ok(())
    }

    /// Writes a heart-beat: an LF (*Heart-beating*).
    pub fn encode_heart_beat(&mut self, out: &mut impl Buffer) -> Result<(), SendError> {
        self.ready()?;
        Ok(out.try_append(b"\n")?)
    }
}

impl State {
    /// The same state after a piece of the body.
    fn after(self, piece: &[u8]) -> Result<Self, SendError> {
        match self {
            Self::Idle => Err(SendError::FrameMissing),
            Self::Sized { left } => {
                let left = left.checked_sub(piece.len() as u64).ok_or(SendError::BodyTooLong)?;
                Ok(Self::Sized { left })
            }
            Self::Unsized if memchr(0, piece).is_some() => Err(SendError::NulInBody),
            Self::Unsized => Ok(self),
        }
    }
}

/// Appends what `write` does, or changes nothing.
pub(super) fn write<B: Buffer>(
    out: &mut B,
    write: impl FnOnce(&mut Append<'_, B>) -> Result<(), SendError>,
) -> Result<(), SendError> {
    let mut out = Append::new(out);
    match write(&mut out) {
        Ok(()) => Ok(out.finish()?),
        Err(e) => {
            out.abandon();
            Err(e)
        }
    }
}
