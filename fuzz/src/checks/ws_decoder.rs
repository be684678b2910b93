//! Frames of a peer, against a naive reader of the whole stream by the rules of RFC 6455.

use framewright::ws::{Decoder, Encoder, Kind, Message, Role, Side};

use super::common::ws::{Got, Rules, comparable, decode_with, naive};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | options | frame limit | message limit | fragment limit | cuts: 4 | wire ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (rules, cuts) = (rules(&mut input), Cuts(input.bytes()));
    let wire = input.rest();

    let (got, verdict, finish) = same_however_cut(wire, cuts, |pieces| {
        let mut decoder = decoder(&rules);
        let (got, verdict) = decode_with(&mut decoder, pieces);
        assert_eq!(decoder.error(), verdict.err());
        (comparable(got), verdict, decoder.check_eof())
    });
    // Every beginning of a stream is a stream too, so this also shows that nothing is late.
    let (expected, judged) = naive(&rules, wire);
    assert_eq!((&got, verdict), (&comparable(expected), judged));
    if finish.is_ok() && verdict.is_ok() {
        assert!(got.iter().all(|got| got.end), "the stream may not end here");
    }
    without_allocating(|| {
        let mut decoder = decoder(&rules);
        let mut chunk = [0; 64];
        for piece in wire.chunks(chunk.len()) {
            let chunk = &mut chunk[..piece.len()];
            chunk.copy_from_slice(piece);
            let mut input = chunk;
            while let Ok(Some(_)) = decoder.decode(&mut input) {}
        }
    });
    match rules.role {
        Role::Server => comes_back(rules.role, &got, Encoder::client(|| [0xA5, 0, 0xFF, 0x5A])),
        Role::Client => comes_back(rules.role, &got, Encoder::server()),
    }
}

/// The options, which are the first bytes of [`check`]'s input.
pub fn rules(input: &mut Input<'_>) -> Rules {
    let options = input.byte();
    Rules {
        role: if options & 1 == 0 { Role::Server } else { Role::Client },
        compressed: options & 2 != 0,
        max_frame_len: input.limit(),
        max_message_len: input.limit(),
        max_fragments: u32::try_from(input.limit()).unwrap_or(u32::MAX).max(1),
    }
}

fn decoder(rules: &Rules) -> Decoder {
    Decoder::new(rules.role, rules.limits()).accept_compressed(rules.compressed)
}

/// Messages that came whole can be sent the other way, and arrive as they were.
fn comes_back(role: Role, got: &[Got], mut encoder: Encoder<impl Side>) {
    let mut wire = Vec::new();
    let mut sent = Vec::new();
    for Got { kind, bytes, .. } in got.iter().filter(|got| got.end) {
        let written = match *kind {
            "text" => {
                let text = str::from_utf8(bytes).expect("checked by the decoder");
                encoder.encode(Message::Text(text), &mut wire)
            }
            "binary" => encoder.encode(Message::Binary(bytes), &mut wire),
            "compressed" => encoder.encode_compressed(Kind::Binary, bytes, &mut wire),
            "ping" => encoder.encode_ping(bytes, &mut wire),
            "pong" => encoder.encode_pong(bytes, &mut wire),
            _ => continue,
        };
        assert_eq!(written, Ok(()));
        sent.push(Got { kind, bytes: bytes.clone(), end: true });
    }
    let compressed = sent.iter().any(|sent| sent.kind == "compressed");
    let rules = Rules { compressed, ..Rules::unlimited(role) };
    let (again, verdict) = decode_with(&mut decoder(&rules), &[&wire]);
    assert_eq!((again, verdict), (sent, Ok(())));
}
