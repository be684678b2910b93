//! Reports for programs: one JSON object for each line.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::dissect::preview::{Preview, hex};
use super::dissect::report::Item;
use super::dissect::rule::Problem;

pub fn connection(out: &mut dyn Write, number: u64, name: &str) -> io::Result<()> {
    writeln!(out, "{}", json!({ "connection": number, "name": name }))
}

pub fn item(
    out: &mut dyn Write,
    item: &Item,
    connection: Option<u64>,
    time: Option<u64>,
) -> io::Result<()> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    if let Some(connection) = connection {
        put("connection", connection.into());
    }
    if let Some(time) = time {
        put("time_us", time.into());
    }
    put("sender", item.place.sender.name().into());
    put("offset", item.place.offset.into());
    put("offset_exact", item.place.exact.into());
    put("depth", item.place.depth.into());
    put("protocol", item.protocol.into());
    put("title", item.title.as_str().into());
    if !item.wire.is_empty() {
        let field = |field: &super::dissect::report::WireField| json!({ "hex": hex(&field.bytes), "name": field.name, "meaning": field.meaning });
        put("wire", item.wire.iter().map(field).collect());
    }
    if !item.facts.is_empty() {
        put("facts", item.facts.iter().map(|(name, value)| json!([name, value])).collect());
    }
    if let Some(payload) = &item.payload {
        put("payload", self::payload(payload));
    }
    if let Some(problem) = &item.problem {
        put("problem", self::problem(problem));
    }
    writeln!(out, "{}", Value::Object(object))
}

fn payload(payload: &Preview) -> Value {
    match payload.text() {
        Some(text) => json!({ "len": payload.len(), "text": text }),
        None => json!({ "len": payload.len(), "hex": hex(payload.bytes()) }),
    }
}

fn problem(problem: &Problem) -> Value {
    json!({
        "violation": problem.is_violation(),
        "text": problem.text,
        "rule": problem.rule,
        "answer": problem.answer,
        "then": problem.then,
    })
}
