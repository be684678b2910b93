//! The ways in which bytes are written in a file.

use super::{ByteByByte, SETTINGS, Settings, report};
use crate::inspector::{Format, Sender};

/// A request, and two frames of a client.
const CLIENT: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

/// What xxd prints of it, and so on: each is the program's own output.
const DUMPS: [(&str, &str); 6] = [
    (
        "xxd",
        "00000000: 4745 5420 2f63 6861 7420 4854 5450 2f31  GET /chat HTTP/1
00000010: 2e31 0d0a 486f 7374 3a20 610d 0a41 6363  .1..Host: a..Acc
00000020: 6570 743a 202a 2f2a 0d0a 0d0a            ept: */*....
",
    ),
    (
        "xxd -p",
        "474554202f6368617420485454502f312e310d0a486f73743a20610d0a41
63636570743a202a2f2a0d0a0d0a
",
    ),
    (
        "hexdump -C",
        "00000000  47 45 54 20 2f 63 68 61  74 20 48 54 54 50 2f 31  |GET /chat HTTP/1|
00000010  2e 31 0d 0a 48 6f 73 74  3a 20 61 0d 0a 41 63 63  |.1..Host: a..Acc|
00000020  65 70 74 3a 20 2a 2f 2a  0d 0a 0d 0a              |ept: */*....|
0000002c
",
    ),
    (
        "od -A x -t x1",
        "000000 47 45 54 20 2f 63 68 61 74 20 48 54 54 50 2f 31
000010 2e 31 0d 0a 48 6f 73 74 3a 20 61 0d 0a 41 63 63
000020 65 70 74 3a 20 2a 2f 2a 0d 0a 0d 0a
00002c
",
    ),
    (
        "Wireshark, packet bytes",
        "0000   47 45 54 20 2f 63 68 61 74 20 48 54 54 50 2f 31   GET /chat HTTP/1
0010   2e 31 0d 0a 48 6f 73 74 3a 20 61 0d 0a 41 63 63   .1..Host: a..Acc
0020   65 70 74 3a 20 2a 2f 2a 0d 0a 0d 0a               ept: */*....
",
    ),
    (
        "source text",
        "0x47, 0x45, 0x54, 0x20, 0x2f, 0x63, 0x68, 0x61, 0x74, 0x20, 0x48, 0x54, 0x54, 0x50, 0x2f, 0x31,
\\x2e\\x31\\x0d\\x0a\\x48\\x6f\\x73\\x74\\x3a\\x20\\x61\\x0d\\x0a\\x41\\x63\\x63
# a comment
65:70:74:3a:20:2a:2f:2a:0d:0a:0d:0a
",
    ),
];

#[test]
fn every_kind_of_dump_is_read() {
    let expected = report(CLIENT, SETTINGS);
    assert!(
        expected.starts_with("→    000000  HTTP/1.1 GET /chat, head of 44 bytes\n"),
        "{expected}"
    );
    for (name, dump) in DUMPS {
        assert_eq!(report(dump.as_bytes(), SETTINGS), expected, "{name}");
        assert_eq!(report(ByteByByte(dump.as_bytes()), SETTINGS), expected, "{name}");
    }
}

#[test]
fn what_wireshark_indents_was_sent_by_the_server() {
    let follow = "00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 30 0d 0a   GET / HT TP/1.0..
00000010  0d 0a                                              ..
    00000000  48 54 54 50 2f 31 2e 31  20 32 30 34 20 4e 6f 0d   HTTP/1.1  204 No.
    00000010  0a 0d 0a                                           ...
";
    let expected = "→    000000  HTTP/1.1 GET /, head of 18 bytes
               version: 1.0
←    000000  HTTP/1.1 204 No, head of 19 bytes
";
    assert_eq!(report(follow.as_bytes(), SETTINGS), expected);
}

#[test]
fn a_star_repeats_a_line() {
    let dump = "00000000  82 30 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |.0aaaaaaaaaaaaaa|
00000010  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61  |aaaaaaaaaaaaaaaa|
*
00000030  61 61                                             |aa|
00000032
";
    let settings = Settings { sender: Some(Sender::Server), ..SETTINGS };
    let told = report(dump.as_bytes(), settings);
    assert!(told.contains("WebSocket binary, 48 bytes"), "{told}");
    assert!(told.contains(&format!("│ {}\n", "a".repeat(48))), "{told}");
    assert!(!told.contains("missing"), "{told}");
}

#[test]
fn what_is_no_hex_says_on_which_line() {
    let settings = Settings { format: Some(Format::Hex), ..SETTINGS };
    let told = report(&b"47 45\n54 2\n"[..], settings);
    assert_eq!(
        told.lines().last(),
        Some("error: line 2: it is neither hex nor a line of a hex dump")
    );
    // It ends far beyond what anybody has captured.
    let told = report(&b"0000: 61\n*\nffffffffffff: 61\n"[..], settings);
    assert!(told.ends_with("error: line 3: a `*` stands for more than a GiB\n"), "{told}");
}

#[test]
fn one_line_of_hex_is_a_dump_however_long() {
    for dump in ["81 02 68 69", "81 02 68 69\n", "81026869", "0000: 8102 6869"] {
        assert!(report(dump.as_bytes(), SETTINGS).contains("WebSocket text, 2 bytes"), "{dump}");
    }
    let long = "817e2000".to_owned() + &"61".repeat(0x2000);
    for dump in [long.clone(), long.replace("61", "61 ")] {
        let told = report(dump.as_bytes(), Settings { preview_len: 1, ..SETTINGS });
        assert!(told.contains("│ … and 8191 bytes more") && !told.contains("missing"), "{told}");
    }
}

#[test]
fn text_that_is_no_dump_is_taken_as_it_is() {
    let told = report(&b"data: feed\n\n"[..], SETTINGS);
    assert_eq!(told, "←    000000  SSE event, 4 bytes of data\n               │ feed\n");
}
