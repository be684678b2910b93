//! Frames of STOMP, against a naive decoder of the whole stream; what a decoder yields can be passed on; and any
//! bytes at both ends of a connection.

use framewright::stomp::{
    Client, Connection, Decoder, Encoder, FrameBuilder, Inbox, Limits, Server, Side, Version,
};
use framewright::{ArrayBuf, Buffer};

use super::common::stomp::{Got, Settings, naive, owned, read};
use super::input::{Cuts, Input, same_however_cut, without_allocating};

/// ```text
/// | cuts: 4 | version and leniency: 1 | limits: 4 | stream ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = Cuts(input.bytes());
    let what = input.byte();
    let version = [None, Some(Version::V1_0), Some(Version::V1_1), Some(Version::V1_2)]
        [usize::from(what & 3)];
    let limits = Limits::new();
    let [headers, line, head, body] = [(); 4].map(|()| input.limit().min(1 << 40));
    let limits = if what & 4 == 0 {
        limits
    } else {
        let headers = u32::try_from(headers).unwrap_or(u32::MAX);
        limits.max_headers(headers).max_line_len(line).max_head_len(head).max_body_len(body)
    };
    let settings = Settings { version, limits, nul_accepted: what & 8 != 0 };
    let stream = input.rest();

    // Every beginning of a stream is a stream too, so this also shows that nothing is late.
    let got = same_however_cut(stream, cuts, |pieces| read(settings, pieces));
    assert_eq!(got, naive(settings, stream));
    without_allocating(|| {
        let mut inbox = Inbox::new(ArrayBuf::<512>::new());
        makes_progress(settings.decoder(), &mut inbox, stream);
    });
    if let Some(version) = version {
        got.0.iter().filter(|frame| frame.complete).for_each(|frame| comes_back(version, frame));
    }
    same_however_cut(stream, cuts, |pieces| session(Connection::server(limits, 0), pieces));
    same_however_cut(stream, cuts, |pieces| session(connecting(limits), pieces));
}

fn makes_progress(mut decoder: Decoder, inbox: &mut Inbox<impl Buffer>, mut input: &[u8]) {
    loop {
        let before = input.len();
        match decoder.decode(&mut input, inbox) {
            Ok(Some(part)) => assert!(input.len() < before, "{part:?} took nothing"),
            Ok(None) => return assert!(input.is_empty()),
            Err(_) => return,
        }
    }
}

/// A frame that came can be sent, but for headers that were sent raw.
fn comes_back(version: Version, frame: &Got) {
    if !frame.command.may_have_body() {
        return;
    }
    let headers = frame.headers.iter().filter(|(name, value)| version.can_carry(name, value));
    let mut out = Vec::new();
    let again = FrameBuilder::new(frame.command).headers(headers.clone()).body(&frame.body);
    Encoder::new(version).encode(again.clone(), &mut out).expect("the version can carry it");
    assert_eq!(again.encoded_len(version), Ok(out.len() as u64));
    let limits = Limits::new().max_line_len(u64::MAX).max_head_len(u64::MAX).max_headers(u32::MAX);
    let settings = Settings { version: Some(version), limits, nul_accepted: false };
    let (frames, end) = read(settings, &[&out]);
    let mut kept: Vec<_> = headers.filter(|(name, _)| name != "content-length").cloned().collect();
    kept.extend(owned([("content-length", &frame.body.len().to_string()[..])]));
    let (command, body) = (frame.command, frame.body.clone());
    assert_eq!(
        (frames, end),
        (vec![Got { command, headers: kept, body, complete: true }], Ok(true))
    );
}

fn connecting(limits: Limits) -> Connection<Client> {
    let mut client = Connection::client(limits, 0);
    client.connect(FrameBuilder::connect("a"), &mut Vec::new()).expect("it is the first");
    client
}

/// What a connection makes of a stream, in words, and what it transmits.
fn session<S: Side>(mut connection: Connection<S>, pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
    let mut inbox = Inbox::new(Vec::new());
    let mut said = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(event) = connection.receive_frame(&mut input, &mut inbox, 0) {
            said.push(format!("{event:?} {:?} {:?}", inbox.headers(), inbox.body()));
        }
        assert!(input.is_empty());
    }
    let mut out = ArrayBuf::<{ Connection::<Server>::MAX_TRANSMIT_LEN }>::new();
    assert!(connection.transmit(&mut out, 0));
    said.push(format!("{:?} {:?}", connection.close_expected(), connection.receive_eof()));
    (said, out.to_vec())
}
