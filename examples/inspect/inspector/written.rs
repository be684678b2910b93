//! A report that is written as it comes.

use std::io::{self, Write};

use super::dissect::report::{Item, Report};
use super::dissect::rule::Problem;
use super::{json, text};

/// How a report is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    Text { color: bool },
    Json,
}

/// Writes items as they come, and counts the broken rules among them.
pub struct Written<'w> {
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

impl<'w> Written<'w> {
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

    /// Sets the connection that the next items belong to, and what time it is in it, in microseconds.
    /// A connection is named where its items begin.
    pub fn connection(&mut self, number: u64, name: &str, time: Option<u64>) {
        self.time = time;
        if self.connection.as_ref().is_none_or(|(current, _)| *current != number) {
            self.connection = Some((number, name.to_owned()));
        }
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

impl Report for Written<'_> {
    fn item(&mut self, item: &Item) {
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

    fn preview_len(&self) -> usize {
        self.preview_len
    }
}
