//! Frames, as each transport has them.

use framewright::sockjs::{AttachError, Callback, Frame, Framing};
use framewright::{ArrayBuf, Buffer, BufferFull};

fn callback() -> Callback {
    Callback::parse("?c=f.g").unwrap()
}

fn all() -> [Framing; 6] {
    [
        Framing::WebSocket,
        Framing::Xhr,
        Framing::XhrStreaming,
        Framing::EventSource,
        Framing::HtmlFile(callback()),
        Framing::Jsonp(callback()),
    ]
}

fn encoded(framing: Framing, frame: Frame<'_>) -> String {
    let mut out = ArrayBuf::<256>::new();
    framing.encode(frame, &mut out).unwrap();
    String::from_utf8(out.as_slice().to_vec()).unwrap()
}

// Protocol and framing, XhrPolling, XhrStreaming, EventSource, HtmlFile, JsonpPolling

#[test]
fn each_transport_wraps_the_same_frames() {
    let rows = [
        (Frame::Open, "o", "o"),
        (Frame::Heartbeat, "h", "h"),
        (Frame::Messages(&[]), "a[]", "a[]"),
        (Frame::Messages(&["x", ""]), r#"a["x",""]"#, r#"a[\"x\",\"\"]"#),
        (
            Frame::Close { code: 3000, reason: "Go away!" },
            r#"c[3000,"Go away!"]"#,
            r#"c[3000,\"Go away!\"]"#,
        ),
        (
            AttachError::AnotherOpen.frame(),
            r#"c[2010,"Another connection still open"]"#,
            r#"c[2010,\"Another connection still open\"]"#,
        ),
        (
            AttachError::Over.frame(),
            r#"c[1002,"Connection interrupted"]"#,
            r#"c[1002,\"Connection interrupted\"]"#,
        ),
    ];
    for (frame, plain, script) in rows {
        let expected = [
            plain.to_owned(),
            format!("{plain}\n"),
            format!("{plain}\n"),
            format!("data: {plain}\r\n\r\n"),
            format!("<script>\np(\"{script}\");\n</script>\r\n"),
            format!("/**/f.g(\"{script}\");\r\n"),
        ];
        assert_eq!(all().map(|framing| encoded(framing, frame)), expected);
    }
}

#[test]
fn what_a_transport_would_misread_is_escaped() {
    let frame = Frame::Messages(&["100%41 %E9\r\n\0</script>\"\\"]);
    let plain = "a[\"100%41 %E9\\r\\n\\u0000</script>\\\"\\\\\"]";
    let script = "a[\\\"100%41 %E9\\\\r\\\\n\\\\u0000</script>\\\\\\\"\\\\\\\\\\\"]";
    let expected = [
        plain.to_owned(),
        format!("{plain}\n"),
        format!("{plain}\n"),
        // The client applies `decodeURI` to each event.
        format!("data: {}\r\n\r\n", plain.replace('%', "%25")),
        format!("<script>\np(\"{}\");\n</script>\r\n", script.replace('<', "\\u003c")),
        format!("/**/f.g(\"{script}\");\r\n"),
    ];
    assert_eq!(all().map(|framing| encoded(framing, frame)), expected);
}

// JSON Unicode Encoding

#[test]
fn characters_that_get_lost_on_the_way_are_escaped_and_no_others() {
    let escaped = |char: char| {
        let mut buffer = [0; 4];
        let text = encoded(Framing::WebSocket, Frame::Messages(&[char.encode_utf8(&mut buffer)]));
        text.strip_prefix("a[\"").unwrap().strip_suffix("\"]").unwrap().to_owned()
    };
    for char in '\0'..=char::MAX {
        let expected = match char {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\u{C}' => "\\f".to_owned(),
            '\r' => "\\r".to_owned(),
            '\0'..='\u{1F}'
            | '\u{200C}'..='\u{200F}'
            | '\u{2028}'..='\u{202F}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FFF0}'..='\u{FFFF}' => format!("\\u{:04x}", u32::from(char)),
            char => char.to_string(),
        };
        if cfg!(miri) && u32::from(char) % 64 > 1 {
            continue;
        }
        assert_eq!(escaped(char), expected, "{char:?}");
    }
}

// XhrStreaming, EventSource, HtmlFile

#[test]
fn preludes_are_long_enough_for_browsers_that_wait_for_bytes() {
    let mut out = ArrayBuf::<2560>::new();
    let mut prelude = |framing: Framing| {
        out.clear();
        framing.encode_prelude(&mut out).unwrap();
        String::from_utf8(out.as_slice().to_vec()).unwrap()
    };
    let [websocket, xhr, streaming, event_source, html_file, jsonp] = all();
    for framing in [websocket, xhr, jsonp] {
        assert_eq!(prelude(framing), "");
    }
    assert_eq!(prelude(streaming), "h".repeat(2048) + "\n");
    assert_eq!(prelude(event_source), "\r\n");
    let page = prelude(html_file);
    assert!(page.len() > 1024 && page.ends_with("  \r\n\r\n"));
    let head = concat!(
        "<!doctype html>\n<html><head>\n",
        "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n",
        "  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n",
        "</head><body><h2>Don't panic!</h2>\n",
        "  <script>\n",
        "    document.domain = document.domain;\n",
        "    var c = parent.f.g;\n",
        "    c.start();\n",
        "    function p(d) {c.message(d);};\n",
        "    window.onload = function() {c.stop();};\n",
        "  </script>",
    );
    assert_eq!(page.trim_end(), head);
}

#[test]
fn a_frame_is_written_whole_or_not_at_all() {
    for framing in all() {
        let frame = Frame::Close { code: 1000, reason: "Normal \"closure\" <%>" };
        let len = encoded(framing, frame).len();
        for room in 0..len {
            let mut bytes = vec![0; room];
            let mut out = framewright::SliceBuf::new(&mut bytes);
            assert_eq!(framing.encode(frame, &mut out), Err(BufferFull { needed: len }));
            assert!(out.is_empty());
        }
    }
}
