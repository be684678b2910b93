//! What holds for every stream: random ones, and those of an encoder.
#![cfg(feature = "alloc")]

use crate::common::stomp::{Settings, decode, naive, owned, read};
use framewright::stomp::{
    Command, Connection, Encoder, FrameBuilder, FrameEvent, Inbox, Limits, SendError, Version,
};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, option, sample};

/// Streams of pieces that mean something to a decoder, and pieces that nearly do.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&[u8]] = &[
        b"SEND\n",
        b"SEND\r\n",
        b"MESSAGE\n",
        b"CONNECT\n",
        b"CONNECTED\n",
        b"SUBSCRIBE\n",
        b"UNSUBSCRIBE\r\n",
        b"destination:/a\n",
        b"a:b\n",
        b"a:b\r\n",
        b"content-length:3\n",
        b"content-length:0\n",
        b"content-length:99\n",
        b"content-length: 1\n",
        b"content-length:x\n",
        b"content-length:3\n\nabc\0",
        b"content-length:3\n\na\0c\0",
        b"\\n",
        b"\\c",
        b"\\\\",
        b"\\r",
        b"\\t",
        b"\\",
        b":",
        b"\n",
        b"\n\n",
        b"\r\n",
        b"\r",
        b"\r\n\r\n",
        b"\0",
        b"\n\0",
        b"\n\nbody\0",
        b"x",
        b"a longer piece of text than one vector has",
        "ä🦀".as_bytes(),
        b"\xFF",
        b"\xFE",
        b"\xC3",
    ];
    let word = prop_oneof![
        12 => sample::select(WORDS).prop_map(<[u8]>::to_vec),
        1 => collection::vec(any::<u8>(), 0..4),
    ];
    collection::vec(word, 0..24).prop_map(|words| words.concat())
}

fn settings() -> impl Strategy<Value = Settings> {
    let version = option::of(sample::select(&Version::ALL[..]));
    let limits = prop_oneof![
        3 => proptest::strategy::Just(Limits::new()),
        1 => (0..4_u32, 0..24_u64, 0..40_u64, 0..10_u64).prop_map(|(headers, line, head, body)| {
            Limits::new().max_headers(headers).max_line_len(line).max_head_len(head).max_body_len(body)
        }),
    ];
    (version, limits, any::<bool>()).prop_map(|(version, limits, nul_accepted)| Settings {
        version,
        limits,
        nul_accepted,
    })
}

/// Random places to cut at.
fn cuts() -> impl Strategy<Value = Vec<sample::Index>> {
    collection::vec(any::<sample::Index>(), 0..12)
}

fn cut<'a>(bytes: &'a [u8], cuts: &[sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

/// Any Unicode, with more of the characters that matter to this protocol.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        sample::select(&["\r", "\n", "\0", ":", "\\", "\\n", "x", " ", "content-length"][..])
            .prop_map(String::from),
    ];
    collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    /// Every beginning of a stream is a stream too, so this also shows that nothing is late.
    #[test]
    fn a_naive_decoder_agrees(stream in stream(), settings in settings(), cuts in cuts()) {
        let expected = naive(settings, &stream);
        prop_assert_eq!(&read(settings, &[&stream]), &expected);
        prop_assert_eq!(&read(settings, &stream.chunks(1).collect::<Vec<_>>()), &expected);
        prop_assert_eq!(&read(settings, &cut(&stream, &cuts)), &expected);
    }

    /// A frame is refused, or it arrives as it was given.
    #[test]
    fn what_is_encoded_decodes_to_the_same(
        command in sample::select(&Command::ALL[..]),
        version in sample::select(&Version::ALL[..]),
        headers in collection::vec((text(), text()), 0..5),
        destination in option::of(text()),
        body in collection::vec(any::<u8>(), 0..20),
        omits in any::<bool>(),
        cuts in cuts(),
    ) {
        let mut frame = FrameBuilder::new(command);
        if let Some(destination) = &destination {
            frame = FrameBuilder::send(destination);
        }
        let command = frame.command();
        let frame = frame.headers(&headers).body(&body);
        let frame = if omits { frame.omit_content_length() } else { frame };
        let mut out = Vec::new();
        let result = Encoder::new(version).encode(frame, &mut out);

        let expected: Vec<(String, String)> = destination.iter()
            .map(|value| ("destination".to_owned(), value.clone()))
            .chain(headers.iter().filter(|(name, _)| {
                name != "content-length" && !(destination.is_some() && name == "destination")
            }).cloned())
            .collect();
        let opens = matches!(command, Command::Connect | Command::Stomp | Command::Connected);
        let rules = if opens { Version::V1_0 } else { version };
        let refused = if command == Command::Nack && version == Version::V1_0 {
            Some(SendError::NotInVersion)
        } else if !body.is_empty() && !command.may_have_body() {
            Some(SendError::BodyNotAllowed)
        } else if omits && body.contains(&0) {
            Some(SendError::NulInBody)
        } else if expected.iter().any(|(name, value)| !rules.can_carry(name, value)) {
            Some(SendError::HeaderInvalid)
        } else {
            None
        };
        prop_assert_eq!(result, refused.map_or(Ok(()), Err));
        prop_assert_eq!(frame.encoded_len(version), refused.map_or(Ok(out.len() as u64), Err));
        if refused.is_some() {
            prop_assert!(out.is_empty());
            return Ok(());
        }

        let (frames, end) = read(Settings::of(Some(version)), &cut(&out, &cuts));
        prop_assert_eq!((end, frames.len()), (Ok(true), 1));
        let [frame] = &frames[..] else { unreachable!() };
        prop_assert_eq!((frame.command, &frame.body, frame.complete), (command, &body, true));
        let len = if command.may_have_body() && !omits {
            owned([("content-length", &body.len().to_string()[..])])
        } else {
            vec![]
        };
        prop_assert_eq!(&frame.headers, &[&expected[..], &len].concat());
    }

    /// What was decoded can be encoded again, and decodes to the same.
    #[test]
    fn what_is_decoded_can_be_passed_on(stream in stream(), version in sample::select(&Version::ALL[..])) {
        let (frames, _) = read(Settings::of(Some(version)), &[&stream]);
        for frame in frames.into_iter().filter(|frame| frame.complete && frame.command.may_have_body()) {
            let headers = frame.headers.iter().filter(|(name, value)| version.can_carry(name, value));
            let mut out = Vec::new();
            let again = FrameBuilder::new(frame.command).headers(headers.clone()).body(&frame.body);
            Encoder::new(version).encode(again, &mut out).unwrap();
            let (again, end) = read(Settings::of(Some(version)), &[&out]);
            prop_assert_eq!((end, again.len()), (Ok(true), 1));
            prop_assert_eq!((&again[0].body, again[0].command), (&frame.body, frame.command));
            let kept: Vec<_> = headers.filter(|(name, _)| name != "content-length").cloned().collect();
            prop_assert_eq!(&again[0].headers[..kept.len()], &kept[..]);
        }
    }

    /// A connection finds the same in a stream, whole or in pieces, and nothing makes it panic.
    #[test]
    fn a_connection_takes_any_bytes(stream in stream(), cuts in cuts(), version in sample::select(&["1.0", "1.1", "1.2"][..])) {
        let run = |pieces: &[&[u8]]| {
            let mut server = Connection::server(Limits::new(), 0);
            let mut inbox = Inbox::new(Vec::new());
            let connect = format!("CONNECT\naccept-version:{version}\n\n\0");
            server.receive_frame(&mut connect.as_bytes(), &mut inbox, 0).unwrap();
            server.accept(FrameBuilder::connected(), &mut Vec::new()).unwrap();
            let mut events = Vec::new();
            for piece in pieces {
                let mut input = *piece;
                while let Some(event) = server.receive_frame(&mut input, &mut inbox, 0) {
                    let headers = match event {
                        FrameEvent::Frame(_) => owned(inbox.headers()),
                        FrameEvent::Failed(_) => vec![],
                    };
                    events.push((event, headers, inbox.body().to_vec()));
                }
                assert!(input.is_empty());
            }
            let mut out = Vec::new();
            assert!(server.transmit(&mut out, 0));
            (events, out, server.close_expected(), server.receive_eof())
        };
        let whole = run(&[&stream]);
        prop_assert_eq!(&run(&stream.chunks(1).collect::<Vec<_>>()), &whole);
        prop_assert_eq!(&run(&cut(&stream, &cuts)), &whole);
        // Its own ERROR is a frame that it would read.
        let (frames, end) = read(Settings::of(whole.2.and(Version::parse(version))), &[&whole.1]);
        prop_assert!(frames.len() <= 1 && end == Ok(true));
    }

    /// T2: line ends without end cost nothing.
    #[test]
    fn line_ends_yield_nothing(count in 0..200_usize) {
        let stream = "\n\r\n".repeat(count);
        let got = decode(Settings::of(None).decoder(), &mut Inbox::new(Vec::new()), &[stream.as_bytes()]);
        prop_assert_eq!(got, (vec![], Ok(true)));
    }
}
