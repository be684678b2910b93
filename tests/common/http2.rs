//! Builds and decodes HTTP/2 frames for the tests.

use framewright::http2::{
    BlockFrame, DataPart, Decoder, Error, FieldBlockPart, Limits, PREFACE, Part, Role, Setting,
    SettingId,
};
use framewright::{Chunk, OverLimit};

/// What came, whole or as far as it has come. Streams are numbers; 0 is the connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Got {
    Data {
        stream: u32,
        end_stream: bool,
        flow_len: u32,
        data_len: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    FieldBlock {
        stream: u32,
        end_stream: bool,
        frames: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    /// The next field block is on a stream that depends on itself.
    SelfDependent,
    Priority(u32),
    Reset(u32, u32),
    Setting(u16, u32),
    SettingsEnd,
    SettingsAck,
    Ping([u8; 8]),
    PingAck([u8; 8]),
    GoAway(u32, u32),
    DebugData {
        bytes: Vec<u8>,
        end: bool,
    },
    WindowUpdate(u32, u32),
    Unknown(u8, u8, u32, u32),
    StreamFailed(u32, Error),
}

/// Decodes `pieces`, and joins the parts of each frame or field block. The result must depend only on
/// the bytes so far, so parts are joined but never held back.
pub fn decode(role: Role, limits: Limits, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    decode_with(&mut Decoder::new(role, limits), pieces)
}

/// The same with a given decoder.
pub fn decode_with(decoder: &mut Decoder, pieces: &[&[u8]]) -> (Vec<Got>, Result<(), Error>) {
    let mut got: Vec<Got> = Vec::new();
    for piece in pieces {
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(part)) => {
                    // A SETTINGS ends with a part of its own, after its last setting.
                    let settings_end = matches!(part, Part::SettingsEnd);
                    assert!(input.len() < before || settings_end, "T17: a part takes a byte");
                    join(&mut got, &part);
                }
                Ok(None) => {
                    assert!(input.is_empty(), "None means that all was taken");
                    break;
                }
                Err(error) => {
                    assert!(input.is_empty());
                    let mut ping = *b"\0\0\x08\x06\0\0\0\0\0pingpong";
                    assert_eq!(decoder.decode(&mut &mut ping[..]), Err(error), "an error is final");
                    assert_eq!(decoder.error(), Some(error));
                    return (got, Err(error));
                }
            }
        }
    }
    (got, Ok(()))
}

/// Adds a part to the frame or field block that it continues, or begins one.
fn join(got: &mut Vec<Got>, part: &Part<'_>) {
    match part {
        Part::Data(part) => join_data(got, part),
        Part::FieldBlock(part) => join_field_block(got, part),
        Part::DebugData(Chunk { bytes, start, end }) => {
            if *start {
                got.push(Got::DebugData { bytes: vec![], end: false });
            }
            let Some(Got::DebugData { bytes: joined, end: joined_end @ false }) = got.last_mut()
            else {
                panic!("nothing comes between the parts of debug data")
            };
            joined.extend_from_slice(bytes);
            *joined_end = *end;
        }
        part => got.push(match *part {
            Part::Priority { stream } => Got::Priority(stream.get()),
            Part::Reset { stream, code } => Got::Reset(stream.get(), code.0),
            Part::Setting(Setting { id, value }) => Got::Setting(id.0, value),
            Part::SettingsEnd => Got::SettingsEnd,
            Part::SettingsAck => Got::SettingsAck,
            Part::Ping(payload) => Got::Ping(payload),
            Part::PingAck(payload) => Got::PingAck(payload),
            Part::GoAway { last, code } => Got::GoAway(last, code.0),
            Part::WindowUpdate { stream, increment } => {
                Got::WindowUpdate(stream.map_or(0, |stream| stream.get()), increment)
            }
            Part::Unknown(header) => Got::Unknown(
                header.frame_type().0,
                header.flags().0,
                header.stream().map_or(0, |stream| stream.get()),
                header.len(),
            ),
            Part::StreamFailed { stream, error } => Got::StreamFailed(stream.get(), error),
            _ => unreachable!("joined above"),
        }),
    }
}

fn join_data(got: &mut Vec<Got>, part: &DataPart<'_>) {
    let DataPart { stream, ref bytes, start, end, end_stream, flow_len, data_len } = *part;
    assert!(end || !bytes.is_empty(), "no part is empty but the last");
    let stream = stream.get();
    if start {
        let bytes = vec![];
        got.push(Got::Data { stream, end_stream, flow_len, data_len, bytes, end: false });
    }
    let Some(Got::Data { bytes: mut joined, end: false, .. }) = got.pop() else {
        panic!("nothing comes between the parts of a frame")
    };
    joined.extend_from_slice(bytes);
    assert!(joined.len() <= data_len as usize && (!end || joined.len() == data_len as usize));
    got.push(Got::Data { stream, end_stream, flow_len, data_len, bytes: joined, end });
}

fn join_field_block(got: &mut Vec<Got>, part: &FieldBlockPart<'_>) {
    let FieldBlockPart { stream, bytes, begins, end, end_stream } = *part;
    let stream = stream.get();
    if let Some(BlockFrame::Headers { self_dependent }) = begins {
        if self_dependent {
            got.push(Got::SelfDependent);
        }
        got.push(Got::FieldBlock { stream, end_stream, frames: 0, bytes: vec![], end: false });
    }
    let Some(Got::FieldBlock {
        stream: same,
        end_stream: also,
        frames,
        bytes: mut joined,
        end: false,
    }) = got.pop()
    else {
        panic!("nothing comes between the parts of a field block")
    };
    assert_eq!((same, also), (stream, end_stream), "the whole block says the same");
    joined.extend_from_slice(bytes);
    let frames = frames + u32::from(begins.is_some());
    got.push(Got::FieldBlock { stream, end_stream, frames, bytes: joined, end });
}

/// A frame as RFC 9113 §4.1 draws it, built byte by byte.
pub fn frame(frame_type: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("short enough").to_be_bytes();
    let mut bytes = vec![len[1], len[2], len[3], frame_type, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The same with padding, whose length comes first (RFC 9113 §6.1).
pub fn padded(frame_type: u8, flags: u8, stream: u32, payload: &[u8], padding: u8) -> Vec<u8> {
    let payload = [&[padding], payload, &vec![0; padding.into()]].concat();
    frame(frame_type, flags | 0x8, stream, &payload)
}

/// What `role` receives before anything else: the preface at a server, and an empty SETTINGS.
pub fn opening(role: Role) -> Vec<u8> {
    let preface = if role == Role::Server { &PREFACE[..] } else { &[] };
    [preface, &frame(0x4, 0, 0, &[])].concat()
}

/// The rules of RFC 9113 for a reader that sees all bytes so far, written only to be readable.
pub fn naive(role: Role, max_frame_len: u32, bytes: &[u8]) -> (Vec<Got>, Result<(), Error>) {
    let mut got = Vec::new();
    let mut bytes = bytes;
    if role == Role::Server {
        let there = bytes.len().min(PREFACE.len());
        if bytes[..there] != PREFACE[..there] {
            return (got, Err(Error::Preface));
        }
        bytes = &bytes[there..];
    }
    let mut first = true;
    // The stream of the unfinished field block.
    let mut block = None;
    loop {
        let Some((header, rest)) = bytes.split_at_checked(9) else { return (got, Ok(())) };
        let len = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let (frame_type, flags) = (header[3], header[4]);
        let stream = number(&header[5..9]) & 0x7FFF_FFFF;
        if first && (frame_type != 4 || flags & 1 != 0) {
            return (got, Err(Error::SettingsMissing));
        }
        first = false;
        if len > max_frame_len {
            let over = OverLimit::new(len.into(), max_frame_len.into());
            return (got, Err(Error::FrameTooLong(over)));
        }
        if block.is_some_and(|block| frame_type != 9 || stream != block) {
            return (got, Err(Error::ContinuationExpected));
        }
        if frame_type == 9 && stream != 0 && block.is_none() {
            return (got, Err(Error::ContinuationUnexpected));
        }
        if let Err(error) = naive_header(frame_type, flags, stream, len) {
            return (got, Err(error));
        }
        let there = rest.len().min(len as usize);
        let payload = NaivePayload { bytes: &rest[..there], len: len as usize };
        if let Err(error) = payload.read(role, frame_type, flags, stream, &mut got) {
            return (got, Err(error));
        }
        if there < len as usize {
            return (got, Ok(()));
        }
        if matches!(frame_type, 1 | 9) {
            block = (flags & 0x4 == 0).then_some(stream);
        }
        bytes = &rest[there..];
    }
}

/// What is wrong with a header for a reason that its type gives.
fn naive_header(frame_type: u8, flags: u8, stream: u32, len: u32) -> Result<(), Error> {
    let prefix =
        u32::from(flags & 0x8 != 0) + if frame_type == 1 && flags & 0x20 != 0 { 5 } else { 0 };
    match frame_type {
        0..=3 | 9 if stream == 0 => Err(Error::StreamMissing),
        4 | 6 | 7 if stream != 0 => Err(Error::StreamUnexpected),
        5 => Err(Error::PushPromise),
        0 | 1 if len < prefix => Err(Error::FrameLength),
        3 | 8 if len != 4 => Err(Error::FrameLength),
        4 if flags & 1 != 0 && len != 0 => Err(Error::FrameLength),
        4 if !len.is_multiple_of(6) => Err(Error::FrameLength),
        6 if len != 8 => Err(Error::FrameLength),
        7 if len < 8 => Err(Error::FrameLength),
        _ => Ok(()),
    }
}

/// A payload as far as it has come, and the length that it will have.
struct NaivePayload<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl NaivePayload<'_> {
    fn read(
        &self,
        role: Role,
        frame_type: u8,
        flags: u8,
        stream: u32,
        got: &mut Vec<Got>,
    ) -> Result<(), Error> {
        let Self { bytes, len } = *self;
        let whole = bytes.len() == len;
        match frame_type {
            0 => {
                let Some((data, data_len, _)) = self.unpadded(flags, 0)? else { return Ok(()) };
                if whole || !data.is_empty() {
                    let (flow_len, data_len) = (len as u32, data_len as u32);
                    let (end_stream, bytes) = (flags & 1 != 0, data.to_vec());
                    got.push(Got::Data {
                        stream,
                        end_stream,
                        flow_len,
                        data_len,
                        bytes,
                        end: whole,
                    });
                }
            }
            1 => {
                let priority_len = if flags & 0x20 != 0 { 5 } else { 0 };
                let Some((block, _, priority)) = self.unpadded(flags, priority_len)? else {
                    return Ok(());
                };
                if whole || !block.is_empty() {
                    if priority_len > 0 && number(&priority[..4]) & 0x7FFF_FFFF == stream {
                        got.push(Got::SelfDependent);
                    }
                    let (end_stream, bytes) = (flags & 1 != 0, block.to_vec());
                    let end = whole && flags & 4 != 0;
                    got.push(Got::FieldBlock { stream, end_stream, frames: 1, bytes, end });
                }
            }
            9 => {
                let Some(Got::FieldBlock { frames, bytes: joined, end, .. }) = got.last_mut()
                else {
                    unreachable!("a block was begun")
                };
                joined.extend_from_slice(bytes);
                *frames += u32::from(whole || !bytes.is_empty());
                *end = whole && flags & 4 != 0;
            }
            2 if len != 5 => got.push(Got::StreamFailed(stream, Error::FrameLength)),
            4 if flags & 1 != 0 => got.push(Got::SettingsAck),
            4 => {
                for setting in bytes.chunks_exact(6) {
                    let id = u16::from_be_bytes([setting[0], setting[1]]);
                    let value = number(&setting[2..]);
                    naive_setting(role, SettingId(id), value)?;
                    got.push(Got::Setting(id, value));
                }
                if whole {
                    got.push(Got::SettingsEnd);
                }
            }
            7 if bytes.len() >= 8 => {
                got.push(Got::GoAway(number(&bytes[..4]) & 0x7FFF_FFFF, number(&bytes[4..8])));
                if bytes.len() > 8 {
                    got.push(Got::DebugData { bytes: bytes[8..].to_vec(), end: whole });
                }
            }
            2 | 3 | 6 | 8 if !whole => {}
            2 if number(&bytes[..4]) & 0x7FFF_FFFF == stream => {
                got.push(Got::StreamFailed(stream, Error::SelfDependency));
            }
            2 => got.push(Got::Priority(stream)),
            3 => got.push(Got::Reset(stream, number(bytes))),
            6 => {
                let payload = bytes.try_into().expect("8 bytes");
                got.push(if flags & 1 != 0 { Got::PingAck(payload) } else { Got::Ping(payload) });
            }
            8 => match number(bytes) & 0x7FFF_FFFF {
                0 if stream == 0 => return Err(Error::WindowIncrement),
                0 => got.push(Got::StreamFailed(stream, Error::WindowIncrement)),
                increment => got.push(Got::WindowUpdate(stream, increment)),
            },
            7 => {}
            _ => got.push(Got::Unknown(frame_type, flags, stream, len as u32)),
        }
        Ok(())
    }

    /// The payload without padding and priority, how long that will be, and the priority. `None` means
    /// that their bytes are not there.
    fn unpadded(&self, flags: u8, priority_len: usize) -> Result<Option<Unpadded<'_>>, Error> {
        let padded = usize::from(flags & 0x8 != 0);
        let Some((prefix, rest)) = self.bytes.split_at_checked(padded + priority_len) else {
            return Ok(None);
        };
        let padding = if padded > 0 { usize::from(prefix[0]) } else { 0 };
        let rest_len = self.len - prefix.len();
        let content_len = rest_len.checked_sub(padding).ok_or(Error::Padding)?;
        Ok(Some((&rest[..rest.len().min(content_len)], content_len, &prefix[padded..])))
    }
}

type Unpadded<'a> = (&'a [u8], usize, &'a [u8]);

/// The table of RFC 9113 §6.5.2, RFC 8441 §3 and RFC 9218 §2.1.
fn naive_setting(role: Role, id: SettingId, value: u32) -> Result<(), Error> {
    match id.0 {
        2 if value > 1 || value == 1 && role == Role::Client => Err(Error::EnablePush),
        4 if value > 0x7FFF_FFFF => Err(Error::InitialWindowSize),
        5 if !(16_384..=16_777_215).contains(&value) => Err(Error::MaxFrameSize),
        8 if value > 1 => Err(Error::EnableConnectProtocol),
        9 if value > 1 => Err(Error::NoRfc7540Priorities),
        _ => Ok(()),
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
