//! What holds for every stream of frames.

use crate::common::http2::{decode, frame, naive, opening, padded};
use crate::common::same_however_split;
use framewright::http2::{Limits, Role};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};

/// A frame that mostly follows the rules of its type.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let stream = || sample::select(&[1_u32, 1, 1, 3, 2, 0][..]);
    let payload = || collection::vec(any::<u8>(), 0..12);
    let number = || sample::select(&[0_u32, 1, 2, 3, 0x8000_0001, 0x7FFF_FFFF, u32::MAX][..]);
    let settings = collection::vec((0_u16..12, number()), 0..4).prop_map(|settings| {
        let bytes =
            |(id, value): (u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        settings.into_iter().flat_map(bytes).collect::<Vec<u8>>()
    });
    prop_oneof![
        4 => (any::<u8>(), stream(), payload()).prop_map(|(flags, stream, payload)| {
            frame(0x0, flags & 0x1, stream, &payload)
        }),
        2 => (any::<u8>(), stream(), payload(), 0_u8..9).prop_map(|(flags, stream, payload, padding)| {
            padded(flags & 0x1, flags & 0x25, stream, &payload, padding)
        }),
        4 => (any::<u8>(), stream(), payload()).prop_map(|(flags, stream, payload)| {
            frame(0x1, flags & 0x25, stream, &payload)
        }),
        6 => (any::<u8>(), payload())
            .prop_map(|(flags, payload)| frame(0x9, flags & 0x4, 1, &payload)),
        1 => (stream(), number(), any::<u8>()).prop_map(|(stream, on, weight)| {
            frame(0x2, 0, stream, &[&on.to_be_bytes()[..], &[weight]].concat())
        }),
        2 => (sample::select(&[0x3_u8, 0x8][..]), stream(), number())
            .prop_map(|(kind, stream, number)| frame(kind, 0, stream, &number.to_be_bytes())),
        2 => (any::<bool>(), settings)
            .prop_map(|(ack, settings)| frame(0x4, u8::from(ack && settings.is_empty()), 0, &settings)),
        1 => (0_u8..2, any::<[u8; 8]>()).prop_map(|(ack, payload)| frame(0x6, ack, 0, &payload)),
        1 => (any::<[u8; 8]>(), payload())
            .prop_map(|(values, debug)| frame(0x7, 0, 0, &[&values[..], &debug].concat())),
        1 => (any::<u8>(), any::<u8>(), stream(), payload())
            .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload)),
    ]
}

/// Frames that mostly follow the rules, with a few bytes changed.
fn stream(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let noise = collection::vec((any::<sample::Index>(), any::<u8>()), 0..2);
    (collection::vec(any_frame(), 0..8), noise).prop_map(move |(frames, noise)| {
        let mut bytes = [opening(role), frames.concat()].concat();
        for (at, byte) in noise {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_sees_all_frames_agrees_and_so_does_every_split(
        (role, bytes) in prop_oneof![Just(Role::Server), Just(Role::Client)]
            .prop_flat_map(|role| (Just(role), stream(role))),
    ) {
        let limits = Limits::new();
        let result = same_however_split(&bytes, |pieces| decode(role, limits, pieces));
        prop_assert_eq!(result, naive(role, limits.max_frame_len, &bytes));
    }
}
