//! What happens to a client that breaks the rules of WebSocket. A browser cannot send such frames, so the gateway plays both ends in
//! memory: the client, and a connection that answers it.

use framewright::ws::{Connection, Inbox, Limits, Mask, MessageEvent};
use serde_json::{Value, json};

use crate::broken::describe;
use crate::request::Request;
use crate::response::Response;

const JSON: [(&str, &str); 2] =
    [("Content-Type", "application/json"), ("Cache-Control", "no-store")];

/// The masking key of the client that is played.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A way to break the rules.
struct Case {
    name: &'static str,
    title: &'static str,
    /// The rule, and where it is.
    rule: &'static str,
    section: &'static str,
    /// The frames: the bytes before the masking key, and the payload. Without a key, the frame is not masked.
    frames: &'static [(&'static [u8], bool, &'static [u8])],
}

const CASES: [Case; 14] = [
    Case {
        name: "utf8",
        title: "Bad UTF-8",
        rule: "Text is UTF-8. The byte C3 begins a character that 28 cannot continue.",
        section: "RFC 6455 §8.1",
        frames: &[(&[0x81, 0x82], true, &[0xC3, 0x28])],
    },
    Case {
        name: "reserved-bits",
        title: "A reserved bit",
        rule: "RSV2 is 0, unless an extension gives it a meaning.",
        section: "RFC 6455 §5.2",
        frames: &[(&[0xA1, 0x82], true, b"hi")],
    },
    Case {
        name: "reserved-opcode",
        title: "A reserved opcode",
        rule: "The opcodes 3 to 7 are reserved for data frames that no standard defines yet.",
        section: "RFC 6455 §5.2",
        frames: &[(&[0x83, 0x82], true, b"hi")],
    },
    Case {
        name: "unmasked",
        title: "No masking key",
        rule: "A client masks every frame, so that no script can choose the bytes that a proxy sees.",
        section: "RFC 6455 §5.1",
        frames: &[(&[0x81, 0x02], false, b"hi")],
    },
    Case {
        name: "lying-length",
        title: "A length that lies",
        rule: "The top bit of a 64-bit length is 0.",
        section: "RFC 6455 §5.2",
        frames: &[(&[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 5], true, b"hello")],
    },
    Case {
        name: "long-length",
        title: "A length in too many bytes",
        rule: "A length is written in the fewest bytes that hold it.",
        section: "RFC 6455 §5.2",
        frames: &[(&[0x81, 0xFE, 0, 2], true, b"hi")],
    },
    Case {
        name: "huge",
        title: "One tebibyte, announced",
        rule: "A message over the limit is refused at its header, before any of its payload comes.",
        section: "RFC 6455 §10.4",
        frames: &[(&[0x82, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0], true, b"")],
    },
    Case {
        name: "continuation",
        title: "A continuation of nothing",
        rule: "A continuation frame continues a message that an earlier frame began.",
        section: "RFC 6455 §5.4",
        frames: &[(&[0x80, 0x82], true, b"hi")],
    },
    Case {
        name: "interleaved",
        title: "A message within a message",
        rule: "The fragments of two messages are not mixed.",
        section: "RFC 6455 §5.4",
        frames: &[(&[0x01, 0x82], true, b"on"), (&[0x81, 0x82], true, b"hi")],
    },
    Case {
        name: "fragmented-ping",
        title: "A ping in fragments",
        rule: "A control frame is never in fragments.",
        section: "RFC 6455 §5.5",
        frames: &[(&[0x09, 0x81], true, b"!")],
    },
    Case {
        name: "long-ping",
        title: "A ping of 126 bytes",
        rule: "A control frame has at most 125 bytes of payload.",
        section: "RFC 6455 §5.5",
        frames: &[(&[0x89, 0xFE, 0, 126], true, &[b'p'; 126])],
    },
    Case {
        name: "close-code",
        title: "A close code that is never sent",
        rule: "1005 means that a close frame had no code, so no close frame has it.",
        section: "RFC 6455 §7.4.1",
        frames: &[(&[0x88, 0x82], true, &[0x03, 0xED])],
    },
    Case {
        name: "half-close-code",
        title: "Half a close code",
        rule: "The payload of a close frame is empty, or begins with a code of two bytes.",
        section: "RFC 6455 §5.5.1",
        frames: &[(&[0x88, 0x81], true, &[0x03])],
    },
    Case {
        name: "close-reason",
        title: "A reason that is not UTF-8",
        rule: "The reason in a close frame is UTF-8.",
        section: "RFC 6455 §5.5.1",
        frames: &[(&[0x88, 0x83], true, &[0x03, 0xE8, 0xFF])],
    },
];

/// Answers with the list of cases, or with what came of the one that the query names.
pub fn answer(request: &Request<'_>, response: &mut Response) {
    let name = request.query.split('&').find_map(|pair| pair.strip_prefix("case="));
    let value = match name {
        None => CASES.iter().map(Case::about).collect(),
        Some(name) => match CASES.iter().find(|case| case.name == name) {
            Some(case) => case.play(),
            None => return response.refuse(404, "there is no such case"),
        },
    };
    response.whole(200, JSON.iter(), value.to_string().as_bytes());
}

impl Case {
    fn about(&self) -> Value {
        json!({ "name": self.name, "title": self.title, "rule": self.rule, "section": self.section })
    }

    /// Lets a server receive the frames.
    fn play(&self) -> Value {
        let (mut input, mut sent) = (Vec::new(), Vec::new());
        for (header, masked, payload) in self.frames {
            let from = input.len();
            input.extend_from_slice(header);
            let mut payload = payload.to_vec();
            if *masked {
                input.extend_from_slice(&KEY);
                Mask::new(KEY).apply(&mut payload);
            }
            input.extend_from_slice(&payload);
            sent.push(describe(&input[from..]));
        }
        let mut server = Connection::server(Limits::new());
        let (mut inbox, mut out) = (Inbox::new(Vec::new()), Vec::new());
        let mut error = None;
        let mut input = &input[..];
        while let Some(event) = server.receive_message(&mut input, &mut inbox) {
            if let MessageEvent::Failed(e) = event {
                error = Some(e);
            }
        }
        server.transmit(&mut out);
        let mut played = self.about();
        played["sent"] = sent.into();
        played["error"] = error.map(|error| error.to_string()).into();
        played["code"] = error.map(|error| error.close_code().0).into();
        played["answer"] = describe(&out);
        played
    }
}
