//! What holds for every stream of compressed messages: with zlib at the other end, with two joined
//! ends, and for noise.
#![cfg(feature = "deflate")]

use crate::common::deflate::{Receiver, Unzlib, Zlib, agreed, payload, receive};
use crate::common::same_however_split;
use crate::common::ws::frame;
use framewright::ws::deflate::{Config, Deflater, Params};
use framewright::ws::{Connection, Error, FrameHeader, Kind, Limits, Role, Side};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

/// Text that shrinks, bytes that do not, short and long, and parts of earlier messages.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "(the |quick |brown |fox |grüßt |🦊 ){0,60}".prop_map(String::into_bytes),
        2 => collection::vec(any::<u8>(), 0..400),
        1 => (any::<u8>(), 0..70_000_usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => collection::vec(sample::select(&b"ab"[..]), 0..3000),
        1 => Just(vec![]),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let bits = || 9..=15_u8;
    let alone = any::<[bool; 2]>();
    (alone, bits(), bits(), 0..=9_u8, 1..=9_u8, sample::select(&[0_usize, 1, 64, 1000][..]))
        .prop_map(|([server, client], server_bits, client_bits, level, mem_level, min_len)| {
            Config::new()
                .server_no_context_takeover(server)
                .client_no_context_takeover(client)
                .server_max_window_bits(server_bits)
                .client_max_window_bits(client_bits)
                .level(level)
                .mem_level(mem_level)
                .min_len(min_len)
        })
}

/// An action of one end.
#[derive(Clone, Debug)]
enum Act {
    /// Compressed if that makes it shorter.
    Message(Vec<u8>),
    /// Uncompressed in any case.
    Plain(Vec<u8>),
    Fragments(Vec<Vec<u8>>),
    Ping,
    /// Gives back the compressor's memory.
    Release,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => content().prop_map(Act::Message),
        1 => content().prop_map(Act::Plain),
        2 => collection::vec(content(), 1..4).prop_map(Act::Fragments),
        1 => Just(Act::Ping),
        1 => Just(Act::Release),
    ]
}

/// Performs `acts`, and returns what the other end must get.
fn act_out<S: Side>(
    acts: &[Act],
    connection: &mut Connection<S>,
    deflater: &mut Deflater,
    out: &mut Vec<u8>,
) -> Vec<(Kind, Vec<u8>)> {
    let mut sent = Vec::new();
    for act in acts {
        let encoder = connection.encoder().unwrap();
        let bytes = match act {
            Act::Message(bytes) => {
                deflater.encode(&bytes[..], encoder, out).unwrap();
                bytes.clone()
            }
            Act::Plain(bytes) => {
                connection.send(&bytes[..], out).unwrap();
                bytes.clone()
            }
            Act::Fragments(pieces) => {
                for (i, piece) in pieces.iter().enumerate() {
                    let fin = i + 1 == pieces.len();
                    deflater.encode_fragment(Kind::Binary, piece, fin, encoder, out).unwrap();
                    encoder.encode_ping(b"between", out).unwrap();
                }
                pieces.concat()
            }
            Act::Ping => {
                connection.ping(b"?", out).unwrap();
                continue;
            }
            Act::Release => {
                deflater.release();
                continue;
            }
        };
        sent.push((Kind::Binary, bytes));
    }
    sent
}

/// The messages in `bytes`, read by zlib and the rules of §5.2.
fn naive(role: Role, window_bits: u8, takeover: bool, mut bytes: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let mut unzlib = Unzlib::new(window_bits, takeover);
    let (mut messages, mut open) = (Vec::new(), None);
    while !bytes.is_empty() {
        let (header, len) = FrameHeader::parse(bytes).unwrap().unwrap();
        let (this, rest) = bytes.split_at(len + header.len() as usize);
        let (first, payload) = payload(role, this);
        bytes = rest;
        if header.opcode().is_control() {
            continue;
        }
        let (compressed, mut joined) =
            open.take().unwrap_or_else(|| (first & 0x40 != 0, Vec::new()));
        joined.extend(payload);
        if header.fin() {
            let message = if compressed { unzlib.message(&joined) } else { joined };
            messages.push((Kind::Binary, message));
        } else {
            open = Some((compressed, joined));
        }
    }
    messages
}

fn bits(agreed: Params, sender: Role) -> (u8, bool) {
    let agreed = agreed.of(sender);
    (agreed.max_window_bits, !agreed.no_context_takeover)
}

fn both_read<S: Side, O: Side>(
    config: Config,
    acts: &[Act],
    mut from: Connection<S>,
    to: Connection<O>,
    cuts: &[sample::Index],
    scratch: usize,
) {
    let agreed = agreed(config);
    let mut deflater = Deflater::new(S::ROLE, agreed, config);
    let mut out = Vec::new();
    let sent = act_out(acts, &mut from, &mut deflater, &mut out);
    let (window_bits, takeover) = bits(agreed, S::ROLE);
    assert_eq!(naive(S::ROLE, window_bits, takeover, &out), sent, "as zlib reads it");
    let mut receiver = Receiver::new(to, agreed, Limits::new(), scratch);
    let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(out.len() + 1)).collect();
    cuts.extend([0, out.len()]);
    cuts.sort_unstable();
    for piece in cuts.windows(2) {
        receiver.receive(&out[piece[0]..piece[1]]).unwrap();
    }
    assert_eq!(receiver.got, sent, "as we read it");
}

/// T-PMD: each of the four combinations of takeover, with each window at either end.
#[test]
fn every_combination_of_parameters_is_read_by_zlib_and_by_ourselves() {
    let text = "the quick brown fox jumps over the lazy dog ".repeat(30).into_bytes();
    let noise: Vec<u8> = (0..3000_u32)
        .map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let acts = [
        Act::Message(text.clone()),
        Act::Plain(text.clone()),
        Act::Message(noise.clone()),
        Act::Fragments(vec![noise, text.clone(), vec![]]),
        Act::Message(vec![]),
        Act::Message(text),
    ];
    for alone in 0..4 {
        for bits in 9..=15 {
            let config = Config::new()
                .server_no_context_takeover(alone & 1 != 0)
                .client_no_context_takeover(alone & 2 != 0)
                .server_max_window_bits(bits)
                .client_max_window_bits(24 - bits);
            let server = || Connection::server(Limits::new());
            let client = || Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
            both_read(config, &acts, server(), client(), &[], 700);
            both_read(config, &acts, client(), server(), &[], 700);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// T-PMD: every combination of parameters, read by zlib and by ourselves.
    #[test]
    fn what_either_end_sends_is_read_by_zlib_with_no_more_than_the_window(
        config in config(),
        acts in collection::vec(act(), 0..12),
        cuts in collection::vec(any::<sample::Index>(), 0..12),
        scratch in 1..5000_usize,
    ) {
        let server = || Connection::server(Limits::new());
        let client = || Connection::client(Limits::new(), || [0x37, 0xFA, 0x21, 0x3D]);
        both_read(config, &acts, server(), client(), &cuts, scratch);
        both_read(config, &acts, client(), server(), &cuts, scratch);
    }

    #[test]
    fn what_zlib_sends_is_read_however_it_is_split(
        messages in collection::vec((content(), any::<bool>(), any::<sample::Index>()), 0..10),
        level in 0..=9_u32,
        bits in 9..=15_u8,
        takeover in any::<bool>(),
        scratch in 1..3000_usize,
        cuts in collection::vec(any::<sample::Index>(), 0..12),
    ) {
        let mut zlib = Zlib::new(level, bits, takeover);
        let mut wire = Vec::new();
        for (bytes, compressed, at) in &messages {
            let payload = if *compressed { zlib.message(bytes) } else { bytes.clone() };
            let rsv1 = if *compressed { 0x40 } else { 0 };
            let (a, b) = payload.split_at(at.index(payload.len() + 1));
            wire.extend(frame(0x02 | rsv1, a));
            wire.extend(frame(0x89, b"between"));
            wire.extend(frame(0x80, b));
        }
        let expected: Vec<_> =
            messages.into_iter().map(|(bytes, ..)| (Kind::Binary, bytes)).collect();
        let config = Config::new().server_no_context_takeover(!takeover);
        let config = config.server_max_window_bits(bits);
        let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(wire.len() + 1)).collect();
        cuts.extend([0, wire.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|c| &wire[c[0]..c[1]]).collect();
        let (got, result) = receive(config, Limits::new(), scratch, &pieces);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(&got, &expected);
    }

    /// Broken input has the same result however it is split, and is never read differently from zlib.
    #[test]
    fn noise_is_judged_alike_however_it_is_split(
        content in content(),
        text in any::<bool>(),
        noise in collection::vec((any::<sample::Index>(), any::<u8>()), 0..4),
        random in collection::vec(any::<u8>(), 0..40),
        use_random in any::<bool>(),
    ) {
        let mut content = content;
        content.truncate(300);
        let mut payload = Zlib::new(6, 15, true).message(&content);
        for (at, byte) in noise {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let payload = if use_random { random } else { payload };
        let wire = [frame(if text { 0xC1 } else { 0xC2 }, &payload), frame(0xC2, b"\x00")].concat();
        let limits = Limits::new().max_message_len(2000);
        let whole = receive(Config::new(), limits, 3000, &[&wire]);
        for scratch in [1, 100] {
            let split = same_however_split(&wire, |pieces| {
                receive(Config::new(), limits, scratch, pieces)
            });
            prop_assert_eq!(&split, &whole);
        }
        if whole.1 == Ok(()) {
            prop_assert_eq!(whole.0.len(), 2);
        } else {
            let judged = matches!(
                whole.1,
                Err(Error::InvalidDeflate | Error::InvalidUtf8 | Error::MessageTooLong(_))
            );
            prop_assert!(judged, "{:?}", whole.1);
        }
    }
}
