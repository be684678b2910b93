//! What holds for every payload, and for every order of what happens to a session.

use crate::common::sockjs::{Modelled, Op, decode, naive_decode, naive_framed, naive_quote};
use framewright::sockjs::{Callback, Frame, Framing, Limits, MessageDecoder};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::{collection, sample};

/// Payloads of pieces that mean something, and pieces that nearly do.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&[u8]] = &[
        b"[",
        b"]",
        b"\"",
        b"[\"",
        b"\"]",
        b"\",\"",
        b",",
        b" ",
        b"\n",
        b"\\n",
        b"\\\\",
        b"\\\"",
        b"\\",
        b"\\u",
        b"\\u0041",
        b"\\u20aC",
        b"\\ud83d",
        b"\\ude00",
        b"\\ud83d\\ude00",
        b"\\u00",
        b"1f",
        b"plain text that is longer than one vector",
        "é€🦀".as_bytes(),
        b"\xC3",
        b"\xFF",
        b"\0",
    ];
    let word = prop_oneof![
        12 => sample::select(WORDS).prop_map(<[u8]>::to_vec),
        1 => collection::vec(any::<u8>(), 0..4),
    ];
    let words = collection::vec(word, 0..16).prop_map(|words| words.concat());
    prop_oneof![words.clone(), words.prop_map(|inside| [&b"[\""[..], &inside, b"\"]"].concat()),]
}

fn framing() -> impl Strategy<Value = Framing> {
    let callback = Callback::parse("?c=f").unwrap();
    sample::select(vec![
        Framing::WebSocket,
        Framing::Xhr,
        Framing::XhrStreaming,
        Framing::EventSource,
        Framing::HtmlFile(callback),
        Framing::Jsonp(callback),
    ])
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => framing().prop_map(Op::Attach),
        1 => any::<bool>().prop_map(|stale| Op::Lost { stale }),
        4 => "[a-c%<\"\n\u{2028}]{0,9}".prop_map(Op::Send),
        1 => (prop_oneof![Just(3000), any::<u16>()], "[a<%]{0,3}")
            .prop_map(|(code, reason)| Op::Close(code, reason)),
        8 => (prop_oneof![Just(999), 0..60_usize], any::<bool>())
            .prop_map(|(room, all)| Op::Transmit { room, all }),
        2 => Just(Op::Poll),
        2 => prop_oneof![0..20_u64, Just(100), Just(25)].prop_map(Op::Wait),
    ]
}

proptest! {
    #[test]
    fn any_payload_is_decoded_as_by_a_twin_that_sees_all_of_it(
        payload in payload(), is_websocket: bool, cuts in collection::vec(any::<sample::Index>(), 0..8),
    ) {
        let limits = Limits::new();
        let decoder = if is_websocket {
            MessageDecoder::new_websocket(limits)
        } else {
            MessageDecoder::new_request(limits)
        };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.sort_unstable();
        let mut rest = &payload[..];
        let mut pieces = Vec::new();
        for at in cuts {
            let taken = payload.len() - rest.len();
            pieces.push(rest.split_off(..at - taken).unwrap());
        }
        pieces.push(rest);
        let expected = naive_decode(&payload, is_websocket);
        prop_assert_eq!(decode(decoder.clone(), &[&payload]), expected.clone());
        prop_assert_eq!(decode(decoder, &pieces), expected);
    }

    #[test]
    fn what_is_quoted_is_decoded_to_the_same(messages in collection::vec(any::<String>(), 0..4), framing in framing()) {
        let texts: Vec<_> = messages.iter().map(|text| &**text).collect();
        let mut frame = Vec::new();
        Framing::WebSocket.encode(Frame::Messages(&texts), &mut frame).unwrap();
        let decoder = MessageDecoder::new_request(Limits::new());
        prop_assert_eq!(decode(decoder, &[&frame[1..]]), (messages.clone(), Ok(())));

        let quoted: Vec<_> = texts.iter().map(|text| naive_quote(text)).collect();
        let expected = naive_framed(framing, &format!("a[{}]", quoted.join(",")));
        let mut out = Vec::new();
        framing.encode(Frame::Messages(&texts), &mut out).unwrap();
        prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_session_does_as_its_model_in_any_order(ops in collection::vec(op(), 0..60)) {
        let limits = Limits::new()
            .max_backlog(40)
            .response_limit(60)
            .heartbeat_interval(25)
            .disconnect_delay(50);
        let mut session = Modelled::new(limits);
        for op in &ops {
            session.apply(op);
        }
    }
}
