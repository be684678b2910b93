//! Heads of responses.

use framewright::sockjs::{
    Callback, CallbackError, Cookie, Cors, Error, Framing, IframePage, Info, Reply, RouteError,
    Routes,
};
use framewright::{ArrayBuf, Buffer};

const NOT_CACHED: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

fn text(reply: &Reply<'_>) -> String {
    let mut text = format!("{}", reply.status());
    for (name, value) in reply.fields() {
        text += &format!("\n{name}: {}", str::from_utf8(value).unwrap());
    }
    text
}

// Greeting url, IFrame page, Info test, XhrPolling, JsonpPolling

#[test]
fn each_answer_has_its_type_and_what_caches_may_do() {
    let plain = "Content-Type: text/plain; charset=UTF-8";
    let script = "Content-Type: application/javascript; charset=UTF-8";
    let never = format!("Cache-Control: {NOT_CACHED}");
    let receiver = |framing| Reply::receiver(framing);
    let callback = Callback::parse("?c=f").unwrap();
    let year = "Cache-Control: public, max-age=31536000\nExpires: Thu, 31 Dec 2099 23:59:59 GMT";
    let tag = "ETag: \"sockjs-iframe-1\"";
    let rows = [
        (Reply::greeting(), format!("200\n{plain}"), "Welcome to SockJS!\n"),
        (Reply::info(), format!("200\nContent-Type: application/json; charset=UTF-8\n{never}"), ""),
        (receiver(Framing::Xhr), format!("200\n{script}\n{never}"), ""),
        (receiver(Framing::XhrStreaming), format!("200\n{script}\n{never}"), ""),
        (
            receiver(Framing::EventSource),
            format!("200\nContent-Type: text/event-stream\n{never}"),
            "",
        ),
        (
            receiver(Framing::HtmlFile(callback)),
            format!("200\nContent-Type: text/html; charset=UTF-8\n{never}"),
            "",
        ),
        (
            receiver(Framing::Jsonp(callback)),
            format!("200\n{script}\nX-Content-Type-Options: nosniff\n{never}"),
            "",
        ),
        (Reply::sent(), format!("204\n{plain}\n{never}"), ""),
        (Reply::sent_by_jsonp(), format!("200\n{plain}\n{never}"), "ok"),
        (Reply::refused(Error::Json), format!("500\n{plain}\n{never}"), "Broken JSON encoding."),
        (
            Reply::refused(Error::PayloadMissing),
            format!("500\n{plain}\n{never}"),
            "Payload expected.",
        ),
        (
            Reply::callback_refused(CallbackError::Missing),
            format!("500\n{plain}\n{never}"),
            "\"callback\" parameter required",
        ),
        (Reply::session_unknown(), format!("404\n{never}"), ""),
        (Reply::not_routed(RouteError::NotFound), "404".to_owned(), ""),
        (
            Reply::not_routed(RouteError::MethodNotAllowed { allow: "GET" }),
            "405\nAllow: GET".to_owned(),
            "",
        ),
        (Reply::not_websocket(), format!("400\n{plain}"), "Can \"Upgrade\" only to \"WebSocket\"."),
        (
            Reply::iframe(None),
            format!("200\nContent-Type: text/html; charset=UTF-8\n{year}\n{tag}"),
            "",
        ),
        (
            Reply::iframe(Some(b"\"other\"")),
            format!("200\nContent-Type: text/html; charset=UTF-8\n{year}\n{tag}"),
            "",
        ),
        (Reply::iframe(Some(b"\"sockjs-iframe-1\"")), format!("304\n{year}\n{tag}"), ""),
    ];
    for (reply, head, body) in rows {
        assert_eq!(text(&reply), head);
        assert_eq!(reply.body(), body.as_bytes());
    }
}

#[test]
fn pages_of_every_origin_may_read_with_their_cookies() {
    let none = Cors::from_fields([("Host", "a")].iter());
    let cors = |origin| Cors::from_fields([("origin", origin)]);
    let prefix = format!("{}\n", text(&Reply::sent()));
    for (cors, expected) in [
        (none, "Access-Control-Allow-Origin: *\nVary: Origin"),
        (
            cors(&"https://a.b"),
            "Access-Control-Allow-Origin: https://a.b\nAccess-Control-Allow-Credentials: true\nVary: Origin",
        ),
        (
            cors(&"null"),
            "Access-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\nVary: Origin",
        ),
    ] {
        assert_eq!(text(&Reply::sent().cors(cors)).strip_prefix(&prefix), Some(expected));
    }
}

#[test]
fn a_preflight_is_answered_for_a_year() {
    let fields = [("Origin", "x"), ("Access-Control-Request-Headers", "a, b")];
    let reply = Reply::preflight("OPTIONS, POST").cors(Cors::from_fields(fields.iter()));
    assert_eq!(
        text(&reply),
        "204\nCache-Control: public, max-age=31536000\nExpires: Thu, 31 Dec 2099 23:59:59 GMT\n\
        Access-Control-Allow-Methods: OPTIONS, POST\nAccess-Control-Max-Age: 31536000\n\
        Access-Control-Allow-Headers: a, b\nAccess-Control-Allow-Origin: x\n\
        Access-Control-Allow-Credentials: true\nVary: Origin"
    );
    // Other answers do not repeat what the request asks for.
    let reply = Reply::sent().cors(Cors::from_fields(fields.iter()));
    assert!(!text(&reply).contains("a, b"));
}

// JSESSIONID cookie

#[test]
fn the_cookie_of_the_client_is_kept() {
    let long = format!("JSESSIONID={}", "x".repeat(150));
    for (header, expected) in [
        (None, "JSESSIONID=dummy; path=/"),
        (Some("JSESSIONID=abcdef"), "JSESSIONID=abcdef; path=/"),
        (Some("a=b; JSESSIONID=c.node1; d=e"), "JSESSIONID=c.node1; path=/"),
        (Some("XJSESSIONID=abcdef"), "JSESSIONID=dummy; path=/"),
        (Some("JSESSIONID=\"a b\""), "JSESSIONID=\"a b\"; path=/"),
        (Some(&long), "JSESSIONID=dummy; path=/"),
    ] {
        let fields = header.map(|header| ("cookie", header));
        let cookie = Cookie::from_fields(fields.iter());
        let reply = Reply::not_routed(RouteError::NotFound).cookie(&cookie);
        assert_eq!(text(&reply), format!("404\nSet-Cookie: {expected}"), "{header:?}");
    }
}

// Info test

#[test]
fn info_is_json() {
    let encoded = |info: Info<'_>| {
        let mut out = ArrayBuf::<256>::new();
        info.encode(&mut out).unwrap();
        String::from_utf8(out.as_slice().to_vec()).unwrap()
    };
    let info = Info::new(&Routes::new(), u32::MAX);
    assert_eq!(
        encoded(info),
        r#"{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":4294967295}"#
    );
    let info = Info::new(&Routes::new().websocket(false), 0).cookie_needed().base_url("/\"x");
    assert_eq!(
        encoded(info),
        r#"{"websocket":false,"origins":["*:*"],"cookie_needed":true,"entropy":0,"base_url":"/\"x"}"#
    );
}

// IFrame page

#[test]
fn the_page_for_iframes_is_that_of_the_protocol() {
    let mut out = ArrayBuf::<1024>::new();
    IframePage::new("/sockjs.js?a&b'").unwrap().encode(&mut out).unwrap();
    let expected = "<!DOCTYPE html>
<html>
<head>
  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />
  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />
  <script src=\"/sockjs.js?a&b'\"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>";
    assert_eq!(str::from_utf8(out.as_slice()), Ok(expected));
    for url in ["a\"b", "a b", "a<b", "a>b", "a\nb", "a\x7Fb"] {
        assert!(IframePage::new(url).is_none(), "{url:?}");
    }
}
