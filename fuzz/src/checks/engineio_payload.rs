//! The body of a poll of Engine.IO, against a naive reader of the whole body; what a decoder yields can be encoded.

use framewright::engineio::{Packet, PayloadDecoder, PayloadEncoder};

use super::common::engineio::{Got, decode, naive};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | cuts: 4 | body ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = Cuts(input.bytes());
    let body = input.rest();

    let (got, error) = same_however_cut(body, cuts, decode);
    let mut bytes = body.to_vec();
    without_allocating(|| {
        let (mut decoder, mut input) = (PayloadDecoder::new(), &mut bytes[..]);
        while let Ok(Some(_)) = decoder.decode(&mut input) {}
    });
    if error.is_some() {
        return assert_eq!(naive(body), None);
    }
    let (mut encoder, mut again) = (PayloadEncoder::new(), Vec::new());
    for packet in &got {
        let packet = match packet {
            Got::Binary(data) => Packet::Binary(data),
            Got::Text(kind, data) => {
                Packet::Text(*kind, std::str::from_utf8(data).expect("it was checked"))
            }
        };
        encoder.encode(packet, &mut again).expect("no separator is left");
    }
    assert_eq!(decode(&[&again]), (got.clone(), None));
    assert_eq!(naive(body), Some(got));
}
