//! Payloads, judged beside another parser (RFC 8259).

use framewright::socketio::Packet;
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
