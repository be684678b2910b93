//! The shortcut of the decoder against its other way.

use super::*;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// The result of one step of a decoder, and the state after it.
#[derive(Debug, Eq, PartialEq)]
struct Step {
    /// A part, or an error with the valid text before it.
    part: Result<(String, Vec<u8>), Option<Vec<u8>>>,
    rest: Vec<u8>,
    message: String,
    state: String,
}

fn step(
    decoder: &Decoder,
    input: &[u8],
    decode: impl for<'a> FnOnce(
        &mut Decoder,
        &mut &'a mut [u8],
    ) -> Option<Result<Part<'a>, InvalidText<'a>>>,
) -> Option<Step> {
    let (mut decoder, mut bytes) = (decoder.clone(), input.to_vec());
    let mut rest = &mut bytes[..];
    let part = decode(&mut decoder, &mut rest)?;
    let part = match part {
        Ok(part) => Ok((format!("{part:?}"), part.chunk().bytes.to_vec())),
        Err(invalid) => Err(invalid.valid_part().map(|part| part.chunk().bytes.to_vec())),
    };
    Some(Step {
        part,
        rest: rest.to_vec(),
        message: format!("{:?}", decoder.message),
        state: format!("{:?}", decoder.state),
    })
}

fn decode_short<'a>(
    decoder: &mut Decoder,
    input: &mut &'a mut [u8],
) -> Option<Result<Part<'a>, InvalidText<'a>>> {
    let role = decoder.rules.role;
    if let Some((kind, mut mask, bytes)) = decoder.take_short_message(role, input) {
        return Some(IncomingMessage::new(kind, false).part(bytes, mask.as_mut(), true));
    }
    let (first, mask, bytes) = decoder.take_short_fragment(role, input)?;
    Some(decoder.short_fragment_part(first, mask, bytes))
}

fn decode_any<'a>(
    decoder: &mut Decoder,
    input: &mut &'a mut [u8],
) -> Option<Result<Part<'a>, InvalidText<'a>>> {
    let bytes = decoder.take_payload(input)?;
    Some(decoder.part(bytes))
}

/// Whether the shortcut takes such a frame. If not, nothing was taken.
fn is_short(decoder: &mut Decoder, input: &mut [u8]) -> bool {
    let (role, len, mut rest) = (decoder.rules.role, input.len(), input);
    let short = decoder.take_short_message(role, &mut rest).is_some()
        || decoder.take_short_fragment(role, &mut rest).is_some();
    assert!(short || rest.len() == len);
    short
}

/// Bytes of a frame whose header begins with 0 and `second`, and of the next frame.
fn wire(second: u8, extended_len: &[u8], len: usize, byte: u8) -> Vec<u8> {
    let mut wire = Vec::from([0, second]);
    wire.extend_from_slice(extended_len);
    let mut payload = vec![byte; len];
    if second & 0x80 != 0 {
        wire.extend_from_slice(&KEY);
        Mask::new(KEY).apply(&mut payload);
    }
    wire.extend_from_slice(&payload);
    wire.extend_from_slice(b"\x81\x00");
    wire
}

/// Frames with every second byte, and with lengths around those that make a difference: all of
/// the bytes, and all but the last of the payload.
fn wires() -> Vec<Vec<u8>> {
    let mut wires = Vec::new();
    for second in 0..=u8::MAX {
        let lens: &[u16] = match second & 0x7F {
            126 => &[0, 1, 125, 126, 127, 300, 0xFFFE, 0xFFFF],
            127 => &[0, 126, 0xFFFF],
            len => &[u16::from(len)],
        };
        for &len in lens {
            let extended_len = u64::from(len).to_be_bytes();
            let extended_len = match second & 0x7F {
                126 => &extended_len[6..],
                127 => &extended_len[..],
                _ => &[],
            };
            for byte in [b'a', 0xA9] {
                let wire = wire(second, extended_len, usize::from(len), byte);
                wires.push(wire[..wire.len() - 3].to_vec());
                wires.push(wire);
            }
        }
    }
    wires
}

/// Decoders in every state that makes a difference to a header.
fn decoders(role: Role) -> Vec<Decoder> {
    let mut decoders = Vec::new();
    for limits in [
        Limits::new(),
        Limits::new().max_frame_len(125),
        Limits::new().max_message_len(126),
        Limits::new().max_message_len(0xFFFF),
        Limits::new().max_message_len(0x1_0000),
        Limits::new().max_fragments(1),
        Limits::new().max_fragments(2),
    ] {
        let fresh = Decoder::new(role, limits).accept_compressed(true);
        // The first fragment of a message of each kind, and of one that ends inside a character;
        // a close frame; a reserved opcode; part of a header.
        for (first, payload) in [
            (0x01, &b"a"[..]),
            (0x02, b"a"),
            (0x41, b"a"),
            (0x01, b"\xC3"),
            (0x88, b""),
            (0x83, b""),
        ] {
            let len = u8::try_from(payload.len()).unwrap();
            let (masked, key) =
                if role == Role::Server { (0x80, &[0; 4][..]) } else { (0, &[][..]) };
            let mut wire = [&[first, masked | len], key, payload].concat();
            let mut decoder = fresh.clone();
            let _ = decoder.decode(&mut &mut wire[..]);
            decoders.push(decoder);
        }
        let mut inside = fresh.clone();
        let _ = inside.decode(&mut &mut [0x81][..]);
        decoders.extend([inside, fresh]);
    }
    decoders
}

#[test]
fn a_short_frame_is_decoded_like_any_other_whatever_its_header_says() {
    let (mut wires, mut taken) = (wires(), 0);
    for role in [Role::Server, Role::Client] {
        for decoder in decoders(role) {
            for wire in &mut wires {
                for first in 0..=u8::MAX {
                    wire[0] = first;
                    if !is_short(&mut decoder.clone(), wire) {
                        continue;
                    }
                    let short = step(&decoder, wire, decode_short);
                    let any = step(&decoder, wire, decode_any);
                    assert_eq!(short, any, "{first:#X} {:#X} in {decoder:?}", wire[1]);
                    taken += 1;
                }
            }
        }
    }
    assert!(taken > 0);
}
