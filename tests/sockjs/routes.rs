//! What a request asks for.

use framewright::sockjs::{Callback, CallbackError, Receiver, Route, RouteError, Routes, Sender};

const ALL: Routes = Routes::new().legacy();

fn receive(session: &str, transport: Receiver) -> Result<Route<'_>, RouteError> {
    Ok(Route::Receive { session, transport })
}

fn not_allowed(allow: &'static str) -> Result<Route<'static>, RouteError> {
    Err(RouteError::MethodNotAllowed { allow })
}

// Session URLs, Greeting url, Info test, Raw WebSocket url

#[test]
fn each_path_has_its_method() {
    let rows: &[(&str, &str, Result<Route<'_>, RouteError>)] = &[
        ("GET", "", Ok(Route::Greeting)),
        ("GET", "/", Ok(Route::Greeting)),
        ("GET", "/?a=b", Ok(Route::Greeting)),
        ("POST", "/", not_allowed("GET")),
        ("GET", "/info", Ok(Route::Info)),
        ("GET", "/info/", Ok(Route::Info)),
        ("GET", "/info?t=1", Ok(Route::Info)),
        ("OPTIONS", "/info", Ok(Route::Preflight { methods: "OPTIONS, GET" })),
        ("POST", "/info", not_allowed("OPTIONS, GET")),
        ("GET", "/websocket", Ok(Route::RawWebSocket)),
        ("POST", "/websocket", not_allowed("GET")),
        ("GET", "/0/s/websocket", Ok(Route::WebSocket)),
        ("GET", "/0/s/websocket/", Ok(Route::WebSocket)),
        ("POST", "/0/s/websocket", not_allowed("GET")),
        ("POST", "/0/s/xhr", receive("s", Receiver::Xhr)),
        ("POST", "/999/s/xhr", receive("s", Receiver::Xhr)),
        ("POST", "/0/a%20b_-/xhr?t=7", receive("a%20b_-", Receiver::Xhr)),
        ("OPTIONS", "/0/s/xhr", Ok(Route::Preflight { methods: "OPTIONS, POST" })),
        ("GET", "/0/s/xhr", not_allowed("OPTIONS, POST")),
        ("POST", "/0/s/xhr_streaming", receive("s", Receiver::XhrStreaming)),
        ("OPTIONS", "/0/s/xhr_streaming", Ok(Route::Preflight { methods: "OPTIONS, POST" })),
        ("POST", "/0/s/xhr_send", Ok(Route::Send { session: "s", transport: Sender::Xhr })),
        ("OPTIONS", "/0/s/xhr_send", Ok(Route::Preflight { methods: "OPTIONS, POST" })),
        ("PUT", "/0/s/xhr_send", not_allowed("OPTIONS, POST")),
        ("GET", "/0/s/eventsource", receive("s", Receiver::EventSource)),
        ("POST", "/0/s/eventsource", not_allowed("GET")),
        ("GET", "/0/s/htmlfile?c=f", receive("s", Receiver::HtmlFile)),
        ("POST", "/0/s/htmlfile", not_allowed("GET")),
        ("GET", "/0/s/jsonp?c=f", receive("s", Receiver::Jsonp)),
        ("POST", "/0/s/jsonp_send", Ok(Route::Send { session: "s", transport: Sender::Jsonp })),
        ("GET", "/0/s/jsonp_send", not_allowed("POST")),
    ];
    for (method, path, expected) in rows {
        assert_eq!(ALL.parse(method, path), *expected, "{method} {path}");
    }
}

#[test]
fn nothing_is_at_other_paths() {
    for path in [
        "x",
        "/a",
        "/a.html",
        "//",
        "///",
        "/a/a",
        "/a/a/",
        "/INFO",
        "/info//",
        "/info/x",
        "//s/xhr",
        "/0//xhr",
        "/a./a/xhr",
        "/a/a./xhr",
        "/././xhr",
        "//xhr",
        "///xhr",
        "////xhr",
        "/0/s/xhr/x",
        "/0/s/xhr//",
        "/0/s/XHR",
        "/0/s/",
        "/0/s/send",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            assert_eq!(ALL.parse(method, path), Err(RouteError::NotFound), "{method} {path}");
        }
    }
}

// IFrame page

#[test]
fn the_page_for_iframes_has_any_version() {
    for path in [
        "/iframe.html",
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
    ] {
        assert_eq!(ALL.parse("GET", path), Ok(Route::Iframe), "{path}");
    }
    for path in [
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/iframe.HTML",
        "/iframe.xml",
        "/iframe-/.html",
        "/iframe-A.html",
        "/iframe%20.html",
    ] {
        assert_eq!(ALL.parse("GET", path), Err(RouteError::NotFound), "{path}");
    }
}

// Session URLs

#[test]
fn what_old_browsers_need_is_off_by_default_and_websockets_can_be() {
    let routes = Routes::new();
    assert_eq!(routes, Routes::default());
    for path in ["/0/s/htmlfile", "/0/s/jsonp", "/0/s/jsonp_send", "/iframe.html"] {
        assert_eq!(routes.parse("GET", path), Err(RouteError::NotFound), "{path}");
    }
    let routes = routes.websocket(false);
    for path in ["/websocket", "/0/s/websocket"] {
        assert_eq!(routes.parse("GET", path), Err(RouteError::NotFound), "{path}");
    }
}

#[test]
fn errors_have_a_status() {
    assert_eq!(RouteError::NotFound.status(), 404);
    assert_eq!(RouteError::MethodNotAllowed { allow: "GET" }.status(), 405);
}

// JsonpPolling, HtmlFile

#[test]
fn a_callback_is_a_name() {
    let name = "a".repeat(32);
    let long = format!("/jsonp?c={name}b");
    let fits = format!("/jsonp?c={name}");
    let rows: &[(&str, Result<&str, CallbackError>)] = &[
        ("/jsonp?c=callback", Ok("callback")),
        ("/jsonp?c=%63allback", Ok("callback")),
        ("/jsonp?callback=_jp.a-B.9", Ok("_jp.a-B.9")),
        ("/jsonp?t=1&c=x&c=y", Ok("x")),
        (&fits, Ok(&name)),
        (&long, Err(CallbackError::Invalid)),
        ("/jsonp", Err(CallbackError::Missing)),
        ("/jsonp?", Err(CallbackError::Missing)),
        ("/jsonp?c", Err(CallbackError::Missing)),
        ("/jsonp?c=", Err(CallbackError::Missing)),
        ("/jsonp?cc=x", Err(CallbackError::Missing)),
        ("/jsonp?c=%20", Err(CallbackError::Invalid)),
        ("/jsonp?c=*", Err(CallbackError::Invalid)),
        ("/jsonp?c=abc(", Err(CallbackError::Invalid)),
        ("/jsonp?c=abc%28", Err(CallbackError::Invalid)),
        ("/jsonp?c=a%", Err(CallbackError::Invalid)),
        ("/jsonp?c=a%6", Err(CallbackError::Invalid)),
        ("/jsonp?c=a%6x", Err(CallbackError::Invalid)),
        ("/jsonp?c=a%+6", Err(CallbackError::Invalid)),
    ];
    for (target, expected) in rows {
        let callback = Callback::parse(target);
        assert_eq!(callback.as_ref().map(Callback::as_str).map_err(|e| *e), *expected, "{target}");
    }
    assert_eq!(CallbackError::Missing.body(), "\"callback\" parameter required");
    assert_eq!(CallbackError::Invalid.body(), "invalid \"callback\" parameter");
}
