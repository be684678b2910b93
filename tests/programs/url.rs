//! The URLs of all examples.

use crate::client::examples::socket::Target;

#[test]
fn a_url_has_a_default_port_and_path() {
    // The URL; the scheme, host and port to connect to; what the request has.
    let cases = [
        ("ws://example.com", "http", "example.com", 80, "example.com", "/"),
        ("wss://example.com/a", "https", "example.com", 443, "example.com", "/a"),
        (
            "http://example.com:8080/a?b=c&d",
            "http",
            "example.com",
            8080,
            "example.com:8080",
            "/a?b=c&d",
        ),
        ("https://example.com:443/a", "https", "example.com", 443, "example.com", "/a"),
        ("https://example.com:80?q", "https", "example.com", 80, "example.com:80", "/?q"),
        ("HTTP://example.com/#part", "http", "example.com", 80, "example.com", "/"),
        ("ws://[::1]:9000/x", "http", "::1", 9000, "[::1]:9000", "/x"),
        ("wss://[2001:db8::1]", "https", "2001:db8::1", 443, "[2001:db8::1]", "/"),
        ("127.0.0.1:8080", "http", "127.0.0.1", 8080, "127.0.0.1:8080", "/"),
        ("localhost:8080/ws/echo", "http", "localhost", 8080, "localhost:8080", "/ws/echo"),
        ("[::1]:8080", "http", "::1", 8080, "[::1]:8080", "/"),
    ];
    for (url, scheme, host, port, authority, path) in cases {
        let target = Target::parse(url).unwrap();
        assert_eq!(target.scheme(), scheme, "{url}");
        assert_eq!(target.is_secure(), scheme == "https", "{url}");
        assert_eq!(target.address(), (host, port), "{url}");
        assert_eq!((target.authority(), target.path()), (authority, path), "{url}");
    }
}

#[test]
fn what_is_no_url_is_refused() {
    for url in [
        "",
        "ftp://example.com",
        "ws://",
        "ws://a b",
        "ws://me:secret@example.com",
        "ws://a:0",
        "ws://a:99999",
    ] {
        assert!(Target::parse(url).is_err(), "{url}");
    }
}
