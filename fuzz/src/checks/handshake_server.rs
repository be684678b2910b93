//! The opening handshake at a server, against the rules of RFC 6455 §4.2 applied to a request that
//! an HTTP stack has parsed; and the answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use framewright::http::Fields;
use framewright::http1::{HeadReader, Limits, Request, Version};
use framewright::ws::handshake::{
    Client, ClientRequest, Error, Extensions, Offer, Origins, Reply, Server, accept_key,
};

use super::input::{Cuts, Input, same_however_cut};

/// ```text
/// | origins | cuts: 4 | request ...
/// ```
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let origins = ORIGINS[usize::from(input.byte()) % ORIGINS.len()];
    let cuts = Cuts(input.bytes());
    let stream = input.rest();

    let got = same_however_cut(stream, cuts, |pieces| receive(pieces, origins));
    let mut whole = stream.to_vec();
    let mut rest = &mut whole[..];
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    match reader.read_request(&mut rest) {
        Err(e) => assert_eq!(got, Err(Error::Head(e))),
        Ok(None) => assert_eq!(got, Ok(None)),
        Ok(Some(request)) => {
            // The same by way of a server that routes, and of an HTTP stack that has parsed the
            // request.
            let offer = Offer::from_request(&request, origins);
            let headers: Vec<_> = request.headers().iter().collect();
            let from_parts = Offer::from_parts(
                request.method(),
                request.version(),
                request.target(),
                headers.iter().copied(),
                origins,
            );
            match (&from_parts, &offer) {
                (Ok(parts), Ok(offer)) => assert_eq!(Seen::of(parts), Seen::of(offer)),
                (Err(a), Err(b)) => assert_eq!(a, b),
                (a, b) => panic!("{a:?}, and not {b:?}"),
            }
            assert_eq!(offer.is_ok(), naive(&request, origins), "{offer:?}");
            match (got, offer) {
                (Err(e), Err(other)) => {
                    assert_eq!(e, other);
                    is_refused(e);
                }
                (Ok(Some((seen, after))), Ok(offer)) => {
                    assert_eq!((&seen, &after[..]), (&Seen::of(&offer), &*rest));
                    is_accepted(&request, &offer, &seen);
                }
                (got, offer) => panic!("{got:?}, and not {offer:?}"),
            }
        }
    }
}

const LISTED: &[&str] = &["https://example.com", "http://localhost:8080", "null"];
const ORIGINS: [Origins<'_>; 6] = [
    Origins::any(),
    Origins::same_host(),
    Origins::exact(LISTED),
    Origins::exact(LISTED).or_absent(),
    Origins::same_host().or_exact(LISTED),
    Origins::same_host().forwarded_host("X-Forwarded-Host"),
];

/// The content of an offer.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Seen {
    resource_name: String,
    host: String,
    origin: Option<String>,
    protocols: Vec<String>,
    extensions: Vec<String>,
}

impl Seen {
    fn of<'a, H>(offer: &Offer<'a, H>) -> Self
    where
        H: Clone + IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        Self {
            resource_name: offer.resource_name().to_owned(),
            host: offer.host().to_owned(),
            origin: offer.origin().map(str::to_owned),
            protocols: offer.protocols().map(str::to_owned).collect(),
            extensions: offer.extensions().map(|extension| format!("{extension:?}")).collect(),
        }
    }
}

fn receive(pieces: &[&[u8]], origins: Origins<'_>) -> Result<Option<(Seen, Vec<u8>)>, Error> {
    let mut server = Server::new(origins, Vec::new(), Limits::new());
    let (mut seen, mut rest) = (None, Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        if seen.is_none() {
            match server.receive(&mut input) {
                Ok(offer) => seen = offer.map(|offer| Seen::of(&offer)),
                Err(e) => {
                    assert_eq!(server.receive(&mut input).err(), Some(e), "an error is final");
                    return Err(e);
                }
            }
        }
        if seen.is_some() {
            let before = input.len();
            assert!(matches!(server.receive(&mut input), Ok(None)));
            assert_eq!(input.len(), before, "frames are left alone");
        } else {
            assert!(input.is_empty(), "None means that all was taken");
        }
        rest.extend_from_slice(input);
    }
    Ok(seen.map(|seen| (seen, rest)))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Whether a request that is valid by RFC 9112 is an upgrade.
fn naive(request: &Request<'_>, origins: Origins<'_>) -> bool {
    let all = |name: &str| request.headers().get_all(name).collect::<Vec<_>>();
    let has = |name: &str, token: &str| {
        let values = all(name);
        let mut tokens = values.iter().flat_map(|value| value.split(|b| *b == b','));
        tokens.any(|one| trim(one).eq_ignore_ascii_case(token.as_bytes()))
    };
    let key = match all("Sec-WebSocket-Key")[..] {
        [key] => STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16),
        _ => false,
    };
    let target = request.target();
    let by_uri = |scheme: &str| {
        let start = target.get(..scheme.len()).unwrap_or_default();
        start.eq_ignore_ascii_case(scheme).then(|| {
            let rest = &target[scheme.len()..];
            rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
        })
    };
    let uri = ["http://", "https://", "ws://", "wss://"].into_iter().find_map(by_uri);
    let target_is_right = !target.contains('#')
        && (target.starts_with('/') || uri.is_some_and(|(authority, _)| is_authority(authority)));
    let protocols = all("Sec-WebSocket-Protocol");
    let mut tokens = protocols.iter().flat_map(|value| value.split(|b| *b == b',')).map(trim);
    let tokens_are_right = tokens.all(|token| token.iter().all(is_tchar));
    let is_zero = |len: &&[u8]| !len.is_empty() && len.iter().all(|digit| *digit == b'0');
    let forwarded = request.headers().get("X-Forwarded-Host");
    let host = uri.map_or_else(|| request.host().unwrap_or_default(), |(authority, _)| authority);
    request.method() == "GET"
        && request.version() == Version::Http11
        && request.host().is_some()
        && !host.is_empty()
        && !host.starts_with(':')
        && target_is_right
        && has("Upgrade", "websocket")
        && has("Connection", "upgrade")
        && all("Content-Length").iter().all(is_zero)
        && all("Transfer-Encoding").is_empty()
        && all("Sec-WebSocket-Version") == [b"13"]
        && key
        && tokens_are_right
        && all("Sec-WebSocket-Extensions").iter().all(|list| Extensions::parse(list).is_ok())
        && naive_origin(&all("Origin"), host, forwarded, origins)
}

fn is_tchar(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// Whether it is an authority, as a request may have it in `Host`.
fn is_authority(text: &str) -> bool {
    let request = format!("GET / HTTP/1.1\r\nHost: {text}\r\n\r\n");
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let is_host = matches!(
        reader.read_request(&mut &mut request.into_bytes()[..]),
        Ok(Some(request)) if request.host() == Some(text)
    );
    is_host && !text.is_empty() && !text.starts_with(':')
}

fn naive_origin(
    origins: &[&[u8]],
    host: &str,
    forwarded: Option<&[u8]>,
    rule: Origins<'_>,
) -> bool {
    let rule = format!("{rule:?}");
    let absent = rule.contains("absent: true");
    let origin = match origins {
        [] | [b""] => return absent,
        [origin] => *origin,
        _ => return false,
    };
    let Ok(origin) = str::from_utf8(origin) else { return false };
    if rule.contains("any: true")
        && origin.split(' ').all(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_graphic()))
    {
        return true;
    }
    let host = match forwarded {
        Some(list) if rule.contains("X-Forwarded-Host") => {
            let first = list.split(|b| *b == b',').map(trim).find(|host| !host.is_empty());
            let first = first.and_then(|host| str::from_utf8(host).ok());
            first.filter(|host| is_authority(host))
        }
        _ => Some(host),
    };
    if rule.contains("same_host: true")
        && let Some(host) = host
        && let Some((scheme, authority)) = origin.split_once("://")
        && (is_scheme(scheme)
            && parts(scheme, authority).is_some()
            && parts(scheme, authority) == parts(scheme, host)
            || ["http", "https"].contains(&scheme) && authority == host)
    {
        return true;
    }
    let listed = if rule.contains("listed: []") { &[] } else { LISTED };
    listed.iter().any(|listed| {
        let split = |text: &str| {
            let (scheme, authority) = text.split_once("://")?;
            is_scheme(scheme).then_some(())?;
            Some((scheme.to_ascii_lowercase(), parts(scheme, authority)?))
        };
        *listed == origin || split(listed).is_some() && split(listed) == split(origin)
    })
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Host and port, without the default port.
fn parts(scheme: &str, authority: &str) -> Option<(String, Option<u16>)> {
    if !is_authority(authority) {
        return None;
    }
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => authority.split_at(colon),
        _ => (authority, ""),
    };
    let own = match &scheme.to_ascii_lowercase()[..] {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => u16::MAX,
    };
    let port = port.get(1..).and_then(|port| port.parse().ok());
    let known = own != u16::MAX;
    Some((host.to_ascii_lowercase(), port.filter(|port| !known || *port != own)))
}

/// The response has this status and says that the connection is over.
fn is_refused(error: Error) {
    let mut out = Vec::new();
    assert_eq!(error.refuse().write(&mut out), Ok(()));
    let mut fields = 0;
    error.refuse().to_fields().expect("it is right").for_each_field(|_, _| fields += 1);
    let mut input = &mut out[..];
    let mut reader = HeadReader::new(Vec::new(), Limits::new());
    let response = reader.read_response(&mut input).expect("it is right").expect("it is whole");
    assert_eq!(response.status(), error.status());
    assert!(!response.is_persistent());
    assert_eq!(response.headers().iter().count(), fields + 1, "and the length of its body");
    assert_eq!(response.body_for("GET"), Ok(framewright::http1::Body::Len(input.len() as u64)));
}

/// The response is what the client with this key expects.
fn is_accepted(request: &Request<'_>, offer: &Offer<'_>, seen: &Seen) {
    let protocol = offer.choose(&["chat", "superchat"]);
    assert!(protocol.is_none_or(|chosen| seen.protocols.iter().any(|one| one == chosen)));
    let mut out = Vec::new();
    assert_eq!(offer.accept().protocol(protocol).write(&mut out), Ok(()));
    out.extend_from_slice(b"\x81\x00");

    let key = request.headers().get("Sec-WebSocket-Key").expect("it was checked");
    let nonce = STANDARD.decode(key).expect("it was checked");
    let protocols: Vec<&str> = protocol.into_iter().collect();
    let mut client: Client<'_, Vec<u8>> = ClientRequest::new("example.com", "/")
        .protocols(&protocols)
        .write(nonce.try_into().expect("16 bytes"), Vec::new(), Limits::new(), &mut Vec::new())
        .expect("it is right");
    let mut input = &mut out[..];
    match client.receive(&mut input) {
        Ok(Some(Reply::Accepted(accepted))) => assert_eq!(accepted.protocol(), protocol),
        answer => panic!("{answer:?}"),
    }
    assert_eq!(input, b"\x81\x00");
    assert!(out.windows(28).any(|window| window == accept_key(key)));
}
