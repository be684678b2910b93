//! What a server refuses over HTTP/2, in the order of its checks (RFC 8441).

#![cfg(feature = "alloc")]

use framewright::http::{FieldValue, Fields};
use framewright::http1;
use framewright::http2::Request;
use framewright::ws::handshake::{Error, Offer, Origins};

const VERSION: (&str, &str) = ("sec-websocket-version", "13");
const CHAT: Request<'_> = Request::extended_connect("websocket", "https", "a:1", "/chat?b");

fn listed(fields: &impl Fields) -> Vec<(String, String)> {
    let mut list = Vec::new();
    fields.for_each_field(|name, value: FieldValue<'_>| {
        let value = String::from_utf8(value.to_vec()).unwrap();
        list.push((name.to_ascii_lowercase(), value));
    });
    list
}

/// RFC 8441 §4, §5: each violation, in the order of the checks.
#[test]
fn each_violation_is_refused_as_http2_can() {
    let connect = |protocol, scheme, authority, target| {
        Request::extended_connect(protocol, scheme, authority, target)
    };
    let origins = Origins::exact(&["https://good"]);
    let good = ("origin", "https://good");
    for (request, headers, error, status) in [
        // §4: no :protocol.
        (Request::new("GET", "https", "a", "/"), &[VERSION, good][..], Error::NotAConnect, 400),
        (Request::connect("a:1"), &[VERSION, good], Error::NotAConnect, 400),
        // §5: another protocol.
        (connect("webtransport", "https", "a", "/"), &[VERSION, good], Error::OtherProtocol, 501),
        // §5: the schemes of WebSocket become those of HTTP.
        (connect("websocket", "wss", "a", "/"), &[VERSION, good], Error::NotAConnect, 400),
        (connect("websocket", "https", "a", "*"), &[VERSION, good], Error::NotAConnect, 400),
        (connect("websocket", "https", "a", "/#b"), &[VERSION, good], Error::Target, 400),
        (connect("websocket", "https", "a", "/\u{e9}"), &[VERSION, good], Error::Target, 400),
        // RFC 9113 §8.3.1.
        (
            connect("websocket", "https", "", "/"),
            &[VERSION, good],
            http1::Error::BadHost.into(),
            400,
        ),
        (
            connect("websocket", "https", ":1", "/"),
            &[VERSION, good],
            http1::Error::BadHost.into(),
            400,
        ),
        // A tunnel has no content.
        (CHAT, &[VERSION, good, ("content-length", "1")], Error::Body, 400),
        // RFC 6455 §4.2.1, §11.3.5.
        (CHAT, &[good], Error::Version, 400),
        (CHAT, &[("sec-websocket-version", "8"), good], Error::Version, 400),
        (CHAT, &[VERSION, VERSION, good], Error::RepeatedVersion, 400),
        // RFC 6455 §10.2.
        (CHAT, &[VERSION], Error::MissingOrigin, 403),
        (CHAT, &[VERSION, ("origin", "https://bad")], Error::Origin, 403),
        (CHAT, &[VERSION, good, good], Error::RepeatedOrigin, 400),
        // RFC 6455 §11.3.4, §9.1.
        (CHAT, &[VERSION, good, ("sec-websocket-protocol", "a b")], Error::Protocols, 400),
        (CHAT, &[VERSION, good, ("sec-websocket-extensions", ";")], Error::Extensions, 400),
    ] {
        let refused = Offer::from_connect(&request, headers, origins).unwrap_err();
        assert_eq!(refused, error, "{request:?} {headers:?}");
        let refusal = refused.refuse_connect();
        assert_eq!(refusal.status(), status, "{error:?}");
        // RFC 9113 §8.2.2: no fields that are about the connection.
        let fields = listed(&refusal.to_fields().unwrap());
        assert!(
            fields.iter().all(|(name, _)| name != "connection" && name != "upgrade"),
            "{fields:?}"
        );
        // RFC 6455 §4.4: the version that is understood.
        let names_version = fields.contains(&(VERSION.0.into(), VERSION.1.into()));
        assert_eq!(names_version, error == Error::Version, "{error:?}");
    }
}

/// RFC 9113 §8.2.2, for what the caller adds: a refusal for HTTP/1.1 can be used over HTTP/2 as it is.
#[test]
fn an_upgrade_that_the_caller_adds_is_left_out() {
    let headers = [VERSION];
    let offer = Offer::from_connect(&CHAT, &headers, Origins::any()).unwrap();
    let added = [("UPGRADE", "websocket"), ("a", "b")];
    let refusal = offer.refuse(426).headers(&added);
    assert_eq!(listed(&refusal.to_fields().unwrap()), [("a".into(), "b".into())]);
}
