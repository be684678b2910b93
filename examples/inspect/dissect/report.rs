//! What the inspector finds, item by item, and where.

use std::io::{self, Write};

use super::preview::Preview;
use super::rule::Problem;
use super::{json, text};

/// Who sent the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    Client,
    Server,
}

impl Sender {
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Where something stands: in whose stream, at which byte, and how many layers down.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub sender: Sender,
    /// The byte of the sender's stream that it begins with.
    pub offset: u64,
    /// Whether its bytes are those of the stream. What was inflated keeps the offset of its frame.
    pub exact: bool,
    pub depth: usize,
}

impl Place {
    pub const fn start(sender: Sender) -> Self {
        Self { sender, offset: 0, exact: true, depth: 0 }
    }

    /// The place `len` bytes further on.
    pub const fn after(mut self, len: usize) -> Self {
        if self.exact {
            self.offset += len as u64;
        }
        self
    }

    /// The place of what is inside, one layer down.
    pub const fn inside(mut self) -> Self {
        self.depth += 1;
        self
    }

    /// The place of bytes that do not stand in the stream as they are.
    pub const fn decoded(mut self) -> Self {
        self.exact = false;
        self
    }
}

/// Bytes of a header, and what they mean.
#[derive(Debug)]
pub struct WireField {
    pub bytes: Vec<u8>,
    pub name: &'static str,
    pub meaning: String,
}

/// One thing on the wire: a frame, a head, a message, or where a rule is broken.
#[derive(Debug)]
pub struct Item {
    pub place: Place,
    pub protocol: &'static str,
    pub title: String,
    pub wire: Vec<WireField>,
    pub facts: Vec<(String, String)>,
    pub payload: Option<Preview>,
    pub problem: Option<Problem>,
}

impl Item {
    pub fn new(place: Place, protocol: &'static str, title: impl Into<String>) -> Self {
        Self {
            place,
            protocol,
            title: title.into(),
            wire: Vec::new(),
            facts: Vec::new(),
            payload: None,
            problem: None,
        }
    }

    /// Adds bytes of the header.
    pub fn wire(mut self, name: &'static str, bytes: &[u8], meaning: impl Into<String>) -> Self {
        self.wire.push(WireField { bytes: bytes.to_vec(), name, meaning: meaning.into() });
        self
    }

    /// Adds what was decoded.
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    pub fn payload(mut self, payload: Preview) -> Self {
        self.payload = Some(payload);
        self
    }

    pub fn problem(mut self, problem: Problem) -> Self {
        self.problem = Some(problem);
        self
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    Text { color: bool },
    Json,
}

/// Writes items as they come, and counts the broken rules among them.
pub struct Report<'w> {
    out: &'w mut dyn Write,
    form: Form,
    preview_len: usize,
    connection: Option<(u64, String)>,
    /// The connection that was named last.
    named: Option<u64>,
    problems: u64,
    time: Option<u64>,
    result: io::Result<()>,
}

impl<'w> Report<'w> {
    pub fn new(out: &'w mut dyn Write, form: Form, preview_len: usize) -> Self {
        Self {
            out,
            form,
            preview_len,
            connection: None,
            named: None,
            problems: 0,
            time: None,
            result: Ok(()),
        }
    }

    /// An empty preview, of the length that the user wants.
    pub fn preview(&self) -> Preview {
        Preview::new(self.preview_len)
    }

    /// Sets the connection that the next items belong to, and what time it is in it, in microseconds.
    /// A connection is named where its items begin.
    pub fn connection(&mut self, number: u64, name: &str, time: Option<u64>) {
        self.time = time;
        if self.connection.as_ref().is_none_or(|(current, _)| *current != number) {
            self.connection = Some((number, name.to_owned()));
        }
    }

    pub fn item(&mut self, item: &Item) {
        self.problems += u64::from(item.problem.as_ref().is_some_and(Problem::is_violation));
        let time = self.time;
        let connection = self.connection.clone();
        let number = connection.as_ref().map(|(number, _)| *number);
        let is_named = std::mem::replace(&mut self.named, number) == number;
        self.write(|out, form| {
            if let Some((number, name)) = connection.as_ref().filter(|_| !is_named) {
                match form {
                    Form::Text { color } => text::connection(out, *number, name, color)?,
                    Form::Json => json::connection(out, *number, name)?,
                }
            }
            match form {
                Form::Text { color } => text::item(out, item, time, color),
                Form::Json => json::item(out, item, number, time),
            }
        });
    }

    /// Whether the output is gone, as when a pager was left.
    pub const fn is_broken(&self) -> bool {
        self.result.is_err()
    }

    /// Returns how many rules were broken.
    pub fn finish(self) -> io::Result<u64> {
        self.result?;
        self.out.flush()?;
        Ok(self.problems)
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write, Form) -> io::Result<()>) {
        if self.result.is_ok() {
            self.result = write(self.out, self.form);
        }
    }
}
