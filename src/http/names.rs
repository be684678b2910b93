//! The names of fields that mean something to this crate.

use super::syntax::is_in_any_case;

macro_rules! names {
    ($($name:ident $lower:literal)*) => {
        /// The name of a field that means something to this crate.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Name {
            $($name,)*
        }

        impl Name {
            /// Which name `text` is, in any case.
            ///
            /// The length decides which names it is compared with, and each of these is compared all
            /// at once.
            #[inline]
            pub(crate) fn of(text: &str) -> Option<Self> {
                Self::of_bytes(text.as_bytes())
            }

            /// Like [`of`](Self::of).
            #[inline]
            #[allow(non_upper_case_globals, reason = "a pattern has to be a name")]
            pub(crate) fn of_bytes(text: &[u8]) -> Option<Self> {
                $(const $name: usize = $lower.len();)*
                match text.len() {
                    $($name if is_in_any_case(text, $lower) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        #[cfg(test)]
        const ALL: &[(Name, &[u8])] = &[$((Name::$name, $lower),)*];
    };
}

names! {
    Accept b"accept"
    AcceptEncoding b"accept-encoding"
    Connection b"connection"
    ContentEncoding b"content-encoding"
    ContentLength b"content-length"
    ContentRange b"content-range"
    ContentType b"content-type"
    Expect b"expect"
    GrpcAcceptEncoding b"grpc-accept-encoding"
    GrpcEncoding b"grpc-encoding"
    GrpcMessage b"grpc-message"
    GrpcStatus b"grpc-status"
    GrpcStatusDetailsBin b"grpc-status-details-bin"
    GrpcTimeout b"grpc-timeout"
    Host b"host"
    KeepAlive b"keep-alive"
    Origin b"origin"
    ProxyConnection b"proxy-connection"
    RetryAfter b"retry-after"
    SecWebSocketAccept b"sec-websocket-accept"
    SecWebSocketExtensions b"sec-websocket-extensions"
    SecWebSocketKey b"sec-websocket-key"
    SecWebSocketProtocol b"sec-websocket-protocol"
    SecWebSocketVersion b"sec-websocket-version"
    Te b"te"
    Trailer b"trailer"
    TransferEncoding b"transfer-encoding"
    Upgrade b"upgrade"
    UserAgent b"user-agent"
    XGrpcWeb b"x-grpc-web"
    XUserAgent b"x-user-agent"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_case() {
        for (name, lower) in ALL {
            let lower = std::str::from_utf8(lower).unwrap();
            assert_eq!(Name::of(lower), Some(*name));
            assert_eq!(Name::of(&lower.to_uppercase()), Some(*name));
            assert_eq!(Name::of(&lower[1..]), None);
            assert_eq!(Name::of(&std::format!("{lower}\0")), None);
            // Without the bit that makes the first byte a letter.
            let first = char::from(lower.as_bytes()[0] & 0x3F);
            assert_eq!(Name::of(&std::format!("{first}{}", &lower[1..])), None);
        }
    }
}
