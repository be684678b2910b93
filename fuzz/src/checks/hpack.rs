//! The field blocks of one connection, against a naive decoder of whole blocks, and back.

use framewright::http::{FieldValue, from_fn};
use framewright::http2::Error;
use framewright::http2::hpack::{Decoder, Encoder};
use framewright::{Buffer, SliceBuf};

use super::common::hpack::{Field, Naive};
use super::input::{Cuts, Input, same_however_cut};

/// ```text
/// | options | table size | longest field | cuts: 4 | block: length, bytes | ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let options = input.byte();
    let table_size = u32::try_from(input.limit().min(1 << 16)).expect("it is small");
    let max_len = u32::try_from(input.limit()).unwrap_or(u32::MAX);
    let cuts = Cuts(input.bytes());
    let mut decoder = Decoder::new(Vec::new(), table_size);
    let mut naive = Naive::new(table_size as usize);
    let mut encoder = Encoder::new(Vec::new(), table_size.min(4096));
    let mut mirror = Decoder::new(Vec::new(), 4096);
    for number in 0..8 {
        if input.is_empty() {
            break;
        }
        if options & 1 != 0 && number == 1 {
            decoder.settings_acknowledged();
            naive.settings_acknowledged();
        }
        let block = input.block();
        // A block may refer to those before it, so each way to cut has a copy of the decoder.
        let (fields, verdict) =
            same_however_cut(block, cuts, |pieces| decode(&mut decoder.clone(), pieces, max_len));
        let (expected, judged) = naive.decode(block, max_len as usize);
        assert_eq!((&fields, verdict), (&expected, judged));
        with_little_room(&decoder, block, max_len, &fields);
        if verdict.is_err() {
            break;
        }
        decode(&mut decoder, &[block], max_len).1.expect("it was right before");
        comes_back(&mut encoder, &mut mirror, &fields);
    }
}

/// The fields of a block, up to an error.
fn decode(
    decoder: &mut Decoder<Vec<u8>>,
    pieces: &[&[u8]],
    max_len: u32,
) -> (Vec<Field>, Result<(), Error>) {
    let (mut fields, mut buffer) = (vec![], vec![]);
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input, &mut buffer, max_len) {
                Ok(Some(field)) => {
                    assert!(!field.displaced, "a Vec has room");
                    fields.push((field.name.into(), field.value.into(), field.sensitive));
                }
                Ok(None) => break,
                Err(e) => return (fields, Err(e)),
            }
        }
        assert!(input.is_empty());
    }
    let verdict = decoder.end_block();
    (fields, verdict)
}

/// With little room, fields displace those before them, or one is too long.
fn with_little_room(decoder: &Decoder<Vec<u8>>, block: &[u8], max_len: u32, fields: &[Field]) {
    let mut decoder = decoder.clone();
    let mut room = [0; 64];
    let mut buffer = SliceBuf::new(&mut room);
    let (mut input, mut expected) = (block, fields.iter());
    while let Ok(Some(field)) = decoder.decode(&mut input, &mut buffer, max_len.min(56)) {
        let found = (field.name.to_vec(), field.value.to_vec(), field.sensitive);
        assert_eq!(Some(&found), expected.next());
        assert!(buffer.as_slice().len() <= 64);
    }
}

/// Fields that were decoded can be encoded, and arrive as they were.
fn comes_back(encoder: &mut Encoder<Vec<u8>>, mirror: &mut Decoder<Vec<u8>>, fields: &[Field]) {
    let sent = from_fn(|put| {
        for (name, value, sensitive) in fields {
            // Only text can be a name.
            let Ok(name) = str::from_utf8(name) else { continue };
            let value = FieldValue::from(&value[..]);
            put(name, if *sensitive { value.sensitive() } else { value });
        }
    });
    let mut block = vec![];
    let without_room = encoder.clone().encode(&sent, &mut SliceBuf::new(&mut []));
    encoder.encode(&sent, &mut block).expect("a Vec has room");
    assert!(block.len() <= without_room.map_or_else(|full| full.needed, |()| 0));
    let (got, verdict) = decode(mirror, &[&block], u32::MAX);
    assert_eq!(verdict, Ok(()));
    let sent = fields.iter().filter(|(name, ..)| str::from_utf8(name).is_ok());
    for (got, (name, value, sensitive)) in got.iter().zip(sent.clone()) {
        assert_eq!((&got.0, &got.1), (name, value));
        assert!(got.2 || !sensitive, "a mark was lost");
    }
    assert_eq!(got.len(), sent.count());
}
