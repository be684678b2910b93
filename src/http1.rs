//! Heads of HTTP/1.1 messages (RFC 9112), just as far as an upgrade needs.
