//! Which fields the encoder's table gets, and which no table may get (RFC 7541 §7.1).

/// What becomes of a literal in the table (§6.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LiteralKind {
    /// The table gets it.
    Indexed,
    /// The table does not get it, except the first one of a name.
    Unindexed,
    /// No table may ever hold it.
    NeverIndexed,
}

impl LiteralKind {
    /// What becomes of a field that nobody has marked as sensitive.
    ///
    /// A secret that is short enough to be guessed must not be in a table, because whether a guess is there
    /// shows in the length of a block (§7.1.3). A value that changes from message to message would only
    /// drive out those that repeat. A path without a query is indexed: a client of gRPC calls few methods.
    pub(super) fn of(name: &[u8], value: &[u8]) -> Self {
        match name {
            b"authorization" | b"proxy-authorization" | b"set-cookie" => Self::NeverIndexed,
            b"cookie" if value.len() < LONG_SECRET => Self::NeverIndexed,
            b":path" if memchr::memchr(b'?', value).is_some() => Self::Unindexed,
            b"age"
            | b"content-length"
            | b"content-range"
            | b"date"
            | b"etag"
            | b"expires"
            | b"grpc-message"
            | b"grpc-status-details-bin"
            | b"grpc-timeout"
            | b"if-modified-since"
            | b"if-none-match"
            | b"last-modified"
            | b"location"
            | b"range"
            | b"traceparent"
            | b"tracestate" => Self::Unindexed,
            _ => Self::Indexed,
        }
    }
}

/// A cookie of that many bytes cannot be guessed one at a time. Browsers draw the line there too.
const LONG_SECRET: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_indexed_and_no_short_secret_is() {
        for (name, value, kind) in [
            (":path", "/user.UserService/GetUser", LiteralKind::Indexed),
            (":path", "/search?q=1", LiteralKind::Unindexed),
            ("grpc-timeout", "1S", LiteralKind::Unindexed),
            ("content-length", "1", LiteralKind::Unindexed),
            ("content-type", "application/grpc", LiteralKind::Indexed),
            ("x-anything", "else", LiteralKind::Indexed),
            ("authorization", "Bearer 0123456789012345678901", LiteralKind::NeverIndexed),
            ("cookie", "id=0123456789012345", LiteralKind::NeverIndexed),
            ("cookie", "id=01234567890123456", LiteralKind::Indexed),
            ("set-cookie", "id=01234567890123456", LiteralKind::NeverIndexed),
        ] {
            assert_eq!(LiteralKind::of(name.as_bytes(), value.as_bytes()), kind, "{name}");
        }
    }
}
