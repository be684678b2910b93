//! Reports for people: one line for each item, and what it has below it.

use std::io::{self, Write};

use super::dissect::preview::{bytes, hex};
use super::dissect::report::{Item, Place, Sender};
use super::dissect::rule::Problem;

/// The colours, by what they mark. Each works on a dark and on a light background.
const CLIENT: &str = "36";
const SERVER: &str = "35";
const QUIET: &str = "2";
const BOLD: &str = "1";
const WIRE: &str = "33";
const WRONG: &str = "1;31";
const NOTE: &str = "33";

pub fn connection(out: &mut dyn Write, number: u64, name: &str, color: bool) -> io::Result<()> {
    let paint = Paint(color);
    writeln!(out, "{}", paint.with(BOLD, &format!("── connection {number}: {name}")))
}

pub fn item(out: &mut dyn Write, item: &Item, time: Option<u64>, color: bool) -> io::Result<()> {
    let paint = Paint(color);
    let Place { sender, offset, exact, depth, .. } = item.place;
    let (arrow, tone) = match sender {
        Sender::Client => ("→", CLIENT),
        Sender::Server => ("←", SERVER),
    };
    let about = if exact { "" } else { "~" };
    let offset = format!("{:>9}", format!("{about}{offset:06x}"));
    let time = match time {
        Some(time) if depth == 0 => format!("  {}.{:06} s", time / 1_000_000, time % 1_000_000),
        _ => String::new(),
    };
    let indent = "  ".repeat(depth);
    writeln!(
        out,
        "{} {}  {indent}{} {}{}",
        paint.with(tone, arrow),
        paint.with(QUIET, &offset),
        paint.with(tone, item.protocol),
        paint.with(BOLD, &item.title),
        paint.with(QUIET, &time),
    )?;
    let margin = format!("{:13}{indent}  ", "");
    body(out, item, &margin, &paint)
}

fn body(out: &mut dyn Write, item: &Item, margin: &str, paint: &Paint) -> io::Result<()> {
    let widest = item.wire.iter().map(|field| field.bytes.len() * 3).max().unwrap_or(0).min(30);
    for field in &item.wire {
        let bytes = format!("{:<widest$}", hex(&field.bytes));
        let meaning = if field.meaning.is_empty() { "" } else { ": " };
        let bytes = paint.with(WIRE, &bytes);
        writeln!(out, "{margin}{bytes} {}{meaning}{}", field.name, field.meaning)?;
    }
    for (name, value) in &item.facts {
        writeln!(
            out,
            "{margin}{}",
            if name.is_empty() {
                value.clone()
            } else {
                format!("{} {value}", paint.with(QUIET, &format!("{name}:")))
            }
        )?;
    }
    if let Some(payload) = &item.payload {
        for line in payload.lines() {
            writeln!(out, "{margin}{} {line}", paint.with(QUIET, "│"))?;
        }
        if payload.hidden() > 0 {
            let rest = format!("│ … and {} more", bytes(payload.hidden()));
            writeln!(out, "{margin}{}", paint.with(QUIET, &rest))?;
        }
    }
    match &item.problem {
        Some(problem) => self::problem(out, problem, margin, paint),
        None => Ok(()),
    }
}

fn problem(out: &mut dyn Write, problem: &Problem, margin: &str, paint: &Paint) -> io::Result<()> {
    let (mark, tone) = if problem.is_violation() { ("✗", WRONG) } else { ("!", NOTE) };
    writeln!(out, "{margin}{}", paint.with(tone, &format!("{mark} {}", problem.text)))?;
    for line in [&problem.rule, &problem.answer, &problem.then].into_iter().flatten() {
        writeln!(out, "{margin}  {line}")?;
    }
    Ok(())
}

/// Whether to colour.
struct Paint(bool);

impl Paint {
    fn with(&self, tone: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\x1b[{tone}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
