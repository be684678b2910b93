//! The messages of `SockJS` clients, against a naive decoder of the whole payload; forms; and frames, which come
//! back as they were sent.

use framewright::sockjs::{Callback, FormDecoder, Frame, Framing, Limits, MessageDecoder, Routes};

use super::common::sockjs::{decode, naive_decode, naive_framed, naive_quote};
use super::input::{Cuts, Input, as_text, same_however_cut, without_allocating};

/// ```text
/// | cuts: 4 | bit 0: of a WebSocket, bit 1: limited, bits 2-: transport: 1 | limit: 1 | payload ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (cuts, what) = (Cuts(input.bytes()), input.byte());
    let (is_websocket, limit) = (what & 1 != 0, input.limit());
    let limits = if what & 2 == 0 { Limits::new() } else { Limits::new().max_payload_len(limit) };
    let payload = input.rest();
    let decoder = if is_websocket {
        MessageDecoder::new_websocket(limits)
    } else {
        MessageDecoder::new_request(limits)
    };

    // Every beginning of a payload is a payload too, so this also shows that nothing is late.
    let (messages, end) = same_however_cut(payload, cuts, |pieces| decode(decoder.clone(), pieces));
    if payload.len() as u64 <= limits.max_payload_len {
        assert_eq!((messages.clone(), end), naive_decode(payload, is_websocket));
    } else {
        assert!(end.is_err());
    }
    makes_progress(decoder, payload);
    form(payload, cuts);
    comes_back(what >> 2, &messages);

    let path = as_text(payload);
    for method in ["GET", "POST", "OPTIONS"] {
        let _ = Routes::new().legacy().parse(method, path);
    }
    let _ = Callback::parse(path);
}

fn makes_progress(mut decoder: MessageDecoder, payload: &[u8]) {
    let mut bytes = payload.to_vec();
    without_allocating(|| {
        let mut input = &mut bytes[..];
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(chunk)) => assert!(input.len() < before, "{chunk:?} took nothing"),
                Ok(None) => return assert!(input.is_empty()),
                Err(_) => return,
            }
        }
    });
}

fn form(body: &[u8], cuts: Cuts) {
    same_however_cut(body, cuts, |pieces| {
        let mut decoder = FormDecoder::new();
        let mut value = Vec::new();
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while let Some(part) = decoder.decode(&mut input)? {
                assert!(!part.is_empty());
                value.extend_from_slice(part);
            }
            assert!(input.is_empty());
        }
        decoder.check_eof().map(|()| value)
    })
    .ok();
}

/// Messages are framed as each transport has them, and decode to the same.
fn comes_back(transport: u8, messages: &[String]) {
    let texts: Vec<_> = messages.iter().map(|text| &**text).collect();
    let mut frame = Vec::new();
    Framing::WebSocket.encode(Frame::Messages(&texts), &mut frame).expect("a Vec has room");
    let decoder = MessageDecoder::new_request(Limits::new());
    assert_eq!(decode(decoder, &[&frame[1..]]), (messages.to_vec(), Ok(())));

    let framing = framing(transport);
    let quoted: Vec<_> = texts.iter().map(|text| naive_quote(text)).collect();
    let mut out = Vec::new();
    framing.encode(Frame::Messages(&texts), &mut out).expect("a Vec has room");
    let expected = naive_framed(framing, &format!("a[{}]", quoted.join(",")));
    assert_eq!(as_text(&out), expected);
}

/// One of the six.
pub(super) fn framing(byte: u8) -> Framing {
    let callback = Callback::parse("?c=f").expect("it is a name");
    [
        Framing::WebSocket,
        Framing::Xhr,
        Framing::XhrStreaming,
        Framing::EventSource,
        Framing::HtmlFile(callback),
        Framing::Jsonp(callback),
    ][usize::from(byte % 6)]
}
