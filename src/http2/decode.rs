//! From a peer's bytes to frames (§4, §6).
//!
//! What is wrong with a frame ends the connection or only its stream:
//!
//! | frame | stream | length | flags | ends the connection | ends the stream | § |
//! |---|---|---|---|---|---|---|
//! | DATA | yes | any | END_STREAM, PADDED | no stream; padding | | 6.1 |
//! | HEADERS | yes | any | END_STREAM, END_HEADERS, PADDED, PRIORITY | no stream; length; padding | depends on itself | 6.2 |
//! | PRIORITY | yes | 5 | | no stream | length; depends on itself | 6.3 |
//! | RST_STREAM | yes | 4 | | no stream; length | | 6.4 |
//! | SETTINGS | no | 6 · n | | stream; length; value | | 6.5 |
//! | … with ACK | no | 0 | ACK | stream; length | | 6.5 |
//! | PUSH_PROMISE | | | | always | | 6.6, 8.4 |
//! | PING | no | 8 | ACK | stream; length | | 6.7 |
//! | GOAWAY | no | 8 and more | | stream; length | | 6.8 |
//! | WINDOW_UPDATE | any | 4 | | length; 0 for the connection | 0 for a stream | 6.9 |
//! | CONTINUATION | yes | any | END_HEADERS | no field block to continue | | 6.10 |
//! | others | any | any | | | | 5.5 |
//!
//! Before all of that, the first frame has to be a SETTINGS without ACK (§3.4), no frame may be longer
//! than the limit (§4.2), and inside a field block only its CONTINUATION may come (§6.10). A header is
//! checked as soon as its ninth byte is there.
//!
//! ```text
//!   server: Preface ──▶ First ◀── client
//!                         │
//!                         ▼  the header ends
//!     Between, Header ─────────┬─────────────▶ Data  (if padded, by way of DataPrefix)
//!         ▲                    ├─────────────▶ Fields  (likewise FieldsPrefix)
//!         │                    │    Block ─▶ Fields  (CONTINUATION)
//!         │                    ├─────────────▶ Settings, Reset, Priority, WindowUpdate, Ping
//!         │                    ├─────────────▶ GoAway ──▶ DebugData
//!         │                    └─────────────▶ Skip
//!         │                                    │
//!         └──────── the payload ends ──────────┴──────▶ Block, if its field block does not
//!
//!     a rule is broken, in any state: Failed
//! ```
//!
//! A frequent frame that is all there takes none of these steps: see `Decoder::take_whole`.

use core::mem;

use super::incoming::{DataFrame, FieldsFrame, FieldsPrefix, Rest, State, take, to_u32, to_usize};
use super::part::{BlockFrame, Part};
use super::{
    Error, ErrorCode, Flags, FrameHeader, FrameType, Limits, PREFACE, Role, Setting, StreamId,
};
use crate::inline::Inline;
use crate::{Chunk, OverLimit, Truncated};

/// Decodes what a peer sends: checks every frame by itself, and removes headers and padding.
///
/// It takes any split of the bytes, and returns every piece of a payload at once, however short. It
/// holds a partial header or value, but never payload. Which frames a stream may have in its state,
/// and what windows allow, is for the connection to check.
///
/// ```
/// use framewright::http2::{Decoder, ErrorCode, Limits, Part, Role, StreamId};
///
/// let mut decoder = Decoder::new(Role::Client, Limits::new());
/// let mut bytes = *b"\0\0\0\x04\0\0\0\0\0\0\0\x02\0\x01\0\0\0\x01hi\0\0\x04\x03\0\0\0\0\x03\0\0\0\x08";
/// let mut input = &mut bytes[..];
///
/// assert_eq!(decoder.decode(&mut input)?, Some(Part::SettingsEnd));
/// let Some(Part::Data(data)) = decoder.decode(&mut input)? else { panic!("DATA comes next") };
/// assert_eq!((data.stream.get(), &*data.bytes, data.end_stream), (1, &b"hi"[..], true));
/// let stream = StreamId::new(3).expect("not 0");
/// let reset = Part::Reset { stream, code: ErrorCode::CANCEL };
/// assert_eq!(decoder.decode(&mut input)?, Some(reset));
///
/// assert_eq!(decoder.decode(&mut input)?, None);
/// assert!(input.is_empty()); // it always is: nothing is left to keep or to move
/// decoder.check_eof().expect("nothing was cut off");
/// # Ok::<(), framewright::http2::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    role: Role,
    max_frame_len: u32,
    state: State,
    /// The beginning of a header or of a value, if the input ended in it.
    cut: Inline<{ FrameHeader::LEN }>,
}

impl Decoder {
    /// A decoder at the end that has `role`: a server's decodes what a client sends.
    pub const fn new(role: Role, limits: Limits) -> Self {
        let state = match role {
            Role::Server => State::Preface { matched: 0 },
            Role::Client => State::First,
        };
        Self { role, max_frame_len: limits.in_range().max_frame_len, state, cut: Inline::EMPTY }
    }

    /// Decodes the next part, advancing `input` past it.
    ///
    /// `None` means that every byte of `input` was taken and more are needed.
    ///
    /// # Errors
    ///
    /// The peer broke a rule or a limit that ends the connection (§5.4.1). All parts before the
    /// offending byte have been returned by then. The error is final, and `input` is taken as a whole.
    #[inline(always)]
    pub fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        match self.take_whole(input) {
            Some(part) => Ok(Some(part)),
            None => self.decode_any(input),
        }
    }

    /// Takes a frame off `input` in the most frequent cases: all there, without padding and priority.
    /// Nothing in the decoder changes.
    ///
    /// `None` means that no such case applies, and that nothing was taken.
    #[inline(always)]
    fn take_whole<'a>(&self, input: &mut &'a mut [u8]) -> Option<Part<'a>> {
        let State::Between = self.state else { return None };
        let (header, payload) = input.split_first_chunk()?;
        let FrameHeader { len, frame_type, flags, stream } = FrameHeader::parse(*header);
        let payload = payload.get(..to_usize(len))?;
        if len > self.max_frame_len {
            return None;
        }
        match (frame_type, stream) {
            (FrameType::DATA, Some(stream)) if !flags.contains(Flags::PADDED) => {
                let bytes = take_payload(input, len);
                Some(Part::Data(DataFrame::new(stream, flags, len, 0, len).part(bytes, true)))
            }
            (FrameType::HEADERS, Some(stream)) if flags.contains(Flags::END_HEADERS) => {
                if flags.0 & (Flags::PADDED.0 | Flags::PRIORITY.0) != 0 {
                    return None;
                }
                let bytes = take_payload(input, len);
                let mut frame = FieldsFrame::new(stream, flags, PLAIN, Rest::new(len, 0));
                Some(Part::FieldBlock(frame.part(bytes, true)))
            }
            (FrameType::WINDOW_UPDATE, stream) => {
                let increment = u32::from_be_bytes(payload.try_into().ok()?) & StreamId::MAX.get();
                if increment == 0 {
                    return None;
                }
                take_payload(input, len);
                Some(Part::WindowUpdate { stream, increment })
            }
            (FrameType::PING, None) => {
                let payload = payload.try_into().ok()?;
                take_payload(input, len);
                Some(ping(payload, flags.contains(Flags::ACK)))
            }
            _ => None,
        }
    }

    /// Decodes the next part, whatever the state is.
    #[inline(never)]
    fn decode_any<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        let part = self.step(input);
        if let Err(error) = part {
            self.state = State::Failed(error);
            *input = &mut [];
        }
        part
    }

    fn step<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Part<'a>>, Error> {
        loop {
            let step = match self.state {
                State::Preface { .. } => self.take_preface(input)?,
                State::First | State::Between | State::Header | State::Block { .. } => {
                    self.take_header(input)?
                }
                State::DataPrefix { .. } | State::FieldsPrefix { .. } => self.take_prefix(input)?,
                State::Settings { .. } => self.take_setting(input)?,
                State::Skip(_) => self.skip(input),
                State::Data(_) | State::Fields(_) | State::DebugData { .. } => {
                    Step::of(self.take_piece(input))
                }
                State::Failed(error) => return Err(error),
                _ => Step::of(self.take_value(input)?),
            };
            match step {
                Step::Part(part) => return Ok(Some(part)),
                Step::Next => {}
                Step::More => return Ok(None),
            }
        }
    }

    /// Takes what there is of the preface.
    fn take_preface(&mut self, input: &mut &mut [u8]) -> Result<Step<'static>, Error> {
        let State::Preface { matched } = &mut self.state else { return Ok(Step::Next) };
        let expected = PREFACE.get(usize::from(*matched)..).unwrap_or_default();
        let taken = input.split_off_mut(..expected.len().min(input.len())).unwrap_or_default();
        let Some(rest) = expected.strip_prefix(&*taken) else { return Err(Error::Preface) };
        if rest.is_empty() {
            self.state = State::First;
            return Ok(Step::Next);
        }
        *matched += u8::try_from(taken.len()).expect("the preface has 24 bytes");
        Ok(Step::More)
    }

    /// Takes a header, and begins its frame.
    fn take_header(&mut self, input: &mut &mut [u8]) -> Result<Step<'static>, Error> {
        if let State::Between = self.state
            && !input.is_empty()
        {
            self.state = State::Header;
        }
        let Some(header) = take(&mut self.cut, input) else { return Ok(Step::More) };
        Ok(self.begin(FrameHeader::parse(header))?.map_or(Step::Next, Step::Part))
    }

    /// Takes what comes before the data or the field block in a payload.
    fn take_prefix(&mut self, input: &mut &mut [u8]) -> Result<Step<'static>, Error> {
        self.state = match self.state {
            State::DataPrefix { stream, flags, len } => {
                let Some([padding]) = take(&mut self.cut, input) else { return Ok(Step::More) };
                let left = (len - 1).checked_sub(padding.into()).ok_or(Error::Padding)?;
                State::Data(DataFrame::new(stream, flags, len, padding, left))
            }
            State::FieldsPrefix { stream, flags, len } => {
                let Some(prefix) = FieldsPrefix::take(flags, &mut self.cut, input) else {
                    return Ok(Step::More);
                };
                let left = len - FieldsPrefix::len(flags);
                let left = left.checked_sub(prefix.padding.into()).ok_or(Error::Padding)?;
                let self_dependent = StreamId::parse(prefix.dependency) == Some(stream);
                let (frame, rest) =
                    (BlockFrame::Headers { self_dependent }, Rest::new(left, prefix.padding));
                State::Fields(FieldsFrame::new(stream, flags, frame, rest))
            }
            state => state,
        };
        Ok(Step::Next)
    }

    /// Takes a setting, or ends the frame after the last.
    fn take_setting(&mut self, input: &mut &mut [u8]) -> Result<Step<'static>, Error> {
        let State::Settings { left } = &mut self.state else { return Ok(Step::Next) };
        if *left == 0 {
            self.state = State::Between;
            return Ok(Step::Part(Part::SettingsEnd));
        }
        let Some(setting) = take(&mut self.cut, input) else { return Ok(Step::More) };
        *left -= 1;
        let setting = Setting::parse(setting);
        setting.check(self.role)?;
        Ok(Step::Part(Part::Setting(setting)))
    }

    /// Takes what there is of a payload that comes in pieces.
    fn take_piece<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<Part<'a>> {
        let (part, next) = match &mut self.state {
            State::Data(frame) => {
                let (bytes, end) = frame.rest.take(input)?;
                (Part::Data(frame.part(bytes, end)), end.then_some(State::Between))
            }
            State::Fields(frame) => {
                let (bytes, end) = frame.rest.take(input)?;
                (Part::FieldBlock(frame.part(bytes, end)), end.then(|| frame.after()))
            }
            State::DebugData { rest, start } => {
                let (bytes, end) = rest.take(input)?;
                let start = mem::take(start);
                let chunk = Chunk { bytes, start, end };
                (Part::DebugData(chunk), end.then_some(State::Between))
            }
            _ => return None,
        };
        if let Some(next) = next {
            self.state = next;
        }
        Some(part)
    }

    /// Skips what there is of a payload that nobody reads.
    fn skip(&mut self, input: &mut &mut [u8]) -> Step<'static> {
        let State::Skip(rest) = &mut self.state else { return Step::Next };
        let Some((_, true)) = rest.take(input) else { return Step::More };
        self.state = State::Between;
        Step::Next
    }

    /// Checks a header and begins its frame. Returns a part if there is one before the payload.
    fn begin(&mut self, header: FrameHeader) -> Result<Option<Part<'static>>, Error> {
        let FrameHeader { len, frame_type, flags, stream } = header;
        if let State::First = self.state
            && (frame_type != FrameType::SETTINGS || flags.contains(Flags::ACK))
        {
            return Err(Error::SettingsMissing);
        }
        if len > self.max_frame_len {
            let over = OverLimit::new(len.into(), self.max_frame_len.into());
            return Err(Error::FrameTooLong(over));
        }
        if let State::Block { stream: expected, end_stream } = self.state {
            if frame_type != FrameType::CONTINUATION || stream != Some(expected) {
                return Err(Error::ContinuationExpected);
            }
            self.state = State::Fields(
                FieldsFrame::new(expected, flags, BlockFrame::Continuation, Rest::new(len, 0))
                    .with_end_stream(end_stream),
            );
            return Ok(None);
        }
        self.state = State::Between;
        match stream {
            Some(stream) => self.begin_on_stream(stream, header),
            None => self.begin_on_connection(header),
        }
    }

    /// Begins a frame that belongs to a stream.
    fn begin_on_stream(
        &mut self,
        stream: StreamId,
        header: FrameHeader,
    ) -> Result<Option<Part<'static>>, Error> {
        let FrameHeader { len, frame_type, flags, .. } = header;
        self.state = match frame_type {
            FrameType::DATA if flags.contains(Flags::PADDED) => {
                check_len(len >= 1)?;
                State::DataPrefix { stream, flags, len }
            }
            FrameType::DATA => State::Data(DataFrame::new(stream, flags, len, 0, len)),
            FrameType::HEADERS if FieldsPrefix::len(flags) > 0 => {
                check_len(len >= FieldsPrefix::len(flags))?;
                State::FieldsPrefix { stream, flags, len }
            }
            FrameType::HEADERS => {
                State::Fields(FieldsFrame::new(stream, flags, PLAIN, Rest::new(len, 0)))
            }
            FrameType::PRIORITY if len != 5 => {
                self.state = State::Skip(Rest::new(len, 0));
                return Ok(Some(Part::StreamFailed { stream, error: Error::FrameLength }));
            }
            FrameType::PRIORITY => State::Priority { stream },
            FrameType::RST_STREAM => {
                check_len(len == 4)?;
                State::Reset { stream }
            }
            FrameType::SETTINGS | FrameType::PING | FrameType::GOAWAY => {
                return Err(Error::StreamUnexpected);
            }
            FrameType::CONTINUATION => return Err(Error::ContinuationUnexpected),
            _ => return self.begin_on_either(header),
        };
        Ok(None)
    }

    /// Begins a frame about the connection.
    fn begin_on_connection(&mut self, header: FrameHeader) -> Result<Option<Part<'static>>, Error> {
        let FrameHeader { len, frame_type, flags, .. } = header;
        let ack = flags.contains(Flags::ACK);
        self.state = match frame_type {
            FrameType::SETTINGS if ack => {
                check_len(len == 0)?;
                return Ok(Some(Part::SettingsAck));
            }
            FrameType::SETTINGS => {
                check_len(len.is_multiple_of(to_u32(Setting::LEN)))?;
                State::Settings { left: len / to_u32(Setting::LEN) }
            }
            FrameType::PING => {
                check_len(len == 8)?;
                State::Ping { ack }
            }
            FrameType::GOAWAY => {
                check_len(len >= 8)?;
                State::GoAway { debug_len: len - 8 }
            }
            FrameType::DATA
            | FrameType::HEADERS
            | FrameType::PRIORITY
            | FrameType::RST_STREAM
            | FrameType::CONTINUATION => return Err(Error::StreamMissing),
            _ => return self.begin_on_either(header),
        };
        Ok(None)
    }

    /// Begins a frame that may belong to a stream or not.
    fn begin_on_either(&mut self, header: FrameHeader) -> Result<Option<Part<'static>>, Error> {
        match header.frame_type {
            FrameType::PUSH_PROMISE => Err(Error::PushPromise),
            FrameType::WINDOW_UPDATE => {
                check_len(header.len == 4)?;
                self.state = State::WindowUpdate { stream: header.stream };
                Ok(None)
            }
            _ => {
                self.state = State::Skip(Rest::new(header.len, 0));
                Ok(Some(Part::Unknown(header)))
            }
        }
    }

    /// Takes a payload that is one value, and ends its frame.
    fn take_value(&mut self, input: &mut &mut [u8]) -> Result<Option<Part<'static>>, Error> {
        let mut next = State::Between;
        let part = match self.state {
            State::Priority { stream } => take(&mut self.cut, input).map(|[a, b, c, d, _]| {
                if StreamId::parse([a, b, c, d]) == Some(stream) {
                    Part::StreamFailed { stream, error: Error::SelfDependency }
                } else {
                    Part::Priority { stream }
                }
            }),
            State::Reset { stream } => take(&mut self.cut, input)
                .map(|code| Part::Reset { stream, code: ErrorCode(u32::from_be_bytes(code)) }),
            State::WindowUpdate { stream } => match take(&mut self.cut, input) {
                Some(increment) => {
                    let increment = u32::from_be_bytes(increment) & StreamId::MAX.get();
                    Some(match (increment, stream) {
                        (1.., _) => Part::WindowUpdate { stream, increment },
                        (0, Some(stream)) => {
                            Part::StreamFailed { stream, error: Error::WindowIncrement }
                        }
                        (0, None) => return Err(Error::WindowIncrement),
                    })
                }
                None => None,
            },
            State::Ping { ack } => take(&mut self.cut, input).map(|payload| ping(payload, ack)),
            State::GoAway { debug_len } => {
                if debug_len > 0 {
                    next = State::DebugData { rest: Rest::new(debug_len, 0), start: true };
                }
                take(&mut self.cut, input).map(|[a, b, c, d, code @ ..]: [u8; 8]| Part::GoAway {
                    last: StreamId::parse([a, b, c, d]).map_or(0, StreamId::get),
                    code: ErrorCode(u32::from_be_bytes(code)),
                })
            }
            _ => None,
        };
        if part.is_some() {
            self.state = next;
        }
        Ok(part)
    }

    /// Checks that the stream may end here: not inside the preface, a frame or a field block.
    ///
    /// After a failure it may, as nothing more is expected.
    pub const fn check_eof(&self) -> Result<(), Truncated> {
        match self.state {
            State::Preface { matched: 0 } | State::Between | State::Failed(_) => Ok(()),
            State::First if self.cut.is_empty() => Ok(()),
            _ => Err(Truncated),
        }
    }

    /// The error that decoding ended with.
    pub const fn error(&self) -> Option<Error> {
        match self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Takes a frame with `len` bytes of payload off `input`, where it is; returns the payload.
#[inline]
fn take_payload<'a>(input: &mut &'a mut [u8], len: u32) -> &'a mut [u8] {
    let frame = input.split_off_mut(..FrameHeader::LEN + to_usize(len)).unwrap_or_default();
    frame.get_mut(FrameHeader::LEN..).unwrap_or_default()
}

const fn ping<'a>(payload: [u8; 8], ack: bool) -> Part<'a> {
    if ack { Part::PingAck(payload) } else { Part::Ping(payload) }
}

const fn check_len(fits: bool) -> Result<(), Error> {
    if fits { Ok(()) } else { Err(Error::FrameLength) }
}

/// A HEADERS without a priority.
const PLAIN: BlockFrame = BlockFrame::Headers { self_dependent: false };

/// What a step of the decoder comes to.
enum Step<'a> {
    /// A part.
    Part(Part<'a>),
    /// No part; the next step follows.
    Next,
    /// All of the input was taken.
    More,
}

impl<'a> Step<'a> {
    const fn of(part: Option<Part<'a>>) -> Self {
        match part {
            Some(part) => Self::Part(part),
            None => Self::More,
        }
    }
}
