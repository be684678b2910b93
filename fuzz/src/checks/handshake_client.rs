//! The opening handshake at a client, against the rules of RFC 6455 §4.1 applied to a response that
//! an HTTP stack has parsed; and the request.

use framewright::http1::{HeadReader, Limits, Response, SendError as HeadError, Version};
use framewright::ws::handshake::{
    Client, ClientRequest, Error, Extensions, Origins, Reply, SendError, Server,
};

use super::input::{Cuts, Input, same_however_cut};

/// ```text
/// | what | cuts: 4 | response ..., or what to ask for ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let what = input.byte();
    let cuts = Cuts(input.bytes());
    if what & 1 == 0 {
        let protocols = if what & 2 == 0 { PROTOCOLS } else { &[] };
        let extensions = if what & 4 == 0 { Some(EXTENSIONS) } else { None };
        answered(protocols, extensions, input.rest(), cuts);
    } else {
        asked(input);
    }
}

const NONCE: [u8; 16] = *b"the sample nonce";
/// The RFC's own answer to that key.
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const PROTOCOLS: &[&str] = &["chat", "superchat"];
const EXTENSIONS: &str = "permessage-deflate; client_max_window_bits, foo";

/// The content of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    Interim(u16),
    Refused(u16),
    Accepted { protocol: Option<String>, extensions: Vec<String> },
}

impl Seen {
    fn of(answer: &Reply<'_>) -> Self {
        match answer {
            Reply::Interim(response) => Self::Interim(response.status()),
            Reply::Refused(response) => Self::Refused(response.status()),
            Reply::Accepted(accepted) => Self::Accepted {
                protocol: accepted.protocol().map(str::to_owned),
                extensions: accepted.extensions().map(|one| format!("{one:?}")).collect(),
            },
        }
    }
}

fn request<'a>(protocols: &'a [&'a str], extensions: Option<&'a str>) -> ClientRequest<'a> {
    ClientRequest::new("example.com", "/chat").protocols(protocols).extensions(extensions)
}

fn client<'a>(protocols: &'a [&'a str], extensions: Option<&'a str>) -> Client<'a, Vec<u8>> {
    request(protocols, extensions)
        .write(NONCE, Vec::new(), Limits::new(), &mut Vec::new())
        .expect("it is right")
}

fn answered(protocols: &[&str], extensions: Option<&str>, stream: &[u8], cuts: Cuts) {
    let got = same_however_cut(stream, cuts, |pieces| {
        let mut client = client(protocols, extensions);
        let (mut seen, mut rest, mut done) = (Vec::new(), Vec::new(), false);
        for piece in pieces {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                let before = input.len();
                match client.receive(&mut input) {
                    Ok(Some(answer)) => {
                        assert!(!done && input.len() < before, "progress");
                        done = !matches!(answer, Reply::Interim(_));
                        seen.push(Seen::of(&answer));
                    }
                    Ok(None) => {
                        assert!(!done || input.len() == before, "what follows is left alone");
                        break;
                    }
                    Err(e) => {
                        assert_eq!(client.receive(&mut input).err(), Some(e), "an error is final");
                        return (seen, rest, Err(e));
                    }
                }
            }
            assert!(done || input.is_empty(), "None means that all was taken");
            rest.extend_from_slice(input);
        }
        assert_eq!(client.check_eof().is_ok(), done);
        (seen, rest, Ok(()))
    });

    let mut whole = stream.to_vec();
    let mut input = &mut whole[..];
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let (mut seen, mut verdict) = (Vec::new(), Ok(()));
    let (_, check) = request(protocols, extensions).to_fields(NONCE).expect("it is right");
    loop {
        let response = reader.read_response(&mut input);
        if let Ok(Some(response)) = response {
            // The same for a response that another HTTP stack has parsed.
            let headers: Vec<_> = response.headers().iter().collect();
            let headers = headers.iter().copied();
            let checked = check.check(response.status(), response.version(), headers);
            let opens = response.status() == 101 && naive(&response, protocols, extensions);
            assert_eq!(checked.is_ok(), opens, "{checked:?}");
            assert_eq!(checked.err() == Some(Error::Status), response.status() != 101);
        }
        match response {
            Ok(None) => break,
            Ok(Some(response)) => match response.status() {
                101 if naive(&response, protocols, extensions) => {
                    let headers = response.headers();
                    let mut protocols = headers.get_all("Sec-WebSocket-Protocol");
                    let protocol = protocols.find(|value| !value.is_empty()).map(|value| {
                        str::from_utf8(value).expect("one that was offered").to_owned()
                    });
                    let lists = headers.get_all("Sec-WebSocket-Extensions");
                    let extensions = lists
                        .flat_map(|list| Extensions::parse(list).expect("checked"))
                        .map(|one| format!("{one:?}"))
                        .collect();
                    seen.push(Seen::Accepted { protocol, extensions });
                    break;
                }
                101 => {
                    verdict = Err(());
                    break;
                }
                status @ 100..=199 => seen.push(Seen::Interim(status)),
                status => {
                    seen.push(Seen::Refused(status));
                    break;
                }
            },
            Err(e) => {
                assert_eq!(got.2, Err(Error::Head(e)));
                verdict = Err(());
                break;
            }
        }
    }
    assert_eq!((&got.0, got.2.map_err(drop)), (&seen, verdict));
    if verdict.is_ok() {
        assert_eq!(got.1, input);
    }
}

/// Whether a response that is valid by RFC 9112 opens the connection.
fn naive(response: &Response<'_>, protocols: &[&str], extensions: Option<&str>) -> bool {
    let all = |name: &str| response.headers().get_all(name).collect::<Vec<_>>();
    let connection = all("Connection");
    let mut options = connection.iter().flat_map(|value| value.split(|b| *b == b','));
    let lists = all("Sec-WebSocket-Extensions");
    let offered = Extensions::parse(extensions.unwrap_or("none").as_bytes()).expect("ours");
    let offered: Vec<_> = offered.map(|one| one.name()).collect();
    let answered = |list: &&[u8]| {
        Extensions::parse(list).is_ok_and(|mut list| {
            list.all(|one| extensions.is_some() && offered.contains(&one.name()))
        })
    };
    let upgrades = all("Upgrade");
    let upgrades = upgrades.iter().flat_map(|value| value.split(|b| *b == b','));
    let mut upgrades = upgrades.map(<[u8]>::trim_ascii).filter(|one| !one.is_empty());
    let protocol: Vec<_> =
        all("Sec-WebSocket-Protocol").into_iter().filter(|value| !value.is_empty()).collect();
    response.version() == Version::Http11
        && upgrades.next().is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && upgrades.all(|value| value.eq_ignore_ascii_case(b"websocket"))
        && options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        && all("Sec-WebSocket-Accept") == [ACCEPT]
        && lists.len() <= 1
        && lists.iter().all(answered)
        && match protocol[..] {
            [] => true,
            [one] => protocols.iter().any(|protocol| protocol.as_bytes() == one),
            _ => false,
        }
}

/// T6: a request says exactly what it was asked to say, or is not written.
fn asked(mut input: Input<'_>) {
    let (host, target, origin) = (input.text(), input.text(), input.text());
    let (protocol, other, list) = (input.text(), input.text(), input.text());
    let (name, value) = (input.text(), input.text());
    let options = input.byte();
    let protocols = [protocol, other];
    let protocols = &protocols[..usize::from(options) % 3];
    let headers = [(name, value)];
    let headers = if options & 4 == 0 { &[][..] } else { &headers };
    let mut request = ClientRequest::new(host, target).protocols(protocols).headers(headers);
    if options & 8 != 0 {
        request = request.origin(origin);
    }
    if options & 16 != 0 {
        request = request.extensions(Some(list));
    }
    let mut out = Vec::new();
    let written = request.write(NONCE, Vec::new(), Limits::new(), &mut out).map(drop);
    if let Err(e) = written {
        assert_eq!(out, b"", "nothing was written");
        assert!(!matches!(e, SendError::Head(HeadError::BufferFull(_))));
        return;
    }
    // There is exactly one end of a head, and it is at the end.
    assert_eq!(out.windows(4).position(|w| w == b"\r\n\r\n"), Some(out.len() - 4));

    let mut input = &mut out[..];
    let mut server = Server::new(Origins::any(), Vec::new(), Limits::new());
    let offer = server.receive(&mut input).expect("it is right").expect("it is whole");
    assert_eq!((offer.host(), offer.resource_name()), (host, target));
    assert_eq!(offer.origin(), (options & 8 != 0).then_some(origin));
    assert!(offer.protocols().eq(protocols.iter().copied()));
    if options & 16 != 0 {
        let sent = Extensions::parse(list.as_bytes()).expect("it was written");
        let sent = sent.map(|one| format!("{one:?}"));
        assert!(offer.extensions().map(|one| format!("{one:?}")).eq(sent));
    }
    for (name, value) in headers {
        let value = value.trim_matches([' ', '\t']);
        assert!(offer.headers().get_all(name).any(|got| got == value.as_bytes()));
    }
}
