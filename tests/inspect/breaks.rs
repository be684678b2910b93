//! Streams that break a rule: what is said, where, and to whom.

use super::{ByteByByte, SETTINGS, Settings, report};
use crate::inspector::{Protocol, Sender};

/// A stream, who sends it, and what is said of it: the place, the error, the section, and the answer.
struct Break {
    protocol: Protocol,
    sender: Sender,
    bytes: &'static [u8],
    says: [&'static str; 4],
}

/// The bytes are counted by hand: the offset is that of the byte with which it is wrong.
const BREAKS: [Break; 14] = [
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Client,
        bytes: b"\x81\x80\0\0\0\0\xA1\x80\0\0\0\0",
        says: ["000006", "reserved bit set", "(§5.2)", "1002 (protocol error)"],
    },
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Client,
        bytes: b"\x82\xFE\0\x05\0\0\0\0Hello",
        says: ["000003", "not in its shortest form", "(§5.2)", "1002 (protocol error)"],
    },
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Server,
        bytes: b"\x81\x05He\xFFlo",
        says: ["000004", "text is not UTF-8", "(§8.1)", "1007 (invalid payload data)"],
    },
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Server,
        bytes: b"\x81\x85\0\0\0\0Hello",
        says: ["000001", "server's frame is masked", "(§5.1)", "1002 (protocol error)"],
    },
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Server,
        bytes: b"\xC1\x03\xFF\xFF\xFF",
        says: ["~000000", "cannot be inflated", "(RFC 7692 §7.2.2)", "1007 (invalid payload data)"],
    },
    Break {
        protocol: Protocol::WebSocket,
        sender: Sender::Server,
        bytes: b"\x88\x02\x03\xED",
        says: ["000000", "close code must not be sent", "(§7.4)", "1002 (protocol error)"],
    },
    Break {
        protocol: Protocol::Http1,
        sender: Sender::Client,
        bytes: b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        says: ["000010", "header", "(§5.1, §5.2)", "400 Bad Request"],
    },
    Break {
        protocol: Protocol::Http1,
        sender: Sender::Client,
        bytes: b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX",
        says: ["00003d", "chunk", "(§7.1)", "400 Bad Request"],
    },
    Break {
        protocol: Protocol::Http2,
        sender: Sender::Server,
        bytes: b"\0\0\0\x04\0\0\0\0\0\0\0\x05\x06\0\0\0\0\0",
        says: ["000009", "length", "(§6)", "6 (frame size error)"],
    },
    Break {
        protocol: Protocol::Http2,
        sender: Sender::Server,
        bytes: b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x04\0\0\0\x01\x80",
        says: ["000012", "index", "(RFC 7541 §2.3.3)", "9 (compression error)"],
    },
    Break {
        protocol: Protocol::Grpc,
        sender: Sender::Client,
        bytes: b"\0\0\0\0\x01a\x02\0\0\0\0",
        says: ["000006", "flag", "Compressed-Flag", "INTERNAL"],
    },
    Break {
        protocol: Protocol::Stomp,
        sender: Sender::Client,
        bytes: b"CONNECT\naccept-version:1.2\n\n\0SENT\n\n\0",
        says: ["000021", "command", "is no command", "an ERROR frame"],
    },
    Break {
        protocol: Protocol::Stomp,
        sender: Sender::Server,
        bytes: b"CONNECTED\nversion:1.2\n\n\0MESSAGE\na:\\t\n\n\0",
        says: ["000024", "escape", "Value Encoding", "the client closes"],
    },
    Break {
        protocol: Protocol::EngineIo,
        sender: Sender::Client,
        bytes: b"2\x1Ez",
        says: ["000002", "0x7A", "is not the digit of a kind", "1002 (protocol error)"],
    },
];

#[test]
fn what_breaks_a_rule_is_told_with_its_place_its_section_and_the_answer() {
    for Break { protocol, sender, bytes, says } in BREAKS {
        let settings = Settings { protocol: Some(protocol), sender: Some(sender), ..SETTINGS };
        let told = report(bytes, settings);
        assert_eq!(report(ByteByByte(bytes), settings), told, "{protocol:?}");
        let lines: Vec<&str> = told.lines().collect();
        let at = lines.iter().position(|line| line.contains('✗'));
        let at = at.unwrap_or_else(|| panic!("{protocol:?}: nothing is wrong in\n{told}"));
        let item = lines[..at].iter().rposition(|line| line.starts_with(['→', '←'])).unwrap();
        let found = [lines[item], lines[at], lines[at + 1], lines[at + 2]];
        for (line, expected) in found.iter().zip(says) {
            assert!(
                line.contains(expected),
                "{protocol:?}: {expected:?} is not in {line:?} of\n{told}"
            );
        }
    }
}

#[test]
fn the_other_direction_goes_on() {
    let dump = "00000000: 81 80 00 00 00 00 ff\n    00000000: 81 02 68 69\n";
    let (protocol, sender) = (Some(Protocol::WebSocket), Some(Sender::Client));
    let settings = Settings { protocol, sender, ..SETTINGS };
    let told = report(dump.as_bytes(), settings);
    let wrong = told.find("the rest of what the client sends is not decoded").expect("it is wrong");
    let goes_on = told.find("│ hi").expect("it goes on");
    assert!(wrong < goes_on, "{told}");
}

#[test]
fn what_is_cut_off_says_what_is_missing() {
    let settings = Settings { sender: Some(Sender::Server), ..SETTINGS };
    for (bytes, missing) in [
        (&b"\x81\x05Hel"[..], "2 bytes of the payload are missing"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "its rest is missing"),
        (b"data: 1\n\ndata: 2\n", "the blank line after it is missing"),
        (b"CONNECTED\nversion:1.2\n\n", "its NUL, is missing"),
        (b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x06", "cut off"),
    ] {
        let told = report(bytes, settings);
        assert!(told.contains(missing), "{missing:?} is not in\n{told}");
    }
}

#[test]
fn nothing_on_the_wire_steers_the_terminal() {
    let told = report(&b"\x81\x0B\x1B[31mred\xE2\x80\xAE"[..], SETTINGS);
    assert!(!told.contains('\x1B') && !told.contains('\u{202E}'), "{told:?}");
    let told = report(&b"GET /\x7F HTTP/1.1\r\nHost: a\r\nA: \xE2\x80\xAE\r\n\r\n"[..], SETTINGS);
    assert!(!told.contains('\u{202E}'), "{told:?}");
}
