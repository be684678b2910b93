//! The ends of python-h2, in a process of its own.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use framewright::http2::Role;
use serde_json::{Value, json};

use crate::end::{Call, End, List, Seen, Turn, see, sorted};

/// The process. It has any number of connections, by number. A line in JSON asks it, and a line answers.
pub struct Python {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    connections: u64,
}

impl Python {
    /// Starts an interpreter that has `h2`.
    pub fn start(interpreter: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/ends.py");
        let mut child = Command::new(interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter is there");
        let (to, from) = (child.stdin.take(), child.stdout.take().expect("it is piped"));
        Self { child, to, from: BufReader::new(from), connections: 0 }
    }

    fn ask(&mut self, question: &Value) {
        let to = self.to.as_mut().expect("it is open");
        writeln!(to, "{question}").expect("it reads");
    }

    fn answer(&mut self) -> Value {
        self.to.as_mut().expect("it is open").flush().expect("it reads");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("it writes");
        serde_json::from_str(&line).expect("it has not failed")
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends when its input does.
        self.to.take();
        self.child.wait().expect("it ends");
    }
}

/// An end.
pub struct PythonEnd {
    python: Rc<RefCell<Python>>,
    number: u64,
}

impl PythonEnd {
    pub fn new(python: &Rc<RefCell<Python>>, role: Role) -> Self {
        let mut process = python.borrow_mut();
        process.connections += 1;
        let number = process.connections;
        process.ask(&json!([number, "new", role == Role::Client]));
        Self { python: Rc::clone(python), number }
    }
}

impl End for PythonEnd {
    fn call(&mut self, call: &Call) {
        let number = self.number;
        let question = match call {
            Call::Open { stream, head, end } | Call::Respond { stream, head, end } => {
                json!([number, "head", stream, head, end])
            }
            Call::Body { stream, bytes, end } => json!([number, "body", stream, hex(bytes), end]),
            Call::Trailers { stream, trailers } => json!([number, "trailers", stream, trailers]),
            Call::Reset { stream, code } => json!([number, "reset", stream, code]),
            Call::Ping(payload) => json!([number, "ping", hex(payload)]),
            Call::Settings { window, table } => json!([number, "settings", window, table]),
        };
        self.python.borrow_mut().ask(&question);
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.python.borrow_mut().ask(&json!([self.number, "receive", hex(bytes)]));
    }

    fn take(&mut self) -> Turn {
        let mut python = self.python.borrow_mut();
        python.ask(&json!([self.number, "take"]));
        let answer = python.answer();
        let [Value::Array(events), wrote] = &answer.as_array().expect("a list")[..] else {
            panic!("events and bytes: {answer}");
        };
        let mut seen = Vec::new();
        events.iter().for_each(|event| see(&mut seen, parse(event)));
        Turn { seen, wrote: unhex(wrote) }
    }
}

impl Drop for PythonEnd {
    fn drop(&mut self) {
        self.python.borrow_mut().ask(&json!([self.number, "drop"]));
    }
}

fn parse(event: &Value) -> Seen {
    let number = |at: usize| u32::try_from(event[at].as_u64().expect("a number")).expect("32 bits");
    let fields = || -> List { serde_json::from_value(event[2].clone()).expect("fields") };
    match event[0].as_str().expect("a name") {
        "head" => Seen::Head { stream: number(1), fields: sorted(fields()) },
        "data" => Seen::Data { stream: number(1), bytes: unhex(&event[2]) },
        "trailers" => Seen::Trailers { stream: number(1), fields: fields() },
        "end" => Seen::End { stream: number(1) },
        "reset" => Seen::Reset { stream: number(1), code: number(2) },
        "pong" => Seen::Pong(unhex(&event[1]).try_into().expect("eight bytes")),
        "goaway" => Seen::GoAway { last: number(1), code: number(2) },
        other => panic!("{other}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("a text").as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit") as u8;
    text.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
