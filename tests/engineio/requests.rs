//! What requests ask for, and the fixed answers (*Handshake*).

use framewright::engineio::{Answer, Refusal, Request, Transport};

const OPEN: Request<'_> = Request::Open { transport: Transport::Polling, base64: false };
const OPEN_SOCKET: Request<'_> = Request::Open { transport: Transport::WebSocket, base64: false };

/// (*Query parameters*)
#[test]
fn each_request_is_taken_for_what_it_is() {
    let sid = "lv_VI97HAXpY6yYWAAAC";
    for (method, query, upgrade, expected) in [
        ("GET", "EIO=4&transport=polling", false, Ok(OPEN)),
        ("GET", "transport=polling&EIO=4&t=abc&x", false, Ok(OPEN)),
        ("GET", "EIO=4&transport=websocket", true, Ok(OPEN_SOCKET)),
        (
            "GET",
            "EIO=4&transport=websocket&b64=1",
            true,
            Ok(Request::Open { transport: Transport::WebSocket, base64: true }),
        ),
        // JSONP is not spoken.
        ("GET", "EIO=4&transport=polling&j=0", false, Ok(OPEN)),
        (
            "GET",
            "EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAC",
            false,
            Ok(Request::Get { sid }),
        ),
        (
            "POST",
            "sid=lv_VI97HAXpY6yYWAAAC&EIO=4&transport=polling",
            false,
            Ok(Request::Post { sid }),
        ),
        (
            "GET",
            "EIO=4&transport=websocket&sid=lv_VI97HAXpY6yYWAAAC",
            true,
            Ok(Request::Upgrade { sid }),
        ),
        // The protocol's own suite has these.
        ("GET", "EIO=4", false, Err(Refusal::UnknownTransport)),
        ("GET", "EIO=4&transport=abc", false, Err(Refusal::UnknownTransport)),
        ("POST", "EIO=4&transport=polling", false, Err(Refusal::BadHandshakeMethod)),
        ("PUT", "EIO=4&transport=polling", false, Err(Refusal::BadHandshakeMethod)),
        ("GET", "transport=polling", false, Err(Refusal::UnsupportedVersion)),
        ("GET", "EIO=abc&transport=polling", false, Err(Refusal::UnsupportedVersion)),
        ("GET", "EIO=3&transport=websocket", true, Err(Refusal::UnsupportedVersion)),
        ("GET", "EIO=4&transport=polling&sid=", false, Err(Refusal::UnknownSid)),
        ("GET", "EIO=4&transport=websocket", false, Err(Refusal::BadRequest)),
        ("GET", "EIO=4&transport=polling", true, Err(Refusal::BadRequest)),
        ("GET", "EIO=4&EIO=4&transport=polling", false, Err(Refusal::BadRequest)),
        ("POST", "EIO=4&transport=websocket&sid=x", false, Err(Refusal::BadRequest)),
        ("PUT", "EIO=4&transport=polling&sid=x", false, Err(Refusal::MethodNotAllowed)),
        ("DELETE", "EIO=4&transport=polling&sid=x", false, Err(Refusal::MethodNotAllowed)),
        ("HEAD", "EIO=4&transport=polling&sid=x", false, Err(Refusal::MethodNotAllowed)),
        ("GET", "", false, Err(Refusal::UnknownTransport)),
    ] {
        let target = format!("/engine.io/?{query}");
        assert_eq!(Request::parse(method, &target, upgrade), expected, "{method} {query}");
    }
    assert_eq!(Request::parse("GET", "/engine.io/", false), Err(Refusal::UnknownTransport));
}

#[test]
fn each_refusal_has_the_answer_that_clients_know() {
    for (refusal, status, body) in [
        (Refusal::UnknownTransport, 400, r#"{"code":0,"message":"Transport unknown"}"#),
        (Refusal::UnknownSid, 400, r#"{"code":1,"message":"Session ID unknown"}"#),
        (Refusal::BadHandshakeMethod, 400, r#"{"code":2,"message":"Bad handshake method"}"#),
        (Refusal::BadRequest, 400, r#"{"code":3,"message":"Bad request"}"#),
        (Refusal::Forbidden, 403, r#"{"code":4,"message":"Forbidden"}"#),
        (
            Refusal::UnsupportedVersion,
            400,
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
        ),
        (Refusal::PayloadTooLarge, 413, r#"{"code":3,"message":"Payload too large"}"#),
        (Refusal::MethodNotAllowed, 405, r#"{"code":3,"message":"Method not allowed"}"#),
    ] {
        assert_eq!(refusal.answer(), Answer { status, content_type: "application/json", body });
    }
    assert_eq!((Answer::OK.status, Answer::OK.body), (200, "ok"));
}
