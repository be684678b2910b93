//! Payloads, judged beside another parser (RFC 8259).

use framewright::socketio::{Json, Packet, SendError};
use proptest::prelude::*;

fn is_array(json: &str) -> bool {
    Packet::parse(&format!("30{json}")).is_ok()
}

/// Judges an array of `text` as another parser does.
fn agrees(text: &str) {
    let array = format!("[{text}]");
    let other = serde_json::from_str::<serde_json::Value>(&array);
    // It refuses numbers that no `f64` can hold.
    let valid = other.map_or_else(|e| e.to_string().contains("out of range"), |_| true);
    assert_eq!(is_array(&array), valid, "{array}");
}

/// What is said to be valid is not looked at, but for its shape. Whatever it is, nothing panics.
#[test]
fn json_is_checked_where_it_is_made() {
    for (text, valid) in [
        ("{}", true),
        ("[1] ", true),
        ("null", true),
        ("", false),
        (" [1]", false),
        ("\n{}", false),
        ("[1", false),
        ("[1]]", false),
        ("nul", false),
        ("x", false),
    ] {
        let json = Json::new(text);
        assert_eq!(json.map(Json::as_str), if valid { Ok(text) } else { Err(SendError::Payload) });
        if let Ok(json) = json {
            assert_eq!(json, Json::assume_valid(text));
            assert_eq!(json.to_string(), text);
        }
    }
}

#[cfg(not(debug_assertions))]
proptest! {
    #[test]
    fn json_that_is_none_and_was_said_to_be_harms_nobody(text in "[\\[\\]{}:,\"a\\\\1 é\n]{0,12}") {
        let json = Json::assume_valid(&text);
        for packet in [Packet::event("/", json), Packet::ack("/", 1, json)] {
            let _ = (packet.event_name(), packet.arguments());
            let mut out = Vec::new();
            if packet.write(&mut out).is_ok() {
                assert!(out.ends_with(text.as_bytes()));
            }
        }
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "this is not JSON")]
fn a_debug_build_finds_out_who_is_wrong() {
    let _ = Json::assume_valid("[1");
}

#[test]
fn depth_has_a_limit() {
    for depth in [1, 126, 127, 128, 100_000] {
        let arrays = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(is_array(&format!("[{arrays}]")), depth < 128, "{depth}");
        let objects = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        assert_eq!(is_array(&format!("[{objects}]")), depth < 128, "{depth}");
    }
}

#[test]
fn values_are_judged_as_another_parser_does() {
    for text in [
        "",
        " ",
        "1",
        " 1 ",
        "-0",
        "01",
        "-",
        "1.",
        "1.5",
        ".5",
        "1e5",
        "1E+5",
        "1e",
        "1e-",
        "-1.5e-7",
        "-a",
        "true",
        "tru",
        "truex",
        "false",
        "null",
        "nul",
        "{}",
        "{]",
        "[}",
        "[1}",
        r#"{"a":1]"#,
        "{ }",
        "{\"a\"}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{a:1}",
        "[]",
        "[ ]",
        "[1]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1]]",
        "[1}",
        "{\"a\":[}]",
        "\"\"",
        "\"",
        "\"a\\",
        "\"\\n\\u00e9\\/\"",
        "\"\\u00g9\"",
        "\"\\u00\"",
        "\"\\x\"",
        "\"a\nb\"",
        "\"\u{7F}é\"",
        "[[],{},[{}]]",
        "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" : 1 , \"b\" : [ ] }",
        "1,2",
        "1],[2",
    ] {
        agrees(text);
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_as_another_parser_does(text in "[\\[\\]{}:,\"a\\\\01\\-.eé \n]{0,12}") {
        agrees(&text);
    }

    #[test]
    fn so_are_broken_values(at in 0_usize..50, with in "[\\[\\]{}:,\"\\\\0 ]?") {
        let mut text = String::from("\"e\",{\"a\":[1,-2.5e3,true],\"b\":\"\\u0041\"},null");
        let at = at.min(text.len() - 1);
        text.replace_range(at..=at, &with);
        agrees(&text);
    }
}

/// Runs are read in blocks of several lengths: what ends one may be at any place of them.
#[test]
fn runs_of_any_length_are_judged_as_another_parser_does() {
    for len in 0..70 {
        let (plain, digits) = ("é".repeat(len / 2) + &"a".repeat(len % 2), "1".repeat(len));
        for special in ["\"", "\\", "\\\"", "\\u0041", "\u{1F}", "\u{7F}", "\n", " ", "", "\"x"] {
            for after in [0, 1, 7, 8, 15, 16, 17] {
                agrees(&format!("\"{plain}{special}{}\"", "~".repeat(after)));
            }
        }
        for special in ["", ".", "e", "-", "/", ":", ".5", "e+1", "\u{B1}", " ", "\u{B}"] {
            agrees(&format!("0.{digits}{special}"));
            agrees(&format!("0.{digits}{special}{digits}"));
        }
    }
}

/// An event is read from its name on, and judged as a whole.
#[test]
fn an_event_is_judged_as_an_array_that_begins_with_a_name() {
    let name = ["\"e\"", "1", " \"e\" ", "-1.5", "[]", "null", "", "{}", "\"e"];
    let after = ["", ",", ",1", ",{}", ",[]]", ",1]", ",{\"a\":[1]}", "}", " ", ":1", ",1,", "]1"];
    for (name, after) in name.iter().flat_map(|name| after.map(|after| (name, after))) {
        for array in
            [format!("[{name}{after}]"), format!("[{name}{after}"), format!("[{name}{after}] ")]
        {
            let is_name = name.contains('1') || name.contains('"');
            let is_event = Packet::parse(&format!("2{array}")).is_ok();
            assert_eq!(is_event, is_array(&array) && is_name, "{array}");
        }
    }
    for depth in [1, 126, 127, 128] {
        let event = "2[\"e\",".to_owned() + &"[".repeat(depth) + &"]".repeat(depth) + "]";
        assert_eq!(Packet::parse(&event).is_ok(), depth < 128, "{depth}");
    }
}
